"""Divisions through time."""

from __future__ import annotations

import datetime as dt

import pytest

from hengneng.rules import divisions
from hengneng.rules.divisions import AmbiguousPlaceError, NotValidThenError, UnknownPlaceError, find_division


def year(number: int) -> tuple[dt.date, dt.date]:
    return dt.date(number, 1, 1), dt.date(number, 12, 31)


@pytest.mark.parametrize(
    ("text", "when", "code"),
    [
        ("吐鲁番地区", 2014, "652100"),
        ("吐鲁番地区", 2015, "652100"),
        ("吐鲁番市", 2015, "650400"),
        ("吐鲁番", 2015, "650400"),
        ("吐鲁番市", 2014, "652101"),
        ("哈密市", 2015, "652201"),
        ("哈密市", 2016, "650500"),
        ("哈密", 2015, "652200"),
        ("哈密地区", 2015, "652200"),
        ("石河子市", 2015, "659001"),
        ("伊犁州直", 2015, "654000-direct"),
        ("伊犁州", 2015, "654000"),
        ("巴州", 2015, "652800"),
        ("博州", 2015, "652700"),
        ("克州", 2015, "653000"),
        ("昌吉州", 2015, "652300"),
        ("海西州", 2019, "632800"),
        ("海东市", 2019, "630200"),
        ("海东地区", 2012, "632100"),
        ("新疆", 2015, "650000"),
        ("海南", 2015, "460000"),
        ("海南州", 2019, "632500"),
        (" 650100 ", 2015, "650100"),
        ("Urumqi", 2015, "650100"),
        ("全国", 2015, "100000"),
    ],
)
def test_names_resolve(text: str, when: int, code: str) -> None:
    assert find_division(text, *year(when)).code == code


def test_the_level_can_be_demanded() -> None:
    with pytest.raises(NotValidThenError, match="哈密地区 652200") as caught:
        find_division("哈密市", *year(2015), levels=["prefecture"])
    assert [one.code for one in caught.value.candidates] == ["652200"]
    assert find_division("哈密市", *year(2016), levels=["prefecture"]).code == "650500"


def test_not_valid_then_names_the_right_one() -> None:
    with pytest.raises(NotValidThenError, match="吐鲁番市 650400"):
        find_division("吐鲁番地区", *year(2016))
    with pytest.raises(NotValidThenError, match="652100"):
        find_division("650400", *year(2014))
    with pytest.raises(NotValidThenError, match="nothing took its place"):
        find_division("霍尔果斯市", *year(2010), levels=["county", "assessed-unit"])


def test_unknown_and_ambiguous() -> None:
    with pytest.raises(UnknownPlaceError):
        find_division("亚特兰蒂斯", *year(2015))
    with pytest.raises(UnknownPlaceError):
        find_division("巴州", *year(2015), within="630000")
    haixi = divisions.division("632800")
    twin = divisions.Division("1", "prefecture", "110000", haixi.name, (), "", (), None, None, haixi.entry)
    register = divisions.DivisionRegister([*divisions.divisions(), twin])
    with pytest.raises(AmbiguousPlaceError) as caught:
        register.find("海西蒙古族藏族自治州", *year(2015), None, None)
    assert {one.code for one in caught.value.candidates} == {"632800", "1"}
    assert register.find("海西蒙古族藏族自治州", *year(2015), None, "630000").code == "632800"


def test_identity() -> None:
    assert divisions.subject_code("650400") == "652100"
    assert divisions.subject_code("650502") == "652201"
    assert divisions.subject_code("650100") == "650100"
    assert divisions.name_of("652100", dt.date(2015, 3, 31), "zh") == "吐鲁番地区"
    assert divisions.name_of("652100", dt.date(2015, 4, 1), "zh") == "吐鲁番市"
    assert divisions.name_of("652100", dt.date(2015, 4, 1), "en") == "Turpan City"
    with pytest.raises(NotValidThenError):
        divisions.name_of("654004", dt.date(2010, 1, 1), "zh")
    with pytest.raises(UnknownPlaceError):
        divisions.subject_code("999999")


def test_the_tree() -> None:
    assert divisions.places_above("650421") == ("652122", "652100", "650000", "100000")
    assert divisions.parent_of("659001") == "659000"
    assert divisions.parent_of("100000") == ""
    assert [part.code for part in divisions.excluded_parts("654000-direct")] == ["654200", "654300"]
    assert "650400" not in {one.code for one in divisions.children_of("650000", dt.date(2015, 3, 31))}
    assert "650400" in {one.code for one in divisions.children_of("650000", dt.date(2015, 4, 1))}


def test_codes_hold_together() -> None:
    for one in divisions.divisions():
        assert one.code == "100000" or divisions.division(one.parent)
        assert all(divisions.places_above(part)[1] == one.parent for part in one.excludes)
        if one.replaces:
            before = divisions.division(one.replaces)
            assert before.valid_to is not None
            assert one.valid_from == before.valid_to + dt.timedelta(days=1)


def test_the_fifteen_assessed_units_resolve() -> None:
    names = (
        "乌鲁木齐市 克拉玛依市 石河子市 昌吉州 巴州 伊犁州直 吐鲁番地区 哈密地区 "
        "阿克苏地区 阿勒泰地区 博州 塔城地区 和田地区 克州 喀什地区"
    )
    found = {
        divisions.subject_code(find_division(name, *year(2015), within="650000").code)
        for name in names.split()
    }
    assert len(found) == 15
