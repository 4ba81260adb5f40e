"""Flags: what validation has to say about the readings of a day, or of a batch that has just come.

A flag never drops or changes a reading. The rules, their numbers and their meaning stand in table
``reading_validation``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hengneng.readings.columns import NONE, Days, Hours, Intervals, MeterVersions
from hengneng.readings.points import starts_of
from hengneng.readings.validation.judging import Findings, in_days, in_hours, in_intervals
from hengneng.readings.validation.rules import Rules

FLAGS = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("since", pa.int64(), nullable=False),
        pa.field("until", pa.int64(), nullable=False),
        pa.field("found", pa.int64()),
        pa.field("limit", pa.int64()),
    ]
)


class DayFlags:
    """The flags of the day from ``start`` to ``end`` (seconds UTC); ``versions``: those of all meters.

    ``found`` and ``limit`` of a flag are in what column ``measured`` of table reading_validation says.
    """

    def __init__(self, start: int, end: int, rules: Rules, versions: MeterVersions) -> None:
        self.start = start
        self.end = end
        self.numbers = rules.flags
        self.versions = versions
        self._found: list[Findings] = []
        self._counted: list[NDArray[np.int32]] = []

    def look_at(self, intervals: Intervals) -> None:
        """Judge intervals that lie in the day or reach into it; those of a meter come all at once."""
        self._found += in_intervals(intervals, self.versions, self.numbers, self.end)
        counted = intervals.meter[intervals.a > 0]
        self._counted.append(counted[starts_of(counted)])

    def table(self, hours: Hours, days: Days) -> pa.Table:
        """All flags, sorted by meter, rule, since, when all intervals have been looked at."""
        held = self.versions.at(self.end)
        counted = np.concatenate([np.empty(0, np.int32), *self._counted])
        self._found += in_hours(hours, held, counted, self.numbers, self.start)
        self._found += in_days(days, held, self.numbers, self.start, self.end)
        return _table(self._found)


def of_day(intervals: Intervals, start: int, end: int) -> Intervals:
    """Those of many days that lie in the day from ``start`` to ``end`` (seconds UTC) or reach into it."""
    reaches = (intervals.until > start) & (intervals.since < end) & (intervals.spread | (intervals.until <= end))
    return intervals.take(reaches & (intervals.since != NONE))


def _table(parts: Sequence[Findings]) -> pa.Table:
    if not parts:
        return FLAGS.empty_table()
    rules = [part.rule for part in parts for _ in range(len(part.meter))]
    names = ("meter", "since", "until", "found", "limit")
    meter, *columns = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    arrays = [pa.array(meter), pa.array(rules, pa.string()), *map(pa.array, columns[:3])]
    arrays.append(pa.array(columns[3], mask=columns[3] == NONE))
    return in_order(pa.Table.from_arrays(arrays, schema=FLAGS))


def in_order(flags: pa.Table) -> pa.Table:
    """``flags``, at least one, by meter, rule, since."""
    encoded = flags["rule"].combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    place = np.array([sorted(names).index(name) for name in names], np.int8)[encoded.indices.to_numpy()]
    order = np.lexsort((flags["since"].to_numpy(), place, flags["meter"].to_numpy()))
    return flags.take(pa.array(order))


def clocks_in_doubt(behind: int, rules: Rules) -> bool:
    """Whether a newest reading ``behind`` seconds before its receipt can say anything about a clock: not late data."""
    numbers = rules.flags
    last = int(numbers.get("V23.offset", 0)) + int(numbers.get("V23.tolerance", 0))
    return behind <= last


def clock_flags(
    meter: NDArray[np.int32],
    at: NDArray[np.int64],
    received_at: int,
    intervals: Mapping[int, int],
    rules: Rules,
) -> pa.Table:
    """Flags of the clocks (V1, V23) of the meters of one live batch, from its newest reading of each meter.

    ``meter`` and ``at`` (seconds UTC) are the readings of the batch, ``received_at`` when it came (seconds UTC),
    ``intervals`` the expected seconds between readings by meter (a meter that is not there is not judged).

    A reading from the future is off by its lead. One from the past may have waited for its batch, so it is off only
    by what exceeds one interval. Exactly two hours behind is local time of Xinjiang. Further behind than that is late
    data, which are normal and say nothing about a clock. HJ 212 receivers, rule 6.
    """
    numbers = rules.flags
    warn, fail = numbers.get("V1.warn"), numbers.get("V1.fail")
    offset, tolerance = numbers.get("V23.offset"), numbers.get("V23.tolerance")
    rows: list[tuple[int, str, int, int, int | None, int | None]] = []
    for one, newest in _newest(meter, at):
        interval = intervals.get(one)
        if interval is None:
            continue
        behind = received_at - newest
        if offset is not None and tolerance is not None:
            if abs(behind - int(offset)) <= int(tolerance):
                rows.append((one, "V23", newest, newest, -behind, -int(offset)))
                continue
            if behind > int(offset):
                continue
        off = -behind if behind < 0 else max(0, behind - interval)
        over = [int(limit) for limit in (warn, fail) if limit is not None and off > int(limit)]
        if over:
            sign = 1 if behind < 0 else -1
            rows.append((one, "V1", newest, newest, sign * off, sign * max(over)))
    return pa.Table.from_pylist([dict(zip(FLAGS.names, row, strict=True)) for row in rows], schema=FLAGS)


def _newest(meter: NDArray[np.int32], at: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(meter, time of its newest reading), by meter."""
    if len(meter) == 0:
        return []
    order = np.lexsort((at, meter))
    sorted_meter = meter[order]
    last = np.append(np.flatnonzero(np.diff(sorted_meter)), len(meter) - 1)
    return list(zip(sorted_meter[last].tolist(), at[order][last].tolist(), strict=True))
