"""Which days are to be rolled up, and what each needs from its neighbours.

A day's results follow from its readings, the closing state of the day before, and, for meters that are still open at
its end, their next reading. So a day is due when it has readings that its results have not seen, when the closing
state that it began with is another now, or when a reading after it reaches back into it over midnight. Nothing else
is due: a late reading costs its own days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from hengneng.readings.columns import NONE
from hengneng.readings.limits import limit
from hengneng.readings.points import DAY, Int32Array, Int64Array, Points, day_number
from hengneng.readings.rollup.closing import EMPTY_DIGEST, NO_FOLLOWING, Following, State, advanced, ends_of
from hengneng.readings.rollup.versions import Versions


@dataclass(frozen=True)
class Made:
    """What is kept about the results of a day: the newest change that they have seen, and digests of the states."""

    seen: int
    opening: str
    closing: str


class Source(Protocol):
    """What a plan is made from: readings and results as one snapshot has them. Days are numbers (1970-01-01 is 0)."""

    def newest(self) -> Mapping[int, int]:
        """Day -> number of its newest change, for all days that have readings."""

    def made(self) -> Mapping[int, Made]:
        """Day -> what is known of its results, for all days that have some."""

    def readings(self, day: int, keep: bool = False) -> Points:
        """The current readings of a day, sorted by meter and time; with ``keep`` they will be asked for again."""

    def closing(self, day: int) -> State:
        """The closing state that was published for ``day``."""


@dataclass(frozen=True)
class Open:
    """Meters that are open from the end of day ``first`` to the end of day ``last``, with their next reading."""

    meter: Int32Array
    first: Int64Array
    last: Int64Array
    at: Int64Array
    value: Int64Array


@dataclass
class Reaching:
    """Next readings of meters that are open at the end of days: for each of ``first`` to ``last`` day the same one."""

    rows: list[tuple[int, int, Open]] = field(default_factory=list)

    def add(self, rows: Open) -> None:
        """Add rows; for the same meter and day the row that was added last is right."""
        if len(rows.meter):
            self.rows.append((int(rows.first.min()), int(rows.last.max()), rows))

    def of(self, day: int) -> Following:
        """Meters that are open at the end of ``day``, with their next reading, sorted by meter."""
        found: list[Following] = []
        for least, most, rows in self.rows:
            if least <= day <= most:
                here = (rows.first <= day) & (day <= rows.last)
                found.append(Following(rows.meter[here], rows.at[here], rows.value[here]))
        return latest(found)


def latest(parts: list[Following]) -> Following:
    """Rows of all parts by meter; where a meter has several, that of the last part."""
    if not parts:
        return NO_FOLLOWING
    parts = parts[::-1]
    numbers, places = np.unique(np.concatenate([part.meter for part in parts]), return_index=True)
    at, value = np.concatenate([part.at for part in parts]), np.concatenate([part.value for part in parts])
    return Following(numbers, at[places], value[places])


@dataclass(frozen=True)
class Plan:
    """``steps``: days in order, and whether each is computed or only passed through for its closing state.

    ``reaching``: next readings. ``walked``: days whose next readings stand there wholly; for the others those of the
    published closing state hold where ``reaching`` has none. ``starts``: walked days that begin with a published state;
    the other walked days begin with that of the day before them.
    """

    steps: tuple[tuple[int, bool], ...]
    reaching: Reaching
    walked: frozenset[int]
    starts: frozenset[int]

    @property
    def due(self) -> tuple[int, ...]:
        """The days that are computed."""
        return tuple(day for day, computed in self.steps if computed)


def calendar(newest: Mapping[int, int], made: Mapping[int, Made]) -> list[int]:
    """Days that have or should have results: those with readings or results, and the silent ones between them.

    A silence of all meters that is longer than any interval that is spread has no results.
    """
    known = sorted(set(newest) | set(made))
    longest = limit("longest_interval_seconds") // DAY + 1
    days: list[int] = []
    for day in known:
        if days and 1 < day - days[-1] <= longest:
            days.extend(range(days[-1] + 1, day))
        days.append(day)
    return days


class Planner:
    """Makes the plan of one run. ``wanted``: days (numbers) to be computed, or none for all that are due.

    With ``again``, the wanted days are computed even if they are not due.
    """

    def __init__(self, source: Source, versions: Versions, wanted: range | None = None, again: bool = False) -> None:
        self.source = source
        self.versions = versions
        self.wanted = wanted
        self.again = again
        self.newest = source.newest()
        self.made = source.made()
        self.days = calendar(self.newest, self.made)
        self.reaching = Reaching()
        self.walked: set[int] = set()
        self.starts: set[int] = set()
        self.back: set[int] = set()

    def plan(self, passed: Callable[[int], None] | None = None) -> Plan:
        """The plan. ``passed`` is called after each day that was looked at, with how many were; it may raise."""
        place = 0
        before = EMPTY_DIGEST
        while place < len(self.days):
            day = self.days[place]
            if self._due(day, before):
                place = self._walk(place, passed)
                before = self.made[self.days[place - 1]].closing if place < len(self.days) else before
            else:
                before = self.made[day].closing
                place += 1
        due = {day for day in self.walked if self._chosen(day)} | self.back
        steps = sorted(due | {day for day in self.walked if day < max(due)}) if due else []
        return Plan(
            tuple((day, day in due) for day in steps), self.reaching, frozenset(self.walked), frozenset(self.starts)
        )

    def _chosen(self, day: int) -> bool:
        return self.wanted is None or day in self.wanted

    def _due(self, day: int, opening: str) -> bool:
        made = self.made.get(day)
        if made is None or self.newest.get(day, 0) > made.seen or made.opening != opening:
            return True
        return self.again and self._chosen(day)

    def _walk(self, place: int, passed: Callable[[int], None] | None) -> int:
        """Follow the states from the due day at ``place`` until nothing changes; the place of the next day."""
        self.starts.add(self.days[place])
        state = opening_of(self.days[place], self.made, self.source)
        digest = state.digest
        while place < len(self.days):
            day = self.days[place]
            before = self.days[place - 1] if place else None
            if before in self.walked and not self._due(day, digest):
                published = self.made.get(before) if before is not None else None
                if published is not None and published.closing == digest:
                    self._resume(before)
                    return place
            state = self._pass(day, state)
            digest = state.digest
            self.walked.add(day)
            place += 1
            if passed:
                passed(len(self.walked))
        return place

    def _pass(self, day: int, state: State) -> State:
        if day not in self.newest:
            return state
        ends = ends_of(self.source.readings(day, keep=True))
        places, there = state.places_of(ends.meter)
        since = np.full(len(ends.meter), NONE)
        since[there] = state.at[places[there]]
        new = np.flatnonzero(~there)
        if len(new):
            first = self.versions.first_intervals(ends.meter[new], ends.first_at[new])
            since[new[first > 0]] = (ends.first_at[new] - first)[first > 0]
        begins = begin_of(day)
        longest = limit("longest_interval_seconds")
        back = np.flatnonzero((since != NONE) & (since < begins) & (ends.first_at - since <= longest))
        if len(back):
            self._reach_back(day, state, ends.meter[back], since[back], ends.first_at[back], ends.first_value[back])
        return advanced(state, ends)

    def _reach_back(
        self, day: int, state: State, meter: Int32Array, since: Int64Array, at: Int64Array, value: Int64Array
    ) -> None:
        """The first readings of ``day`` end intervals that began before it: the days in between need them."""
        first = day_number(since + 1)
        self.reaching.add(Open(meter, first, np.full(len(meter), day - 1), at, value))
        if not self._chosen(day):
            return
        places, there = state.places_of(meter)
        known = there.copy()
        known[there] = (state.next_at[places[there]] == at[there]) & (state.next_value[places[there]] == value[there])
        # Intervals of walked days are new in any case; what matters are the days before, which have results already.
        for begin in np.unique(first[~known]):
            earlier = range(int(begin), day)
            self.back.update(one for one in earlier if one not in self.walked)

    def _resume(self, day: int) -> None:
        """After a walk: meters that are silent at the end of ``day`` have the next reading that was published."""
        state = self.source.closing(day)
        open_ = np.flatnonzero(state.next_at != NONE)
        at = state.next_at[open_]
        first, last = day_number(state.at[open_] + 1), day_number(at) - 1
        self.reaching.add(Open(state.meter[open_], first, last, at, state.next_value[open_]))


def begin_of(day: int) -> int:
    """Seconds since 1970 UTC at which the local day ``day`` (a number) begins."""
    return day * DAY - limit("local_day_offset_seconds")


def opening_of(day: int, made: Mapping[int, Made], source: Source) -> State:
    """The published closing state of the last day before ``day`` that has one."""
    before = max((one for one in made if one < day), default=None)
    return State.empty() if before is None else source.closing(before)


def next_readings(day: int, plan: Plan, made: Mapping[int, Made], source: Source) -> Following:
    """Next readings of the meters that are open at the end of ``day``."""
    found = plan.reaching.of(day)
    if day in plan.walked or day not in made:
        return found
    state = source.closing(day)
    known = np.flatnonzero(state.next_at != NONE)
    published = Following(state.meter[known], state.next_at[known], state.next_value[known])
    return latest([published, found])
