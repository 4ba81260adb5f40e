"""Codes by rule tables, and times read leniently."""

from __future__ import annotations

import datetime as dt

import pytest

from hengneng.hj212 import read_time, written_qn, written_time
from hengneng.hj212.codes import (
    canonical_factor,
    command,
    data_flag,
    execution_result,
    factor_entry,
    request_result,
    system,
)
from hengneng.hj212.times import BEIJING, following_qn
from hengneng.rules.tables import rule_table


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("w01018", "w01018"), ("W01018", "w01018"), ("011", "w01018"), ("060", "w21003"), ("B01", "w00000"),
        ("b02", "a00000"), ("S01", "a19001"), ("02", "a21026"), ("01", "a34013"), ("03", "a21002"), ("101", "w21011"),
        ("e10201", "e10201"), ("E10201", "e10201"), ("LA", "LA"), ("la", "LA"), ("B03", "B03"),
        ("pms_rules", None), ("Nh3-scr", None), ("", None), ("xx", None),
    ],
)  # fmt: skip
def test_canonical_code_of_a_factor(written: str, expected: str | None) -> None:
    assert canonical_factor(written) == expected


def test_a_factor_has_its_units_and_format() -> None:
    entry = factor_entry("011")
    assert entry is not None
    found = entry.attributes
    assert (found["name_zh"], found["default_unit"], found["mass_unit"]) == ("化学需氧量", "mg/L", "kg")
    assert found["format"] == "N5.1"
    # Traps of the standard: flow of waste water in L/s, of gas in m3/s, mercury in micrograms.
    assert [factor_entry(c).attributes["default_unit"] for c in ("w00000", "a00000", "w20111")] == [  # type: ignore[union-attr]
        "L/s", "m3/s", "ug/L",
    ]  # fmt: skip


def test_a_number_may_mean_another_command_in_another_edition() -> None:
    old, new = command("1001", "2005"), command("1001", "2025")
    assert old is not None
    assert new is not None
    assert old.attributes["name_zh"] != new.attributes["name_zh"]
    assert command("1001", "2017") is None
    assert command("2061").attributes["direction"] == "both"  # type: ignore[union-attr]
    assert command("9015", "2025") is not None
    assert command("8888") is None


def test_every_command_of_the_editions_is_there() -> None:
    by_edition: dict[str, set[str]] = {}
    for entry in rule_table("hj212_commands").entries:
        by_edition.setdefault(entry.key["standard"], set()).add(entry.key["command"])
    assert {"1021", "1022", "1031", "1032", "1041", "1042", "2071", "2072"} <= by_edition["2005"] - by_edition["2017"]
    assert {"1013", "1063", "1064", "3013", "3020"} <= by_edition["2017"] - by_edition["2005"]
    assert by_edition["2025"] - by_edition["2017"] == {
        "1001", "1002", "1014", "2013", "2052", "2062", "2111", "3022", "3024", "9015",
    }  # fmt: skip
    for common in ("1011", "2011", "2031", "2051", "2061", "9011", "9012", "9013", "9014"):
        assert all(common in commands for commands in by_edition.values())


def test_other_codes() -> None:
    assert data_flag("N").attributes["name_en"] == "Normal"  # type: ignore[union-attr]
    assert data_flag("n") is None
    assert data_flag("P", "2005") is not None
    assert request_result("9").attributes["name_zh"] == "CRC校验错误"  # type: ignore[union-attr]
    assert execution_result("100") is not None
    assert system("32") is not None
    assert system("101") is None


MOMENT = dt.datetime(2024, 3, 1, 8, 10, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20240301081000", MOMENT),
        ("20240301081000223", MOMENT.replace(microsecond=223_000)),
        ("202403010810", MOMENT),
        ("2024-03-01 08:10:00", MOMENT),
        ("1709251800123", MOMENT.replace(microsecond=123_000)),
        ("20240230250000", None),
        ("2024030108100022X", None),
        ("", None),
        (None, None),
        ("99999999999999999", None),
        ("９９９９９９９９９９９９９９", None),
    ],
)
def test_times(written: str | None, expected: dt.datetime | None) -> None:
    assert read_time(written) == expected


def test_times_are_written_in_beijing_time() -> None:
    utc = dt.datetime(2024, 3, 1, 0, 10, 0, 223_999, tzinfo=dt.UTC)
    assert written_qn(utc) == "20240301081000223"
    assert written_time(utc) == "20240301081000"
    with pytest.raises(ValueError, match="zone"):
        written_qn(dt.datetime(2024, 3, 1))  # noqa: DTZ001
    assert following_qn("20241231235959999") == "20250101000000000"
    assert following_qn("A12") == "A12"
