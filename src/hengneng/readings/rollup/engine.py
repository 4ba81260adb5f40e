"""Readings rolled up to hours and days: what is due, in order of days, published in pieces that are whole."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import pyarrow as pa

from hengneng.problems import Problem, RefusedError
from hengneng.readings.files import ResultFile
from hengneng.readings.limits import limit
from hengneng.readings.points import Points, date_of, number_of
from hengneng.readings.rollup.clocks import clock_flags_of_day
from hengneng.readings.rollup.closing import State, advanced, ends_of
from hengneng.readings.rollup.days import Plan, Planner, next_readings, opening_of
from hengneng.readings.rollup.duckdb_engine import DuckdbEngine
from hengneng.readings.rollup.numpy_engine import NumpyEngine
from hengneng.readings.rollup.results import DAYS, FLAGS, HOURS, STATE, edition_text, write_result
from hengneng.readings.rollup.snapshot import Snapshot
from hengneng.readings.rollup.tables import DayInput
from hengneng.readings.rollup.versions import Versions, versions_of
from hengneng.readings.store import Store
from hengneng.readings.validation.flags import in_order
from hengneng.readings.validation.rules import Rules

ENGINE_VARIABLE = "HENGNENG_READINGS_ENGINE"
LOCK = "rollup"
NUMPY, DUCKDB = "numpy", "duckdb"
Progress = Callable[[int, int], None]
Kinds = list[tuple[str, pa.Table]]  # what a file is about, and its rows


@dataclass(frozen=True)
class DayResult:
    """A day that was rolled up: the rows of its ``days`` file, and its files by kind (hours, days, state, flags)."""

    day: date
    days: pa.Table
    files: tuple[ResultFile, ...]
    readings: int


@dataclass
class RolledUp:
    """What a run has done: the days whose results it has published, and how many current readings they have.

    ``stopped``: it was asked to stop, and the days that are left are still due.
    """

    days: list[date] = field(default_factory=list)
    readings: int = 0
    stopped: bool = False


class Engine(Protocol):
    """What computes the due days of a plan, in order."""

    def made(self, run: Run) -> Iterator[DayResult]:
        """The days of ``run.plan``, one after the other; their files are written and not yet published."""


@dataclass(frozen=True)
class Run:
    """One run: the store, its snapshot, versions of meters, rules, the plan, and whether flags are wanted."""

    store: Store
    source: Snapshot
    versions: Versions
    rules: Rules
    plan: Plan
    flags: bool


class _Stopped(Exception):
    pass


def days_between(first: date, last: date) -> range:
    """The days from ``first`` to ``last``, both included, as :func:`roll_up` takes them."""
    return range(number_of(first), number_of(last) + 1)


def roll_up(
    store: Store,
    meters: pa.Table,
    rules: Rules,
    *,
    days: range | None = None,
    recompute: bool = False,
    engine: str | None = None,
    flags: bool = True,
    on_day: Callable[[DayResult], None] = lambda _: None,
    progress: Progress = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
    wait: float = 0,
) -> RolledUp:
    """Roll up the days that are due: those with new readings, and those that these reach into.

    ``meters``: versions of meters (versions.SCHEMA); readings of a meter without a version are kept in the closing
    states and counted nowhere. ``days`` (see :func:`days_between`): only due days among these, and earlier ones that
    their readings reach back into; with ``recompute`` all of them. ``engine``: "numpy", "duckdb",
    "spark://HOST:PORT" or "sc://HOST:PORT"; none means the setting ``HENGNENG_READINGS_ENGINE``, else NumPy.

    ``on_day`` is called for each day in order, before its results can be seen by others, and again for the same day if
    the run dies before they can. ``progress(days done, days in all)``; with ``stop`` the run ends between two days,
    and the next one goes on.

    RefusedError M005 (disk full), M040 and M041 (meters), M042 (a number does not fit), M043 (another roll-up has been
    working for ``wait`` seconds), M044 (engine).
    """
    with store.locked(LOCK, wait) as mine:
        if not mine:
            raise RefusedError(Problem("M043", str(store.folder)))
        return _roll_up(store, meters, rules, days, recompute, engine, flags, on_day, progress, stop)


def _roll_up(
    store: Store,
    meters: pa.Table,
    rules: Rules,
    days: range | None,
    recompute: bool,
    engine: str | None,
    flags: bool,
    on_day: Callable[[DayResult], None],
    progress: Progress,
    stop: Callable[[], bool],
) -> RolledUp:
    done = RolledUp()
    versions = _versions(meters, rules)
    source = Snapshot(store)

    def passed(_: int) -> None:
        if stop():
            raise _Stopped

    try:
        plan = Planner(source, versions, days, recompute).plan(passed)
    except _Stopped:
        done.stopped = True
        return done
    run = Run(store, source, versions, rules, plan, flags)
    total = len(plan.due)
    waiting: list[DayResult] = []
    progress(0, total)
    chosen = engine_of(engine)
    for result in chosen.made(run) if total else ():
        on_day(result)
        waiting.append(result)
        if len(waiting) >= limit("days_in_publication"):
            _publish(store, waiting, done)
        progress(len(done.days) + len(waiting), total)
        if len(done.days) + len(waiting) < total and stop():
            done.stopped = True
            break
    _publish(store, waiting, done)
    return done


def _publish(store: Store, waiting: list[DayResult], done: RolledUp) -> None:
    if waiting:
        store.publish_results([file for result in waiting for file in result.files], [result.day for result in waiting])
        done.days.extend(result.day for result in waiting)
        done.readings += sum(result.readings for result in waiting)
        waiting.clear()


class _Last:
    """The versions of the last run: the register of meters seldom changes between two runs of a process."""

    meters: pa.Table | None = None
    rules: Rules | None = None
    versions: Versions | None = None


def _versions(meters: pa.Table, rules: Rules) -> Versions:
    if _Last.versions is None or _Last.meters is None or rules != _Last.rules or not meters.equals(_Last.meters):
        _Last.meters, _Last.rules, _Last.versions = meters, rules, versions_of(meters, rules)
    return _Last.versions


def engine_of(name: str | None) -> Engine:
    """The engine of that name, or of the setting. RefusedError M044 when there is none such."""
    name = name or os.environ.get(ENGINE_VARIABLE, "").strip() or NUMPY
    if name in (NUMPY, DUCKDB):
        return OneMachine(name)
    if name.startswith(("spark://", "sc://", "local[")):
        try:
            from hengneng.readings.rollup.spark_engine import Cluster
        except ImportError as problem:
            raise RefusedError(Problem("M044", ENGINE_VARIABLE, {"found": name, "why": str(problem)})) from None
        return Cluster(name)
    raise RefusedError(Problem("M044", ENGINE_VARIABLE, {"found": name, "why": "numpy, duckdb, spark://…, sc://…"}))


class OneMachine:
    """Day by day in this process, with the closing state carried from each to the next."""

    def __init__(self, name: str) -> None:
        self.name = name

    def made(self, run: Run) -> Iterator[DayResult]:
        """The days of the plan."""
        given_days = inputs(run.plan, run.source)
        engine: NumpyEngine | DuckdbEngine = NumpyEngine(run.versions, run.rules, run.flags)
        chosen: Iterator[list[DayInput]] = ([given] for given in given_days)
        if self.name == DUCKDB:
            engine, chosen = DuckdbEngine(run.versions, run.rules, run.flags), windows(given_days)
        waiting: deque[Future[DayResult]] = deque()
        with ThreadPoolExecutor(1) as writer:  # files are written while the next days are computed
            for window in chosen:
                for given, tables in zip(window, engine.roll_up(window), strict=True):
                    closing = advanced(given.opening, ends_of(given.readings)).following(given.following)
                    kinds = [(HOURS, tables.hours), (DAYS, tables.days)]
                    if tables.flags is not None:
                        kinds.append((FLAGS, tables.flags))
                    day, opening, count = given.day, given.opening, len(given.readings)
                    waiting.append(writer.submit(written, run, day, opening, closing, kinds, count, self.name))
                    del given, tables
                keep = len(window)
                window.clear()  # the next days are read now: these are no longer needed
                while len(waiting) > keep:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def windows(days: Iterable[DayInput]) -> Iterator[list[DayInput]]:
    """Days that follow each other, as many as are rolled up in one piece; a large day is alone."""
    window: list[DayInput] = []
    readings, most = 0, limit("readings_in_window")
    for given in days:
        follows = window and given.day == window[-1].day + 1 and len(window) < limit("days_in_publication")
        if window and not (follows and readings + len(given.readings) <= most):
            yield window
            window, readings = [], 0
        window.append(given)
        readings += len(given.readings)
        del given  # while the next day is read, nobody holds a day that is done
        if readings > most:
            yield window
            window, readings = [], 0
    if window:
        yield window


def inputs(plan: Plan, source: Snapshot) -> Iterator[DayInput]:
    """What each due day of the plan is made from."""
    made, newest = source.made(), source.newest()
    carried = State.empty()
    for day, computed in plan.steps:
        carries = day in plan.walked and day not in plan.starts
        opening = carried if carries else opening_of(day, made, source)
        readings = source.readings(day) if day in newest else Points.empty()
        if computed:
            yield DayInput(day, opening, readings, next_readings(day, plan, made, source))
        if day in plan.walked:
            carried = advanced(opening, ends_of(readings))
        del readings  # two days at once would need twice the memory


def written(run: Run, day: int, opening: State, closing: State, tables: Kinds, readings: int, engine: str) -> DayResult:
    """Write the tables of a day to files of their own, with the closing state. ``readings``: how many the day has."""
    seen = run.source.newest().get(day, 0)
    edition = edition_text(opening.digest, closing.digest, run.rules.edition, engine)
    every = {**dict(tables), STATE: closing.to_table()}
    if FLAGS in every:
        clocks = clock_flags_of_day(run.store, run.source, day, run.versions, run.rules)
        if clocks.num_rows:
            every[FLAGS] = in_order(pa.concat_tables([every[FLAGS], clocks]))
    files = tuple(write_result(run.store, day, kind, table, seen, edition) for kind, table in every.items())
    return DayResult(date_of(day), every[DAYS], files, readings)
