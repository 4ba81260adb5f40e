"""Organisations of a plan folder: a dated tree, checked row by row, loaded again without harm."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest
from duties.conftest import FOLDER, refused

from hengneng.registry.models import Organisation, valid_on
from hengneng.registry.organisations import COLUMNS, load_organisations, read_organisations

GOOD = {
    "identifier": "a", "kind": "department", "name_zh": "甲", "name_en": "A", "place": "650000", "parent": "",
    "valid_from": "", "valid_to": "", "source": "s", "confidence": "sourced",
}  # fmt: skip


def write(path: Path, *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_tree_of_the_plan_is_whole(people: object) -> None:
    rows = read_organisations(FOLDER / "organisations.csv")
    assert Organisation.objects.filter(identifier__in=[row["identifier"] for row in rows]).count() == len(rows)
    # 14 prefectures of the register and Shihezi; an office outlives the change of a name.
    assert Organisation.objects.filter(kind="prefecture_office").count() == 15
    assert Organisation.objects.get(identifier="prefecture-office-652200").parent.identifier.endswith("650500")
    inferred = Organisation.objects.filter(kind__in=["prefecture_office", "county_office"])
    assert set(inferred.values_list("confidence", flat=True)) == {"inferred"}
    assert Organisation.objects.get(identifier="regional-leading-group-office").kind == "region_office"


@pytest.mark.parametrize(
    ("day", "name"), [(dt.date(2015, 12, 31), "哈密地区行政公署"), (dt.date(2016, 2, 1), "哈密市人民政府")]
)
def test_a_government_has_the_name_of_its_day(people: object, day: dt.date, name: str) -> None:
    found = Organisation.objects.filter(valid_on(day), place="652200", kind="prefecture_government")
    assert [one.name_zh for one in found] == [name]


def test_loading_again_changes_nothing(people: object) -> None:
    before = list(Organisation.objects.order_by("pk").values())
    assert load_organisations(read_organisations(FOLDER / "organisations.csv")) == 0
    assert list(Organisation.objects.order_by("pk").values()) == before


def test_a_body_that_changes_is_brought_up_to_date(people: object, tmp_path: Path) -> None:
    load_organisations(read_organisations(write(tmp_path / "o.csv", GOOD)))
    load_organisations(read_organisations(write(tmp_path / "o.csv", {**GOOD, "name_zh": "乙"})))
    assert Organisation.objects.get(identifier="a").name_zh == "乙"


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"name_en": ""}, "L011"),
        ({"source": " "}, "L011"),
        ({"kind": "ministry"}, "L013"),
        ({"confidence": "sure"}, "L013"),
        ({"place": "999999"}, "L013"),
        ({"valid_from": "2015-02-30"}, "L013"),
        ({"valid_from": "2016-01-01", "valid_to": "2015-01-01"}, "L013"),
        ({"parent": "b"}, "L014"),
    ],
)
def test_a_wrong_row_is_refused(tmp_path: Path, changes: dict[str, str], number: str) -> None:
    with refused({number}):
        read_organisations(write(tmp_path / "o.csv", {**GOOD, **changes}))


def test_a_wrong_head_and_a_double_identifier_are_refused(tmp_path: Path) -> None:
    with refused({"L010"}):
        read_organisations(write(tmp_path / "o.csv", GOOD, columns=COLUMNS[1:]))
    with refused({"L012"}):
        read_organisations(write(tmp_path / "o.csv", GOOD, GOOD))


def test_a_parent_may_be_named_by_the_plan(tmp_path: Path) -> None:
    row = {**GOOD, "parent": "named"}
    assert read_organisations(write(tmp_path / "o.csv", row), ["named"]) == [row]
    assert read_organisations(tmp_path / "none.csv") == []
