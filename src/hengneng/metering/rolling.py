"""Readings to energy in one go: the roll-up of what is due, then the energy of the days that have changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import Max

from hengneng.acts.models import Act
from hengneng.metering.adding import Register
from hengneng.metering.energy import Refreshed, Work, refresh_energy
from hengneng.metering.engine import engine_meters, whole_register
from hengneng.metering.models import Meter, MeterVersion
from hengneng.metering.register import REGISTER
from hengneng.readings.points import date_of, day_number
from hengneng.readings.rollup.engine import RolledUp, days_between, roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on

REGISTER_FILE = "register.parquet"
Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Rolled:
    """What was done. ``since``: from which day on everything was rolled up again, because the register has changed."""

    rolled_up: RolledUp
    energy: Refreshed
    since: dt.date | None

    @property
    def stopped(self) -> bool:
        """Whether something is left, because somebody has stopped it."""
        return self.rolled_up.stopped or self.energy.stopped


def spare_memory() -> None:
    """For commands, before their work: columns are taken from the system and given back to it at once.

    The allocator that comes with Arrow keeps what it has once had: some 30 MB more at the peak of a roll-up.
    """
    pa.set_memory_pool(pa.system_memory_pool())


class Roller:
    """Rolls up again and again in one process, with the register read anew only when it has changed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._stamp: tuple[object, ...] | None = None
        self._meters: pa.Table | None = None
        self._work: Work | None = None
        self._settled = False  # whether everything has been rolled up and added up with this register

    def _current(self) -> tuple[pa.Table, Work]:
        acts = Act.objects.filter(kind=REGISTER).order_by("-sequence").values_list("identifier", flat=True)
        newest = MeterVersion.objects.aggregate(Max("pk"))["pk__max"]
        stamp = (acts.first(), newest, Meter.objects.count())
        if self._meters is None or self._work is None or stamp != self._stamp:
            self._stamp, self._settled = stamp, False
            held = whole_register()
            self._meters, self._work = engine_meters(held), Work(self.store, Register(held=held))
        return self._meters, self._work

    def run(
        self,
        *,
        since: dt.date | None = None,
        until: dt.date | None = None,
        recompute: bool = False,
        engine: str | None = None,
        on_rolled: Progress = lambda *_: None,
        on_energy: Progress = lambda *_: None,
        stop: Stop = lambda: False,
    ) -> Rolled:
        """See :func:`roll_up_readings`."""
        meters, work = self._current()
        days = sorted(self.store.days_of_points())
        if not days:
            return Rolled(RolledUp(), refresh_energy(self.store, stop=stop, work=work), None)
        first, last = since or days[0], until or days[-1]
        call = partial(roll_up, self.store, meters, rules_on(days[-1]), engine=engine, progress=on_rolled, stop=stop)
        changed = None if recompute or self._settled else _changed_since(self.store, meters, days[0])
        done = RolledUp()
        if changed is not None and changed <= last:
            done = call(days=days_between(max(changed, first), last), recompute=True)
        if not done.stopped:
            asked = days_between(first, last) if (since or until or recompute) else None
            more = call(days=asked, recompute=recompute)
            done = RolledUp([*done.days, *more.days], done.readings + more.readings, more.stopped)
        if self._settled and done.days:
            energy = refresh_energy(
                self.store, min(done.days), max(done.days), progress=on_energy, stop=stop, work=work
            )
        elif self._settled:
            energy = Refreshed()
        else:
            energy = refresh_energy(self.store, progress=on_energy, stop=stop, work=work)
        everything = (changed is None or changed >= first) and last >= days[-1]
        if everything and not (done.stopped or energy.stopped) and not self._settled:
            _keep(self.store, meters)
            self._settled = True
        return Rolled(done, energy, changed)


def roll_up_readings(
    store: Store,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    recompute: bool = False,
    engine: str | None = None,
    on_rolled: Progress = lambda *_: None,
    on_energy: Progress = lambda *_: None,
    stop: Stop = lambda: False,
) -> Rolled:
    """Roll up what is due (``since`` to ``until``; ``recompute``: all of it) and add the energy up.

    What a change of the register touches is due as well: the days from the first moment at which a meter that has
    readings is another than in the last roll-up. RefusedError as in :func:`hengneng.readings.rollup.engine.roll_up`.
    Whoever does this again and again keeps a :class:`Roller`.
    """
    return Roller(store).run(
        since=since,
        until=until,
        recompute=recompute,
        engine=engine,
        on_rolled=on_rolled,
        on_energy=on_energy,
        stop=stop,
    )


def _keep(store: Store, meters: pa.Table) -> None:
    """Note the register with which everything was rolled up."""
    file = store.folder / REGISTER_FILE
    partial = file.with_suffix(".partial")
    pq.write_table(meters, partial)
    partial.replace(file)


def _changed_since(store: Store, meters: pa.Table, first: dt.date) -> dt.date | None:
    """The first local day on which a meter with readings is another than in the last roll-up; None: there is none."""
    file = store.folder / REGISTER_FILE
    if not file.exists():
        return None
    before = pq.read_table(file)
    if before.equals(meters):
        return None
    old, new = _rows(before), _rows(meters)
    seen = _with_readings(store)
    moments = [
        moment
        for meter in (set(old) | set(new)) & seen
        if (moment := _first_difference(old.get(meter, []), new.get(meter, []))) is not None
    ]
    if not moments:
        return None
    earliest = pa.scalar(min(moments)).as_py()
    if earliest < 0:
        return first
    return max(first, date_of(int(day_number(pa.array([earliest + 1]).to_numpy())[0])))


# From, until, and what holds of a meter between them.
Held = tuple[Any, ...]


def _rows(meters: pa.Table) -> dict[int, list[Held]]:
    found: dict[int, list[Held]] = {}
    names = ["valid_from", "valid_to", *(name for name in meters.column_names if not name.startswith("valid_"))]
    for row in meters.select(names).to_pylist():
        found.setdefault(row["meter"], []).append(tuple(row.values()))
    return found


def _first_difference(old: list[Held], new: list[Held]) -> int | None:
    """The first second at which what holds is another."""
    edges: set[int] = {edge for row in (*old, *new) for edge in row[:2]}
    return next((edge for edge in sorted(edges) if _held(old, edge) != _held(new, edge)), None)


def _held(rows: list[Held], moment: int) -> Held | None:
    return next((row[2:] for row in rows if row[0] <= moment < row[1]), None)


def _with_readings(store: Store) -> set[int]:
    """Meters that have sent anything up to the last day that was rolled up."""
    states = [(day, one) for (day, kind), one in store.manifest().results.items() if kind == "state"]
    if not states:
        return set()
    newest: Path = store.folder / max(states, key=lambda one: one[0])[1].name
    return set(pc.unique(pq.read_table(newest, columns=["meter"])["meter"]).to_pylist())
