"""Intervals added up to the hours and the day of each meter: parts ``hours`` and ``days`` of template.sql."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hengneng.readings.columns import NONE, Days, Hours, Int8Array, Intervals, MeterVersions
from hengneng.readings.points import DAY, BoolArray, Int32Array, Int64Array, starts_of

HOUR = 3600
HOURS = DAY // HOUR


@dataclass(frozen=True)
class _Grid:
    """Sums of each meter (row) and hour of the day (column)."""

    quantity: Int64Array
    covered: Int64Array
    estimated: Int64Array
    estimated_seconds: Int64Array

    @classmethod
    def of(cls, meters: int) -> _Grid:
        return cls(*(np.zeros(meters * HOURS, np.int64) for _ in range(4)))

    def add(self, cell: Int64Array, quantity: Int64Array, covered: Int64Array, estimated: BoolArray) -> None:
        """Add parts, in any order, to their cells."""
        np.add.at(self.quantity, cell, quantity)
        np.add.at(self.covered, cell, covered)
        self.add_estimated(cell, quantity, covered, estimated)

    def add_estimated(self, cell: Int64Array, quantity: Int64Array, covered: Int64Array, estimated: BoolArray) -> None:
        """Of these parts, what is estimated."""
        if estimated.any():
            np.add.at(self.estimated, cell[estimated], quantity[estimated])
            np.add.at(self.estimated_seconds, cell[estimated], covered[estimated])


def added_up(intervals: Intervals, versions: MeterVersions, start: int, end: int) -> tuple[Hours, Days]:
    """The hours and days from the intervals of the day from ``start`` to ``end`` (seconds UTC).

    Most intervals lie in one hour and are taken as they are. The quantity of another one up to a time is quantity x
    time / length, rounded toward zero, and an hour has the difference of two such: the hours add up to the interval.
    """
    starts = starts_of(intervals.meter)
    meters = intervals.meter[starts]
    lengths = np.diff(starts, append=len(intervals))
    row = np.repeat(np.arange(len(meters)) * HOURS, lengths)
    last = (intervals.until - (start + 1)) // HOUR
    spread = intervals.spread
    whole = spread & ((intervals.since - start) // HOUR == last)
    grid = _Grid.of(len(meters))
    _add_whole(grid, row + last, intervals, whole)
    cut = np.flatnonzero(spread & ~whole)
    if len(cut):
        _add_cut(grid, row[cut], intervals.take(cut), start, end)
    ended = np.zeros(len(starts), np.int32)
    if len(starts):
        np.add.reduceat(intervals.until <= end, starts, out=ended)
    return _hours(meters, grid), _days(meters, grid, ended, expected(meters, versions, start, end))


def _add_whole(grid: _Grid, cell: Int64Array, intervals: Intervals, whole: BoolArray) -> None:
    """Intervals that lie in one hour: those of a cell follow each other."""
    quantity, covered, estimated = intervals.quantity, intervals.until - intervals.since, intervals.estimated
    if not whole.all():
        cell, quantity, covered, estimated = cell[whole], quantity[whole], covered[whole], estimated[whole]
    if not len(cell):
        return
    if bool((cell[1:] < cell[:-1]).any()):  # amounts that overlap
        grid.add(cell, quantity, covered, estimated)
        return
    first = starts_of(cell)
    grid.quantity[cell[first]] = np.add.reduceat(quantity, first)
    grid.covered[cell[first]] = np.add.reduceat(covered, first)
    grid.add_estimated(cell, quantity, covered, estimated)


def _add_cut(grid: _Grid, row: Int64Array, intervals: Intervals, start: int, end: int) -> None:
    """Intervals over the end of an hour, cut there; only what lies in the day."""
    since, until = intervals.since, intervals.until
    first = (np.maximum(since, start) - start) // HOUR
    count = (np.minimum(until, end) - 1 - start) // HOUR - first + 1
    place = np.repeat(np.arange(len(row)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    hour = first[place] + within
    since, quantity, seconds = since[place], intervals.quantity[place], (until - since)[place]
    begins = np.maximum(start + hour * HOUR, since)
    ends = np.minimum(start + (hour + 1) * HOUR, until[place])
    share, rest = np.divmod(np.abs(quantity), seconds)
    upto = share * (ends - since) + rest * (ends - since) // seconds
    before = share * (begins - since) + rest * (begins - since) // seconds
    part = np.where(quantity < 0, before - upto, upto - before)
    grid.add(row[place] + hour, part, ends - begins, intervals.estimated[place])


def _hours(meters: Int32Array, grid: _Grid) -> Hours:
    cell = np.flatnonzero(grid.covered)
    hour: Int8Array = (cell % HOURS).astype(np.int8)
    return Hours(
        meters[cell // HOURS],
        hour,
        grid.quantity[cell],
        grid.covered[cell].astype(np.int32),
        grid.estimated[cell],
        grid.estimated_seconds[cell].astype(np.int32),
    )


def _days(meters: Int32Array, grid: _Grid, ended: Int32Array, due: Int64Array) -> Days:
    def of_day(cells: Int64Array) -> Int64Array:
        sums: Int64Array = cells.reshape(-1, HOURS).sum(axis=1)
        return sums

    return Days(
        meters,
        of_day(grid.quantity),
        of_day(grid.covered).astype(np.int32),
        of_day(grid.estimated),
        of_day(grid.estimated_seconds).astype(np.int32),
        ended,
        due,
    )


def expected(meters: Int32Array, versions: MeterVersions, start: int, end: int) -> Int64Array:
    """How many readings the versions of each of ``meters`` that hold in the day ask for; NONE where none says so."""
    found = np.full(len(meters), NONE)
    first, count = versions.places(meters)
    for number in range(int(count.max(initial=0))):
        here = np.flatnonzero(number < count)
        one = first[here] + number
        seconds = np.minimum(versions.valid_to[one], end) - np.maximum(versions.valid_from[one], start)
        known = (seconds > 0) & (versions.interval[one] != NONE)
        here, due = here[known], seconds[known] // versions.interval[one[known]]
        found[here] = np.where(found[here] == NONE, due, found[here] + due)
    return found
