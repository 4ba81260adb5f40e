"""Fields of one frame against each other: totals against means, and the order of least, mean and largest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.findings.finding import Finding, found
from hengneng.emissions.parameters import finding_rule
from hengneng.emissions.series import Times, Values
from hengneng.formulas import flue_gas


def flow_total(at: Any, totals: Any, means: Any, period: float, *, on: dt.date) -> list[Finding]:
    """F21: the total of flow (n) [m3] against mean flow (n) [m3/s] times ``period`` [s]. Statistic: the largest
    relative difference. Water in L/s: give a thousandth of it.
    """
    checked = series.times(at)
    summed, flowing = series.values(totals, len(checked)), series.values(means, len(checked))
    return _off("F21", checked, summed, flowing * period, on)


def mass_total(at: Any, totals: Any, concentrations: Any, volumes: Any, *, on: dt.date) -> list[Finding]:
    """F22: the total of mass (n) [kg] against mean concentration (n) [mg/m3] times total of flow (n) [m3].
    Water in mg/L: give a thousand times it.
    """
    checked = series.times(at)
    summed, given, volume = (series.values(one, len(checked)) for one in (totals, concentrations, volumes))
    return _off("F22", checked, summed, flue_gas.kilograms(given, volume), on)


def _off(number: str, at: Times, reported: Values, expected: Values, on: dt.date) -> list[Finding]:
    larger = np.maximum(np.abs(reported), np.abs(expected))
    off = np.where(larger > 0, np.abs(reported - expected) / np.where(larger > 0, larger, 1), 0.0)
    off[np.isnan(reported) | np.isnan(expected)] = np.nan
    if np.isnan(off).all():
        return []
    rule = finding_rule(number, on)
    smallest = min(bound.value for bound in rule.bounds.values())
    return found(rule, float(np.nanmax(off)), at, reported, np.flatnonzero(off > smallest))


def order(at: Any, least: Any, means: Any, largest: Any, *, on: dt.date) -> list[Finding]:
    """F23: intervals (n) in which the mean does not lie between the least and the largest value (same unit)."""
    checked = series.times(at)
    low, middle, high = (series.values(one, len(checked)) for one in (least, means, largest))
    wrong = (low > middle) | (middle > high) | (low > high)
    return found(finding_rule("F23", on), int(wrong.sum()), checked, middle, np.flatnonzero(wrong))
