"""Flags: what validation has to say about the readings of a day, or of a batch that has just come.

A flag never drops or changes a reading. The rules, their numbers and their meaning stand in table
``reading_validation``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from hengneng.readings.validation.rules import Rules
from hengneng.readings.validation.statement import DUCKDB, steps

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

FLAGS = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("since", pa.int64(), nullable=False),
        pa.field("until", pa.int64(), nullable=False),
        pa.field("found", pa.int64()),
        pa.field("limit", pa.int64()),
    ]
)


def flags_of_day(connection: duckdb.DuckDBPyConnection, day_start: int, day_end: int, rules: Rules) -> pa.Table:
    """The flags of the day from ``day_start`` to ``day_end`` (seconds UTC), sorted by meter, rule, since.

    Reads the tables ``pairs``, ``hours``, ``days`` and ``meters`` that the roll-up leaves on ``connection`` and changes
    nothing. ``found`` and ``limit`` are in what column ``measured`` of table reading_validation says.
    """
    parts = []
    passed: dict[str, bool] = {}
    for step in steps(rules, day_start, day_end, DUCKDB):
        if step.sieve and step.sieve not in passed:
            passed[step.sieve] = connection.execute(step.sieve).fetchone() is not None
        if not step.sieve or passed[step.sieve]:
            # Through NumPy: a relation would plan each statement twice, which is most of what a small day costs.
            found = list(connection.execute(step.find).fetchnumpy().values())
            if len(found[0]):
                parts.append(_table(found))
    return in_order(pa.concat_tables(parts)) if parts else FLAGS.empty_table()


def _table(columns: Sequence[NDArray[Any]]) -> pa.Table:
    arrays = [
        pa.array(np.ma.getdata(column), field.type, mask=np.ma.getmaskarray(column))
        for column, field in zip(columns, FLAGS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=FLAGS)


def in_order(flags: pa.Table) -> pa.Table:
    """``flags``, at least one, by meter, rule, since."""
    encoded = flags["rule"].combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    place = np.array([sorted(names).index(name) for name in names], np.int8)[encoded.indices.to_numpy()]
    order = np.lexsort((flags["since"].to_numpy(), place, flags["meter"].to_numpy()))
    return flags.take(pa.array(order))


def clocks_in_doubt(behind: int, rules: Rules) -> bool:
    """Whether a newest reading ``behind`` seconds before its receipt can say anything about a clock: not late data."""
    numbers = rules.flags
    last = int(numbers.get("V23.offset", 0)) + int(numbers.get("V23.tolerance", 0))
    return behind <= last


def clock_flags(
    meter: NDArray[np.int32],
    at: NDArray[np.int64],
    received_at: int,
    intervals: Mapping[int, int],
    rules: Rules,
) -> pa.Table:
    """Flags of the clocks (V1, V23) of the meters of one live batch, from its newest reading of each meter.

    ``meter`` and ``at`` (seconds UTC) are the readings of the batch, ``received_at`` when it came (seconds UTC),
    ``intervals`` the expected seconds between readings by meter (a meter that is not there is not judged).

    A reading from the future is off by its lead. One from the past may have waited for its batch, so it is off only
    by what exceeds one interval. Exactly two hours behind is local time of Xinjiang. Further behind than that is late
    data, which are normal and say nothing about a clock. HJ 212 receivers, rule 6.
    """
    numbers = rules.flags
    warn, fail = numbers.get("V1.warn"), numbers.get("V1.fail")
    offset, tolerance = numbers.get("V23.offset"), numbers.get("V23.tolerance")
    rows: list[tuple[int, str, int, int, int | None, int | None]] = []
    for one, newest in _newest(meter, at):
        interval = intervals.get(one)
        if interval is None:
            continue
        behind = received_at - newest
        if offset is not None and tolerance is not None:
            if abs(behind - int(offset)) <= int(tolerance):
                rows.append((one, "V23", newest, newest, -behind, -int(offset)))
                continue
            if behind > int(offset):
                continue
        off = -behind if behind < 0 else max(0, behind - interval)
        over = [int(limit) for limit in (warn, fail) if limit is not None and off > int(limit)]
        if over:
            sign = 1 if behind < 0 else -1
            rows.append((one, "V1", newest, newest, sign * off, sign * max(over)))
    return pa.Table.from_pylist([dict(zip(FLAGS.names, row, strict=True)) for row in rows], schema=FLAGS)


def _newest(meter: NDArray[np.int32], at: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(meter, time of its newest reading), by meter."""
    if len(meter) == 0:
        return []
    order = np.lexsort((at, meter))
    sorted_meter = meter[order]
    last = np.append(np.flatnonzero(np.diff(sorted_meter)), len(meter) - 1)
    return list(zip(sorted_meter[last].tolist(), at[order][last].tolist(), strict=True))
