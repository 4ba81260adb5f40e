"""Emissions against the operation of the plant: load, flags, flow, oxygen, electricity."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.findings.finding import Finding, correlation, found
from hengneng.emissions.parameters import finding_rule, flags_of_state, mark_rules, reaches, valid_flags
from hengneng.emissions.series import Truths, Values


def _normal(given: Values, good: Truths) -> float:
    """Median of the good hours; where there is none, of all of them; NaN without any."""
    chosen = good & ~np.isnan(given)
    if not chosen.any():
        chosen = ~np.isnan(given)
    return float(np.median(given[chosen])) if chosen.any() else float("nan")


def step_without_load(at: Any, values: Any, load: Any, *, on: dt.date) -> list[Finding]:
    """F5: the largest step of the medians before and after a moment at which the load (n, any unit) does not change."""
    checked = series.times(at)
    given, loaded = series.values(values, len(checked)), series.values(load, len(checked))
    rule = finding_rule("F5", on)
    window, least = int(rule["window"]), rule.least()
    best, where = float("nan"), 0
    for index in range(window, len(checked) - window + 1):
        change = _change(given, index, window, least)
        if np.isnan(change) or (best >= change):
            continue
        if reaches(_change(loaded, index, window, least), rule.numbers["load-change"]):
            best, where = change, index
    return found(rule, best, checked, given, np.arange(where - window, where + window))


def _change(given: Values, index: int, window: int, least: int) -> float:
    before, after = given[index - window : index], given[index : index + window]
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if len(before) < least or len(after) < least:
        return float("nan")
    one, other = float(np.median(before)), float(np.median(after))
    larger = max(abs(one), abs(other))
    return abs(other - one) / larger if larger > 0 else 0.0


def flags_against_operation(
    at: Any, values: Any, flow: Any, flags: Any, *, on: dt.date, marks: Any = None, limit: float | None = None
) -> list[Finding]:
    """F6: hours (n) flagged or marked as stopped although concentration and flow are normal; and, with a ``limit``,
    running hours above it that are flagged as maintenance, fault or set by hand. Calibration is F17.
    """
    checked = series.times(at)
    count = len(checked)
    given, flowing = series.values(values, count), series.values(flow, count)
    letters, marked = series.words(flags, count), series.words(marks, count)
    good = np.isin(letters, list(valid_flags(on))) & (marked == "")
    rule = finding_rule("F6", on, "stopped")
    runs = flowing >= rule["normal"] * _normal(flowing, good)
    still = np.isin(letters, list(flags_of_state(on, "analyser-stopped")))
    still |= np.isin(marked, list(mark_rules(on).without_emission))
    false_stop = still & runs & (given >= rule["normal"] * _normal(given, good))
    findings = found(rule, int(false_stop.sum()), checked, given, np.flatnonzero(false_stop))
    if limit is not None:
        excuses = np.isin(letters, list(flags_of_state(on, "maintenance", "fault", "manual")))
        hidden = excuses & runs & (given > limit)
        rule = finding_rule("F6", on, "running")
        findings += found(rule, int(hidden.sum()), checked, given, np.flatnonzero(hidden))
    return findings


def zero_totals(at: Any, totals: Any, values: Any, flow: Any, *, on: dt.date) -> list[Finding]:
    """F7: intervals (n) whose total is zero although concentration and mean flow are normal. Statistic: intervals."""
    checked = series.times(at)
    count = len(checked)
    summed, given, flowing = (series.values(one, count) for one in (totals, values, flow))
    rule = finding_rule("F7", on)
    normal = rule["normal"] * _normal(flowing, flowing > 0)
    wrong = (summed == 0) & (given > 0) & (flowing > 0) & (flowing >= normal)
    return found(rule, int(wrong.sum()), checked, summed, np.flatnonzero(wrong))


def high_oxygen(at: Any, values: Any, oxygen: Any, *, on: dt.date) -> list[Finding]:
    """F8: hours (n) with oxygen [fraction] as if nothing burned, while the pollutant, not at reference oxygen, is as
    high as usual: air let in before the analyser of oxygen alone. Statistic: hours.
    """
    checked = series.times(at)
    given, air = series.values(values, len(checked)), series.values(oxygen, len(checked))
    rule = finding_rule("F8", on)
    high = air > rule["oxygen"]
    wrong = high & (given > 0) & (given >= rule["normal"] * _normal(given, ~high & ~np.isnan(air)))
    return found(rule, int(wrong.sum()), checked, given, np.flatnonzero(wrong))


def flow_against_theory(at: Any, flow: Any, theory: Any, *, on: dt.date) -> list[Finding]:
    """F9: by what share the flow of all hours (n) is off what fuel or power make (same unit)."""
    checked = series.times(at)
    flowing, expected = series.values(flow, len(checked)), series.values(theory, len(checked))
    rule = finding_rule("F9", on)
    both = ~np.isnan(flowing) & (expected > 0)
    if int(both.sum()) < rule.least():
        return []
    off = abs(float(flowing[both].sum()) / float(expected[both].sum()) - 1)
    return found(rule, off, checked, flowing, np.flatnonzero(both))


def emission_against_load(at: Any, masses: Any, load: Any, *, on: dt.date) -> list[Finding]:
    """F19: how little masses (n) go along with electricity or production (n, any unit). Statistic: correlation.

    Where the load hardly varies nothing is judged.
    """
    checked = series.times(at)
    given, loaded = series.values(masses, len(checked)), series.values(load, len(checked))
    rule = finding_rule("F19", on)
    both = ~np.isnan(given) & ~np.isnan(loaded)
    if int(both.sum()) < rule.least():
        return []
    mean = float(loaded[both].mean())
    if mean <= 0 or float(loaded[both].std()) < rule["variation"] * mean:
        return []
    return found(rule, correlation(given[both], loaded[both]), checked, given, np.flatnonzero(both))
