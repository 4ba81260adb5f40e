"""Each sign of fabrication fires on a made-up case, not on a plant that tells the truth, and never less on more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from emissions.made_series import DAY, OFFSET, START, Floats, Plant, hours, means, plant

from hengneng.emissions.findings import consistency, operation, patterns, records, water
from hengneng.emissions.findings.finding import CHECKS, Finding, Severity
from hengneng.emissions.masses import hourly_masses
from hengneng.emissions.parameters import finding_rule, reference_oxygen, validity_rules
from hengneng.problems import checks
from hengneng.rules.tables import RuleNotFoundError

ON = {"on": DAY}
REFERENCE = reference_oxygen("GB 13223-2011", "coal-boiler", DAY)
HIGHEST = validity_rules("gas", DAY).highest_oxygen
LIMIT = 35.0
COD = np.linspace(30, 60, 168)


def _of(findings: list[Finding]) -> Finding | None:
    return max(findings, key=lambda one: one.severity, default=None)


def constant(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[40 : 40 + dose] = 12.34
    return patterns.constant(week.at, values, resolution=0.01, **ON)


def low_variation(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[40 : 40 + dose] = 12.3 + 0.02 * np.sin(np.arange(dose))
    return patterns.low_variation(week.at, values, **ON)


def copied(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[80 : 80 + dose] = values[:dose]
    return patterns.repeated(week.at, values, resolution=0.01, **ON)


def periodic(week: Plant, dose: int) -> list[Finding]:
    loop = np.resize(week.concentration[:24], 168)
    return patterns.periodic(week.at, loop + week_noise() * (60 - dose) / 50, **ON)


def week_noise() -> Floats:
    return np.random.default_rng(11).normal(0, 1, 168)


def hugging(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[:dose] = LIMIT * (0.96 + 0.03 * np.random.default_rng(2).random(dose))
    return patterns.hugging(week.at, values, LIMIT, **ON)


def clipped(week: Plant, dose: int) -> list[Finding]:
    top = np.sort(week.concentration)[-max(dose, 1)]
    return patterns.clipped(week.at, np.minimum(week.concentration, top), resolution=0.01, **ON)


def step(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[84:] *= 1 - dose / 100
    return operation.step_without_load(week.at, values, np.full(168, 240.0), **ON)


def false_stop(week: Plant, dose: int) -> list[Finding]:
    flags = week.flags.copy()
    flags[10 : 10 + dose] = "F"
    return operation.flags_against_operation(week.at, week.concentration, week.flow, flags, **ON)


def marked_stop(week: Plant, dose: int) -> list[Finding]:
    marks = np.full(168, "", "<U32")
    marks[10 : 10 + dose] = "stopped"
    return operation.flags_against_operation(week.at, week.concentration, week.flow, week.flags, marks=marks, **ON)


def hidden_peak(week: Plant, dose: int) -> list[Finding]:
    values, flags = week.concentration.copy(), week.flags.copy()
    values[10 : 10 + dose], flags[10 : 10 + dose] = 90, "M"
    return operation.flags_against_operation(week.at, values, week.flow, flags, limit=LIMIT, **ON)


def zero_total(week: Plant, dose: int) -> list[Finding]:
    totals = week.flow.copy()
    totals[:dose] = 0
    return operation.zero_totals(week.at, totals, week.concentration, week.flow, **ON)


def high_oxygen(week: Plant, dose: int) -> list[Finding]:
    oxygen = week.oxygen.copy()
    oxygen[:dose] = 0.2
    return operation.high_oxygen(week.at, week.concentration, oxygen, **ON)


def wrong_flow(week: Plant, dose: int) -> list[Finding]:
    return operation.flow_against_theory(week.at, week.flow * (1 - dose / 100), 1500 * week.load, **ON)


def parts(week: Plant, dose: int) -> list[Finding]:
    bod = COD * 0.4
    bod[:dose] = COD[:dose] * 1.5
    return water.parts_above_whole(
        week.at, oxygen_demand=COD, biochemical_oxygen_demand=bod, ammonia=COD * 0.1, total_nitrogen=COD * 0.3,
        total_phosphorus=COD * 0.01, **ON,
    )  # fmt: skip


def nitrogen(week: Plant, dose: int) -> list[Finding]:
    ammonia = COD * 0.1
    ammonia[:dose] = COD[:dose]
    return water.parts_above_whole(week.at, ammonia=ammonia, total_nitrogen=COD * 0.3, **ON)


def phosphorus(week: Plant, dose: int) -> list[Finding]:
    found = COD * 0.01
    found[:dose] = 0.001
    return water.parts_above_whole(week.at, oxygen_demand=COD, total_phosphorus=found, **ON)


def still_ph(week: Plant, dose: int) -> list[Finding]:
    values = week.ph.copy()
    values[20 : 20 + dose] = 7.0
    return water.still_acidity(week.at, values, **ON)


def jumping_ph(week: Plant, dose: int) -> list[Finding]:
    values = week.ph.copy()
    values[50] += dose / 10
    return water.jumping_acidity(week.at, values, **ON)


def alike(week: Plant, dose: int) -> list[Finding]:
    other = week.concentration * 1.1 + week_noise() * (1 - dose / 100)
    return records.outlets_alike(week.at, week.concentration, other, **ON)


def converted(week: Plant, dose: int) -> list[Finding]:
    assert HIGHEST is not None
    right = week.concentration * (0.21 - 0.06) / (0.21 - week.oxygen) * (1 + 0.01 * week_noise())
    right[:dose] *= 0.5
    return records.conversion(week.at, right, week.concentration, week.oxygen, REFERENCE, highest=HIGHEST, **ON)


def lost(week: Plant, dose: int) -> list[Finding]:
    valid = np.ones(168, np.bool_)
    valid[:dose] = False
    return records.low_capture(week.at, valid, **ON)


def clock(week: Plant, dose: int) -> list[Finding]:
    late = np.abs(week_noise() * 5).astype(np.int64)
    return records.clock_off(week.at, week.at + late + dose, **ON)


def beyond(week: Plant, dose: int) -> list[Finding]:
    values = week.concentration.copy()
    values[:dose] = 250
    return patterns.beyond_range(week.at, values, week.flags, 0, 200, **ON)


def over_range_used(week: Plant, dose: int) -> list[Finding]:
    flags = week.flags.copy()
    flags[:dose] = "T"
    return patterns.beyond_range(week.at, week.concentration, flags, 0, 200, used=np.ones(168, np.bool_), **ON)


def calibrated(week: Plant, dose: int) -> list[Finding]:
    values, flags = week.concentration.copy(), week.flags.copy()
    flags[5::24] = "C"
    for index in range(dose):
        values[12 * index + 8] = 40
        flags[12 * index + 9] = "C"
    return records.calibration_at_peaks(week.at, values, flags, LIMIT, **ON)


def by_hand(week: Plant, dose: int) -> list[Finding]:
    manual = week.concentration[:5] * np.array([1.05, 0.97, 1.1, 0.95, 1.02])
    return records.against_manual(week.at[:5], week.concentration[:5] * (1 - dose / 100), manual, **ON)


def detached(week: Plant, dose: int) -> list[Finding]:
    masses = hourly_masses(means(week.concentration), means(week.flow)).values
    steady = np.full(168, 20 * float(week.flow.mean()) * 1e-6)
    share = dose / 100
    given = steady - 0.3 * masses * (share == 1) + (1 - share) * (masses - steady) + week_noise() * share * 0.3
    return operation.emission_against_load(week.at, given, week.load, **ON)


def digits(week: Plant, dose: int) -> list[Finding]:
    values = np.round(np.random.default_rng(9).normal(22, 3, 720), 2)
    values[:dose] = np.round(values[:dose] * 2, 1) / 2
    return patterns.last_digits(hours(720), values, 0.01, **ON)


def flow_total(week: Plant, dose: int) -> list[Finding]:
    totals = week.flow * (1 + 0.001 * week_noise())
    totals[3] *= 1 + dose / 100
    return consistency.flow_total(week.at, totals, week.flow / 3600, 3600, **ON)


def mass_total(week: Plant, dose: int) -> list[Finding]:
    totals = np.round(week.concentration * week.flow * 1e-6, 4)
    totals[3] *= 1 + dose / 100
    return consistency.mass_total(week.at, totals, week.concentration, week.flow, **ON)


def order(week: Plant, dose: int) -> list[Finding]:
    largest = week.concentration + 1
    largest[:dose] -= 2
    return consistency.order(week.at, week.concentration - 1, week.concentration, largest, **ON)


CASES = [
    ("F1", constant, [24, 48, 72, 120]),
    ("F2", low_variation, [24, 48, 72, 120]),
    ("F3", copied, [24, 36, 48, 80]),
    ("F3", periodic, [55, 58, 60]),
    ("F4", hugging, [60, 100, 140, 168]),
    ("F4", clipped, [10, 20, 40, 80]),
    ("F5", step, [60, 80, 90]),
    ("F6", false_stop, [1, 3, 12, 60, 168]),
    ("F6", marked_stop, [1, 3, 12, 60, 168]),
    ("F6", hidden_peak, [1, 3, 12, 60]),
    ("F7", zero_total, [1, 3, 12, 168]),
    ("F8", high_oxygen, [1, 3, 12, 168]),
    ("F9", wrong_flow, [35, 50, 60, 90]),
    ("F10", parts, [10, 20, 60, 168]),
    ("F10", nitrogen, [10, 20, 60, 168]),
    ("F10", phosphorus, [10, 20, 60, 168]),
    ("F11", still_ph, [24, 48, 72, 120]),
    ("F11", jumping_ph, [25, 30, 50]),
    ("F12", alike, [97, 99, 100]),
    ("F13", converted, [20, 40, 84, 168]),
    ("F14", lost, [20, 40, 60, 168]),
    ("F15", clock, [70, 300, 700, 7200]),
    ("F16", beyond, [1, 3, 12, 60]),
    ("F16", over_range_used, [1, 3, 12, 60]),
    ("F17", calibrated, [7, 9, 12]),
    ("F18", by_hand, [35, 50, 70]),
    ("F19", detached, [95, 97, 100]),
    ("F20", digits, [150, 300, 720]),
    ("F21", flow_total, [3, 10, 40]),
    ("F22", mass_total, [3, 10, 40]),
    ("F23", order, [1, 12, 100]),
]
Case = Callable[[Plant, int], list[Finding]]


@pytest.mark.parametrize(("number", "case", "doses"), CASES, ids=lambda one: getattr(one, "__name__", str(one)))
def test_a_sign_fires_on_its_evil_and_never_less_on_more(
    number: str, case: Case, doses: list[int], week: Plant
) -> None:
    found = [_of(case(week, dose)) for dose in doses]
    assert all(one is not None for one in found), found
    kept = [one for one in found if one is not None]
    assert {one.number for one in kept} == {number}
    severities = [one.severity for one in kept]
    assert severities == sorted(severities)
    assert kept[-1].severity is Severity.GRAVE
    for one in kept:
        assert len(one.evidence.indices) == len(one.evidence.times) == len(one.evidence.values)
        assert one.unverified
        problem = one.problem("DA001 SO2", OFFSET)
        assert "{" not in problem.text("zh") + problem.text("en")
    # Whatever has a threshold names the rows that show it, unless it is about what is not there.
    assert kept[-1].evidence.indices or number == "F14"


@pytest.mark.parametrize(
    ("number", "case"),
    [(number, case) for number, case, _ in CASES if case is not periodic],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_nothing_is_said_about_a_plant_that_tells_the_truth(number: str, case: Case, seed: int) -> None:
    assert case(plant(seed=seed), 0) == [], number


def test_nothing_is_said_about_an_honest_month(month: Plant) -> None:
    at, values = month.at, month.concentration
    assert patterns.periodic(at, values, **ON) == []
    assert patterns.periodic(at, month.load, **ON) == []
    assert patterns.repeated(at, values, resolution=0.01, **ON) == []
    assert patterns.constant(at, month.ph, resolution=0.01, quantity="pH", **ON) == []
    assert patterns.last_digits(at, values, 0.01, **ON) == []
    assert operation.step_without_load(at, values, month.load, **ON) == []
    assert operation.flow_against_theory(at, month.flow, 1500 * month.load, **ON) == []


def test_an_honest_day_of_minutes() -> None:
    chance = np.random.default_rng(4)
    at = START + 60 * np.arange(1440, dtype=np.int64)
    values = np.round(22 + np.cumsum(chance.normal(0, 0.05, 1440)) + chance.normal(0, 0.6, 1440), 2)
    assert patterns.constant(at, values, resolution=0.01, **ON) == []
    assert patterns.low_variation(at, values, step=60, **ON) == []
    assert patterns.repeated(at, values, resolution=0.01, **ON) == []
    assert patterns.last_digits(at, values, 0.01, **ON) == []


def test_gaps_and_honest_stops_are_no_signs(week: Plant) -> None:
    values, flow, flags = week.concentration.copy(), week.flow.copy(), week.flags.copy()
    values[30:60], flow[30:60], flags[30:60] = np.nan, 800.0, "F"
    assert operation.flags_against_operation(week.at, values, flow, flags, limit=LIMIT, **ON) == []
    assert patterns.constant(week.at, values, resolution=0.01, **ON) == []
    assert patterns.low_variation(week.at, values, **ON) == []
    assert patterns.repeated(week.at, values, resolution=0.01, **ON) == []


def test_the_example_of_the_constant() -> None:
    """26 readings of 12.34 in 26 hours, resolution 0.01."""
    findings = patterns.constant(hours(26), np.full(26, 12.34), resolution=0.01, **ON)
    assert [(one.statistic, one.severity) for one in findings] == [(26, Severity.DOUBTFUL)]
    stricter = patterns.constant(hours(13), np.full(13, 5.0), quantity="particulate", **ON)
    assert [one.severity for one in stricter] == [Severity.DOUBTFUL]
    below = patterns.constant(hours(100), np.full(100, 1.0), detection_limit=2.0, quantity="SO2", **ON)
    assert below == []


def test_the_example_of_two_outlets() -> None:
    """r = 0.9997 over 168 hours is a sign."""
    rule = finding_rule("F12", DAY)
    assert rule.reached(0.9997) is not None
    assert rule.reached(0.999) is None


def test_two_hours_are_the_time_of_xinjiang() -> None:
    at = hours(10)
    assert records.on_xinjiang_time(at, at + 7203, on=DAY)
    assert not records.on_xinjiang_time(at, at + 3600, on=DAY)
    assert not records.on_xinjiang_time(at[:0], at[:0], on=DAY)


def test_too_little_is_not_judged() -> None:
    few = hours(5)
    assert patterns.hugging(few, np.full(5, 34.0), LIMIT, **ON) == []
    assert records.outlets_alike(few, np.arange(5.0), np.arange(5.0), **ON) == []
    assert patterns.constant(few, np.full(5, np.nan), **ON) == []
    assert patterns.clipped(few, np.full(5, np.nan), **ON) == []
    assert records.clock_off(few, few + 9999, **ON) == []
    assert operation.emission_against_load(hours(168), np.arange(168.0), np.full(168, 5.0), **ON) == []
    with pytest.raises(RuleNotFoundError):
        finding_rule("F99", DAY)


def test_every_finding_has_its_numbered_text_and_a_case() -> None:
    expected = [
        "K001", "K002", "K003", "K004", "K005", "K006", "K007", "K008", "K009", "K010", "K011", "K012",
        "K013", "K014", "K015", "K016", "K017", "K018", "K019", "K020", "K021", "K022", "K023",
    ]  # fmt: skip
    assert list(CHECKS.values()) == expected
    assert set(expected) <= set(checks())
    assert {number for number, _, _ in CASES} == set(CHECKS)
