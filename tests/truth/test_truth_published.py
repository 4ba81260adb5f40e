"""Published verdicts that the plans ship, against what the announcements themselves say of them."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
CASES = YAML(typ="safe", pure=True).load(Path(__file__).parent / "barometer" / "announced-counts.yaml")
NOT_FORECAST = "缺乏统计数据，没有进行预测"


def published() -> list[dict[str, str]]:
    """Rows of the twelfth plan's published verdicts."""
    with (ROOT / "plans" / "china-12th-five-year" / "published.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_levels_are_as_many_as_announced() -> None:
    for issue in CASES["issues"]:
        levels = Counter(
            row["verdict"]
            for row in published()
            if (row["period"], row["scheme"]) == (issue["period"], issue["scheme"]) and row["verdict"] != NOT_FORECAST
        )
        assert dict(levels) == issue["levels"], issue


def test_announced_changes_of_level() -> None:
    found = {(row["place"], row["scheme"], row["period"]): row["verdict"] for row in published()}
    for change in CASES["changes"]:
        for end in ("from", "to"):
            key = (change["place"], change["scheme"], change[end]["period"])
            assert found[key] == change[end]["level"], key


def test_tibet_is_never_given_a_level() -> None:
    tibet = [row for row in published() if row["place"] == "540000" and "barometer" in row["scheme"]]
    assert {row["verdict"] for row in tibet} == {NOT_FORECAST}
