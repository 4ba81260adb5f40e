"""Files of readings: every form of the same readings is the same, and what cannot be taken comes back with its line."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from hengneng.access import terminal_actor
from hengneng.metering.importing import ImportedReadings, import_readings
from hengneng.metering.models import Meter, ReadingsImport
from hengneng.problems import RefusedError
from hengneng.readings.reader import readings_of
from hengneng.readings.store import StoppedError, Store

from .conftest import ZONE, Register, at, meter

MIDNIGHT = at("2026-06-01")
READINGS = [(1, MIDNIGHT, 10.001), (2, MIDNIGHT, 7.25), (1, MIDNIGHT + 900, 12.5), (1, MIDNIGHT + 1800, 1234567.125)]


@pytest.fixture(autouse=True)
def _meters(register: Register) -> None:
    register([meter("1", "mill"), meter("2", "mill"), meter("east-gate", "bakery")])


def take(store: Store, file: Path, **changes: object) -> ImportedReadings:
    return import_readings(store, file, terminal_actor(), "en", **changes)


def kept(store: Store, number: int) -> list[tuple[int, int]]:
    table = readings_of(store, number, 0, 2**40)
    return list(zip(table["at"].to_pylist(), table["value"].to_pylist(), strict=True))


def utc(when: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return dt.datetime.fromtimestamp(when, dt.UTC).strftime(form)


def local(when: int) -> str:
    return dt.datetime.fromtimestamp(when, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def as_parquet(file: Path, unit: str = "s") -> Path:
    times = np.array([when for _, when, _ in READINGS], "datetime64[s]")
    table = {
        "meter_id": pa.array([number for number, _, _ in READINGS], pa.int32()),
        "ts": pa.array(times).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, tz="UTC")),
        "value": pa.array([value for _, _, value in READINGS]),
        "quality": pa.array(["good"] * len(READINGS)),
    }
    pq.write_table(pa.table(table), file)
    return file


def text_of(rows: list[list[object]], head: str = "meter,time,value") -> str:
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


def as_csv(file: Path) -> Path:
    file.write_text(text_of([[*row[:1], utc(row[1]), row[2]] for row in READINGS]), "utf-8")
    return file


def as_gzip(file: Path) -> Path:
    with gzip.open(file, "wt", encoding="utf-8") as opened:
        opened.write(text_of([[one, utc(when, "%Y-%m-%d %H:%M:%SZ"), value] for one, when, value in READINGS],
                             "meter_id,ts,value"))  # fmt: skip
    return file


def as_local_csv(file: Path) -> Path:
    rows = [["ignored", value, local(when), number] for number, when, value in READINGS]
    file.write_text("\ufeff" + text_of(rows, "remark,value,time,meter"), "utf-8")
    return file


def as_workbook(file: Path) -> Path:
    book = Workbook()
    book.active.append(["meter", "time", "value"])
    for number, when, value in READINGS:
        book.active.append([number, dt.datetime.fromtimestamp(when, ZONE).replace(tzinfo=None), value])
    book.save(file)
    return file


@pytest.mark.parametrize(
    ("name", "make", "naive"),
    [
        ("a.parquet", as_parquet, False),
        ("b.parquet", lambda file: as_parquet(file, "us"), False),
        ("c.csv", as_csv, False),
        ("d.csv.gz", as_gzip, False),
        ("e.csv", as_local_csv, True),
        ("f.xlsx", as_workbook, True),
    ],
)
def test_every_form_gives_the_same_readings(store: Store, tmp_path: Path, name: str, make: object, naive: bool) -> None:
    result = take(store, make(tmp_path / name))
    assert (result.read, result.points, result.refused) == (4, 4, 0)
    assert kept(store, 1) == [
        (MIDNIGHT, 10_001_000), (MIDNIGHT + 900, 12_500_000), (MIDNIGHT + 1800, 1_234_567_125_000),
    ]  # fmt: skip
    assert kept(store, 2) == [(MIDNIGHT, 7_250_000)]
    assert [note.number for note in result.notes] == (["E205"] if naive else [])


def test_a_file_is_taken_once(store: Store, tmp_path: Path) -> None:
    file = as_csv(tmp_path / "a.csv")
    assert not take(store, file).known
    assert take(store, file).known
    assert take(store, as_parquet(tmp_path / "b.parquet")).doubles == 4
    assert ReadingsImport.objects.count() == 2


def test_bad_rows_come_back_with_their_lines_and_good_ones_are_taken(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text(
        "meter,time,value\n"
        f"1,{utc(MIDNIGHT)},1.5\n"
        f"99,{utc(MIDNIGHT)},1.5\n"
        "1,yesterday,1.5\n"
        "\n"
        "1,2026-06-01T00:00:00.5Z,1.5\n"
        f"1,{utc(MIDNIGHT + 60)},much\n"
        f"1,{utc(MIDNIGHT + 120)},\n"
        "1,2\n"
        f"1,{utc(MIDNIGHT + 180)},0.1234567\n"
        "1,1066-10-14 09:00:00,1\n"
        f"99,{utc(MIDNIGHT)},1.5\n"
        f"east-gate,{utc(MIDNIGHT)},1e3\n",
        "utf-8",
    )
    result = take(store, file)
    assert (result.points, result.refused) == (2, 9)
    assert kept(store, 1) == [(MIDNIGHT, 1_500_000)]
    assert kept(store, Meter.objects.get(identifier="east-gate").number) == [(MIDNIGHT, 1_000_000_000)]
    with result.returned.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    found = sorted((int(row["line"]), row["result"][1:5]) for row in rows)
    assert found == [
        (3, "E201"), (4, "E202"), (6, "E202"), (7, "E203"), (8, "E203"), (9, "E113"), (10, "E203"), (11, "E202"),
        (12, "E201"),
    ]  # fmt: skip
    unknown = result.problems[0]
    assert (unknown.number, unknown.values["count"], unknown.where) == ("E201", 2, "day.csv:3")
    for problem in result.problems:
        assert problem.text("zh")
        assert problem.text("en")


def test_after_registering_the_file_can_be_taken_again(store: Store, tmp_path: Path, register: Register) -> None:
    file = tmp_path / "day.csv"
    file.write_text(text_of([[1, utc(MIDNIGHT), 1], [7, utc(MIDNIGHT), 2]]), "utf-8")
    assert take(store, file).refused == 1
    register([meter("7", "mill")])
    again = take(store, file)
    assert (again.refused, again.doubles) == (0, 1)
    assert kept(store, 7) == [(MIDNIGHT, 2_000_000)]
    assert take(store, file).known


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("a.csv", b"meter,when,value\n1,2026-06-01,3\n", "E001"),
        ("a.csv", b"", "E001"),
        ("a.parquet", b"PAR1 and no more", "E204"),
        ("a.xlsx", b"PK\x03\x04 and no more", "E204"),
        ("a.csv.gz", b"\x1f\x8b and no more", "E204"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    store: Store, tmp_path: Path, name: str, content: bytes, number: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        take(store, file)
    assert [problem.number for problem in refused.value.problems] == [number]
    assert store.days_of_points() == {}
    assert not list(tmp_path.glob("*.returned.*"))


def test_a_gzip_file_that_is_cut_off_takes_nothing(store: Store, tmp_path: Path) -> None:
    whole = as_gzip(tmp_path / "whole.csv.gz").read_bytes()
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(whole[: len(whole) - 12])
    with pytest.raises(RefusedError):
        take(store, file)
    assert store.days_of_points() == {}


def test_stopping_takes_nothing_and_the_file_can_be_taken_later(store: Store, tmp_path: Path) -> None:
    file = as_csv(tmp_path / "a.csv")
    with pytest.raises(StoppedError):
        take(store, file, stop=lambda: True)
    assert store.days_of_points() == {}
    assert ReadingsImport.objects.count() == 0
    assert take(store, file).points == 4


def test_times_without_a_zone_are_utc_when_it_is_said(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text_of([[1, utc(MIDNIGHT, "%Y-%m-%d %H:%M:%S"), 1]]), "utf-8")
    result = take(store, file, utc=True)
    assert kept(store, 1) == [(MIDNIGHT, 1_000_000)]
    assert result.notes[0].values == {"zone": "UTC+0"}
