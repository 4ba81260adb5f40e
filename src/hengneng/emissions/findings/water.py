"""Waste water: parts above their whole, and pH that stands still or jumps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.findings.finding import Finding, found
from hengneng.emissions.findings.patterns import steady_finding
from hengneng.emissions.parameters import finding_rule, reaches


def parts_above_whole(
    at: Any,
    *,
    on: dt.date,
    oxygen_demand: Any = None,
    biochemical_oxygen_demand: Any = None,
    ammonia: Any = None,
    total_nitrogen: Any = None,
    total_phosphorus: Any = None,
) -> list[Finding]:
    """F10: the share of intervals (n) in which BOD5 is above COD, ammonia nitrogen above total nitrogen, or total
    phosphorus next to nothing beside COD. Arrays in one unit; what is not given, or missing, is not judged.
    """
    checked = series.times(at)
    count = len(checked)
    empty = np.full(count, np.nan)
    cod, bod, part, whole, phosphorus = (
        empty if one is None else series.values(one, count)
        for one in (oxygen_demand, biochemical_oxygen_demand, ammonia, total_nitrogen, total_phosphorus)
    )
    rule = finding_rule("F10", on)
    allowed = 1 + rule["tolerance"]
    pairs = [(cod, bod), (whole, part), (cod, phosphorus)]
    judged = np.any([~np.isnan(one) & ~np.isnan(other) for one, other in pairs], axis=0)
    ratio = np.divide(phosphorus, cod, out=empty.copy(), where=cod > 0)
    scarce = np.array([reaches(one, rule.numbers["phosphorus"]) for one in ratio], np.bool_)
    wrong = (bod > cod * allowed) | (part > whole * allowed) | scarce
    if int(judged.sum()) < rule.least():
        return []
    shown = np.where(bod > cod * allowed, bod, np.where(part > whole * allowed, part, phosphorus))
    return found(rule, wrong.sum() / judged.sum(), checked, shown, np.flatnonzero(wrong))


def still_acidity(at: Any, values: Any, *, on: dt.date, step: int = series.HOUR) -> list[Finding]:
    """F11: the longest stretch in which pH (n readings ``step`` seconds apart) hardly moves. Statistic: seconds."""
    checked = series.times(at)
    given = series.values(values, len(checked))
    return steady_finding(checked, given, step, finding_rule("F11", on, "still"), "deviation", False)


def jumping_acidity(at: Any, values: Any, *, on: dt.date) -> list[Finding]:
    """F11: the largest change of pH from one hour mean to the next (n)."""
    checked = series.times(at)
    given = series.values(values, len(checked))
    jumps = np.where(np.diff(checked) == series.HOUR, np.abs(np.diff(given)), np.nan)
    if np.isnan(jumps).all():
        return []
    largest = int(np.nanargmax(jumps))
    return found(finding_rule("F11", on, "jump"), float(jumps[largest]), checked, given, [largest, largest + 1])
