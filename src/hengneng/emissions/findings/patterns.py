"""Patterns of one series: constant, hardly varying, repeated, close to its limit, even digits, beyond its range."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.findings.finding import Finding, correlation, found, longest_true, true_runs
from hengneng.emissions.parameters import FindingRule, finding_rule, flags_of_state, valid_flags
from hengneng.emissions.series import Times, Truths, Values

_DIGITS = 10


def _given(at: Any, values: Any) -> tuple[Times, Values]:
    checked = series.times(at)
    return checked, series.values(values, len(checked))


def constant(
    at: Any,
    values: Any,
    *,
    on: dt.date,
    resolution: float = 0.0,
    quantity: str = "any",
    detection_limit: float | None = None,
) -> list[Finding]:
    """F1: the longest run of equal hour means (n). A missing hour does not interrupt it.

    ``resolution`` is the step of the instrument, ``quantity`` the pollutant; values at or below ``detection_limit``
    may be equal by nature and are left out. Statistic: readings.
    """
    checked, given = _given(at, values)
    rule = finding_rule("F1", on, quantity)
    wanted = ~np.isnan(given)
    if detection_limit is not None:
        wanted &= ~(given <= detection_limit)
    rows = np.flatnonzero(wanted)
    if not len(rows):
        return []
    first, length = longest_true(np.abs(np.diff(given[rows])) <= resolution / 2)
    return found(rule, length + 1, checked, given, rows[first : first + length + 1])


def steady(given: Values, window: int, coverage: float, spread: float, *, relative: bool) -> tuple[int, int]:
    """(first, length) in readings of the longest stretch in which every window spreads less than ``spread``."""
    if window > len(given) or window < 1:
        return 0, 0
    windows = np.lib.stride_tricks.sliding_window_view(given, window)
    known = ~np.isnan(windows)
    count = known.sum(axis=1)
    enough = (count >= coverage * window) & (count > 0)
    mean = np.divide(np.where(known, windows, 0).sum(axis=1), count, out=np.zeros(len(count)), where=count > 0)
    squares = (np.where(known, windows - mean[:, None], 0) ** 2).sum(axis=1)
    deviation = np.sqrt(np.divide(squares, count, out=np.zeros(len(count)), where=count > 0))
    bound = spread * np.abs(mean) if relative else spread
    first, length = longest_true(enough & (deviation < bound))
    return (first, length + window - 1) if length else (0, 0)


def steady_finding(
    at: Times, given: Values, step: int, rule: FindingRule, spread: str, relative: bool
) -> list[Finding]:
    """The longest steady stretch of ``given`` as a finding. Statistic: its length [s]."""
    window = int(rule["window"]) // step
    first, length = steady(given, window, rule["coverage"], rule[spread], relative=relative)
    return found(rule, length * step, at, given, np.arange(first, first + length))


def low_variation(at: Any, values: Any, *, on: dt.date, step: int = series.HOUR) -> list[Finding]:
    """F2: the longest stretch whose coefficient of variation stays below 1 % (n readings ``step`` seconds apart)."""
    checked, given = _given(at, values)
    return steady_finding(checked, given, step, finding_rule("F2", on), "variation", True)


def repeated(at: Any, values: Any, *, on: dt.date, resolution: float = 0.0) -> list[Finding]:
    """F3: the longest stretch that equals an earlier one, value by value: a copied day, or a loop of any length.

    What is constant does not count (F1). Statistic: readings.
    """
    checked, given = _given(at, values)
    rule = finding_rule("F3", on)
    distinct, smallest = int(rule["distinct"]), min(bound.value for bound in rule.bounds.values())
    best = (0, 0)
    for lag in range(1, min(len(given) - 1, int(rule["longest-lag"])) + 1):
        equal = np.abs(given[lag:] - given[:-lag]) <= resolution / 2
        for first, length in sorted(true_runs(equal), key=lambda run: -run[1]):
            if length < smallest or length <= best[1]:
                break
            if len(np.unique(given[lag + first : lag + first + length])) >= distinct:
                best = (lag + first, length)
                break
    return found(rule, best[1], checked, given, np.arange(best[0], best[0] + best[1]))


def periodic(at: Any, values: Any, *, on: dt.date) -> list[Finding]:
    """F3: the highest peak of the autocorrelation (n); a load cycle with its noise stays well below 1."""
    checked, given = _given(at, values)
    rule = finding_rule("F3", on, "period")
    shortest, longest = int(rule["shortest-lag"]), len(given) // 2
    if longest <= shortest + 1:
        return []
    strength = np.array([_lagged(given, lag, rule.least()) for lag in range(shortest - 1, longest + 1)])
    inner = strength[1:-1]
    peak = (inner > strength[:-2]) & (inner >= strength[2:])
    if not peak.any():
        return []
    highest = int(np.flatnonzero(peak)[np.argmax(inner[peak])])
    return found(rule, float(inner[highest]), checked, given, np.arange(highest + shortest))


def _lagged(given: Values, lag: int, least: int) -> float:
    both = ~np.isnan(given[lag:]) & ~np.isnan(given[:-lag])
    return correlation(given[lag:][both], given[:-lag][both]) if int(both.sum()) >= least else float("nan")


def hugging(at: Any, values: Any, limit: float, *, on: dt.date) -> list[Finding]:
    """F4: the share of hours just below ``limit`` (same unit). ValueError when it is not above zero."""
    if limit <= 0:
        raise ValueError(f"a limit is above zero; found {limit}")
    checked, given = _given(at, values)
    rule = finding_rule("F4", on)
    return _share(rule, checked, given, (given >= rule["from"] * limit) & (given <= limit))


def clipped(at: Any, values: Any, *, on: dt.date, resolution: float = 0.0) -> list[Finding]:
    """F4: the share of hours that equal the largest value, as if what lies above were cut off."""
    checked, given = _given(at, values)
    if np.isnan(given).all():
        return []
    return _share(finding_rule("F4", on, "clipped"), checked, given, given >= np.nanmax(given) - resolution / 2)


def _share(rule: FindingRule, at: Times, given: Values, where: Truths) -> list[Finding]:
    known = int((~np.isnan(given)).sum())
    return found(rule, where.sum() / known, at, given, np.flatnonzero(where)) if known >= rule.least() else []


def beyond_range(
    at: Any, values: Any, flags: Any, low: float, high: float, *, on: dt.date, used: Any = None
) -> list[Finding]:
    """F16: readings (n) outside the range of the analyser that are flagged normal, or flagged over range and ``used``.

    ``used`` (n) says which readings went into a mean all the same. Statistic: readings.
    """
    checked, given = _given(at, values)
    letters = series.words(flags, len(checked))
    silent = ((given < low) | (given > high)) & np.isin(letters, list(valid_flags(on)))
    if used is not None:
        over = np.isin(letters, list(flags_of_state(on, "over-range")))
        silent |= over & np.asarray(used, np.bool_)
    return found(finding_rule("F16", on), int(silent.sum()), checked, given, np.flatnonzero(silent))


def last_digits(at: Any, values: Any, resolution: float, *, on: dt.date) -> list[Finding]:
    """F20: chi-square of the last digits of readings (n) against even ones; people prefer some digits.

    ``resolution`` is the step of the last digit. Where readings spread over few steps nothing is judged: their digits
    are not even by nature. ValueError when it is not above zero.
    """
    if resolution <= 0:
        raise ValueError(f"a resolution is above zero; found {resolution}")
    checked, given = _given(at, values)
    rule = finding_rule("F20", on)
    rows = np.flatnonzero(~np.isnan(given))
    if len(rows) < rule.least() or float(given[rows].std()) < rule["spread"] * resolution:
        return []
    digits = np.mod(np.rint(given[rows] / resolution).astype(np.int64), _DIGITS)
    counts = np.bincount(digits, minlength=_DIGITS)
    even = len(rows) / _DIGITS
    return found(rule, float(((counts - even) ** 2 / even).sum()), checked, given, rows[digits == counts.argmax()])
