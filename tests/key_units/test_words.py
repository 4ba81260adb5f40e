"""Codes, fields, periods, items and configurations of the key-unit interface, without a database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.key_units.codes import DataCode, adds_up, described, energy_type, word
from hengneng.key_units.configuration import read_configuration
from hengneng.key_units.fields import decrypt_field, encrypt_field
from hengneng.key_units.items import ItemRefusedError, Profile, plain_fields, read_item
from hengneng.key_units.periods import BEIJING, period_of, read_time, shortest

ELECTRICITY = "00-00-0000-023300-11"
KEY = bytes(range(16))
figures = st.text("0123456789", min_size=16, max_size=16)


def item(**changes: object) -> dict[str, object]:
    row = {"dataCode": ELECTRICITY, "dataValue": "1.25", "statType": "1", "statDate": "2026-06-01 00:00:00"}
    return {**row, "scope": "1", "inputType": "4", "valid": "0", **changes}


@given(figures)
def test_a_code_is_built_as_it_was_parsed(written: str) -> None:
    code = DataCode.parse(written)
    assert str(code).replace("-", "") == written
    assert DataCode.parse(str(code)) == code
    assert code.agrees_with(code.scope)
    assert all(one.usage == code.usage and one != code for one in code.above)


@pytest.mark.parametrize(
    "written", ["", "1", "00-00-0000-23300-11", "00-00-0000-023300-1a", "00-00-0000-023300-1１", "0" * 21]
)
def test_what_is_no_code_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no data code"):
        DataCode.parse(written)


@pytest.mark.parametrize(
    ("code", "scope", "fits"),
    [
        (ELECTRICITY, "1", True),
        (ELECTRICITY, "2", False),
        ("02-00-0000-023300-11", "2", True),
        ("02-02-0000-040100-30", "2", False),
        ("02-02-0000-040100-30", "3", True),
        ("02-02-0101-023300-11", "4", True),
        ("02-02-0000-023300-11", "4", False),
        ("02-00-0000-023300-11", "1", False),
        (ELECTRICITY, "", True),
        (ELECTRICITY, "9", True),
    ],
)
def test_scope_and_code(code: str, scope: str, fits: bool) -> None:
    assert DataCode.parse(code).agrees_with(scope) is fits


def test_what_stands_above_an_item() -> None:
    code = DataCode.parse("02-03-0101-023300-11")
    assert [str(one) for one in code.above] == ["02-03-0000-023300-11", "02-00-0000-023300-11", ELECTRICITY]
    assert DataCode.parse(ELECTRICITY).above == ()


def test_codes_have_names_and_unknown_ones_stay_raw() -> None:
    electricity = DataCode.parse(ELECTRICITY)
    found = energy_type(electricity)
    assert found
    assert (found.attributes["carrier"], found.attributes["item_unit"]) == ("33", "10^4 kWh")
    assert described(electricity).zh.startswith("电力")
    assert adds_up(electricity)
    assert not adds_up(DataCode.parse("00-00-0000-010104-10")), "what is bought is not what is used"
    foreign = DataCode.parse("00-00-0000-077777-99")
    assert "077777" in described(foreign).en
    assert "99" in described(foreign).zh
    assert not adds_up(foreign)
    assert word("scope", "1")
    assert word("scope", "9") is None


@given(st.text(max_size=40))
def test_a_field_comes_back(plain: str) -> None:
    hidden = encrypt_field(plain, KEY)
    assert hidden == hidden.lower()
    assert decrypt_field(hidden, KEY) == plain


def test_the_example_of_the_standard_of_the_cipher() -> None:
    """GB/T 32907-2016, annex A: the first block is the published one, the second is the padding."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    work = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert work.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


@pytest.mark.parametrize("written", ["zz", "00", "00" * 16, encrypt_field("1", bytes(16))])
def test_a_field_of_another_key_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decrypt_field(written, KEY)


@pytest.mark.parametrize(
    "written",
    ["2026-06-01 08:00:00", "2026/06/01 08:00:00", "2026-06-01T08:00:00", "20260601080000", "2026-06-01T00:00:00Z",
     "2026-06-01 08:00", str(1780272000000)],
)  # fmt: skip
def test_times_as_devices_write_them(written: str) -> None:
    assert read_time(written) == dt.datetime(2026, 6, 1, 8, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("stat_type", "written", "start", "end"),
    [
        ("0", "2026-06-01 08:15:00", "2026-06-01 08:15:00", "2026-06-01 08:30:00"),
        ("1", "2026-06-01 00:00:00", "2026-06-01 00:00:00", "2026-06-02 00:00:00"),
        ("1", "2026-06-01 00:01:00", "2026-06-01 00:00:00", "2026-06-02 00:00:00"),
        ("1", "2026-05-31 23:59:00", "2026-06-01 00:00:00", "2026-06-02 00:00:00"),
        ("2", "2026-06-02 00:00:00", "2026-06-01 00:00:00", "2026-07-01 00:00:00"),
        ("2", "2026-05-31 00:00:00", "2026-06-01 00:00:00", "2026-07-01 00:00:00"),
        ("2", "2026-12-01 00:00:00", "2026-12-01 00:00:00", "2027-01-01 00:00:00"),
        ("3", "2026-01-01 00:00:00", "2026-01-01 00:00:00", "2027-01-01 00:00:00"),
    ],
)
def test_a_period_from_its_beginning(stat_type: str, written: str, start: str, end: str) -> None:
    found = period_of(stat_type, read_time(written), 900)
    assert (found.start, found.end) == (read_time(start), read_time(end))


@pytest.mark.parametrize(
    ("stat_type", "written"),
    [("1", "2026-06-01 00:01:01"), ("1", "2026-06-01 12:00:00"), ("2", "2026-06-03 00:00:00"), ("3", "2026-01-03")],
)
def test_a_time_in_the_middle_of_a_period_is_refused(stat_type: str, written: str) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        period_of(stat_type, read_time(written), 900)
    assert shortest("2", 900) == 28 * 86400


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"dataCode": "0233"}, "G201"),
        ({"dataCode": None}, "G201"),
        ({"statType": "7"}, "G203"),
        ({"statType": None}, "G203"),
        ({"statDate": "yesterday"}, "G204"),
        ({"statDate": "9" * 13}, None),
        ({"dataValue": ""}, "G205"),
        ({"dataValue": "NaN"}, "G205"),
        ({"dataValue": "1,5"}, "G205"),
        ({}, None),
        ({"statType": 1, "dataValue": 1.25, "valid": True}, None),
    ],
)
def test_items_are_read_or_refused_with_a_number(changes: dict[str, object], number: str | None) -> None:
    profile = Profile()
    fields = plain_fields(item(**changes), "data[0]", profile)
    if number is None:
        assert read_item(fields, "data[0]", profile).value == Decimal("1.25")
        return
    with pytest.raises(ItemRefusedError) as refused:
        read_item(fields, "data[0]", profile)
    assert refused.value.problem.number == number
    assert refused.value.problem.where.startswith("data[0].")


@pytest.mark.parametrize(
    ("words", "mark", "valid"),
    [
        ((), "0", None), ((), "1", None), ((), "", None), ((), "true", True), ((), "False", False),
        (("valid-0",), "0", True), (("valid-0",), "1", False), (("valid-1",), "1", True), (("valid-1",), "0", False),
        (("valid-1",), "2", None), (("valid-0",), "true", True),
    ],
)  # fmt: skip
def test_marks_are_read_as_the_profile_says(words: tuple[str, ...], mark: str, valid: bool | None) -> None:
    assert Profile(frozenset(words)).valid(mark) is valid


def test_encrypted_items() -> None:
    profile = Profile(frozenset({"sm4"}), KEY)
    hidden: dict[str, Any] = {name: encrypt_field(str(value), KEY) for name, value in item().items()}
    assert read_item(plain_fields(hidden, "data[0]", profile), "data[0]", profile).value == Decimal("1.25")
    for wrong, number in ((item(), "G208"), ("text", "G209"), ([], "G209")):
        with pytest.raises(ItemRefusedError) as refused:
            plain_fields(wrong, "data[0]", profile)
        assert refused.value.problem.number == number


def test_a_configuration_keeps_the_good_items() -> None:
    parts = {"processCode": "02", "processUnitCode": "", "equipmentCode": None, "energyClassCode": "02"}
    parts |= {"energyTypeCode": "3300", "dataUsageCode": "11", "statType": 1, "scope": "1", "name": "炼钢用电"}
    found = read_configuration(
        {
            "process": [{"processCode": "02", "processName": "炼钢"}, "?"],
            "collectItemConfig": [parts, {"dataCode": ELECTRICITY, "statType": "9"}, 7, {"statType": "1"},
                                  {"dataCode": ELECTRICITY, "statType": "1", "unit": "kWh", "dataValueMax": 5}],
        }
    )  # fmt: skip
    assert [str(one.code) for one in found.items] == ["02-00-0000-023300-11", ELECTRICITY]
    assert (found.items[0].process, found.items[0].name) == ("炼钢", "炼钢用电")
    assert (found.items[1].unit, found.items[1].maximum) == ("kWh", "5")
    assert [(one.number, one.where) for one in found.problems] == [
        ("G202", "collectItemConfig[0].scope"), ("G203", "collectItemConfig[1].statType"),
        ("G209", "collectItemConfig[2]"), ("G201", "collectItemConfig[3].dataCode"),
    ]  # fmt: skip
    assert read_configuration({}).items == []
    assert read_configuration({"collectItemConfig": "x", "process": 3}).items == []
