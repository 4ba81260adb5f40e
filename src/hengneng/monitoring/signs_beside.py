"""Signs of fabrication that show only beside something else: checks of the analyser, the load, digits as sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from hengneng.emissions.findings import operation, patterns, records
from hengneng.emissions.findings.finding import Finding
from hengneng.emissions.series import Values
from hengneng.formulas import flue_gas
from hengneng.monitoring.hours import EMPTY, OutletHours, PollutantHours, letters_of, reference_of
from hengneng.monitoring.taking import FLAG
from hengneng.readings.points import MICRO

COMPARISON = "comparison"


def signs_beside(hours: OutletHours, one: PollutantHours, load: Values | None, on: dt.date) -> Iterator[Finding]:
    """F5, F16 to F20 for a pollutant. ``load`` (n): electricity of the hours, any unit; None: it is not metered."""
    at = one.measured.times
    if load is not None and not np.isnan(load).all():
        yield from operation.step_without_load(at, one.measured.values, load, on=on)
        yield from operation.emission_against_load(at, one.mass.values, load, on=on)
    yield from _of_minutes(hours, one, on)
    pairs = [
        (check.at, float(check.row.reading), float(check.row.reference))
        for check in hours.records.checks.get(one.pollutant, ())
        if check.row.check_kind == COMPARISON and check.at < hours.end
    ]
    if pairs:
        moments, shown, by_hand = zip(*pairs, strict=True)
        yield from records.against_manual(moments, shown, by_hand, on=on)


def flow_beside_fuel(hours: OutletHours, fuel: Values | None, on: dt.date) -> list[Finding]:
    """F9: the flow against what the fuel [kgce] (n) makes by the outlet's own assessment; both at reference oxygen.

    Nothing where the outlet says nothing, no fuel is metered, or oxygen is needed and not measured.
    """
    outlet = hours.outlet
    if fuel is None or hours.flow is None or outlet.gas_per_coal is None:
        return []
    flow = hours.flow.values
    references = (reference_of(outlet, name, on) for name in hours.pollutants)
    reference = next((one for one in references if one is not None), None)
    if reference is not None:
        air = np.full(len(flow), np.nan) if hours.oxygen is None else hours.oxygen.values / 100
        known = (air >= 0) & (air < flue_gas.OXYGEN_OF_AIR)
        ratio = np.full(len(flow), np.nan)
        # What dilutes a concentration enlarges the flow: the inverse of equation (28).
        ratio[known] = 1 / flue_gas.reference_oxygen_ratio(air[known], reference.value)
        flow = flow * ratio
    return operation.flow_against_theory(hours.flow.times, flow, fuel * float(outlet.gas_per_coal), on=on)


def _of_minutes(hours: OutletHours, one: PollutantHours, on: dt.date) -> Iterator[Finding]:
    """F16, F17, F20: what the device sent for minutes, with its flags."""
    sent = hours.columns.get(("minutes", one.factor, "Avg"), EMPTY)
    inside = (sent.times >= hours.start) & (sent.times < hours.end)
    at, values = sent.times[inside], sent.values[inside]
    if not len(at):
        return
    flags = letters_of(hours.columns.get(("minutes", one.factor, FLAG), EMPTY).at(at))
    scale = range_of(hours, one.pollutant)
    if scale is not None:
        yield from patterns.beyond_range(at, values, flags, 0.0, scale, on=on)
    if one.against is not None:
        yield from records.calibration_at_peaks(at, values, flags, one.against.limit.value, on=on)
    step = resolution_of(values)
    if step is not None:
        yield from patterns.last_digits(at, values, step, on=on)


def range_of(hours: OutletHours, pollutant: str) -> float | None:
    """The full scale of the analyser, as its last check before the end of the hours gives it; None where none does."""
    scales = [check.row.full_scale for check in hours.records.checks.get(pollutant, ())
              if check.row.full_scale is not None and check.at < hours.end]  # fmt: skip
    return float(scales[-1]) if scales else None


def resolution_of(values: Values) -> float | None:
    """The power of ten that all values are multiples of: the step of their last digit. None where there are no values,
    or where they have all the digits that are kept, which no display shows.
    """
    whole = np.abs(np.rint(values[~np.isnan(values)] * MICRO)).astype(np.int64)
    if not len(whole) or not whole.any():
        return None
    common, step = int(np.gcd.reduce(whole)), 1
    while common % (step * 10) == 0:
        step *= 10
    return step / MICRO if step > 1 else None

