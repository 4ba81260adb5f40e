"""Units: spellings and exact conversion."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.rules import rule_table
from hengneng.rules.units import (
    IncompatibleUnitsError,
    UnknownUnitError,
    convert,
    normal_spelling,
    unit,
    units,
)

PAIRS = [(a.code, b.code) for a in units().values() for b in units().values() if a.dimension == b.dimension]


def test_factors_and_bases() -> None:
    for entry in rule_table("units").entries:
        assert entry.value is not None
        assert entry.value > 0
        base = unit(entry.unit)
        assert (base.dimension, base.factor) == (entry.attributes["dimension"], 1)


def test_spellings_are_unique() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for entry in rule_table("units").entries:
        code = entry.key["code"]
        for spelling in (code, entry.attributes["name_zh"], *entry.attributes["spellings"].split("|")):
            if spelling:
                owners[normal_spelling(spelling)].add(code)
    assert {spelling: codes for spelling, codes in owners.items() if len(codes) > 1} == {}


@given(pair=st.sampled_from(PAIRS), value=st.decimals(-(10**12), 10**12, places=6))
def test_there_and_back(pair: tuple[str, str], value: Decimal) -> None:
    assert convert(convert(value, *pair), *reversed(pair)) == value


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("万吨标准煤", "10^4 tce"),
        ("万 吨标准煤", "10^4 tce"),
        ("万tce", "10^4 tce"),
        ("1e4 tce", "10^4 tce"),
        ("％", "%"),
        ("㎡", "m2"),
        ("万m²", "10^4 m2"),
        ("亿千瓦时", "10^8 kWh"),
        ("KWH", "kWh"),
        ("kW·h", "kWh"),
        ("吨标准煤/万元", "tce/10^4 yuan"),
        ("tce／万元", "tce/10^4 yuan"),
        ("百万千焦", "GJ"),
        ("亿元", "10^8 yuan"),
        ("千克标准煤/百吨公里", "kgce/(100 t km)"),
        ("MW", "MW"),
        ("家", "unit"),
        ("分", "point"),
    ],
)
def test_spellings(spelling: str, code: str) -> None:
    assert unit(spelling).code == code


def test_known_conversions() -> None:
    assert convert(Decimal("1.5"), "10^4 tce", "tce") == 15000
    assert convert(Decimal(1), "kWh", "MJ") == Decimal("3.6")
    assert convert(Decimal("0.0341"), "tce/GJ", "kgce/MJ") == Decimal("0.0341")
    assert convert(Decimal("1.229"), "tce/10^4 kWh", "kgce/kWh") == Decimal("0.1229")
    assert convert(Decimal(12), "%", "1") == Decimal("0.12")
    assert convert(Decimal(1), "10^4 tce/10^8 yuan", "tce/10^4 yuan") == 1


def test_what_does_not_fit() -> None:
    with pytest.raises(UnknownUnitError) as unknown:
        unit("万吨标准媒")
    assert "万吨标准煤" in unknown.value.similar
    with pytest.raises(IncompatibleUnitsError):
        convert(Decimal(1), "t", "tce")
