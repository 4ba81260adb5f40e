"""Small loads with all defects, for the tests of the roll-up, and results read back in one shape."""

from __future__ import annotations

import random
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from readings.reference import DAY, OFFSET, Reference, Version

from hengneng.readings.points import Points, number_of
from hengneng.readings.rollup.versions import SCHEMA
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import Rules

RULES = Rules("test", Fraction(1, 20), Fraction(11, 10), Fraction(3, 2))
FIRST = 20_605  # a local day, as a number
BEGIN = FIRST * DAY - OFFSET
MICRO = 1_000_000
Reading = tuple[int, int, int]


def meters_table(versions: list[Version]) -> pa.Table:
    """The versions as the engine takes them."""
    rows = [{"parent": None, "calibrated_until": None, **asdict(one)} for one in versions]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def worse(versions: list[Version], readings: list[Reading], seed: int) -> tuple[pa.Table, list[Reading]]:
    """The same meters in relation to each other, past verification, over capacity, with spikes and standstill."""
    chance = random.Random(seed)
    begin = readings[0][1]
    rows = meters_table(versions).to_pylist()
    for row in rows:
        row["parent"] = {2: 1, 3: 1, 8: 1, 6: 2, 7: 2}.get(row["meter"])
        if chance.random() < 0.4:
            row["calibrated_until"] = begin + chance.randrange(6 * DAY)
        if chance.random() < 0.4 and row["capacity"] is None:
            row["capacity"] = chance.choice([MICRO, 10 * MICRO, 100 * MICRO])
    still = {meter: begin + chance.randrange(3 * DAY) for meter in range(1, 12)}
    last: dict[int, int] = {}
    changed = []
    for meter, at, shown in readings:
        value = shown
        if meter in last and still[meter] <= at <= still[meter] + 26 * 3600:
            value = last[meter]
        elif chance.random() < 0.003:
            value += 1000 * MICRO
        last[meter] = value
        changed.append((meter, at, value))
    return pa.Table.from_pylist(rows, schema=SCHEMA), changed


def points_of(readings: list[Reading]) -> Points:
    """Readings as a batch."""
    meter, at, value = zip(*readings, strict=True) if readings else ((), (), ())
    return Points.of(meter, at, value)


def load(seed: int = 1, days: int = 4) -> tuple[list[Version], list[Reading]]:
    """Meters of every kind, and their readings by time: gaps, outages, doubles, rollover, reset, revisions."""
    chance = random.Random(seed)
    half = BEGIN + days * DAY // 2 + 4_000
    versions = [
        Version(1, modulus=10**6 * MICRO),  # rolls over
        Version(2, modulus=10**6 * MICRO),  # is cleared
        Version(3, interval=600, modulus=10**5 * MICRO, multiplier=80_000, capacity=40_000 * MICRO),
        Version(4, kind="amount", interval=3600),
        Version(5, kind="level", interval=300),
        Version(6, valid_to=half, multiplier=1_333),
        Version(6, valid_from=half, multiplier=2_667),
        Version(7, interval=DAY),
        Version(8, multiplier=1_500, modulus=10**4 * MICRO, capacity=10 * MICRO),
        Version(9, interval=None),
        Version(10, valid_from=half),
    ]
    readings: list[Reading] = []
    for meter in range(1, 12):  # meter 11 is in no register
        step = {3: 600, 4: 3600, 5: 300 * 12, 7: DAY, 9: 4_321}.get(meter, 900)
        offset = {6: 137, 8: 61}.get(meter, 0)
        value = {1: 999_990, 3: 99_990, 8: 9_999}.get(meter, chance.randrange(1, 10_000)) * MICRO
        size = {1: 10**6, 3: 10**5, 8: 10**4}.get(meter)
        outage = range(chance.randrange(days * DAY), chance.randrange(days * DAY) + DAY + DAY // 2)
        for at in range(offset, days * DAY + 1, step):
            value += chance.randrange(5_000_000)
            if size:
                value %= size * MICRO
            if meter == 2 and days * DAY // 3 < at <= days * DAY // 3 + step:
                value = 5
            shown = chance.randrange(3 * MICRO) if meter in (4, 5) else value
            if chance.random() < 0.05 or (meter % 3 == 0 and at in outage):
                continue
            readings.append((meter, BEGIN + at, shown))
            if chance.random() < 0.02:
                readings.append((meter, BEGIN + at, shown))  # a double
            if chance.random() < 0.02:
                readings.append((meter, BEGIN + at, shown + 1))  # a revision
    readings.sort(key=lambda reading: reading[1])
    return versions, readings


def results_of(store: Store) -> dict[str, dict[tuple[int, ...], tuple[int | None, ...]]]:
    """All published results as numbers: hours, days, state. Checks that every file is sorted."""
    found: dict[str, dict[tuple[int, ...], tuple[int | None, ...]]] = {"hours": {}, "days": {}, "state": {}}
    keys = {"hours": ["meter", "hour"], "days": ["meter"], "state": ["meter"]}
    for (day, kind), file in store.manifest().results.items():
        if kind not in found:
            continue
        table = read(store.folder / file.name)
        names = keys[kind]
        order = [tuple(row[name] for name in names) for row in table.to_pylist()]
        assert order == sorted(set(order)), f"{file.name} is not sorted, or has a row twice"
        for row in table.to_pylist():
            key = (number_of(day), *(row[name] for name in names))
            found[kind][key] = tuple(value for name, value in row.items() if name not in names)
    return found


def flags_of(store: Store) -> dict[str, list[dict[str, object]]]:
    """All flags by day."""
    results = store.manifest().results.items()
    return {str(day): read(store.folder / file.name).to_pylist() for (day, kind), file in results if kind == "flags"}


def read(path: Path) -> pa.Table:
    """A file of results."""
    return pq.read_table(path, partitioning=None)


def same_as_reference(store: Store, expected: Reference) -> None:
    """Compare all published results, to the last integer."""
    found = results_of(store)
    hours = {
        (day, meter, hour): (one.quantity, one.covered, one.estimated, one.estimated_seconds)
        for (meter, day, hour), one in expected.hours.items()
    }
    assert found["hours"] == hours
    days: dict[tuple[int, ...], tuple[int | None, ...]] = {}
    for meter, day in set(expected.days) | set(expected.readings):
        one = expected.days.get((meter, day))
        numbers = (one.quantity, one.covered, one.estimated, one.estimated_seconds) if one else (None, 0, None, 0)
        days[day, meter] = (*numbers, expected.readings.get((meter, day), 0), expected.expected.get((meter, day)))
    assert found["days"] == days
    states = {(day, meter): at for day, every in expected.states.items() for meter, at in every.items()}
    assert {key: row[:2] for key, row in found["state"].items() if key[0] in expected.states} == states
