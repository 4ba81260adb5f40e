"""One record against another: two outlets, converted values, capture, clocks, calibrations, measurement by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.findings.finding import Finding, correlation, found, true_runs
from hengneng.emissions.parameters import Parameter, finding_rule, flags_of_state, reaches, valid_flags
from hengneng.formulas import flue_gas
from hengneng.formulas.emission_quality import valid_capture_rate


def outlets_alike(at: Any, one: Any, other: Any, *, on: dt.date) -> list[Finding]:
    """F12: the correlation of the same pollutant at two outlets (n each). Evidence: the values of the first."""
    checked = series.times(at)
    first, second = series.values(one, len(checked)), series.values(other, len(checked))
    rule = finding_rule("F12", on)
    both = ~np.isnan(first) & ~np.isnan(second)
    if int(both.sum()) < rule.least():
        return []
    return found(rule, correlation(first[both], second[both]), checked, first, np.flatnonzero(both))


def conversion(
    at: Any, converted: Any, values: Any, oxygen: Any, reference: Parameter, *, highest: Parameter, on: dt.date
) -> list[Finding]:
    """F13: the share of hours whose reported value at reference oxygen is not what equation (28) gives from the hour
    means of value and oxygen [fraction] (n each). Hours above the ``highest`` oxygen are left out.
    """
    checked = series.times(at)
    count = len(checked)
    reported, given, air = (series.values(each, count) for each in (converted, values, oxygen))
    rule = finding_rule("F13", on)
    known = ~np.isnan(reported) & (given > 0) & (air >= 0) & (air <= highest.value) & (air < flue_gas.OXYGEN_OF_AIR)
    rows = np.flatnonzero(known)
    if len(rows) < rule.least():
        return []
    expected = given[rows] * flue_gas.reference_oxygen_ratio(air[rows], reference.value)
    wrong = np.array([reaches(off, rule.numbers["tolerance"]) for off in np.abs(reported[rows] / expected - 1)])
    return found(rule, wrong.mean(), checked, reported, rows[wrong])


def low_capture(at: Any, valid: Any, *, on: dt.date, without_emission: Any = None) -> list[Finding]:
    """F14: the valid capture rate of a month of hours (n). ``valid`` (n): the hour has a valid mean."""
    checked = series.times(at)
    good = np.asarray(valid, np.bool_)
    still = np.zeros(len(checked), np.bool_) if without_emission is None else np.asarray(without_emission, np.bool_)
    lost = ~good & ~still
    if not len(checked) or bool(still.all()):
        return []
    rate = valid_capture_rate(len(checked), int(still.sum()), int(lost.sum()))
    return found(finding_rule("F14", on), rate, checked, good.astype(np.float64), np.flatnonzero(lost))


def clock_off(device: Any, received: Any, *, on: dt.date) -> list[Finding]:
    """F15: how far the clock of a device is off. ``device``: its own time when it sent (QN), ``received`` ours, (n)
    each [seconds], of frames that were sent live. Statistic: the median without its sign [s].
    """
    own, ours = np.asarray(device, np.int64), np.asarray(received, np.int64)
    rule = finding_rule("F15", on)
    if own.shape != ours.shape:
        raise ValueError("times of device and receipt must be as many")
    if len(own) < rule.least():
        return []
    off = ours - own
    return found(rule, abs(float(np.median(off))), ours, off, np.arange(len(off)))


def on_xinjiang_time(device: Any, received: Any, *, on: dt.date) -> bool:
    """Whether the clock of a device is behind by just the two hours of the local time of Xinjiang (UTC+6)."""
    off = np.asarray(received, np.int64) - np.asarray(device, np.int64)
    rule = finding_rule("F15", on)
    return len(off) > 0 and abs(float(np.median(off)) - rule["offset"]) <= rule["offset-tolerance"]


def calibration_at_peaks(at: Any, values: Any, flags: Any, limit: float, *, on: dt.date) -> list[Finding]:
    """F17: calibrations (runs of their flag) that begin when the valid values just before were near or above ``limit``.

    Judged when such are at least half of all. Statistic: calibrations at peaks.
    """
    checked = series.times(at)
    given, letters = series.values(values, len(checked)), series.words(flags, len(checked))
    rule = finding_rule("F17", on)
    good = np.isin(letters, list(valid_flags(on))) & ~np.isnan(given)
    begun = [first for first, _ in true_runs(np.isin(letters, list(flags_of_state(on, "calibration"))))]
    peaks = []
    for first in begun:
        before = np.flatnonzero(good[:first])[-int(rule["around"]) :]
        if len(before) and float(given[before].max()) >= rule["peak"] * limit:
            peaks.append(first)
    if not begun or len(peaks) < rule["share"] * len(begun):
        return []
    return found(rule, len(peaks), checked, given, peaks)


def against_manual(at: Any, automatic: Any, manual: Any, *, on: dt.date) -> list[Finding]:
    """F18: the mean relative difference of the analyser from measurement by hand (n pairs, same unit)."""
    checked = series.times(at)
    shown, measured = series.values(automatic, len(checked)), series.values(manual, len(checked))
    rule = finding_rule("F18", on)
    both = ~np.isnan(shown) & (measured > 0)
    if int(both.sum()) < rule.least():
        return []
    off = float(np.abs(shown[both] / measured[both] - 1).mean())
    return found(rule, off, checked, shown, np.flatnonzero(both))
