"""Means of hours, days and months, valid or not, by the counts of table emission_validity.

An invalid period has no mean at all: 44 minutes are not "a mean of 44".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hengneng.emissions import series
from hengneng.emissions.parameters import MarkRules, Parameter, ValidityRules
from hengneng.emissions.series import HOUR, LONGEST_WORD, Counts, Means, Samples, Times, Truths, Values

_DAY = 86_400
_MINUTE = 60
_FEBRUARY = 2


def _means(at: Times, sums: Values, counts: Counts, least: Counts, present: Counts, unverified: bool) -> Means:
    enough = (counts >= least) & (counts > 0)
    values = np.full(len(at), np.nan)
    values[enough] = sums[enough] / counts[enough]
    reasons = np.where(enough, "", np.where(present > 0, "too-few-valid-values", "no-values"))
    return Means(at, values, counts, least, reasons.astype(LONGEST_WORD), unverified)


def _summed(slot: Counts, wanted: Truths, values: Values, size: int) -> tuple[Values, Counts]:
    chosen = slot[wanted]
    sums = np.bincount(chosen, weights=values[wanted], minlength=size)
    return sums.astype(np.float64), np.bincount(chosen, minlength=size).astype(np.int64)


def interval_means(
    samples: Samples,
    start: int,
    end: int,
    *,
    flags: frozenset[str],
    marks: MarkRules,
    rules: ValidityRules,
    interval: int = _MINUTE,
) -> Means:
    """Means of the minutes of gas, or the ten minutes of water (``interval`` 600), from ``start`` to ``end`` [seconds].

    ``samples`` are at most 5 s apart. HJ 212-2017 annex D: 12 valid ones for a minute, 120 for ten of water.
    """
    return _periods(samples, start, end, interval, 1, flags, marks, rules.least_of_interval)


def hour_means(
    samples: Samples,
    start: int,
    end: int,
    *,
    flags: frozenset[str],
    marks: MarkRules,
    rules: ValidityRules,
    interval: int = _MINUTE,
) -> Means:
    """Means of the hours from ``start`` to ``end`` (seconds, whole hours), each valid or with its reason.

    ``samples`` are means of intervals (n), at the starts of intervals of ``interval`` seconds: minutes of gas, or ten
    minutes of water. A value of gas that stands for several minutes counts as so many. ``flags`` are those that count
    (valid_flags). Samples outside the hours are left alone. HJ 212-2017 annex D, HJ 75-2017. ValueError when the ends
    are no whole hours, or times lie within an interval: else many samples of one minute would make an hour.
    """
    if bool((samples.times % interval != 0).any()):
        raise ValueError(f"expected times at the starts of intervals of {interval} s")
    worth = interval // _MINUTE if rules.counts_minutes else 1
    return _periods(samples, start, end, HOUR, worth, flags, marks, rules.least_of_hour)


def _periods(
    samples: Samples,
    start: int,
    end: int,
    length: int,
    worth: int,
    flags: frozenset[str],
    marks: MarkRules,
    rule: Parameter,
) -> Means:
    if start % length or end % length or end < start:
        raise ValueError(f"expected whole periods of {length} s, found {start} to {end}")
    size = (end - start) // length
    inside = (samples.times >= start) & (samples.times < end)
    slot = (samples.times - start) // length
    counting = inside & np.isin(samples.flags, list(flags)) & np.isin(samples.marks, list(marks.counting))
    sums, counts = _summed(slot, counting & ~np.isnan(samples.values), samples.values, size)
    present = np.bincount(slot[inside], minlength=size).astype(np.int64)
    at = start + length * np.arange(size, dtype=np.int64)
    least = np.full(size, int(rule.value), np.int64)
    unverified = rule.unverified or (marks.unverified and bool((samples.marks[inside] != "").any()))
    # Scaled alike, the mean stays the mean while the count is in what the rule counts.
    means = _means(at, sums * worth, counts * worth, least, present, unverified)
    still = inside & np.isin(samples.marks, list(marks.without_emission))
    stopped = (np.bincount(slot[still], minlength=size) == present) & (present > 0)
    return _with_reason(means, stopped & ~means.valid, "source-stopped")


def _with_reason(means: Means, where: Truths, code: str) -> Means:
    reasons = np.where(where, code, means.reasons).astype(LONGEST_WORD)
    return Means(means.times, means.values, means.counts, means.least, reasons, means.unverified)


def day_means(hours: Means, rules: ValidityRules, offset: int) -> Means:
    """Means of the local days that ``hours`` touch. ``offset`` is local time less UTC [seconds], 28 800 in China."""
    days = (hours.times + offset) // _DAY
    first = int(days[0]) if len(days) else 0
    size = int(days[-1]) - first + 1 if len(days) else 0
    slot = (days - first).astype(np.int64)
    sums, counts = _summed(slot, hours.valid, hours.values, size)
    at = (first + np.arange(size, dtype=np.int64)) * _DAY - offset
    present = np.bincount(slot[hours.reasons != "no-values"], minlength=size).astype(np.int64)
    least = np.full(size, int(rules.least_of_day.value), np.int64)
    return _means(at, sums, counts, least, present, hours.unverified or rules.least_of_day.unverified)


def months_of(at: Times, offset: int) -> NDArray[np.datetime64]:
    """The local month (datetime64[M]) of each time."""
    return (at + offset).astype("datetime64[s]").astype("datetime64[M]")


def month_means(days: Means, rules: ValidityRules, offset: int) -> Means:
    """Means of the local months that ``days`` touch; February needs fewer days than the others."""
    months, slot = np.unique(months_of(days.times, offset), return_inverse=True)
    slot = slot.astype(np.int64)
    sums, counts = _summed(slot, days.valid, days.values, len(months))
    at = months.astype("datetime64[s]").astype(np.int64) - offset
    february = months.astype(np.int64) % 12 + 1 == _FEBRUARY
    least = np.where(february, int(rules.least_of_february.value), int(rules.least_of_month.value)).astype(np.int64)
    present = np.bincount(slot[days.reasons != "no-values"], minlength=len(months)).astype(np.int64)
    unverified = days.unverified or rules.least_of_month.unverified or rules.least_of_february.unverified
    return _means(at, sums, counts, least, present, unverified)


def flow_weighted_days(hours: Means, volumes: Any, rules: ValidityRules, offset: int) -> Means:
    """Means of local days weighted with the ``volumes`` (n) [m3] of the hours: mass by volume, HJ 212-2017 annex D.1.

    An hour counts when it has both. A day on which nothing flowed has no concentration.
    """
    flowed = series.values(volumes, len(hours.times))
    both = hours.valid & (flowed >= 0)
    plain = day_means(series.without(hours, ~both, "missing-volume"), rules, offset)
    slot = ((hours.times + offset) // _DAY - (plain.times[0] + offset) // _DAY) if len(plain.times) else hours.times
    mass, _ = _summed(slot, both, np.where(both, hours.values * flowed, np.nan), len(plain.times))
    volume, _ = _summed(slot, both, flowed, len(plain.times))
    weighted = np.divide(mass, volume, out=np.full(len(mass), np.nan), where=volume > 0)
    one = Means(plain.times, np.where(plain.valid, weighted, np.nan), plain.counts, plain.least, plain.reasons,
                plain.unverified)  # fmt: skip
    return _with_reason(one, plain.valid & (volume == 0), "nothing-flowed")
