"""Energy from meters: whole numbers that add up, coefficients with their days, and only what has changed again."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.access import terminal_actor
from hengneng.metering import coefficients
from hengneng.metering.adding import half_even
from hengneng.metering.coefficients import OwnValue, coal
from hengneng.metering.energy import refresh_energy
from hengneng.metering.models import CoefficientSet, DailyEnergy, EnergyDay
from hengneng.metering.reading import daily_coal, totals
from hengneng.metering.rolling import roll_up_readings
from hengneng.readings.store import Store

from .conftest import Register, at, meter, send, steady

JUNE = dt.date(2026, 6, 1)
KWH = 1_000_000


def energy(day: dt.date, unit: str = "mill", carrier: str = "33", process: str = "") -> DailyEnergy:
    return DailyEnergy.objects.get(day=day, unit__identifier=unit, carrier=carrier, process=process)


@given(st.integers(0, 2**80), st.integers(1, 10**12))
def test_coal_is_rounded_like_decimals_half_even(above: int, below: int) -> None:
    found = half_even(np.array([above], object), np.array([below], object))[0]
    exact = Fraction(above, below)
    assert abs(Fraction(found) - exact) * 2 <= 1
    if (exact * 2).denominator == 1 and exact.denominator == 2:
        assert found % 2 == 0


@given(st.integers(0, 10**15), st.sampled_from(["0.1229", "1.33", "34.12", "0.5"]))
def test_whole_numbers_give_what_decimals_give(quantity: int, written: str) -> None:
    factor = Fraction(written)
    found = half_even(np.array([quantity * factor.numerator], np.int64), np.array([factor.denominator], np.int64))[0]
    assert found == int((quantity * Decimal(written)).to_integral_value(ROUND_HALF_EVEN))


def test_both_conversions_of_electricity_are_those_of_the_day() -> None:
    day = dt.date(2015, 6, 1)
    found = coal("33", day)
    assert found.calorific.factor == Fraction("0.1229")
    assert found.equivalent.factor == Fraction("0.297")  # gross coal rate of 2015, of the year itself (GB/T 2589-2008)
    assert found.unverified
    after = coal("33", dt.date(2021, 6, 1))
    assert after.equivalent.factor == Fraction("0.2872")  # of the year before (GB/T 2589-2020)


def test_without_a_rate_the_equivalent_value_is_unknown_and_says_why() -> None:
    found = coal("33", JUNE)
    assert found.calorific.factor == Fraction("0.1229")
    assert found.equivalent.factor is None
    assert found.equivalent.described()["unknown"]["code"] == "no-coal-coefficient"


def test_an_own_value_comes_first_and_is_converted_exactly() -> None:
    assert coal("15", JUNE).calorific.factor is None  # GB/T 2589-2020 has a range for natural gas
    own = coal("15", JUNE, OwnValue(Decimal("12.143"), "10^4 m3", "laboratory"))
    assert own.calorific.factor == own.equivalent.factor == Fraction("0.0012143")
    heat = coal("32", JUNE)
    assert heat.calorific.factor == Fraction("34.12")  # 0.03412 kgce/MJ, per GJ


def test_a_day_is_added_up_by_unit_carrier_and_process(store: Store, register: Register) -> None:
    register(
        [
            meter("1", "mill", process="rolling"),
            meter("2", "mill", process="rolling"),
            meter("3", "mill", parent="1", process="rolling"),
            meter("4", "mill", parent="2", process="cooling"),
            meter("5", "mill", carrier="natural_gas", unit_of_measure="m3", own_coefficient="1.33"),
        ]
    )
    for number, hourly in ((1, 100), (2, 50), (3, 30), (4, 20), (5, 7)):
        send(store, number, steady("2026-06-01", 1, hourly))
    roll_up_readings(store)
    whole = energy(JUNE)
    assert (whole.quantity, whole.meters, whole.meters_with_readings) == (150 * 24 * KWH, 2, 2)
    assert whole.calorific == round(150 * 24 * Fraction("0.1229") * 10**6)
    assert (whole.equivalent, whole.covered_seconds, whole.expected_seconds) == (None, 2 * 86400, 2 * 86400)
    assert (whole.readings, whole.expected_readings) == (192, 192)
    # 3 lies below 1 in the same process and is in it already; 4 is another process.
    assert energy(JUNE, process="rolling").quantity == 150 * 24 * KWH
    assert energy(JUNE, process="cooling").quantity == 20 * 24 * KWH
    gas = energy(JUNE, carrier="15")
    assert (gas.calorific, gas.equivalent) == (223_440_000, 223_440_000)
    assert gas.coefficient_edition[0]["calorific"]["own"] is True
    assert not gas.unverified


def test_an_unknown_coefficient_leaves_the_quantity(store: Store, register: Register) -> None:
    register([meter("1", "mill", carrier="natural_gas", unit_of_measure="m3")])
    send(store, 1, steady("2026-06-01", 1, 7))
    roll_up_readings(store)
    gas = energy(JUNE, carrier="15")
    assert (gas.quantity, gas.calorific, gas.equivalent) == (168 * KWH, None, None)
    reason = gas.coefficient_edition[0]["calorific"]["unknown"]
    assert reason["values"]["table"] == "coal_equivalents"


def test_a_meter_that_was_not_read_is_missing_and_not_zero(store: Store, register: Register) -> None:
    register([meter("1", "mill"), meter("2", "bakery"), meter("3", "bakery")])
    send(store, 1, steady("2026-06-01", 1, 10))
    send(store, 2, steady("2026-06-01", 1, 10))
    roll_up_readings(store)
    register([meter("4", "mill", carrier="heat", unit_of_measure="GJ")])
    roll_up_readings(store)
    assert (energy(JUNE, "bakery").meters, energy(JUNE, "bakery").meters_with_readings) == (2, 1)
    heat = energy(JUNE, carrier="32")
    assert (heat.quantity, heat.calorific, heat.meters, heat.expected_readings) == (None, None, 1, 96)


def test_a_late_reading_costs_its_own_days(store: Store, register: Register) -> None:
    register([meter("1", "mill")])
    every = steady("2026-06-01", 4, 10)
    late = at("2026-06-02", 12)
    send(store, 1, [one for one in every if one[0] != late])
    first = roll_up_readings(store)
    # The reading at midnight closes the day before.
    assert first.energy.days == [JUNE + dt.timedelta(days=number) for number in range(-1, 4)]
    rows = dict(DailyEnergy.objects.values_list("day", "pk"))
    send(store, 1, [(late, dict(every)[late])])
    again = roll_up_readings(store)
    assert again.rolled_up.days == again.energy.days == [dt.date(2026, 6, 2)]
    now = dict(DailyEnergy.objects.values_list("day", "pk"))
    assert [day for day in rows if rows[day] != now[day]] == [dt.date(2026, 6, 2)]
    assert roll_up_readings(store).energy.days == []


def test_a_changed_coefficient_recomputes_the_days_it_concerns(
    store: Store, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register([meter("1", "mill"), meter("2", "bakery", carrier="heat", unit_of_measure="GJ")])
    for number in (1, 2):
        send(store, number, steady("2026-06-01", 4, 10))
    roll_up_readings(store)
    before = energy(dt.date(2026, 6, 3)).calorific
    rule = coefficients.electricity_calorific

    def changed(on: dt.date) -> object:
        entry = rule(on)
        if on < dt.date(2026, 6, 3):
            return entry
        return type(entry)(**{**entry.__dict__, "value": Decimal("0.1230"), "edition": "another"})

    monkeypatch.setattr(coefficients, "electricity_calorific", changed)
    coal.cache_clear()
    try:
        done = refresh_energy(store, dt.date(2026, 6, 1), dt.date(2026, 6, 30))
    finally:
        coal.cache_clear()
    assert done.days == [dt.date(2026, 6, 3), dt.date(2026, 6, 4)]
    after = energy(dt.date(2026, 6, 3))
    assert (before, after.calorific) == (29_496_000, 29_520_000)
    assert after.coefficient_edition[0]["calorific"]["edition"] == "another"
    assert energy(dt.date(2026, 6, 2)).calorific == before


def test_a_changed_ratio_rolls_up_from_its_day_on(store: Store, register: Register) -> None:
    register([meter("1", "mill"), meter("2", "mill")])
    for number in (1, 2):
        send(store, number, steady("2026-06-01", 3, 10))
    roll_up_readings(store)
    register([meter("2", "mill", current_ratio="3", valid_from="2026-06-02")])
    done = roll_up_readings(store)
    assert done.since == dt.date(2026, 6, 2)
    assert [row.quantity // KWH for row in DailyEnergy.objects.filter(day__gte=JUNE).order_by("day")] == [480, 960, 960]
    assert roll_up_readings(store).since is None


def test_stopping_keeps_what_is_done_and_the_next_run_goes_on(
    store: Store, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hengneng.metering.energy.limit", lambda name: 2)
    register([meter("1", "mill")])
    send(store, 1, steady("2026-06-01", 5, 10))
    roll_up_readings(store)
    DailyEnergy.objects.all()._raw_delete("default")
    EnergyDay.objects.all()._raw_delete("default")
    asked = iter((False, True))
    stopped = refresh_energy(store, stop=lambda: next(asked))
    assert (len(stopped.days), stopped.stopped) == (2, True)
    assert len(refresh_energy(store).days) == 4
    assert DailyEnergy.objects.count() == 6


def test_parts_add_up_to_the_whole_and_a_unit_without_meters_stops_nothing(store: Store, register: Register) -> None:
    register(
        [
            meter("1", "mill"),
            meter("2", "mill", carrier="natural_gas", unit_of_measure="m3", own_coefficient="1.2143"),
            meter("3", "mill", carrier="natural_gas", unit_of_measure="m3"),
        ]
    )
    for number in (1, 2, 3):
        send(store, number, [(when, round(value, 3)) for when, value in steady("2026-06-01", 2, 3.337 * number)])
    roll_up_readings(store)
    actor, first, last = terminal_actor(), JUNE, JUNE + dt.timedelta(days=1)
    (whole,) = totals(actor, first, last)
    for by in (["day"], ["unit"], ["carrier"], ["place", "carrier"], ["industry", "day"]):
        parts = totals(actor, first, last, by)
        assert sum(part.calorific or 0 for part in parts) == whole.calorific
    assert (whole.coverage.units, whole.coverage.with_meters, whole.coverage.share) == (2, 1, 1.0)
    # The gas of two meters is not known in coal, because one of them has no coefficient: the quantity is.
    assert (whole.quantity, whole.calorific_unknown, whole.equivalent_unknown) == (None, 2, 4)
    (gas,) = totals(actor, first, last, ["carrier"], carrier="15")
    assert gas.key == ("15",)
    assert gas.quantity is not None
    assert gas.calorific is None
    (other,) = totals(actor, first, last, within="650200")
    assert (other.calorific, other.coverage.units, other.coverage.with_meters) == (None, 1, 0)
    assert totals(actor, first, last, ["unit"], within="650200") == []
    assert daily_coal(JUNE) == {energy(JUNE).unit_id: (None, None)}


def test_sets_of_coefficients_are_written_once(store: Store, register: Register) -> None:
    register([meter("1", "mill"), meter("2", "bakery")])
    for number in (1, 2):
        send(store, number, steady("2026-06-01", 3, 10))
    roll_up_readings(store)
    assert CoefficientSet.objects.count() == 1
