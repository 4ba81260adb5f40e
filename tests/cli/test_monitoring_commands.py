"""Monitoring on the command line: what the first start brings can be seen, and an unknown outlet is refused."""

from __future__ import annotations

from collections.abc import Callable

from support.homes import Finished


def test_example_outlets_have_days_with_reasons_and_limits(ask: Callable[..., Finished]) -> None:
    outlets = ask("monitoring", "outlets", "--json").json["outlets"]
    assert {one["outlet"] for one in outlets} == {"ZD-DA001", "HS-DA001", "DS-DW001"}
    assert all(one["example"] for one in outlets)
    days = ask("monitoring", "days", "--outlet", "ZD-DA001", "--from", "2015-06-03", "--to", "2015-06-03", "--json")
    by_pollutant = {one["pollutant"]: one for one in days.json["days"]}
    assert by_pollutant["SO2"]["exceeded_hours"] == 3
    shown = ask("--lang", "en", "monitoring", "days", "--outlet", "HS-DA001")
    assert "some hours have no mass" in shown.output
    assert "有小时没有排放量" in ask("--lang", "zh", "monitoring", "days").output


def test_an_unknown_outlet_or_day_is_refused(ask: Callable[..., Finished]) -> None:
    unknown = ask("monitoring", "days", "--outlet", "ZD-DA01")
    assert unknown.code == 1
    assert "N104" in unknown.errors
    assert "ZD-DA001" in unknown.errors
    assert "E302" in ask("monitoring", "days", "--from", "yesterday").errors


def test_a_register_with_other_columns_is_refused_as_a_whole(ask: Callable[..., Finished], tmp_path: object) -> None:
    file = f"{tmp_path}/outlets.csv"
    with open(file, "w", encoding="utf-8") as opened:
        opened.write("identifier,unit,medium,colour\nDA1,plant,gas,blue\n")
    done = ask("monitoring", "import", file, "--json")
    assert done.code == 1
    assert "E001" in done.errors
