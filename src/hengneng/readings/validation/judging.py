"""What validation finds in the intervals, hours and days of one day, rule by rule.

Numbers of rules are exact fractions. Where a rule looks at very many rows it works in binary floating point first, as a
sieve that lets every true finding and few others through; what comes through is judged in whole numbers of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hengneng.readings.columns import NONE, Days, Found, Hours, Intervals, MeterVersions
from hengneng.readings.points import BoolArray, Int32Array, Int64Array, places_in, starts_of

SECONDS_OF_AN_HOUR = 3600
Numbers = Mapping[str, Fraction | int]
# The sieve lets through what comes this near to a limit; the error of floating point is far smaller.
_NEAR = 0.999999
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True)
class Findings:
    """Findings of one rule; ``limit`` is :data:`NONE` where the rule has none."""

    rule: str
    meter: Int32Array
    since: Int64Array
    until: Int64Array
    found: Int64Array
    limit: Int64Array

    @classmethod
    def of(cls, rule: str, rows: list[tuple[int, int, int, int, int]]) -> Findings:
        """From rows of meter, since, until, found, limit."""
        meter, *columns = zip(*rows, strict=True)
        since, until, found, limit = (np.array([min(one, _LARGEST) for one in column], np.int64) for column in columns)
        return cls(rule, np.array(meter, np.int32), since, until, found, limit)


def in_intervals(intervals: Intervals, versions: MeterVersions, numbers: Numbers, end: int) -> Iterator[Findings]:
    """Findings about single intervals (V3, V4, V6, V16, V21, V22) that end in the day, which ends at ``end``."""

    def those(rule: str, which: BoolArray, found: Int64Array, limit: int | Int64Array) -> Iterator[Findings]:
        places = np.flatnonzero(which & ended)
        if len(places):
            limits = np.full(len(places), limit) if isinstance(limit, int) else limit[places]
            since, until = intervals.since[places], intervals.until[places]
            yield Findings(rule, intervals.meter[places], since, until, found[places], limits)

    ended = intervals.until <= end
    span = intervals.until - intervals.since
    if "V3.factor" in numbers and intervals.estimated.any():
        factor, expected = Fraction(numbers["V3.factor"]), versions.interval[intervals.version]
        limit = np.where(expected == NONE, NONE, expected * factor.numerator // factor.denominator)
        yield from those("V3", intervals.estimated, span, limit)
    if "V4.least" in numbers:
        least = int(numbers["V4.least"])
        low = (intervals.quantity < least) & (intervals.found < Found.LEVEL)
        yield from those("V4", low, intervals.quantity, least)
    if "V16.longest" in numbers and intervals.estimated.any():
        # A meter that is read by hand once a month has long intervals too: only estimated ones count.
        longest = int(numbers["V16.longest"])
        yield from those("V16", intervals.estimated & (span > longest), span, longest)
    if "V21.allowance" in numbers:
        rolled = intervals.found == Found.ROLLOVER
        if rolled.any():
            yield from those("V21", rolled, intervals.increment, versions.modulus[intervals.version])
    if "V22.reset" in numbers:
        yield from those("V22", intervals.found == Found.RESET, intervals.increment, NONE)
    if "V6.allowance" in numbers:
        yield from _over_capacity(intervals, versions, Fraction(numbers["V6.allowance"]), end)


def _over_capacity(intervals: Intervals, versions: MeterVersions, allowance: Fraction, end: int) -> Iterator[Findings]:
    """V6: above capacity x time x allowance, where a capacity is known."""
    if not (versions.capacity != NONE).any():
        return
    per_second = allowance / SECONDS_OF_AN_HOUR
    capacity = versions.capacity[intervals.version]
    possible = capacity * (float(per_second) * _NEAR) * (intervals.until - intervals.since)
    suspects = (intervals.quantity > possible) & (capacity != NONE) & (intervals.until <= end)
    rows = []
    for place in np.flatnonzero(suspects & (intervals.found < Found.LEVEL)).tolist():
        since, until = int(intervals.since[place]), int(intervals.until[place])
        quantity, most = int(intervals.quantity[place]), int(capacity[place]) * (until - since) * per_second
        if quantity > most:
            rows.append((int(intervals.meter[place]), since, until, quantity, int(most)))
    if rows:
        yield Findings.of("V6", rows)


def in_hours(
    hours: Hours, held: MeterVersions, counted: Int32Array, numbers: Numbers, start: int
) -> Iterator[Findings]:
    """Findings about the hours of the day that begins at ``start`` (V5, V7).

    ``held``: the versions that hold at its end; ``counted``: meters whose register has shown more than zero.
    """
    if not len(hours):
        return
    if "V7.share" in numbers:
        yield from _spikes(hours, Fraction(numbers["V7.share"]), start)
    known = {name: int(numbers[name]) for name in ("V5.beside-load", "V5.alone") if name in numbers}
    if known:
        yield from _standstill(hours, held, counted, known, start)


def _spikes(hours: Hours, share: Fraction, start: int) -> Iterator[Findings]:
    """V7: the highest hour against the third highest, among hours that are wholly covered and not estimated.

    The sieve: no hour but the two highest is above the third, so the third is at least the mean of the rest.
    """
    measured = (hours.covered == SECONDS_OF_AN_HOUR) & (hours.estimated_seconds == 0)
    meter, hour, quantity = hours.meter[measured], hours.hour[measured], hours.quantity[measured]
    if not len(meter):
        return
    times = 1 + share
    starts = starts_of(meter)
    lengths = np.diff(starts, append=len(meter))
    highest = np.maximum.reduceat(quantity, starts).astype(np.float64)
    rest = np.add.reduceat(quantity.astype(np.float64), starts) - 2 * highest
    rows = []
    for place in np.flatnonzero((lengths > 2) & (highest * (lengths - 2) > float(times) * _NEAR * rest)).tolist():
        begin = int(starts[place])
        ranked = sorted(range(begin, begin + int(lengths[place])), key=lambda one: (-int(quantity[one]), hour[one]))
        first, third = int(quantity[ranked[0]]), int(quantity[ranked[2]])
        if third > 0 and first > times * third:
            since = start + SECONDS_OF_AN_HOUR * int(hour[ranked[0]])
            rows.append((int(meter[begin]), since, since + SECONDS_OF_AN_HOUR, first, int(times * third)))
    if rows:
        yield Findings.of("V7", rows)


def _standstill(
    hours: Hours, held: MeterVersions, counted: Int32Array, least: Mapping[str, int], start: int
) -> Iterator[Findings]:
    """V5: whole hours of zero in a row, beside others that count, or for long where there are no others.

    Hours are bits of a number, so that the hours of relatives are put together at once.
    """
    still = (hours.quantity == 0) & (hours.covered == SECONDS_OF_AN_HOUR)
    meter, zero = _bits(hours, still)
    if not len(meter):
        return
    sub = held.take(held.parent != NONE)
    parent = np.full(len(meter), NONE)
    places, there = places_in(sub.meter, meter)
    parent[there] = sub.parent[places[there]]
    loaded, load = _bits(hours, hours.quantity > 0)
    mains = np.unique(sub.parent)
    below = np.zeros(len(mains), np.int64)
    np.bitwise_or.at(below, np.searchsorted(mains, sub.parent), _looked_up(loaded, load, sub.meter))
    # The hours of the meter itself are zero: among the submeters of its main meter only others can count.
    beside = zero & (
        _looked_up(loaded, load, parent) | _looked_up(mains, below, parent) | _looked_up(mains, below, meter)
    )
    single = np.isin(meter, held.meter[held.parent == NONE]) & ~np.isin(meter, mains) & np.isin(meter, counted)
    rows = []
    for name, chosen in (("V5.beside-load", beside), ("V5.alone", np.where(single, zero, 0))):
        if name in least:
            rows += [
                (int(meter[place]), since, until, until - since, least[name])
                for place in np.flatnonzero(_long_enough(chosen, least[name])).tolist()
                for since, until in _runs(int(chosen[place]), least[name], start)
            ]
    if rows:
        yield Findings.of("V5", rows)


def _bits(hours: Hours, which: BoolArray) -> tuple[Int32Array, Int64Array]:
    """Meters that have such hours, and the hours of each as bits."""
    meter, bit = hours.meter[which], np.left_shift(1, hours.hour[which].astype(np.int64))
    starts = starts_of(meter)
    return meter[starts], np.bitwise_or.reduceat(bit, starts) if len(starts) else bit


def _looked_up(meters: Int32Array | Int64Array, bits: Int64Array, wanted: Int32Array | Int64Array) -> Int64Array:
    """The bits of each of ``wanted``; none where it is not among ``meters``."""
    places, there = places_in(meters, wanted)
    found = np.zeros(len(wanted), np.int64)
    found[there] = bits[places[there]]
    return found


def _long_enough(bits: Int64Array, least: int) -> BoolArray:
    """Where so many seconds of hours follow each other."""
    run = bits
    for shift in range(1, -(-least // SECONDS_OF_AN_HOUR)):
        run = run & (bits >> shift)
    long: BoolArray = run != 0
    return long


def _runs(bits: int, least: int, start: int) -> Iterator[tuple[int, int]]:
    """Begin and end (seconds UTC) of the hours that follow each other for so long."""
    hour = 0
    while bits >> hour:
        if bits >> hour & 1:
            first = hour
            while bits >> hour & 1:
                hour += 1
            if SECONDS_OF_AN_HOUR * (hour - first) >= least:
                yield start + SECONDS_OF_AN_HOUR * first, start + SECONDS_OF_AN_HOUR * hour
        hour += 1


def in_days(days: Days, held: MeterVersions, numbers: Numbers, start: int, end: int) -> Iterator[Findings]:
    """Findings about the day as a whole (V13, V17). ``held``: the versions that hold at its end."""
    if {"V13.low", "V13.high"} <= numbers.keys():
        yield from _submeters(days, held, numbers, start, end)
    if "V17.verified" in numbers:
        until = held.calibrated_until
        past = held.take((until != NONE) & (until < end) & np.isin(held.meter, days.meter))
        if len(past):
            since = np.maximum(past.calibrated_until, start)
            ends, none = np.full(len(past), end), np.zeros(len(past), np.int64)
            yield Findings("V17", past.meter, since, ends, end - past.calibrated_until, none)


def _submeters(days: Days, held: MeterVersions, numbers: Numbers, start: int, end: int) -> Iterator[Findings]:
    """V13: the main meter less its submeters, where every one of them covers the whole day."""
    sub = held.take(held.parent != NONE)
    if not len(sub):
        return
    whole = days.covered == end - start
    places, there = places_in(days.meter, sub.meter)
    known = there & whole[places] if len(days) else there
    below: dict[int, int] = {}
    unknown = set(sub.parent[~known].tolist())
    for parent, place in zip(sub.parent[known].tolist(), places[known].tolist(), strict=True):
        below[parent] = below.get(parent, 0) + int(days.quantity[place])
    low, high = Fraction(numbers["V13.low"]), Fraction(numbers["V13.high"])
    mains = np.array(sorted(below.keys() - unknown), np.int64)
    places, there = places_in(days.meter, mains)
    rows = []
    for main, place in zip(mains[there].tolist(), places[there].tolist(), strict=True):
        quantity = int(days.quantity[place])
        rest = quantity - below[main]
        if whole[place] and quantity >= 0 and not low * quantity <= rest <= high * quantity:
            bound = low if rest < low * quantity else high
            limit = int(quantity * abs(bound)) * (-1 if bound < 0 else 1)
            rows.append((main, start, end, rest, limit))
    if rows:
        yield Findings.of("V13", rows)
