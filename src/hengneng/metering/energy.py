"""Energy of units by day, from the results of the roll-up: brought up to date wherever what it rests on has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import connection, transaction
from django.db.models import QuerySet

from hengneng.database.locking import one_writer
from hengneng.metering.adding import DAY, Arrangement, MeterDays, Register, Sums, add_up
from hengneng.metering.coefficients import Coal
from hengneng.metering.limits import limit
from hengneng.metering.models import CoefficientSet, DailyEnergy, EnergyDay
from hengneng.readings.points import BoolArray, Int64Array
from hengneng.readings.store import ResultFile, Store
from hengneng.trace import canonical_json

KIND = "days"
_READ = tuple(one.name for one in fields(MeterDays))
_COLUMNS = (
    "day", "unit_id", "carrier", "process", "quantity", "calorific", "equivalent", "meters",
    "meters_with_readings", "covered_seconds", "expected_seconds", "estimated",
    "estimated_seconds", "readings", "expected_readings", "coefficients_id",
)  # fmt: skip

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass
class Refreshed:
    """What was done: the days that were added up again, and those that are no longer there."""

    days: list[dt.date] = field(default_factory=list)
    removed: list[dt.date] = field(default_factory=list)
    stopped: bool = False


def refresh_energy(
    store: Store,
    since: dt.date | None = None,
    until: dt.date | None = None,
    *,
    progress: Progress = lambda *_: None,
    stop: Stop = lambda: False,
    work: Work | None = None,
) -> Refreshed:
    """Add up every rolled-up day whose result, register or coefficients are others than when it was last added up.

    Days already up to date cost a comparison each. Several days share a transaction; ``stop`` is asked between them,
    and what is done until then is kept. ``work``: what an earlier call has prepared from the same register.
    """
    results = {
        day: one
        for (day, kind), one in store.manifest().results.items()
        if kind == KIND and (since is None or since <= day) and (until is None or day <= until)
    }
    work = work or Work(store, Register())
    done = Refreshed()
    there = dict(_within(EnergyDay.objects.all(), since, until).values_list("day", "basis"))
    stale = [day for day in sorted(results) if there.get(day) != work.basis(results[day])]
    gone = sorted(set(there) - set(results))
    if gone:
        with transaction.atomic():
            _remove(gone)
        done.removed = gone
    at_once = limit("days_in_transaction")
    for start in range(0, len(stale), at_once):
        if stop():
            done.stopped = True
            break
        days = stale[start : start + at_once]
        work.write([results[day] for day in days])
        done.days += days
        progress(len(done.days), len(stale))
    return done


def _within(days: QuerySet[EnergyDay], since: dt.date | None, until: dt.date | None) -> QuerySet[EnergyDay]:
    if since is not None:
        days = days.filter(day__gte=since)
    if until is not None:
        days = days.filter(day__lte=until)
    return days


def _remove(days: Sequence[dt.date]) -> None:
    DailyEnergy.objects.filter(day__in=days)._raw_delete("default")
    EnergyDay.objects.filter(day__in=days)._raw_delete("default")


@dataclass(frozen=True)
class _Prepared:
    """An arrangement with the coefficients of a day, and what every row of it has in common."""

    arrangement: Arrangement
    coals: tuple[Coal, ...]

    @cached_property
    def digest(self) -> str:
        said = [one.content() for one in self.coals]
        return hashlib.sha256(canonical_json([self.arrangement.digest, said])).hexdigest()

    @cached_property
    def head(self) -> list[tuple[int, str, str]]:
        return [(one.unit, one.carrier, one.process) for one in self.arrangement.groups]

    def make_sets(self) -> None:
        """Make sure that the sets of coefficients are there."""
        assert len(self.sets) == len(self.arrangement.groups)

    @cached_property
    def sets(self) -> list[int]:
        """Keys of the sets of coefficients of the groups."""
        keys = {kinds: self._set(kinds) for kinds in set(self.arrangement.kinds_of_groups)}
        return [keys[kinds] for kinds in self.arrangement.kinds_of_groups]

    def _set(self, kinds: tuple[int, ...]) -> int:
        used = [self.coals[kind] for kind in kinds]
        content = [one.content() for one in used]
        digest = hashlib.sha256(canonical_json(content)).hexdigest()
        values = {"content": content, "unverified": any(one.unverified for one in used)}
        found, _ = CoefficientSet.objects.get_or_create(digest=digest, defaults=values)
        return int(found.pk)


class Work:
    """Adding up days one after the other, with what neighbouring days have in common kept."""

    def __init__(self, store: Store, register: Register) -> None:
        self._store = store
        self._register = register
        self._prepared: dict[tuple[str, tuple[Coal, ...]], _Prepared] = {}
        self._of_days: dict[dt.date, _Prepared] = {}

    def prepared(self, day: dt.date) -> _Prepared:
        if day not in self._of_days:
            self._of_days[day] = self._prepare(day)
        return self._of_days[day]

    def _prepare(self, day: dt.date) -> _Prepared:
        arrangement = self._register.on(day)
        coals = arrangement.coal_on(day)
        key = (arrangement.digest, coals)
        if key not in self._prepared:
            self._prepared[key] = _Prepared(arrangement, coals)
        return self._prepared[key]

    def basis(self, result: ResultFile) -> str:
        """The digest of everything that the energy of the day rests on."""
        return hashlib.sha256(f"{result.digest} {self.prepared(result.day).digest}".encode()).hexdigest()

    def write(self, results: Sequence[ResultFile]) -> None:
        """Put the rows of these days in the place of those that are there, in one transaction."""
        computed = [(one, self._sums(one)) for one in results]
        for one in results:
            self.prepared(one.day).make_sets()  # in a transaction of their own: they are kept even if this one is not
        with transaction.atomic():
            one_writer(EnergyDay._meta.db_table)
            _remove([one.day for one in results])
            rows = [row for one, sums in computed for row in self._rows(one.day, sums)]
            insert(rows)
            EnergyDay.objects.bulk_create([EnergyDay(day=one.day, basis=self.basis(one)) for one in results])

    def _sums(self, result: ResultFile) -> Sums:
        prepared = self.prepared(result.day)
        table = pq.read_table(self._store.folder / result.name, columns=list(_READ))
        return add_up(prepared.arrangement, prepared.coals, MeterDays(*(_ints(table, name) for name in _READ)))

    def _rows(self, day: dt.date, sums: Sums) -> list[tuple[object, ...]]:
        prepared = self.prepared(day)
        written = day.isoformat()
        sizes = prepared.arrangement.sizes
        read = sums.read > 0
        columns = (
            _nullable(sums.quantity, read),
            _nullable(sums.calorific, read & sums.calorific_known),
            _nullable(sums.equivalent, read & sums.equivalent_known),
            sizes.tolist(),
            sums.read.tolist(),
            sums.covered.tolist(),
            (sizes * DAY).tolist(),
            sums.estimated.tolist(),
            sums.estimated_seconds.tolist(),
            sums.readings.tolist(),
            sums.expected.tolist(),
            prepared.sets,
        )
        return [(written, *head, *values) for head, *values in zip(prepared.head, *columns, strict=True)]


def _ints(table: pa.Table, name: str) -> Int64Array:
    # Filled before it is turned: a column with nulls would become floats, which have not digits enough.
    found: Int64Array = pc.fill_null(table[name], 0).to_numpy().astype(np.int64, copy=False)
    return found


def _nullable(values: Int64Array, known: BoolArray) -> list[int | None]:
    if known.all():
        return [*values.tolist()]
    return [value if there else None for value, there in zip(values.tolist(), known.tolist(), strict=True)]


def insert(rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of daily energy, no object made of any: by COPY on PostgreSQL, by one statement on SQLite."""
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    table = DailyEnergy._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})", rows)
