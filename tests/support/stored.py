"""What a store of readings holds, as plain values that tests compare."""

from __future__ import annotations

from hengneng.readings.files import read_points
from hengneng.readings.ordering import Rows
from hengneng.readings.points import Points, start_of
from hengneng.readings.store import Store

DAY = 86_400
T0 = 1_780_272_000  # 2026-06-01 00:00 UTC, 08:00 local time

Revision = tuple[int, int]  # arrival, value


def points(*readings: tuple[int, int, int]) -> Points:
    """Readings of (meter, seconds, micro-units)."""
    return Points.of(*zip(*readings, strict=True))


def all_rows(store: Store) -> list[tuple[int, Rows]]:
    """The start of each day (seconds UTC), and all rows of its files and of the inbox."""
    manifest = store.manifest()
    return [
        (
            start_of(day),
            Rows.concat([*(read_points(file) for file in manifest.files.get(day, ())), manifest.inbox_rows(day)]),
        )
        for day in manifest.days_of_points()
    ]


def rows_of(store: Store) -> dict[tuple[int, int], list[Revision]]:
    """All rows of files and inbox: (meter, seconds UTC) -> its revisions by arrival."""
    found: dict[tuple[int, int], list[Revision]] = {}
    for start, rows in all_rows(store):
        for meter, second, value, arrival in zip(rows.meter, rows.second, rows.value, rows.arrival, strict=True):
            found.setdefault((int(meter), start + int(second)), []).append((int(arrival), int(value)))
    return {place: sorted(revisions) for place, revisions in found.items()}


def current(store: Store) -> dict[tuple[int, int], int]:
    """The current value of each (meter, seconds UTC)."""
    return {place: revisions[-1][1] for place, revisions in rows_of(store).items()}


def history(store: Store) -> dict[tuple[int, int], list[int]]:
    """The values that each (meter, seconds UTC) has had, one after the other; the same value again is no new one."""
    return {
        place: [value for one, (_, value) in enumerate(revisions) if not one or revisions[one - 1][1] != value]
        for place, revisions in rows_of(store).items()
    }
