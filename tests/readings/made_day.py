"""Made-up meters on one day, as the tables that the roll-up leaves for flags."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from hengneng.readings.validation.flags import FLAGS, flags_of_day
from hengneng.readings.validation.rules import Rules, rules_on

START = 1_780_243_200  # 2026-06-01 00:00 +08:00
END = START + 86_400
QUARTER, HOUR, FOREVER = 900, 3600, 2**62
MICRO = 1_000_000
SLOTS = 96
LOAD = 10 * MICRO  # in a quarter of an hour
RULES = rules_on(dt.date(2026, 6, 1))
Row = tuple[int, str, int, int, int | None, int | None]
SCHEMAS = {
    "pairs": "meter INTEGER, since BIGINT, until BIGINT, a BIGINT, b BIGINT, increment BIGINT, quantity BIGINT, "
    "how TINYINT, estimated BOOLEAN, spread BOOLEAN, expected_interval INTEGER, capacity BIGINT, modulus BIGINT, "
    "calibrated_until BIGINT, parent INTEGER",
    "hours": "meter INTEGER, hour TINYINT, quantity BIGINT, covered INTEGER, estimated BIGINT, "
    "estimated_seconds INTEGER, readings INTEGER",
    "days": "meter INTEGER, quantity BIGINT, covered INTEGER, estimated BIGINT, estimated_seconds INTEGER, "
    "readings INTEGER, expected INTEGER",
    "meters": "meter INTEGER, valid_from BIGINT, valid_to BIGINT, kind VARCHAR, modulus BIGINT, multiplier BIGINT, "
    "capacity BIGINT, interval INTEGER, parent INTEGER, calibrated_until BIGINT",
}


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

    def pairs(self) -> Iterator[dict[str, Any]]:
        """Its intervals; a lost reading makes one of two."""
        since, amount, a, how = START - self.began, 0, self.register, dict(self.how)
        for slot, quantity in enumerate(self.quantities):
            amount += quantity
            if slot in self.lost:
                continue
            until = START + (slot + 1) * QUARTER
            yield {
                "meter": self.number, "since": since, "until": until, "a": a, "b": a + amount, "increment": amount,
                "quantity": amount, "how": how.get(slot, 0), "estimated": until - since > QUARTER * 3 // 2,
                "spread": True, "expected_interval": QUARTER, "capacity": self.capacity, "modulus": 10**12,
                "calibrated_until": self.calibrated_until, "parent": self.parent,
            }  # fmt: skip
            since, a, amount = until, a + amount, 0


class Tables:
    """The tables that the roll-up leaves, for made-up meters; an hour with a lost reading is estimated there."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()

    def fill(self, meters: list[Meter]) -> None:
        pairs = [pair for meter in meters for pair in meter.pairs()]
        hours, days = [], []
        for meter in meters:
            last = max(slot for slot in range(SLOTS) if slot not in meter.lost) + 1
            for hour in range(24):
                slots = range(4 * hour, min(4 * hour + 4, last))
                unsure = QUARTER * sum(slot in meter.lost or slot - 1 in meter.lost for slot in slots)
                amount = sum(meter.quantities[slot] for slot in slots) if slots else None
                hours.append((meter.number, hour, amount, QUARTER * len(slots), 0, unsure, len(slots)))
            days.append((meter.number, sum(meter.quantities[:last]), QUARTER * last, 0, 0, last, SLOTS))
        versions = [
            (m.number, 0, FOREVER, "register", 10**12, 1000, m.capacity, QUARTER, m.parent, m.calibrated_until)
            for m in meters
        ]
        made = {"pairs": [tuple(pair.values()) for pair in pairs], "hours": hours, "days": days, "meters": versions}
        for name, rows in made.items():
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({SCHEMAS[name]})")
            columns = list(zip(*rows, strict=True))
            names = [column.split()[0] for column in SCHEMAS[name].split(", ")]
            arrow = pa.table(dict(zip(names, (pa.array(column) for column in columns), strict=True)))
            self.connection.register("made", arrow)
            self.connection.execute(f"INSERT INTO {name} SELECT * FROM made")
            self.connection.unregister("made")

    def flags(self, meters: list[Meter], rules: Rules = RULES) -> list[Row]:
        self.fill(meters)
        table = flags_of_day(self.connection, START, END, rules)
        assert table.schema.equals(FLAGS)
        return [
            (row["meter"], row["rule"], row["since"], row["until"], row["found"], row["limit"])
            for row in table.to_pylist()
        ]


def at(slot: int) -> int:
    return START + slot * QUARTER


def with_slots(quantities: dict[int, int], fill: int = LOAD) -> tuple[int, ...]:
    return tuple(quantities.get(slot, fill) for slot in range(SLOTS))
