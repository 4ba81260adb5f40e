"""Properties of declines, schedules, shares and growth."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hengneng.formulas import UndefinedError
from hengneng.formulas.energy import coal_equivalent_total, electricity_calorific, electricity_equivalent
from hengneng.formulas.growth import average_annual_growth, cumulative_growth, elasticity, growth_rate
from hengneng.formulas.intensity import (
    chained_intensity_level,
    cumulative_decline,
    decline_against_base,
    decline_from_change,
    decline_from_growth,
    implied_base,
    implied_gdp_growth,
    implied_value_added,
    intensity,
    yearly_decline,
)
from hengneng.formulas.schedule import (
    carried_over_rate,
    completion_ratio,
    equal_annual_rate,
    equivalent_years,
    logarithmic_progress,
    over_fulfilment,
    required_annual_rate,
    required_remaining_rate,
    scheduled_decline,
    scheduled_progress,
)
from hengneng.formulas.shares import (
    amount_completion,
    difference_from_parts,
    headroom,
    share,
    sum_of_parts,
    total_against_cap,
)
from hengneng.formulas.unit_consumption import energy_per_area, energy_per_person, energy_per_transport_work

rates = st.floats(-0.3, 0.3)
targets = st.floats(0.001, 0.5)
amounts = st.floats(1e-3, 1e9)
chains = st.lists(rates, min_size=1, max_size=8)


@given(rates, targets, st.integers(1, 10), st.integers(0, 10))
def test_on_schedule_by_progress_and_by_decline_is_the_same(
    c: float, t: float, years: int, elapsed: int
) -> None:
    assume(elapsed <= years)
    due = scheduled_decline(t, elapsed, years)
    assume(abs(c - due) > 1e-12)
    assert (logarithmic_progress(c, t) >= scheduled_progress(elapsed, years)) == (c >= due)


@given(targets, st.integers(1, 10), st.floats(0, 1))
def test_progress_of_the_decline_due_is_the_time_elapsed(t: float, years: int, part: float) -> None:
    due = scheduled_decline(t, part * years, years)
    assert logarithmic_progress(due, t) == pytest.approx(part * years / years, abs=1e-12)
    assert equivalent_years(due, t, years) == pytest.approx(part * years, abs=1e-11)


@given(chains, st.randoms(use_true_random=False))
def test_the_order_of_the_years_changes_no_digit(declines: list[float], shuffler: random.Random) -> None:
    shuffled = declines.copy()
    shuffler.shuffle(shuffled)
    assert cumulative_decline(shuffled) == cumulative_decline(declines)
    assert chained_intensity_level(1.3, shuffled) == chained_intensity_level(1.3, declines)
    assert cumulative_growth(shuffled) == cumulative_growth(declines)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_parts_changes_no_digit(parts: list[float], shuffler: random.Random) -> None:
    shuffled = parts.copy()
    shuffler.shuffle(shuffled)
    assert sum_of_parts(shuffled) == sum_of_parts(parts)
    assert coal_equivalent_total(shuffled) == coal_equivalent_total(parts)
    assert amount_completion(shuffled, 7.0) == amount_completion(parts, 7.0)
    assert difference_from_parts(5.0, shuffled) == difference_from_parts(5.0, parts)


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=20))
def test_parts_add_to_the_whole(parts: list[float]) -> None:
    whole = sum_of_parts(parts)
    assume(whole > 0)
    assert difference_from_parts(whole, parts) == pytest.approx(0, abs=1e-15 * whole)
    assert math.fsum(share(part, whole) for part in parts) == pytest.approx(1, abs=1e-12)


@given(amounts, amounts, st.floats(1e-6, 1e6))
def test_another_unit_leaves_rates_unchanged(before: float, now: float, scale: float) -> None:
    for rate in (yearly_decline, decline_against_base, growth_rate, share):
        assert rate(before * scale, now * scale) == pytest.approx(rate(before, now), rel=1e-12, abs=1e-12)
    assert completion_ratio(now * scale, before * scale) == pytest.approx(
        completion_ratio(now, before), rel=1e-12
    )


@given(chains, targets, st.integers(1, 10))
def test_doing_what_remains_reaches_the_target(declines: list[float], t: float, years: int) -> None:
    done = cumulative_decline(declines)
    assert cumulative_decline([done, required_remaining_rate(t, done)]) == pytest.approx(t, abs=1e-12)
    yearly = required_annual_rate(t, done, years)
    assert cumulative_decline([done, *[yearly] * years]) == pytest.approx(t, abs=1e-12)


@given(targets, st.integers(1, 10))
def test_the_equal_rate_every_year_reaches_the_target(t: float, years: int) -> None:
    yearly = equal_annual_rate(t, years)
    assert cumulative_decline([yearly] * years) == pytest.approx(t, abs=1e-12)
    assert carried_over_rate(t, 0.0, 0, years) == pytest.approx(yearly, abs=1e-12)


@given(targets, rates, st.integers(2, 10), st.data())
def test_next_year_with_carry_over_is_on_schedule(
    t: float, done: float, years: int, data: st.DataObject
) -> None:
    elapsed = data.draw(st.integers(0, years - 1))
    needed = carried_over_rate(t, done, elapsed, years)
    assert cumulative_decline([done, needed]) == pytest.approx(
        scheduled_decline(t, elapsed + 1, years), abs=1e-12
    )


@given(rates, rates)
def test_growth_rates_and_declines_are_inverse(energy: float, gdp: float) -> None:
    decline = decline_from_growth(energy, gdp)
    assert implied_gdp_growth(energy, -decline) == pytest.approx(gdp, abs=1e-12)
    assert cumulative_growth([gdp, -decline]) == pytest.approx(energy, abs=1e-12)


@given(amounts, amounts, amounts, amounts)
def test_levels_and_growth_rates_give_the_same_decline(e0: float, g0: float, e1: float, g1: float) -> None:
    by_levels = yearly_decline(intensity(e0, g0), intensity(e1, g1))
    by_rates = decline_from_growth(growth_rate(e0, e1), growth_rate(g0, g1))
    # g1/g0 comes back from the growth rate with the digits that 1 + g keeps.
    assert by_levels == pytest.approx(
        by_rates, rel=1e-12 * (1 + g0 / g1), abs=1e-12 * (1 + e1 / e0) * (1 + g0 / g1) ** 2
    )


@given(amounts, st.floats(0.2, 5), st.integers(1, 20))
def test_average_growth_every_year_leads_to_the_last_value(first: float, ratio: float, years: int) -> None:
    yearly = average_annual_growth(first, first * ratio, years)
    assert first * (1 + yearly) ** years == pytest.approx(first * ratio, rel=1e-12)


@given(amounts, rates)
def test_a_base_and_its_change_are_inverse(base: float, change: float) -> None:
    assert implied_base(base * (1 + change), change) == pytest.approx(base, rel=1e-12)
    assert decline_against_base(base, base * (1 + change)) == pytest.approx(
        decline_from_change(change), abs=1e-12
    )


def test_one_year_is_itself() -> None:
    assert cumulative_decline([0.041]) == 0.041
    assert equal_annual_rate(0.041, 1) == 0.041
    assert str(decline_from_change(0.0)) == "0.0"


def test_progress_is_logarithmic_and_over_fulfilment_is_linear() -> None:
    assert logarithmic_progress(0.106505, 0.13) < 0.106505 / 0.13
    assert over_fulfilment(0.2659, 0.20) == pytest.approx(0.3295)


def test_amounts_and_caps() -> None:
    assert headroom(100.0, 103.0) == -3.0
    assert total_against_cap(100.0, 103.0) == 1.03
    assert amount_completion([1.0, 2.0], 4.0) == 0.75
    assert electricity_calorific(100.0, 1.229) == pytest.approx(122.9)
    assert electricity_equivalent(100.0, 310.0) == pytest.approx(310.0)
    assert energy_per_transport_work(1.0, 1e5) == 1.0
    assert energy_per_person(1.0, 4.0) == 250.0
    assert energy_per_area(1.0, 50.0) == 20.0


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: intensity(1.0, 0.0), "not-positive"),
        (lambda: implied_value_added(1.0, 0.0), "not-positive"),
        (lambda: yearly_decline(0.0, 1.0), "not-positive"),
        (lambda: cumulative_decline([]), "nothing-given"),
        (lambda: cumulative_decline([0.1, 1.0]), "decline-of-whole"),
        (lambda: cumulative_growth([-1.0]), "growth-to-nothing"),
        (lambda: decline_from_growth(0.1, -1.0), "growth-to-nothing"),
        (lambda: logarithmic_progress(0.1, 0.0), "target-not-positive"),
        (lambda: logarithmic_progress(0.1, -0.1), "target-not-positive"),
        (lambda: logarithmic_progress(1.0, 0.1), "decline-of-whole"),
        (lambda: scheduled_progress(6.0, 5), "elapsed-beyond-period"),
        (lambda: carried_over_rate(0.1, 0.0, 5, 5), "elapsed-beyond-period"),
        (lambda: required_annual_rate(0.1, 0.05, 0), "not-positive"),
        (lambda: completion_ratio(0.1, 0.0), "target-not-positive"),
        (lambda: over_fulfilment(0.1, -0.1), "target-not-positive"),
        (lambda: share(1.0, 0.0), "division-by-zero"),
        (lambda: elasticity(-0.02, 0.07), "elasticity-not-reported"),
        (lambda: elasticity(0.02, 0.0), "division-by-zero"),
    ],
)
def test_undefined_cases_have_a_reason(call: object, code: str) -> None:
    with pytest.raises(UndefinedError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.unknown.code == code
    assert caught.value.unknown.text().zh
