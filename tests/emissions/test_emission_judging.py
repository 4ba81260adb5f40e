"""Substitution of missing masses, exceedance of limits, drift of analysers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from emissions.made_series import DAY, OFFSET, START, hours, means
from hypothesis import given
from hypothesis import strategies as st

from hengneng.emissions.drift import drift_judged, out_of_control
from hengneng.emissions.exceedance import exceedances, outages
from hengneng.emissions.parameters import emission_limit, mark_rules
from hengneng.emissions.series import HOUR
from hengneng.emissions.substitution import Substituted, substituted, substitution_rule
from hengneng.rules.tables import RuleNotFoundError, rule_table

HJ75 = "HJ 75-2017"
QUARTER = int(np.datetime64("2026-04-01", "s").astype(np.int64)) - OFFSET
STANDARDS = sorted({one.key["standard"] for one in rule_table("missing_emission_substitution").entries})


def quarter(missing: list[tuple[int, int]], stopped: tuple[int, int] = (0, 0)) -> Substituted:
    made = np.arange(2184, dtype=np.float64)
    for first, last in missing:
        made[first:last] = np.nan
    still = np.zeros(2184, np.bool_)
    still[slice(*stopped)] = True
    return substituted(means(made, QUARTER), HJ75, without_emission=still, offset=OFFSET)


def test_short_gap_of_a_good_quarter() -> None:
    found = quarter([(1000, 1010), (300, 350)], (0, 100))
    ten = [one for one in found.substitutions if one.gap_hours == 10]
    assert len(ten) == 10
    assert {one.capture_rate for one in ten} == {(2084 - 60) / 2084}
    assert {(one.tier, one.method, one.window, one.value) for one in ten} == {
        ("90-short", "maximum-of-last-valid-hours", 180, 999.0)
    }
    assert len(ten[0].source_hours) == 180
    assert ten[0].source_hours[-1] == QUARTER + 999 * HOUR
    assert all(one.unverified for one in ten)
    assert {one.tier for one in found.substitutions if one.gap_hours == 50} == {"90-long"}
    assert found.masses.valid[100:].all()


def test_middling_and_failed_quarters() -> None:
    middling = quarter([(1000, 1010), (1100, 1390)], (0, 100))
    assert {(one.tier, one.window) for one in middling.substitutions} == {("75", 2160)}
    assert len(middling.substitutions[0].source_hours) == 900
    failed = quarter([(1000, 1800)])
    assert all(one.quarter_fails for one in failed.substitutions)


def test_nothing_before_stays_missing() -> None:
    found = quarter([(0, 5)])
    assert found.substitutions == ()
    assert found.masses.reasons[:5].tolist() == ["no-substitute"] * 5
    assert np.isnan(found.masses.values[:5]).all()


def test_source_hours_end_at_the_last_calibration() -> None:
    made = np.arange(2184, dtype=np.float64)
    made[1000:1005] = np.nan
    references = np.full(2184, QUARTER + 900 * HOUR)
    found = substituted(means(made, QUARTER), HJ75, reference_times=references, offset=OFFSET)
    assert {one.value for one in found.substitutions} == {899.0}


def test_input_stays_as_it_was_and_late_data_need_another_call() -> None:
    made = np.arange(2184, dtype=np.float64)
    made[1000:1005] = np.nan
    given_masses = means(made, QUARTER)
    one = substituted(given_masses, HJ75, offset=OFFSET)
    assert np.isnan(given_masses.values[1000:1005]).all()
    assert substituted(given_masses, HJ75, offset=OFFSET).substitutions == one.substitutions
    late = made.copy()
    late[1000] = 5.0
    again = substituted(means(late, QUARTER), HJ75, offset=OFFSET)
    assert [one.time for one in again.substitutions] == hours(2184, QUARTER)[1001:1005].tolist()
    assert again.masses.values[1000] == 5.0


def test_other_standards() -> None:
    before = int(np.datetime64("2012-04-01", "s").astype(np.int64)) - OFFSET
    made = np.arange(2184, dtype=np.float64)
    made[100:104] = np.nan
    made[200:230] = np.nan
    old = substituted(means(made, before), "HJ/T 75-2007", offset=OFFSET)
    assert {one.value for one in old.substitutions} == {(99 + 104) / 2}
    assert old.masses.reasons[200:230].tolist() == ["no-substitute"] * 30
    water = np.arange(2184, dtype=np.float64) ** 2
    water[100:104] = np.nan
    mean = substituted(means(water, QUARTER), "HJ 356-2019", offset=OFFSET).substitutions[0]
    assert mean.value == np.mean([96**2, 97**2, 98**2, 99**2])
    median = substituted(means(water, QUARTER), "HJ 356-2019", quantity="pH", offset=OFFSET).substitutions[0]
    assert median.value == (97**2 + 98**2) / 2
    compared = substituted(means(made, QUARTER), "40 CFR Part 75 §75.33", offset=OFFSET).substitutions
    assert {one.method for one in compared} == {"mean-of-neighbours", "percentile-or-neighbours"}
    with pytest.raises(RuleNotFoundError):
        substituted(means(made, QUARTER), "HJ 75-1900", offset=OFFSET)


@given(st.floats(0, 1), st.integers(1, 3000), st.sampled_from(STANDARDS), st.sampled_from(["any", "pH"]))
def test_exactly_one_row_for_every_case(rate: float, gap: int, standard: str, quantity: str) -> None:
    on = dt.date(2012, 1, 1) if standard == "HJ/T 75-2007" else DAY
    assert substitution_rule(standard, rate, gap, on, quantity) is not None


@given(st.integers(1, 24), st.integers(0, 400))
def test_worse_capture_never_substitutes_less(gap: int, more: int) -> None:
    """Under HJ 75-2017 more missing hours never make the substitute of a gap smaller."""
    chance = np.random.default_rng(5)
    made = chance.uniform(5, 30, 2184)
    made[1500 : 1500 + gap] = np.nan
    worse = made.copy()
    worse[1600 : 1600 + more] = np.nan

    def first(values: object) -> float:
        return substituted(means(values, QUARTER), HJ75, offset=OFFSET).substitutions[0].value

    assert first(worse) >= first(made)


def test_exceedance_of_a_dated_limit() -> None:
    limit = emission_limit("GB 13223-2011", "coal-boiler-new", "SO2", "hour", DAY)
    assert (limit.value, limit.unverified) == (100, False)
    made = means([90, 100, 150, 200, np.nan, 120, 300, 99])
    found = exceedances(made, limit)
    assert found.exceeded.tolist() == [False, False, True, True, False, True, True, False]
    assert [(run.start, run.end) for run in found.runs] == [
        (START + 2 * HOUR, START + 4 * HOUR),
        (START + 5 * HOUR, START + 7 * HOUR),
    ]
    assert (found.count, found.peaks) == (4, [1.0, 2.0])
    assert np.isnan(found.multiples[4])
    assert not found.judged[4]
    marks = ["", "", "start-up", "", "", "", "no-such-mark", ""]
    excused = exceedances(made, limit, marks=marks, rules=mark_rules(DAY))
    assert np.flatnonzero(excused.exceeded).tolist() == [3, 5, 6]
    assert (found.unverified, excused.unverified) == (False, True)
    with pytest.raises(RuleNotFoundError):
        emission_limit("GB 13223-2011", "coal-boiler-new", "SO2", "hour", dt.date(2011, 12, 31))


@given(st.lists(st.floats(0, 500), min_size=1, max_size=48), st.data())
def test_higher_values_never_exceed_less(made: list[float], data: st.DataObject) -> None:
    limit = emission_limit("GB 13223-2011", "coal-boiler-new", "NOx", "hour", DAY)
    index = data.draw(st.integers(0, len(made) - 1))
    higher = list(made)
    higher[index] += 50
    assert exceedances(means(higher), limit).count >= exceedances(means(made), limit).count


def test_outages() -> None:
    silent = means([1, np.nan, np.nan, 1, np.nan, 1])
    assert [(run.first, run.last) for run in outages(silent)] == [(1, 2), (4, 4)]
    still = np.array([False] * 4 + [True, False])
    assert [run.count for run in outages(silent, without_emission=still)] == [2]


@pytest.mark.parametrize(
    ("analyser", "check", "reading", "reference", "scale", "passed", "in_control"),
    [
        ("gas", "zero-drift", 4.1, 0, 200, True, True),
        ("gas", "zero-drift", 5.0, 0, 200, True, True),
        ("gas", "span-drift", 154.2, 160, 200, False, True),
        ("gas", "span-drift", 139.9, 160, 200, False, False),
        ("velocity", "zero-drift", 0.85, 0, 20, True, True),
        ("COD", "comparison", 34, 29, None, True, None),
        ("COD", "comparison", 45, 31, None, False, None),
        ("COD", "comparison", 114, 100, None, True, None),
        ("pH", "comparison", 7.6, 7.0, None, False, None),
    ],
)
def test_drift(
    analyser: str, check: str, reading: float, reference: float, scale: float | None, passed: bool,
    in_control: bool | None,
) -> None:  # fmt: skip
    found = drift_judged(analyser, check, reading, reference, DAY, full_scale=scale)
    assert (found.passed, found.in_control, found.unverified) == (passed, in_control, True)


def test_what_drift_cannot_judge() -> None:
    with pytest.raises(RuleNotFoundError):
        drift_judged("gas", "comparison", 1, 1, DAY)
    with pytest.raises(ValueError, match="full-scale"):
        drift_judged("gas", "zero-drift", 1, 1, DAY)


def test_out_of_control_from_the_last_good_check_to_the_next() -> None:
    at = hours(10)
    checks = [(START + 2 * HOUR, True), (START + 4 * HOUR, False), (START + 7 * HOUR, True)]
    assert np.flatnonzero(out_of_control(at, checks)).tolist() == [2, 3, 4, 5, 6]
    assert np.flatnonzero(out_of_control(at, checks[1:2])).tolist() == list(range(10))
    assert not out_of_control(at, []).any()
    with pytest.raises(ValueError, match="rise"):
        out_of_control(at, checks[::-1])
