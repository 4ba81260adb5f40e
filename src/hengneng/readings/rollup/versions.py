"""Versions of meters as the roll-up needs them: with the limits that follow from the rules, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa

from hengneng.problems import Problem, RefusedError
from hengneng.readings.columns import NONE, Kind, MeterVersions
from hengneng.readings.points import Int32Array, Int64Array
from hengneng.readings.validation.rules import Rules

SECONDS_OF_AN_HOUR = 3600
THOUSANDTHS = 1000
KINDS = {kind.name.lower(): int(kind) for kind in Kind}
_UNLIMITED = (1 << 63) - 1  # seconds: longer than any interval

SCHEMA = pa.schema(
    [
        pa.field("meter", pa.int32()),
        pa.field("valid_from", pa.int64()),
        pa.field("valid_to", pa.int64()),
        pa.field("kind", pa.string()),
        pa.field("modulus", pa.int64()),
        pa.field("multiplier", pa.int64()),
        pa.field("capacity", pa.int64()),
        pa.field("interval", pa.int32()),
        pa.field("parent", pa.int32()),
        pa.field("calibrated_until", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Versions:
    """``table``: ``versions`` of template.sql, with what follows from the rules; ``columns``: the same in memory.

    A version's number is its place in both: they are sorted by meter and begin. ``capacity_numerator`` and
    ``capacity_denominator``: a wrapped increment is possible when increment x multiplier x denominator <= capacity x
    seconds x numerator.
    """

    table: pa.Table
    columns: MeterVersions
    capacity_numerator: int
    capacity_denominator: int

    def first_intervals(self, meter: Int32Array, at: Int64Array) -> Int64Array:
        """Seconds that the first reading of each meter at ``at`` covers: the interval of an amount meter, else 0."""
        amounts = self.columns.take(self.columns.kind == Kind.AMOUNT)
        found = np.zeros(len(meter), np.int64)
        if not len(amounts):
            return found
        for place in np.flatnonzero(np.isin(meter, amounts.meter)):
            here = (amounts.meter == meter[place]) & (amounts.valid_from < at[place]) & (at[place] <= amounts.valid_to)
            if here.any():
                found[place] = amounts.interval[here][0]
        return found


def versions_of(meters: pa.Table, rules: Rules) -> Versions:
    """The versions with their limits.

    RefusedError M040 when a column is missing or two versions of a meter overlap, M041 when a value cannot be.
    """
    missing = [name for name in SCHEMA.names if name not in meters.column_names]
    if missing:
        raise RefusedError(Problem("M040", "meters", {"found": ", ".join(missing)}))
    meters = meters.select(SCHEMA.names).cast(SCHEMA)
    _check(meters)
    meters = meters.sort_by([("meter", "ascending"), ("valid_from", "ascending")])
    kinds = [KINDS[kind] for kind in meters.column("kind").to_pylist()]
    moduli, intervals = meters.column("modulus").to_pylist(), meters.column("interval").to_pylist()
    share, factor = rules.rollover_share, rules.gap_factor
    table = meters.select(["meter", "valid_from", "valid_to"])
    # What is at most a fraction of a whole number is at most the whole part of it.
    for name, column in (
        ("kind_code", pa.array(kinds, pa.int8())),
        ("modulus", meters.column("modulus")),
        ("multiplier", meters.column("multiplier")),
        ("capacity", meters.column("capacity")),
        ("expected_interval", pa.array(intervals, pa.int32())),
        ("longest_plain", pa.array([_part(value, factor) for value in intervals], pa.int64())),
        ("largest_rollover", pa.array([_part(value, share) for value in moduli], pa.int64())),
        ("parent", meters.column("parent")),
        ("calibrated_until", meters.column("calibrated_until")),
        ("version", pa.array(range(meters.num_rows), pa.int32())),
    ):
        table = table.append_column(name, column)
    allowance = rules.capacity_allowance
    return Versions(
        table,
        _columns(table),
        capacity_numerator=allowance.numerator * THOUSANDTHS,
        capacity_denominator=allowance.denominator * SECONDS_OF_AN_HOUR,
    )


def _columns(table: pa.Table) -> MeterVersions:
    return MeterVersions(
        table.column("meter").to_numpy(),
        _numbers(table, "valid_from"),
        _numbers(table, "valid_to"),
        table.column("kind_code").to_numpy(),
        _numbers(table, "modulus"),
        _numbers(table, "multiplier"),
        _numbers(table, "capacity"),
        _numbers(table, "expected_interval"),
        _numbers(table, "longest_plain", _UNLIMITED),
        _numbers(table, "parent"),
        _numbers(table, "calibrated_until"),
    )


def _numbers(table: pa.Table, name: str, missing: int = NONE) -> Int64Array:
    found: Int64Array = table.column(name).cast(pa.int64()).fill_null(missing).to_numpy()
    return found


def _part(value: int | None, share: Fraction) -> int | None:
    return None if value is None else value * share.numerator // share.denominator


def _check(meters: pa.Table) -> None:
    """RefusedError for what no meter can have; the table comes from the register of meters, which checks each field."""
    number = {one: _numbers(meters, one) for one in ("modulus", "interval", "multiplier", "valid_from", "valid_to")}
    kind = np.array([KINDS.get(one, NONE) for one in meters.column("kind").to_pylist()], np.int64)
    nothing = number["interval"] == NONE
    wrong = {
        "modulus": (number["modulus"] != NONE) & (number["modulus"] <= 0),
        "interval": np.where(nothing, kind == Kind.AMOUNT, number["interval"] <= 0),
        "kind": kind == NONE,
        "multiplier": number["multiplier"] <= 0,
        "valid_to": number["valid_from"] >= number["valid_to"],
    }
    problems = [
        Problem("M041", f"meters {meters['meter'][place]}", {"field": name, "found": meters[name][place].as_py()})
        for name, which in wrong.items()
        for place in np.flatnonzero(which).tolist()
    ]
    if problems:
        raise RefusedError(*problems)
    order = np.lexsort((meters.column("valid_from").to_numpy(), meters.column("meter").to_numpy()))
    meter, begin, end = (meters.column(name).to_numpy()[order] for name in ("meter", "valid_from", "valid_to"))
    for place in np.flatnonzero((meter[1:] == meter[:-1]) & (begin[1:] < end[:-1])) + 1:
        problems.append(Problem("M041", f"meters {meter[place]}", {"field": "valid_from", "found": begin[place]}))
    if problems:
        raise RefusedError(*problems)
