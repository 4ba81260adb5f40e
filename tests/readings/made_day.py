"""Made-up meters on one day, as the columns that flags are found in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from hengneng.readings.columns import NONE, Columns, Days, Hours, Intervals, MeterVersions
from hengneng.readings.validation.flags import FLAGS, DayFlags
from hengneng.readings.validation.rules import Rules, rules_on

START = 1_780_243_200  # 2026-06-01 00:00 +08:00
END = START + 86_400
QUARTER, HOUR, FOREVER = 900, 3600, 2**62
MICRO = 1_000_000
SLOTS = 96
LOAD = 10 * MICRO  # in a quarter of an hour
RULES = rules_on(dt.date(2026, 6, 1))
C = TypeVar("C", bound=Columns)
Row = tuple[int, str, int, int, int | None, int | None]


@dataclass(frozen=True)
class Meter:
    """One meter on one day: the quantity of each quarter of an hour, and what is odd about it."""

    number: int
    quantities: tuple[int, ...] = (LOAD,) * SLOTS
    how: tuple[tuple[int, int], ...] = ()  # slot -> how
    lost: frozenset[int] = frozenset()  # slots whose reading did not come
    began: int = 0  # seconds before the first slot at which its interval began
    register: int = 5000 * MICRO
    capacity: int | None = 100 * MICRO
    parent: int | None = None
    calibrated_until: int | None = None

    def intervals(self) -> Iterator[tuple[int, ...]]:
        """Rows of Intervals without the version; a lost reading makes one interval of two."""
        since, amount, a, found = START - self.began, 0, self.register, dict(self.how)
        for slot, quantity in enumerate(self.quantities):
            amount += quantity
            if slot in self.lost:
                continue
            until = START + (slot + 1) * QUARTER
            estimated = until - since > QUARTER * 3 // 2
            yield self.number, since, until, a, amount, amount, found.get(slot, 0), estimated, True
            since, a, amount = until, a + amount, 0

    def hours(self) -> Iterator[tuple[int, ...]]:
        """Rows of Hours; an hour with a lost reading is estimated there."""
        last = self.last
        for hour in range(24):
            if slots := range(4 * hour, min(4 * hour + 4, last)):
                unsure = QUARTER * sum(slot in self.lost or slot - 1 in self.lost for slot in slots)
                yield self.number, hour, sum(self.quantities[slot] for slot in slots), QUARTER * len(slots), 0, unsure

    @property
    def last(self) -> int:
        """How many slots are covered."""
        return max(slot for slot in range(SLOTS) if slot not in self.lost) + 1

    @property
    def day(self) -> tuple[int, ...]:
        """Row of Days."""
        return self.number, sum(self.quantities[: self.last]), QUARTER * self.last, 0, 0, self.last, SLOTS

    @property
    def version(self) -> tuple[int, ...]:
        """Row of MeterVersions."""
        numbers = (NONE if one is None else one for one in (self.capacity, self.parent, self.calibrated_until))
        capacity, parent, calibrated_until = numbers
        plain = QUARTER * 3 // 2
        return self.number, 0, FOREVER, 0, 10**12, 1000, capacity, QUARTER, plain, parent, calibrated_until


@dataclass(frozen=True)
class Made:
    """Made-up meters as columns."""

    versions: MeterVersions
    intervals: Intervals
    hours: Hours
    days: Days

    def flags(self, rules: Rules = RULES) -> list[Row]:
        """Rows of the table of flags."""
        judged = DayFlags(START, END, rules, self.versions)
        judged.look_at(self.intervals)
        table = judged.table(self.hours, self.days)
        assert table.schema.equals(FLAGS)
        return [
            (row["meter"], row["rule"], row["since"], row["until"], row["found"], row["limit"])
            for row in table.to_pylist()
        ]


def made(meters: list[Meter]) -> Made:
    """The columns of ``meters``."""
    meters = sorted(meters, key=lambda one: one.number)
    return Made(
        columns(MeterVersions, [meter.version for meter in meters]),
        columns(Intervals, [(*row, place) for place, meter in enumerate(meters) for row in meter.intervals()]),
        columns(Hours, [row for meter in meters for row in meter.hours()]),
        columns(Days, [meter.day for meter in meters]),
    )


def columns(kind: type[C], rows: list[tuple[int, ...]]) -> C:
    """Rows as columns of the types that ``kind`` says."""
    types = {"Int8Array": np.int8, "Int32Array": np.int32, "Int64Array": np.int64, "BoolArray": np.bool_}
    every = zip(*rows, strict=True)
    return kind(*(np.array(column, types[field.type]) for column, field in zip(every, fields(kind), strict=True)))


def flags(meters: list[Meter], rules: Rules = RULES) -> list[Row]:
    """The flags of ``meters``."""
    return made(meters).flags(rules)


def at(slot: int) -> int:
    return START + slot * QUARTER


def with_slots(quantities: dict[int, int], fill: int = LOAD) -> tuple[int, ...]:
    return tuple(quantities.get(slot, fill) for slot in range(SLOTS))
