"""Lookup by key, day and place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from rules.written_tables import GOOD, write

from hengneng.language import Text
from hengneng.rules import RuleAmbiguousError, RuleNotFoundError, lookup, rule_table, rule_tables, tables
from hengneng.rules.divisions import UnknownPlaceError
from hengneng.rules.electricity import electricity_calorific, electricity_equivalent
from hengneng.rules.loader import load_table
from hengneng.rules.measures import measures
from hengneng.rules.units import unit
from hengneng.trace import Mark, Quality

LAST_2008 = dt.date(2021, 3, 31)
FIRST_2020 = dt.date(2021, 4, 1)
WATER = {"scheme": "general-rules", "carrier": "fresh_water"}


@pytest.mark.parametrize("name", sorted(rule_tables()))
def test_every_table_loads_and_is_cited(name: str) -> None:
    table = rule_tables()[name]
    assert table.entries
    for entry in table.entries:
        assert entry.source
        assert entry.confidence == "sourced" or entry.unverified
        assert lookup(name, entry.key, entry.valid_from or entry.valid_to) == entry


def test_the_edition_changes_on_the_day() -> None:
    assert lookup("coal_equivalents", WATER, LAST_2008).value == Decimal("0.0857")
    assert lookup("coal_equivalents", WATER, FIRST_2020).value == Decimal("0.2571")
    with pytest.raises(RuleAmbiguousError, match="give a day"):
        lookup("coal_equivalents", WATER)
    with pytest.raises(RuleNotFoundError, match=r"2008-06-01\.\.2021-03-31"):
        lookup("coal_equivalents", WATER, dt.date(2008, 5, 31))


def test_what_does_not_exist() -> None:
    with pytest.raises(RuleNotFoundError, match="does not occur"):
        lookup("coal_equivalents", {"scheme": "general-rules", "carrier": "moonshine"}, FIRST_2020)
    with pytest.raises(RuleNotFoundError, match="no rule table"):
        rule_table("horoscopes")
    with pytest.raises(ValueError, match="the key is scheme, carrier"):
        lookup("coal_equivalents", {"carrier": "raw_coal"}, FIRST_2020)
    with pytest.raises(KeyError):
        rule_tables()["horoscopes"]


def test_a_range_has_no_value() -> None:
    gas = lookup("coal_equivalents", {"scheme": "general-rules", "carrier": "natural_gas"}, FIRST_2020)
    assert gas.value is None
    assert (gas.attributes["minimum"], gas.attributes["maximum"]) == ("1.1", "1.33")
    source = gas.as_source(Text(zh="天然气折标系数", en="Coefficient of natural gas"))
    assert (source.value, source.quality) == (None, Quality.MISSING)
    assert source.unknown is not None
    assert "1.1" in source.unknown.text().en


def test_an_entry_as_source() -> None:
    coal = lookup("coal_equivalents", {"scheme": "general-rules", "carrier": "raw_coal"}, LAST_2008)
    source = coal.as_source(Text(zh="原煤", en="Raw coal"))
    assert (source.kind, source.value, source.unit, source.marks) == ("rule", 0.7143, "kgce/kg", frozenset())
    assert source.reference["row"] == coal.row
    water = lookup("coal_equivalents", WATER, FIRST_2020).as_source(Text(zh="新水", en="Fresh water"))
    assert water.marks == frozenset({Mark.UNVERIFIED})


def test_electricity_takes_the_year_its_edition_names() -> None:
    assert electricity_equivalent(2015).value == Decimal("0.297")
    assert electricity_equivalent(2015, rate="net-coal-rate").value == Decimal("0.315")
    assert electricity_equivalent(2022, rate="net-coal-rate").value == Decimal("0.3025")
    assert electricity_equivalent(2021).value == Decimal("0.2872")
    assert electricity_equivalent(2020, LAST_2008).valid_from == dt.date(2020, 1, 1)
    assert electricity_calorific(LAST_2008).value == Decimal("0.1229")
    with pytest.raises(RuleNotFoundError, match="2021-12-31"):
        electricity_equivalent(2022)


@pytest.fixture
def local_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [GOOD] + [
        GOOD.replace("0.7143", value).replace("2021-03-31,,", f"2021-03-31,{place},")
        for value, place in [("0.65", "650000"), ("0.55", "652100"), ("0.45", "654000")]
    ]
    table = load_table(write(tmp_path, *rows), "trial")
    known = rule_table
    monkeypatch.setattr(tables, "rule_table", lambda name: table if name == "trial" else known(name))


@pytest.mark.usefixtures("local_rules")
@pytest.mark.parametrize(
    ("place", "value"),
    [
        (None, "0.7143"),
        ("110000", "0.7143"),
        ("650000", "0.65"),
        ("650102", "0.65"),
        ("652122", "0.55"),
        ("650400", "0.55"),
        ("650421", "0.55"),
        ("654000-direct", "0.45"),
        ("654201", "0.45"),
    ],
)
def test_the_nearest_place_wins(place: str | None, value: str) -> None:
    assert tables.lookup("trial", {"carrier": "coal"}, dt.date(2015, 6, 1), place).value == Decimal(value)
    chosen = tables.rule_table("trial").select(dt.date(2015, 6, 1), place)
    assert [entry.value for entry in chosen] == [Decimal(value)]


@pytest.mark.usefixtures("local_rules")
def test_an_unknown_place_is_no_fallback() -> None:
    with pytest.raises(UnknownPlaceError):
        tables.lookup("trial", {"carrier": "coal"}, dt.date(2015, 6, 1), "999999")
    with pytest.raises(UnknownPlaceError):
        lookup("coal_equivalents", WATER, FIRST_2020, "999999")


def test_carriers_and_measures_fit_together() -> None:
    carriers = {entry.key["code"]: entry for entry in rule_table("energy_carriers").entries}
    for measure in rule_table("measures").entries:
        code = measure.attributes["carrier"]
        if code:
            assert unit(measure.unit).dimension == unit(carriers[code].attributes["carrier_unit"]).dimension
        for level in ("region", "prefecture", "county"):
            low, high = (Decimal(measure.attributes[f"{end}_{level}"]) for end in ("minimum", "maximum"))
            assert low < high
            assert low >= 0 or measure.attributes["may_be_negative"] == "yes"


def test_measures_are_read() -> None:
    energy = measures()["energy_consumption_equivalent"]
    assert (energy.unit, energy.energy_basis, energy.may_be_negative) == ("10^4 tce", "equivalent", False)
    assert energy.plausible("prefecture") == (Decimal(1), Decimal(20000))
    assert energy.plausible("country") == (None, None)
    assert measures()["gdp_current"].price_basis == "current"
