"""Means are valid or not there; masses, their sums and what stands in for missing ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emissions.made_series import DAY, OFFSET, START, Plant, hours, means, minutes
from hypothesis import given
from hypothesis import strategies as st

from hengneng.emissions.averaging import day_means, flow_weighted_days, hour_means, interval_means, month_means
from hengneng.emissions.masses import (
    at_reference_oxygen,
    daily_masses,
    dry_standard_flows,
    dry_standard_hours,
    hourly_masses,
    monthly_masses,
)
from hengneng.emissions.parameters import mark_rules, reference_oxygen, valid_flags, validity_rules
from hengneng.emissions.series import HOUR, Means, Samples
from hengneng.formulas.emission_concentration import (
    concentration_at_reference_oxygen,
    dry_concentration,
    standard_state_concentration,
)
from hengneng.formulas.emission_flow import dry_standard_flow
from hengneng.rules.tables import RuleNotFoundError

GAS = validity_rules("gas", DAY)
FLAGS = valid_flags(DAY)
MARKS = mark_rules(DAY)


def hour_of(samples: Samples, count: int = 1) -> Means:
    return hour_means(samples, START, START + count * HOUR, flags=FLAGS, marks=MARKS, rules=GAS)


@pytest.mark.parametrize(("valid", "is_valid"), [(60, True), (47, True), (45, True), (44, False), (1, False)])
def test_an_hour_needs_its_minutes(valid: int, is_valid: bool) -> None:
    made = np.full(60, np.nan)
    made[:valid] = 10.0
    found = hour_of(minutes(made))
    assert found.counts.tolist() == [valid]
    if is_valid:
        assert found.values.tolist() == [10.0]
        assert found.unknown(0) is None
    else:
        assert np.isnan(found.values[0])
        unknown = found.unknown(0)
        assert unknown is not None
        assert unknown.text().en == f"{valid} valid values, at least 45 are needed"


@pytest.mark.parametrize(("valid", "is_valid"), [(12, True), (11, False)])
def test_a_minute_needs_its_samples(valid: int, is_valid: bool) -> None:
    at = START + 5 * np.arange(valid)
    samples = Samples.of(at, np.arange(valid), np.full(valid, "N"))
    found = interval_means(samples, START, START + 60, flags=FLAGS, marks=MARKS, rules=GAS)
    assert (found.counts.tolist(), found.valid.tolist()) == ([valid], [is_valid])


@pytest.mark.parametrize(("valid", "is_valid"), [(6, True), (5, True), (4, False)])
def test_ten_minutes_of_gas_count_as_ten(valid: int, is_valid: bool) -> None:
    samples = Samples.of(START + 600 * np.arange(valid), 2.0 * np.arange(valid), np.full(valid, "N"))
    found = hour_means(samples, START, START + HOUR, flags=FLAGS, marks=MARKS, rules=GAS, interval=600)
    assert (found.counts.tolist(), found.valid.tolist()) == ([10 * valid], [is_valid])
    if is_valid:
        assert found.values.tolist() == [valid - 1]


def test_many_samples_of_one_minute_make_no_hour() -> None:
    crowded = Samples.of(START + np.arange(50), np.full(50, 5.0), np.full(50, "N"))
    with pytest.raises(ValueError, match="starts of intervals"):
        hour_of(crowded)


def test_water_counts_its_values() -> None:
    rules = validity_rules("water", DAY)
    samples = Samples.of(START + 600 * np.arange(3), [1, 2, 6], np.full(3, "N"))
    found = hour_means(samples, START, START + HOUR, flags=FLAGS, marks=MARKS, rules=rules, interval=600)
    assert (found.values.tolist(), found.counts.tolist(), found.unverified) == ([3], [3], True)


def test_an_hour_without_data_is_not_zero() -> None:
    found = hour_of(minutes(np.full(60, 5.0)), 2)
    assert found.reasons.tolist() == ["", "no-values"]
    assert np.isnan(found.values[1])


@pytest.mark.parametrize("flag", ["F", "M", "S", "D", "C", "T", "B", "", "?"])
def test_only_good_flags_count(flag: str) -> None:
    samples = minutes(np.full(60, 5.0))
    flags = samples.flags.copy()
    flags[:15] = flag
    assert hour_of(Samples(samples.times, samples.values, flags, samples.marks)).counts.tolist() == [45]
    flags[:16] = flag
    assert hour_of(Samples(samples.times, samples.values, flags, samples.marks)).reasons.tolist() == [
        "too-few-valid-values"
    ]


def test_a_stopped_hour_says_so() -> None:
    samples = minutes(np.full(60, 5.0))
    marked = Samples.of(samples.times, samples.values, samples.flags, np.full(60, "stopped"))
    assert hour_of(marked).reasons.tolist() == ["source-stopped"]
    unknown = Samples.of(samples.times, samples.values, samples.flags, np.full(60, "no-such-mark"))
    assert not hour_of(unknown).valid.any()


@given(st.lists(st.one_of(st.none(), st.floats(0, 500)), min_size=120, max_size=120), st.integers(0, 59))
def test_order_and_taking_away(made: list[float | None], gone: int) -> None:
    values = np.array([np.nan if one is None else one for one in made])
    found = hour_of(minutes(values), 2)
    turned = np.concatenate([values[:60][::-1], values[60:]])
    assert np.allclose(hour_of(minutes(turned), 2).values, found.values, equal_nan=True)
    fewer = values.copy()
    fewer[gone] = np.nan
    assert hour_of(minutes(fewer), 2).valid.sum() <= found.valid.sum()


@pytest.mark.parametrize(("valid", "is_valid"), [(24, True), (20, True), (19, False)])
def test_a_day_needs_its_hours(valid: int, is_valid: bool) -> None:
    made = np.full(24, np.nan)
    made[24 - valid :] = 30.0
    found = day_means(means(made), GAS, OFFSET)
    assert found.times.tolist() == [START]
    assert found.valid.tolist() == [is_valid]


def test_months_and_february() -> None:
    february = int(np.datetime64("2026-02-01", "s").astype(np.int64)) - OFFSET
    days = np.full(28, 10.0)
    days[:5] = np.nan
    one = means(days, february)
    at = february + 86_400 * np.arange(28, dtype=np.int64)
    found = month_means(Means(at, one.values, one.counts, one.least, one.reasons), GAS, OFFSET)
    assert (found.times.tolist(), found.counts.tolist(), found.least.tolist()) == ([february], [23], [23])
    assert found.valid.all()
    june = START - 14 * 86_400 + 86_400 * np.arange(30, dtype=np.int64)
    made = np.full(30, 10.0)
    made[:6] = np.nan
    found = month_means(Means(june, made, *[np.zeros(30, np.int64)] * 2, np.full(30, "")), GAS, OFFSET)
    assert (found.counts.tolist(), found.least.tolist(), found.valid.tolist()) == ([24], [25], [False])


def test_a_day_of_water_is_weighted() -> None:
    rules = validity_rules("water", DAY)
    hourly = means([22.3, 25.1, 19.8])
    found = flow_weighted_days(hourly, [53.8, 60.2, 41.0], rules, OFFSET)
    assert found.values[0] == pytest.approx(22.7262, abs=5e-5)
    assert found.unverified
    still = flow_weighted_days(hourly, [0, 0, 0], rules, OFFSET)
    assert still.reasons.tolist() == ["nothing-flowed"]
    assert flow_weighted_days(hourly, [np.nan] * 3, rules, OFFSET).valid.tolist() == [False]


def test_arrays_go_by_the_same_equations_as_the_formulas(week: Plant) -> None:
    count = len(week.at)
    chance = np.random.default_rng(3)
    state = {
        "temperature": chance.uniform(50, 140, count),
        "static_pressure": chance.uniform(-400, 100, count),
        "atmospheric_pressure": chance.uniform(9e4, 1.02e5, count),
        "moisture": chance.uniform(0.03, 0.15, count),
    }
    hourly = means(week.concentration)
    dry = dry_standard_hours(hourly, **state)
    flow = dry_standard_flows(means(week.flow), **state)
    oxygen = reference_oxygen("GB 13223-2011", "coal-boiler", DAY)
    assert GAS.highest_oxygen is not None
    converted = at_reference_oxygen(dry, week.oxygen, oxygen, GAS.highest_oxygen)
    assert converted.unverified
    for index in range(count):
        heat, below, above, steam = (float(one[index]) for one in state.values())
        wet = standard_state_concentration(float(week.concentration[index]), heat, below, above)
        assert dry.values[index] == pytest.approx(dry_concentration(wet, steam), rel=1e-12)
        one = concentration_at_reference_oxygen(dry_concentration(wet, steam), float(week.oxygen[index]), 0.06, 0.19)
        assert converted.values[index] == pytest.approx(one, rel=1e-12)
        other = dry_standard_flow(float(week.flow[index]), heat, below, above, steam)
        assert flow.values[index] == pytest.approx(other, rel=1e-12)


def test_unknown_spreads_with_its_reason() -> None:
    oxygen = reference_oxygen("GB 13223-2011", "coal-boiler", DAY)
    assert GAS.highest_oxygen is not None
    found = at_reference_oxygen(
        means([10, 10, 10, np.nan, 10]), [0.06, 0.195, np.nan, 0.06, 0.21], oxygen, GAS.highest_oxygen
    )
    assert found.values[0] == pytest.approx(10)
    assert found.reasons.tolist() == ["", "oxygen-above-highest", "missing-oxygen", "no-values", "oxygen-above-highest"]
    masses = hourly_masses(means([10, np.nan]), means([np.nan, 1e5]))
    assert masses.reasons.tolist() == ["missing-flow", "no-values"]
    doubtful = replace(means([1e5]), unverified=True)
    assert hourly_masses(means([10]), doubtful).unverified


def test_a_day_of_masses_is_whole_or_unknown(week: Plant) -> None:
    masses = hourly_masses(means(week.concentration), means(week.flow))
    days = daily_masses(masses, OFFSET)
    assert len(days.times) == 7
    assert days.values.sum() == pytest.approx(masses.values.sum(), rel=1e-12)
    lacking = week.concentration.copy()
    lacking[30] = np.nan
    days = daily_masses(hourly_masses(means(lacking), means(week.flow)), OFFSET)
    assert days.valid.tolist() == [True, False, True, True, True, True, True]
    assert days.counts[1] == 23
    still = np.zeros(len(lacking), np.bool_)
    still[30] = True
    days = daily_masses(hourly_masses(means(lacking), means(week.flow), still), OFFSET)
    assert days.valid.all()
    assert not monthly_masses(days, OFFSET).valid.any()


def test_a_month_of_masses_adds_up() -> None:
    june = START - 14 * 86_400
    masses = hourly_masses(means(np.full(720, 20.0), june), means(np.full(720, 1e6), june))
    month = monthly_masses(daily_masses(masses, OFFSET), OFFSET)
    assert month.times.tolist() == [june]
    assert month.values.tolist() == [pytest.approx(20 * 720)]


def test_what_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="rise"):
        Samples.of([60, 0], [1, 2], ["N", "N"])
    with pytest.raises(ValueError, match="expected 2 values"):
        Samples.of([0, 60], [1], ["N", "N"])
    with pytest.raises(ValueError, match="whole periods"):
        hour_means(minutes([1.0]), START + 1, START + HOUR, flags=FLAGS, marks=MARKS, rules=GAS)
    with pytest.raises(ValueError, match="same hours"):
        hourly_masses(means([1.0]), means([1.0], START + HOUR))
    with pytest.raises(RuleNotFoundError):
        reference_oxygen("GB 1-1900", "coal-boiler", DAY)
    assert hours(2).tolist() == [START, START + HOUR]
