"""The roll-up of days with DuckDB, in memory, as template.sql says: one connection for the whole process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa

from hengneng.problems import Problem, RefusedError
from hengneng.readings.columns import NONE
from hengneng.readings.limits import limit, memory_limit
from hengneng.readings.points import DAY, Int32Array, Int64Array, date_of
from hengneng.readings.rollup.arrow import days_of_table, hours_of_table, intervals_of_table
from hengneng.readings.rollup.closing import ends_of
from hengneng.readings.rollup.counting import Rows, before
from hengneng.readings.rollup.days import begin_of
from hengneng.readings.rollup.dialects import DUCKDB, statement
from hengneng.readings.rollup.tables import DayInput, DayTables
from hengneng.readings.rollup.versions import Versions
from hengneng.readings.validation.flags import DayFlags, of_day
from hengneng.readings.validation.rules import Rules

NEIGHBOURS = pa.schema(
    [("meter", pa.int32()), ("since", pa.int64()), ("until", pa.int64()), ("a", pa.int64()), ("b", pa.int64())]
)


class DuckdbEngine:
    """Rolls days up. Not for two threads at once: they wait for each other."""

    _shared: duckdb.DuckDBPyConnection | None = None
    _threads = 0
    _versions: Versions | None = None
    _lock = threading.RLock()

    def __init__(self, versions: Versions, rules: Rules, flags: bool) -> None:
        self.versions = versions
        self.rules = rules
        self.flags = flags

    def roll_up(self, window: Sequence[DayInput]) -> list[DayTables]:
        """The results of days that follow each other. RefusedError M042 when a number does not fit into 64 bits."""
        start = begin_of(window[0].day)
        try:
            with self._lock:
                return self._roll_up(window, start, start + len(window) * DAY)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as problem:
            found = str(problem).splitlines()[0][:200]
            where = f"{date_of(window[0].day).isoformat()}/{date_of(window[-1].day).isoformat()}"
            raise RefusedError(Problem("M042", where, {"found": found})) from None

    def _roll_up(self, window: Sequence[DayInput], start: int, end: int) -> list[DayTables]:
        connection = self._connection()
        self._set_threads(connection, sum(len(given.readings) for given in window))
        versions = self.versions
        judging = {
            "neighbours": "neighbours",
            "capacity_numerator": versions.capacity_numerator,
            "capacity_denominator": versions.capacity_denominator,
        }
        connection.register("neighbours", neighbours_of(window))
        try:
            for part, name, words in (
                ("intervals", "intervals", judging),
                ("hours", "window_hours", {}),
                ("days", "window_days", {}),
            ):
                text = statement(part, DUCKDB, start, end, **words)
                # The old table goes first: both together would need the memory of two windows.
                connection.execute(f"DROP TABLE IF EXISTS {name}; CREATE TEMP TABLE {name} AS {text}")
        finally:
            connection.unregister("neighbours")
        hours = self._by_day("hours_of_result", "day, meter, hour", window, start, end)
        days = self._by_day("days_of_result", "day, meter", window, start, end)
        flags: list[pa.Table | None] = [None] * len(window)
        if self.flags:
            every = intervals_of_table(connection.sql("FROM intervals").to_arrow_table())
            for place in range(len(window)):
                begin = start + place * DAY
                judged = DayFlags(begin, begin + DAY, self.rules, versions.columns)
                judged.look_at(of_day(every, begin, begin + DAY))
                flags[place] = judged.table(hours_of_table(hours[place]), days_of_table(days[place]))
        return [DayTables(*tables) for tables in zip(hours, days, flags, strict=True)]

    @classmethod
    def _set_threads(cls, connection: duckdb.DuckDBPyConnection, readings: int) -> None:
        """Threads of the engine, but one for a window so small that sharing it out costs more than it saves."""
        threads = limit("threads_of_roll_up") if readings > limit("readings_of_one_thread") else 1
        if threads != cls._threads:
            connection.execute(f"SET threads = {threads}")
            cls._threads = threads

    def _by_day(self, part: str, order: str, window: Sequence[DayInput], start: int, end: int) -> list[pa.Table]:
        """The rows of a part, one table for each day of the window."""
        connection = self._connection()
        found = connection.execute(f"{statement(part, DUCKDB, start, end)} ORDER BY {order}").fetchnumpy()
        bounds = np.searchsorted(found.pop("day"), np.arange(len(window) + 1))
        names = list(found)
        columns = [_column(found[name]) for name in names]
        table = pa.Table.from_arrays(columns, names=names)
        return [table.slice(begin, upto - begin) for begin, upto in pairwise(bounds)]

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The connection of this process, with the versions of this engine in it."""
        kind = type(self)
        if kind._shared is None:
            kind._shared = duckdb.connect(":memory:")
            kind._shared.execute("SET preserve_insertion_order = false")
        connection = kind._shared
        if kind._versions is not self.versions:
            connection.execute(f"SET memory_limit = '{memory_limit() // 1000} kB'")
            connection.register("given", self.versions.table)
            connection.execute("CREATE OR REPLACE TEMP TABLE versions AS SELECT * FROM given")
            connection.unregister("given")
            kind._versions = self.versions
        return connection


def _column(values: np.ma.MaskedArray[tuple[int], np.dtype[np.int64]] | Int64Array) -> pa.Array:
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, mask=np.ma.getmaskarray(values))
    return pa.array(values)


def neighbours_of(window: Sequence[DayInput]) -> pa.Table:
    """Each reading of the days beside the one before it (null for the first of a meter), then the next readings."""
    batches = [_neighbours_of_day(given) for given in window]
    batches.append(_open_at_the_end(window[-1]))
    return pa.Table.from_batches(batches, schema=NEIGHBOURS)


def _neighbours_of_day(given: DayInput) -> pa.RecordBatch:
    readings = given.readings
    rows = Rows(readings.meter, readings.at, readings.value, readings.starts)
    since, a = before(rows, given.opening)
    return _batch(rows.meter, since, rows.at, a, rows.value)


def _open_at_the_end(given: DayInput) -> pa.RecordBatch:
    """Next readings of meters that are open at the end of the day, each beside the last reading up to then."""
    opening, following = given.opening, given.following
    last_at, value = np.full(len(following.meter), NONE), np.zeros(len(following.meter), np.int64)
    places, there = opening.places_of(following.meter)
    last_at[there], value[there] = opening.at[places[there]], opening.value[places[there]]
    ends = ends_of(given.readings)
    if len(ends.meter):
        last = np.minimum(np.searchsorted(ends.meter, following.meter), len(ends.meter) - 1)
        today = ends.meter[last] == following.meter
        last_at[today], value[today] = ends.last_at[last[today]], ends.last_value[last[today]]
    return _batch(following.meter, last_at, following.at, value, following.value)


def _batch(
    meter: Int32Array,
    since: Int64Array,
    until: Int64Array,
    a: Int64Array,
    b: Int64Array,
) -> pa.RecordBatch:
    mask = since == NONE
    columns = [pa.array(meter), pa.array(since, mask=mask), pa.array(until), pa.array(a, mask=mask), pa.array(b)]
    return pa.RecordBatch.from_arrays(columns, schema=NEIGHBOURS)
