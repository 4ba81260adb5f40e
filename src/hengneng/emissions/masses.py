"""Hours in the dry standard state and at reference oxygen, and the masses of hours, days and months."""

from __future__ import annotations

from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.averaging import months_of
from hengneng.emissions.parameters import Parameter
from hengneng.emissions.series import LONGEST_WORD, Means, Times, Truths, Values
from hengneng.formulas import flue_gas

_DAY = 86_400


def _state(count: int, temperature: Any, static: Any, atmospheric: Any, moisture: Any) -> tuple[Values, Values, Truths]:
    """(volume ratio to the standard state, share of dry gas, where both are known), each (n)."""
    heat, below, above, steam = (series.values(one, count) for one in (temperature, static, atmospheric, moisture))
    known = (heat > -flue_gas.ZERO_CELSIUS) & (below + above > 0) & (steam >= 0) & (steam < 1)
    ratio = np.full(count, np.nan)
    ratio[known] = flue_gas.standard_volume_ratio(heat[known], below[known], above[known])
    return ratio, np.where(known, 1 - steam, np.nan), known


def dry_standard_hours(
    concentration: Means, *, temperature: Any, static_pressure: Any, atmospheric_pressure: Any, moisture: Any
) -> Means:
    """Wet concentrations as they flow [mg/m3] in the dry standard state (HJ 212-2017 annex D.2, equations 18 and 19).

    Arrays (n) of hour means: °C, Pa gauge, Pa, fraction. An hour without one of them has no value.
    """
    ratio, dry, known = _state(len(concentration.times), temperature, static_pressure, atmospheric_pressure, moisture)
    converted = _replaced(concentration, concentration.values / (ratio * dry))
    return series.without(converted, ~known, "missing-gas-state")


def dry_standard_flows(
    flow: Means, *, temperature: Any, static_pressure: Any, atmospheric_pressure: Any, moisture: Any
) -> Means:
    """Flows as they are in the duct [m3/h] in the dry standard state (HJ 212-2017 annex D.2, equation 31)."""
    ratio, dry, known = _state(len(flow.times), temperature, static_pressure, atmospheric_pressure, moisture)
    return series.without(_replaced(flow, flow.values * ratio * dry), ~known, "missing-gas-state")


def at_reference_oxygen(concentration: Means, oxygen: Any, reference: Parameter, highest: Parameter) -> Means:
    """Dry standard concentrations at reference oxygen (HJ 212-2017 annex D.2, equation 28).

    ``oxygen`` (n) are hour means as fractions; above ``highest`` (table emission_validity) nothing is converted.
    """
    found = series.values(oxygen, len(concentration.times))
    known = (found >= 0) & (found < flue_gas.OXYGEN_OF_AIR)
    ratio = np.full(len(found), np.nan)
    ratio[known] = flue_gas.reference_oxygen_ratio(found[known], reference.value)
    converted = series.without(_replaced(concentration, concentration.values * ratio), found > highest.value,
                               "oxygen-above-highest")  # fmt: skip
    converted = series.without(converted, ~known, "missing-oxygen")
    unverified = converted.unverified or reference.unverified or highest.unverified
    return Means(converted.times, converted.values, converted.counts, converted.least, converted.reasons, unverified)


def _replaced(means: Means, values: Values) -> Means:
    return Means(means.times, values, means.counts, means.least, means.reasons, means.unverified)


def hourly_masses(concentration: Means, flow: Means, without_emission: Any = None) -> Means:
    """Masses of the hours [kg]: dry standard concentration, not at reference oxygen, times dry standard flow (33).

    ``without_emission`` (n) are hours marked as standing still: their mass is zero because somebody says so.
    ValueError when the two are not of the same hours.
    """
    if not np.array_equal(concentration.times, flow.times):
        raise ValueError("concentration and flow must be of the same hours")
    masses = _replaced(concentration, flue_gas.kilograms(concentration.values, flow.values))
    masses = series.without(masses, ~flow.valid, "missing-flow")
    unverified = concentration.unverified or flow.unverified
    still = (
        np.zeros(len(masses.times), np.bool_) if without_emission is None else np.asarray(without_emission, np.bool_)
    )
    values = np.where(still, 0.0, masses.values)
    reasons = np.where(still, "", masses.reasons).astype(LONGEST_WORD)
    return Means(masses.times, values, masses.counts, masses.least, reasons, unverified)


def daily_masses(hours: Means, offset: int) -> Means:
    """Masses of local days [kg], the sum of 24 hours (34, without its second 10⁻⁶).

    A day that lacks an hour has no sum, and says so; ``counts`` are the hours that are known.
    """
    return _sums(hours, (hours.times + offset) // _DAY, _DAY // series.HOUR, offset)


def monthly_masses(days: Means, offset: int) -> Means:
    """Masses of local months [kg], the sum of all their days; a month that lacks a day has no sum."""
    months = months_of(days.times, offset).astype(np.int64)
    sums = _sums(days, months, 0, offset)
    found = np.unique(months)
    ends = (found + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    starts = found.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return _complete(starts * _DAY - offset, sums, ends - starts)


def _sums(parts: Means, period: Times, due: int, offset: int) -> Means:
    found, slot = np.unique(period, return_inverse=True)
    known = parts.valid
    total = np.bincount(slot[known], weights=parts.values[known], minlength=len(found)).astype(np.float64)
    counts = np.bincount(slot[known], minlength=len(found)).astype(np.int64)
    sums = Means(found, total, counts, np.full(len(found), due, np.int64),
                 np.full(len(found), "", LONGEST_WORD), parts.unverified)  # fmt: skip
    return _complete(found * _DAY - offset, sums, np.full(len(found), due, np.int64)) if due else sums


def _complete(at: Times, sums: Means, due: Times) -> Means:
    whole = sums.counts == due
    reasons = np.where(whole, "", "periods-without-mass").astype(LONGEST_WORD)
    return Means(at, np.where(whole, sums.values, np.nan), sums.counts, due, reasons, sums.unverified)
