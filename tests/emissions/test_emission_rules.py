"""The rule tables of emissions: what the code asks for is there, dated, and nothing stands there unused."""

from __future__ import annotations

import datetime as dt

import pytest
from emissions.made_series import DAY

from hengneng.emissions.findings.finding import CHECKS
from hengneng.emissions.parameters import (
    SEVERITIES,
    emission_limit,
    finding_rule,
    flags_of_state,
    mark_rules,
    parameter,
    reference_oxygen,
    valid_flags,
    validity_rules,
)
from hengneng.formulas.emission_concentration import mass_concentration
from hengneng.rules.tables import RuleNotFoundError, lookup, rule_table

RULES = rule_table("fabrication_rules").entries


def test_counts_of_gas_and_water() -> None:
    gas = validity_rules("gas", DAY)
    counts = (gas.least_of_interval, gas.least_of_hour, gas.least_of_day, gas.least_of_month, gas.least_of_february)
    assert [one.value for one in counts] == [12, 45, 20, 25, 23]
    assert gas.highest_oxygen is not None
    assert (gas.highest_oxygen.value, gas.highest_oxygen.unverified) == (pytest.approx(0.19), True)
    assert not gas.unverified
    assert validity_rules("water", DAY).unverified
    assert validity_rules("gas", dt.date(2010, 1, 1)).least_of_hour.entry.edition == "2007"
    with pytest.raises(RuleNotFoundError):
        validity_rules("gas", dt.date(2000, 1, 1))


def test_flags_and_marks() -> None:
    assert valid_flags(DAY) == {"N"}
    assert flags_of_state(DAY, "calibration", "fault") == {"C", "D"}
    marks = mark_rules(DAY)
    assert marks.without_emission == {"stopped"}
    assert "start-up" in marks.excused
    assert "running" not in marks.excused
    assert marks.unverified


@pytest.mark.parametrize(("pollutant", "expected"), [("SO2", 142.857), ("NOx", 102.679), ("NO", 66.964)])
def test_molar_masses_give_the_worked_examples(pollutant: str, expected: float) -> None:
    mass = parameter(lookup("emission_pollutants", {"pollutant": pollutant}, DAY)).value
    assert mass_concentration(50, mass) == pytest.approx(expected, abs=0.0005)


def test_every_limit_of_gas_has_its_reference_oxygen() -> None:
    for entry in rule_table("emission_limits").entries:
        kind = entry.attributes["oxygen_kind"]
        assert bool(kind) is (entry.unit == "mg/m3"), entry.row
        if kind:
            assert reference_oxygen(entry.key["standard"], kind, entry.valid_from or DAY).value < 0.21
        assert entry.valid_from is not None


def test_limits_have_their_pollutants_and_key_regions_are_never_laxer() -> None:
    known = {one.key["pollutant"] for one in rule_table("emission_pollutants").entries}
    for entry in rule_table("emission_limits").entries:
        assert entry.key["pollutant"] in known
        if entry.key["region"] == "key":
            key = {name: entry.key[name] for name in ("standard", "source_kind", "pollutant", "period")}
            general = emission_limit(*key.values(), DAY)
            assert parameter(entry).value <= general.value


def test_what_was_not_read_says_so() -> None:
    for name in ("analyser_drift_limits", "emission_marks", "fabrication_rules", "missing_emission_substitution"):
        assert all(entry.unverified for entry in rule_table(name).entries), name
    for entry in rule_table("emission_limits").entries:
        assert entry.unverified or entry.source_via, entry.row


@pytest.mark.parametrize("number", CHECKS)
def test_each_finding_has_bounds_in_order(number: str) -> None:
    quantities = {one.key["quantity"] for one in RULES if one.key["finding"] == number}
    for quantity in quantities:
        rule = finding_rule(number, DAY, quantity)
        if not rule.bounds:
            # Only general parameters stand under any; every other quantity has bounds.
            assert quantity == "any"
            continue
        values = [rule.bounds[one].value for one in SEVERITIES if one in rule.bounds]
        comparisons = {one.entry.attributes["comparison"] for one in rule.bounds.values()}
        assert len(comparisons) == 1
        assert values == sorted(values, reverse=comparisons <= {"below", "up_to"})
        assert rule.reached(float("nan")) is None


def test_no_finding_without_a_number() -> None:
    assert {one.key["finding"] for one in RULES} == set(CHECKS)
