"""The columns of a day as tables of Arrow, in which they are written and other engines give them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hengneng.readings.columns import NONE, Days, Hours, Intervals
from hengneng.readings.points import BoolArray, Int64Array


def table_of_hours(hours: Hours) -> pa.Table:
    """As results are written."""
    names = ["meter", "hour", "quantity", "covered", "estimated", "estimated_seconds"]
    return pa.Table.from_arrays([pa.array(getattr(hours, name)) for name in names], names=names)


def table_of_days(days: Days) -> pa.Table:
    """As results are written: null where nothing is covered, or nothing is asked for."""
    nothing = days.covered == 0
    columns = {
        "meter": pa.array(days.meter),
        "quantity": pa.array(days.quantity, mask=nothing),
        "covered": pa.array(days.covered),
        "estimated": pa.array(days.estimated, mask=nothing),
        "estimated_seconds": pa.array(days.estimated_seconds),
        "readings": pa.array(days.readings),
        "expected": pa.array(days.expected, mask=days.expected == NONE),
    }
    return pa.table(columns)


def hours_of_table(table: pa.Table) -> Hours:
    """Rows of hours of which something is covered, sorted by meter and hour."""
    hour = _numbers(table, "hour").astype(np.int8)
    return Hours(
        _numbers(table, "meter").astype(np.int32),
        hour,
        _numbers(table, "quantity"),
        _numbers(table, "covered").astype(np.int32),
        _numbers(table, "estimated"),
        _numbers(table, "estimated_seconds").astype(np.int32),
    )


def days_of_table(table: pa.Table) -> Days:
    """Rows of days, sorted by meter."""
    return Days(
        _numbers(table, "meter").astype(np.int32),
        _numbers(table, "quantity"),
        _numbers(table, "covered").astype(np.int32),
        _numbers(table, "estimated"),
        _numbers(table, "estimated_seconds").astype(np.int32),
        _numbers(table, "readings").astype(np.int32),
        _numbers(table, "expected", NONE),
    )


def intervals_of_table(table: pa.Table) -> Intervals:
    """Rows of part ``intervals`` of template.sql, in any order."""
    table = table.sort_by([("meter", "ascending"), ("until", "ascending")])
    return Intervals(
        _numbers(table, "meter").astype(np.int32),
        _numbers(table, "since", NONE),
        _numbers(table, "until"),
        _numbers(table, "a"),
        _numbers(table, "increment"),
        _numbers(table, "quantity"),
        _numbers(table, "how").astype(np.int8),
        _truths(table, "estimated"),
        _truths(table, "spread"),
        _numbers(table, "version"),
    )


def _numbers(table: pa.Table, name: str, missing: int = 0) -> Int64Array:
    column = table.column(name).cast(pa.int64())
    found: Int64Array = (column.fill_null(missing) if column.null_count else column).to_numpy()
    return found


def _truths(table: pa.Table, name: str) -> BoolArray:
    found: BoolArray = table.column(name).to_numpy()
    return found
