"""What passed between neighbouring readings: part ``intervals`` of template.sql once more, on columns in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from hengneng.readings.columns import NONE, Found, Intervals, Kind, MeterVersions
from hengneng.readings.limits import limit
from hengneng.readings.points import BoolArray, Int32Array, Int64Array, starts_of
from hengneng.readings.rollup.closing import State
from hengneng.readings.rollup.tables import DayInput
from hengneng.readings.validation.increments import THOUSANDTHS, increment
from hengneng.readings.validation.rules import Rules

# Numbers up to this, and sums of them, stay far from the end of 64 bits.
SAFE = 1 << 61


class TooWideError(Exception):
    """Numbers so large that sums or products of them may not fit into 64 bits."""


@dataclass(frozen=True)
class Rows:
    """Readings by meter and time; ``starts``: places at which a meter begins."""

    meter: Int32Array
    at: Int64Array
    value: Int64Array
    starts: Int64Array


def pieces(given: DayInput) -> Iterator[Rows]:
    """The readings of a day with the next ones of meters open at its end, some meters at a time, each meter whole.

    A day without any reading is one piece without rows.
    """
    meter, at, value = given.readings.meter, given.readings.at, given.readings.value
    following = given.following
    if len(following.meter):
        # Stable, so the next reading of a meter comes after those of the day.
        meter = np.concatenate([meter, following.meter.astype(np.int32, copy=False)])
        order = np.argsort(meter, kind="stable")
        meter = meter[order]
        at, value = np.concatenate([at, following.at])[order], np.concatenate([value, following.value])[order]
    starts = starts_of(meter) if len(following.meter) else given.readings.starts
    cuts = np.searchsorted(starts, np.arange(0, max(len(meter), 1), limit("readings_in_piece")))
    for low, high in pairwise(dict.fromkeys([*cuts.tolist(), len(starts)])) if len(meter) else [(0, 0)]:
        begin, end = (int(starts[one]) if one < len(starts) else len(meter) for one in (low, high))
        yield Rows(meter[begin:end], at[begin:end], value[begin:end], starts[low:high] - begin)


def intervals_of(rows: Rows, opening: State, versions: MeterVersions, rules: Rules, start: int, end: int) -> Intervals:
    """The intervals of ``rows`` that lie in or reach into the day from ``start`` to ``end`` (seconds UTC).

    Each is judged by the version of its meter that holds at its last second; without one it is left out. TooWideError
    where 64 bits may not be enough.
    """
    version = _versions_at(rows, versions)
    since, a = before(rows, opening)
    columns = _Columns(rows.meter, since, rows.at, a, rows.value, version)
    if int(version.min(initial=0)) < 0:
        columns = columns.take(version >= 0)
    for values in (columns.a, columns.b):
        if int(values.max(initial=0)) > SAFE or int(values.min(initial=0)) < -SAFE:
            raise TooWideError
    return _within(_counted(columns, versions, rules), start, end)


@dataclass(frozen=True)
class _Columns:
    """Neighbouring readings ``a`` at ``since`` and ``b`` at ``until``, with the version that judges them."""

    meter: Int32Array
    since: Int64Array
    until: Int64Array
    a: Int64Array
    b: Int64Array
    version: Int64Array

    def take(self, which: BoolArray) -> _Columns:
        return _Columns(*(getattr(self, one.name)[which] for one in fields(self)))


def before(rows: Rows, opening: State) -> tuple[Int64Array, Int64Array]:
    """Time and value of the reading before each of ``rows``; NONE and 0 for the first of a meter."""
    since, a = np.empty(len(rows.at), np.int64), np.empty(len(rows.at), np.int64)
    since[1:], a[1:] = rows.at[:-1], rows.value[:-1]
    places, there = opening.places_of(rows.meter[rows.starts])
    since[rows.starts], a[rows.starts] = NONE, 0
    known = rows.starts[there]
    since[known], a[known] = opening.at[places[there]], opening.value[places[there]]
    return since, a


def _versions_at(rows: Rows, versions: MeterVersions) -> Int64Array:
    """Place of the version that holds at each reading; -1 where none does."""
    first, count = versions.places(rows.meter[rows.starts])
    lengths = np.diff(rows.starts, append=len(rows.at))
    most = int(count.max(initial=0))
    if most == 1 and bool((count == 1).all()):
        begins, ends = rows.at[rows.starts], rows.at[rows.starts + lengths - 1]
        if bool(((versions.valid_from[first] < begins) & (ends <= versions.valid_to[first])).all()):
            return np.repeat(first, lengths)
    found = np.full(len(rows.at), -1)
    if not most:
        return found
    first, count = np.repeat(first, lengths), np.repeat(count, lengths)
    for place in range(most):
        one = np.minimum(first + place, len(versions) - 1)
        held = (place < count) & (versions.valid_from[one] < rows.at) & (rows.at <= versions.valid_to[one])
        found[held] = one[held]
    return found


def _counted(columns: _Columns, versions: MeterVersions, rules: Rules) -> Intervals:
    """Increments and quantities."""
    since, until, a, b, version = columns.since, columns.until, columns.a, columns.b, columns.version
    longest = versions.longest_plain[version]
    found = np.zeros(len(version), np.int8)
    counted = b - a
    first = since == NONE
    if versions.kind.any():
        kind = versions.kind[version]
        amount = kind == Kind.AMOUNT
        # An amount is of its own interval: what came before it and was never reported stays missing.
        since = np.where(amount & (first | (until - since > longest)), until - versions.interval[version], since)
        found[amount], counted[amount] = Found.AMOUNT, b[amount]
        found[kind == Kind.LEVEL] = Found.LEVEL
        first &= kind == Kind.REGISTER
    found[first] = Found.FIRST
    span = until - since
    fell = np.flatnonzero((counted < 0) & (found == Found.PLAIN))
    if len(fell):
        _judge_falls(fell, replace(columns, since=since), versions, rules, found, counted)
    known = found < Found.LEVEL
    if not known.all():
        counted[~known] = 0
    return Intervals(
        columns.meter,
        since,
        until,
        a,
        counted,
        _quantity(counted, versions.multiplier[version]),
        found,
        (span > longest) & (since != NONE),
        known & (span <= limit("longest_interval_seconds")),
        version,
    )


def _judge_falls(
    fell: Int64Array,
    columns: _Columns,
    versions: MeterVersions,
    rules: Rules,
    found: np.ndarray[tuple[int], np.dtype[np.int8]],
    counted: Int64Array,
) -> None:
    """Registers that have fallen: a rollover or a reset, one by one, since they are few. Writes into the last two."""
    for place in fell.tolist():
        version = int(columns.version[place])
        modulus, capacity = int(versions.modulus[version]), int(versions.capacity[version])
        judged = increment(
            int(columns.a[place]),
            int(columns.b[place]),
            modulus=None if modulus == NONE else modulus,
            multiplier=int(versions.multiplier[version]),
            capacity=None if capacity == NONE else capacity,
            seconds=int(columns.until[place] - columns.since[place]),
            rules=rules,
        )
        if abs(judged.increment) > SAFE:
            raise TooWideError
        found[place], counted[place] = Found[judged.how.name], judged.increment


def _quantity(counted: Int64Array, multiplier: Int64Array) -> Int64Array:
    """Increments times the multiplier (thousandths), rounded down. TooWideError where their sum may not fit."""
    if not len(counted):
        return counted
    # In floating point, whose error is small beside the distance from SAFE to the end of 64 bits; not as a product of
    # vectors, for which a library starts threads that cost more than they save.
    if (np.abs(counted) * (multiplier / THOUSANDTHS)).sum() > SAFE:
        raise TooWideError
    if int(multiplier.min()) == THOUSANDTHS == int(multiplier.max()):
        return counted
    whole, rest = np.divmod(counted, THOUSANDTHS)
    quantity: Int64Array = whole * multiplier + rest * multiplier // THOUSANDTHS
    return quantity


def _within(intervals: Intervals, start: int, end: int) -> Intervals:
    """Those that end in the day, and those that are open at its end and reach into it."""
    chosen = (intervals.until <= end) | (intervals.spread & (intervals.since < end))
    return intervals if chosen.all() else intervals.take(chosen)
