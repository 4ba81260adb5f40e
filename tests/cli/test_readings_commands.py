"""Meters and readings on the command line: the generated load, its reference result, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.homes import Home

# What has been taken in and rolled up is made once.
pytestmark = pytest.mark.xdist_group("readings commands")
START = int(dt.datetime(2026, 5, 31, 15, tzinfo=dt.UTC).timestamp())
HOURS = 48


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two meters for two days, a reading every quarter of an hour from an hour before; a gap, a double, a rollover."""
    folder = tmp_path_factory.mktemp("load")
    (folder / "meters.csv").write_text(
        "meter_id,enterprise_id,carrier,unit,kgce_factor,register_max,anomaly\n"
        "1,1,electricity,kWh,0.1229,1000000,rollover\n"
        "2,2,natural_gas,m3,1.33,1000000,\n",
        "utf-8",
    )
    (folder / "units.csv").write_text("enterprise_id,name,prefecture\n1,ENT0001,Urumqi\n2,ENT0002,Karamay\n", "utf-8")
    steps = np.arange((HOURS + 1) * 4 + 1)
    first = (999_000 + 10 * steps) % 1_000_000
    second = 500 + 2.5 * steps
    meter = np.tile([1, 2], len(steps))
    at = np.repeat(START + 900 * steps, 2)
    value = np.ravel(np.column_stack([first, second]))
    keep = ~((meter == 2) & (at > START + 20 * 3600 + 900) & (at < START + 23 * 3600 + 900))
    keep[100] = True
    rows = np.append(np.flatnonzero(keep), 100)
    table = {
        "meter_id": pa.array(meter[rows].astype(np.int32)),
        "ts": pa.array(at[rows], pa.int64()).cast(pa.timestamp("s", tz="UTC")),
        "value": pa.array(value[rows]),
    }
    pq.write_table(pa.table(table), folder / "readings.parquet")
    return folder


@pytest.fixture(scope="module")
def metered(make_home: Callable[[], Home], files: Path) -> Home:
    """A home in which the load has been taken in and rolled up."""
    home = make_home()
    for words in (
        ("meters", "import", files / "meters.csv", "--units", files / "units.csv"),
        ("readings", "import", files / "readings.parquet"),
        ("readings", "rollup"),
    ):
        done = home.run(*words)
        assert done.code == 0, done
    return home


def test_hours_and_days_come_out_as_they_went_in(metered: Home, tmp_path: Path) -> None:
    hourly, daily = tmp_path / "hourly.parquet", tmp_path / "daily.csv"
    done = metered.run("readings", "export", "--hourly", hourly, "--daily", daily, "--json")
    assert done.code == 0, done
    table = pq.read_table(hourly)
    assert table.column_names == ["meter_id", "hour_utc", "quantity"]
    assert table["meter_id"].type == pa.int32()
    found = {(row["meter_id"], int(row["hour_utc"].timestamp())): row["quantity"] for row in table.to_pylist()}
    assert len(found) == 2 * (HOURS + 1)
    assert {quantity for (number, _), quantity in found.items() if number == 1} == {40.0}
    assert {quantity for (number, _), quantity in found.items() if number == 2} == {10.0}
    with daily.open(newline="") as opened:
        days = list(csv.DictReader(opened))
    assert [(row["enterprise_id"], row["date"], row["kgce"]) for row in days] == [
        ("1", "2026-06-01", "117.984000"), ("2", "2026-06-01", "319.200000"),
        ("1", "2026-06-02", "117.984000"), ("2", "2026-06-02", "319.200000"),
    ]  # fmt: skip
    # One hour of 31 May is covered: the day is not whole, and left out.
    assert done.json["daily"]["left_out"] == 2


def test_the_same_again_does_nothing(metered: Home, files: Path) -> None:
    again = metered.run("meters", "import", files / "meters.csv", "--units", files / "units.csv", "--json").json
    assert (again["meters"], again["unchanged"], again["act"]) == ({"new": 0, "changed": []}, 2, None)
    assert metered.run("readings", "import", files / "readings.parquet", "--json").json["known"] is True
    rolled = metered.run("readings", "rollup", "--json").json
    assert (rolled["days"], rolled["energy_days"], rolled["stopped"]) == ([], [], False)


def test_recomputing_gives_the_same(metered: Home) -> None:
    rolled = metered.run("readings", "rollup", "--recompute", "--from", "2026-06-01", "--to", "2026-06-01", "--json")
    assert rolled.json["days"] == ["2026-06-01"], rolled


def test_status_and_verification(metered: Home) -> None:
    found = metered.run("readings", "status", "--json").json
    assert (found["meters"], found["first_day"], found["last_day"]) == (2, "2026-05-31", "2026-06-02")
    assert (found["days_due"], found["days_added"]) == (0, 3)
    verified = metered.run("readings", "verify", "--json")
    assert (verified.code, verified.json["good"]) == (0, True), verified
    for words in (("readings", "status"), ("readings", "verify"), ("meters", "list"), ("readings", "rollup")):
        for language in ("zh", "en"):
            done = metered.run(*words, environment={"HENGNENG_LANG": language})
            assert (done.code, done.errors) == (0, ""), done
            assert done.output


def test_facts_of_a_month_are_made_once(metered: Home) -> None:
    made = metered.run("readings", "facts", "--month", "2026-06", "--json").json
    assert made["missing"] == 2  # two days of thirty
    assert len(made["recorded"]) == 2
    assert metered.run("readings", "facts", "--month", "2026-06", "--json").json["unchanged"] == 2
    assert metered.run("facts", "history", made["recorded"][0].partition("#")[0]).code == 1


def test_the_register_is_listed(metered: Home) -> None:
    rows = metered.run("meters", "list", "--unit", "2", "--json").json["meters"]
    assert [(row["identifier"], row["carrier"], row["unit_of_measure"]) for row in rows] == [("2", "15", "m3")]


def test_what_is_wrong_comes_back(metered: Home, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text("meter,time,value\n99,2026-06-01 00:00:00,5\n", "utf-8")
    done = metered.run("readings", "import", file, environment={"HENGNENG_LANG": "en"})
    assert done.code == 1
    assert "[E201] day.csv:2" in done.errors
    assert (tmp_path / "day.returned.csv").read_text("utf-8-sig").splitlines()[1].startswith("2,99,2026-06-01 00:00:00")


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("readings", "import", "nowhere.csv"), "E204"),
        (("meters", "import", "nowhere.csv"), "F001"),
        (("readings", "facts", "--month", "2026"), "E301"),
        (("readings", "rollup", "--from", "yesterday"), "E302"),
        (("readings", "rollup", "--from", "2026-06-02", "--to", "2026-06-01"), "E302"),
        (("readings", "rollup", "--recompute", "--engine", "abacus"), "M044"),
    ],
)
def test_refusals_are_numbered(metered: Home, words: tuple[str, ...], number: str) -> None:
    done = metered.run(*words)
    assert (done.code, f"[{number}]" in done.errors) == (1, True), done


def test_an_export_of_nothing_is_wrong_use(metered: Home) -> None:
    assert metered.run("readings", "export").code == 2


def test_ctrl_c_asks_first_and_ends_at_once_the_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    from hengneng.cli.readings import _interruptible

    before = signal.getsignal(signal.SIGINT)
    with _interruptible() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        assert capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
