"""Properties of the formulas of emissions: two ways to one number, inverses, order, guards."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.formulas import UndefinedError
from hengneng.formulas.emission_concentration import (
    concentration_at_reference_oxygen,
    concentration_by_excess_air,
    dry_concentration,
    excess_air,
    standard_state_concentration,
)
from hengneng.formulas.emission_flow import dry_standard_flow, flue_gas_flow, mean_water_flow, water_volume
from hengneng.formulas.emission_mass import (
    daily_emission,
    emission_rate,
    flow_weighted_concentration,
    water_pollutant_mass_total,
)
from hengneng.formulas.emission_quality import exceedance_multiple, valid_capture_rate

concentrations = st.floats(0, 1e4)
oxygens = st.floats(0, 0.19)
references = st.floats(0.01, 0.16)
volumes = st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.01, 1e5)), min_size=1, max_size=24)


@given(concentrations, oxygens, references)
def test_by_oxygen_and_by_excess_air_is_the_same(c: float, oxygen: float, reference: float) -> None:
    one = concentration_at_reference_oxygen(c, oxygen, reference, 0.19)
    other = concentration_by_excess_air(c, excess_air(oxygen), excess_air(reference))
    assert math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)


@given(concentrations, oxygens)
def test_at_its_own_oxygen_nothing_changes(c: float, oxygen: float) -> None:
    assert math.isclose(concentration_at_reference_oxygen(c, oxygen, oxygen, 0.2), c, abs_tol=1e-9)


@given(st.floats(0, 1e3), st.floats(-50, 400), st.floats(-5000, 5000), st.floats(6e4, 1.1e5), st.floats(0, 0.5))
def test_mass_is_the_same_in_any_state(c: float, t: float, p: float, b: float, moisture: float) -> None:
    """What flows through the duct does not depend on the state in which it is written down."""
    flow = flue_gas_flow(12.5, 13.0)
    dry = dry_concentration(standard_state_concentration(c, t, p, b), moisture)
    mass = emission_rate(dry, dry_standard_flow(flow, t, p, b, moisture))
    assert math.isclose(mass, c * flow * 1e-6, rel_tol=1e-9, abs_tol=1e-12)


@given(st.floats(0, 1e5), st.floats(1, 86400))
def test_mean_flow_undoes_volume(flow: float, duration: float) -> None:
    assert math.isclose(mean_water_flow(water_volume(flow, duration), duration), flow, rel_tol=1e-12, abs_tol=1e-12)


@given(volumes, st.randoms(use_true_random=False))
def test_weighted_mean_is_between_and_knows_no_order(pairs: list[tuple[float, float]], chance: random.Random) -> None:
    mean = flow_weighted_concentration([c for c, _ in pairs], [v for _, v in pairs])
    low, high = min(c for c, _ in pairs), max(c for c, _ in pairs)
    assert low - 1e-9 * (1 + low) <= mean <= high + 1e-9 * (1 + high)
    chance.shuffle(pairs)
    assert flow_weighted_concentration([c for c, _ in pairs], [v for _, v in pairs]) == mean


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=24), st.data())
def test_parts_of_a_day_add_to_the_day(hours: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(hours) - 1))
    whole = daily_emission(hours)
    assert math.isclose(daily_emission(hours[:cut]) + daily_emission(hours[cut:]), whole, rel_tol=1e-12, abs_tol=1e-9)
    assert daily_emission(hours[::-1]) == whole


@given(st.integers(1, 2208), st.data())
def test_more_invalid_hours_never_raise_the_capture(hours: int, data: st.DataObject) -> None:
    invalid = data.draw(st.integers(0, hours))
    rate = valid_capture_rate(hours, 0, invalid)
    assert 0 <= rate <= 1
    if invalid < hours:
        assert valid_capture_rate(hours, 0, invalid + 1) < rate


@given(st.floats(0, 1e4), st.floats(0.1, 1e4))
def test_above_the_limit_is_above_zero(c: float, limit: float) -> None:
    assert (exceedance_multiple(c, limit) > 0) is (c > limit)


def test_what_has_no_result() -> None:
    refused = [
        ("oxygen-of-air", lambda: excess_air(0.21)),
        ("oxygen-too-high", lambda: concentration_at_reference_oxygen(1, 0.191, 0.06, 0.19)),
        ("nothing-but-steam", lambda: dry_concentration(1, 1)),
        ("not-positive", lambda: standard_state_concentration(1, -273, 0, 101325)),
        ("different-lengths", lambda: water_pollutant_mass_total([1, 2], [1])),
        ("not-positive", lambda: flow_weighted_concentration([1, 2], [0, 0])),
        ("more-invalid-than-ran", lambda: valid_capture_rate(100, 50, 51)),
        ("nothing-given", lambda: daily_emission([])),
        ("negative-quantity", lambda: emission_rate(-1, 1)),
    ]
    for code, compute in refused:
        with pytest.raises(UndefinedError) as caught:
            compute()
        assert caught.value.unknown.code == code
