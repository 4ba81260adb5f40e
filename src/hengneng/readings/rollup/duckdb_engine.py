"""The roll-up of a day with DuckDB, in memory: one connection for the whole process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa

from hengneng.problems import Problem, RefusedError
from hengneng.readings.limits import limit, memory_limit
from hengneng.readings.points import DAY, Int32Array, Int64Array, Points, date_of
from hengneng.readings.rollup.closing import NONE, Following, State, ends_of
from hengneng.readings.rollup.days import begin_of
from hengneng.readings.rollup.dialects import DUCKDB, statement
from hengneng.readings.rollup.versions import Versions
from hengneng.readings.validation.rules import Rules

NEIGHBOURS = pa.schema(
    [("meter", pa.int32()), ("since", pa.int64()), ("until", pa.int64()), ("a", pa.int64()), ("b", pa.int64())]
)
FlagsOfDay = Callable[[duckdb.DuckDBPyConnection, int, int, Rules], pa.Table]


@dataclass(frozen=True)
class DayInput:
    """What the results of a day follow from: state before it, its readings, next readings of meters open at its end."""

    day: int
    opening: State
    readings: Points
    following: Following


@dataclass(frozen=True)
class DayTables:
    """Results of a day: hours and days as they are written, flags when they were asked for."""

    hours: pa.Table
    days: pa.Table
    flags: pa.Table | None


# What the flags of a day look at (see __init__.py): the day of the window that the variables name.
VIEWS = (
    """CREATE OR REPLACE TEMP VIEW pairs AS
    SELECT
      i.meter, i.since, i.until, i.a, i.b, i.increment, i.quantity, i.how, i.estimated, i.spread,
      v.expected_interval, v.capacity, v.modulus, v.calibrated_until, v.parent
    FROM intervals i JOIN versions v ON i.version = v.version
    WHERE i.how < 5 AND i.until > getvariable('day_start') AND i.since < getvariable('day_end')
      AND (i.spread OR i.until <= getvariable('day_end'))""",
    """CREATE OR REPLACE TEMP VIEW hours AS
    SELECT
      meter, CAST(hour - getvariable('first_hour') AS TINYINT) AS hour,
      quantity, covered, estimated, estimated_seconds, readings
    FROM window_hours
    WHERE hour >= getvariable('first_hour') AND hour < getvariable('first_hour') + 24""",
    """CREATE OR REPLACE TEMP VIEW days AS
    SELECT meter, quantity, covered, estimated, estimated_seconds, readings, expected
    FROM window_days
    WHERE day = getvariable('first_hour') // 24""",
)


class DuckdbEngine:
    """Rolls days up. Not for two threads at once: they wait for each other."""

    _shared: duckdb.DuckDBPyConnection | None = None
    _threads = 0
    _versions: Versions | None = None
    _lock = threading.RLock()

    def __init__(self, versions: Versions, rules: Rules, flags_of_day: FlagsOfDay | None) -> None:
        self.versions = versions
        self.rules = rules
        self.flags_of_day = flags_of_day

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
        flags = [self._flags(connection, start, place) for place in range(len(window))]
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

    def flags(self, day: int, intervals: pa.Table, hours: pa.Table, days: pa.Table) -> pa.Table | None:
        """The flags of a day whose tables another engine has made: as in the window of this day alone."""
        with self._lock:
            connection = self._connection()
            for name, table in (("intervals", intervals), ("window_hours", hours), ("window_days", days)):
                connection.register("given", table)
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
                connection.unregister("given")
            return self._flags(connection, begin_of(day), 0)

    def _flags(self, connection: duckdb.DuckDBPyConnection, start: int, place: int) -> pa.Table | None:
        if self.flags_of_day is None:
            return None
        begin, end = start + place * DAY, start + (place + 1) * DAY
        connection.execute(
            f"SET VARIABLE day_start = {begin}; SET VARIABLE day_end = {end}; SET VARIABLE first_hour = {place * 24}"
        )
        return self.flags_of_day(connection, begin, end, self.rules)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The connection of this process, with the versions of this engine in it."""
        kind = type(self)
        if kind._shared is None:
            kind._shared = duckdb.connect(":memory:")
            kind._shared.execute("SET preserve_insertion_order = false")
        connection = kind._shared
        if kind._versions is not self.versions:
            connection.execute(f"SET memory_limit = '{memory_limit() // 1000} kB'")
            for name, table in (("versions", self.versions.table), ("meters", self.versions.meters)):
                connection.register("given", table)
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
                connection.unregister("given")
            self._make_views(connection)
            kind._versions = self.versions
        return connection

    @staticmethod
    def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
        """The views that flags look at; the tables under them must be there."""
        connection.register("neighbours", NEIGHBOURS.empty_table())
        words = {"neighbours": "neighbours", "capacity_numerator": 1, "capacity_denominator": 1}
        for part, name in (("intervals", "intervals"), ("hours", "window_hours"), ("days", "window_days")):
            text = statement(part, DUCKDB, 0, DAY, **(words if part == "intervals" else {}))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}")
        connection.unregister("neighbours")
        for name in ("day_start", "day_end", "first_hour"):
            connection.execute(f"SET VARIABLE {name} = CAST(0 AS BIGINT)")
        for view in VIEWS:
            connection.execute(view)


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
    readings, opening = given.readings, given.opening
    ends = ends_of(readings)
    since, a = np.empty(len(readings), np.int64), np.empty(len(readings), np.int64)
    since[1:], a[1:] = readings.at[:-1], readings.value[:-1]
    places, there = opening.places_of(ends.meter)
    since[ends.starts], a[ends.starts] = NONE, 0
    known = ends.starts[there]
    since[known], a[known] = opening.at[places[there]], opening.value[places[there]]
    return _batch(readings.meter, since, readings.at, a, readings.value, bool((~there).any()))


def _open_at_the_end(given: DayInput) -> pa.RecordBatch:
    """Next readings of meters that are open at the end of the day, each beside the last reading up to then."""
    opening, following = given.opening, given.following
    before, value = np.full(len(following.meter), NONE), np.zeros(len(following.meter), np.int64)
    places, there = opening.places_of(following.meter)
    before[there], value[there] = opening.at[places[there]], opening.value[places[there]]
    ends = ends_of(given.readings)
    if len(ends.meter):
        last = np.minimum(np.searchsorted(ends.meter, following.meter), len(ends.meter) - 1)
        today = ends.meter[last] == following.meter
        before[today], value[today] = ends.last_at[last[today]], ends.last_value[last[today]]
    return _batch(following.meter, before, following.at, value, following.value, True)


def _batch(
    meter: Int32Array,
    since: Int64Array,
    until: Int64Array,
    a: Int64Array,
    b: Int64Array,
    firsts: bool,
) -> pa.RecordBatch:
    mask = since == NONE if firsts else None
    columns = [pa.array(meter), pa.array(since, mask=mask), pa.array(until), pa.array(a, mask=mask), pa.array(b)]
    return pa.RecordBatch.from_arrays(columns, schema=NEIGHBOURS)
