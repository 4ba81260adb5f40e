"""The readings of one meter, and where they came from: what derivations and load curves show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hengneng.durable.files import CorruptFileError
from hengneng.readings.files import read_points, seconds_of
from hengneng.readings.journal import Batch
from hengneng.readings.manifest import Manifest
from hengneng.readings.ordering import Rows
from hengneng.readings.points import Int64Array, day_number, number_of
from hengneng.readings.store import Store

SCHEMA = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("value", pa.int64(), nullable=False),
        pa.field("arrival", pa.int64(), nullable=False),
    ]
)


def readings_of(
    store: Store, meter: int | Sequence[int], since: int, until: int, all_revisions: bool = False
) -> pa.Table:
    """Readings of ``meter``, or of several, stamped in (``since``, ``until``], by meter, time and arrival.

    Columns meter, at (seconds UTC), value (micro-units of the register), arrival. Only the current value of each time,
    or ``all_revisions``. A file that cannot be read raises CorruptFileError: ``Store.verify(mend=True)`` sees to it.
    """
    try:
        parts = _parts(store.manifest(), meter, since, until)
    except CorruptFileError:
        # Files of an old snapshot may be gone, after the time of grace; a new one says what took their place.
        parts = _parts(store.manifest(), meter, since, until)
    at = np.concatenate([times for times, _ in parts]) if parts else np.empty(0, np.int64)
    rows = Rows.concat([rows for _, rows in parts])
    order = np.lexsort((rows.arrival, at, rows.meter))
    at, rows = at[order], rows.take(order)
    new = np.ones(len(rows), np.bool_)
    other = (at[1:] != at[:-1]) | (rows.meter[1:] != rows.meter[:-1])
    new[1:] = other | (rows.value[1:] != rows.value[:-1])
    at, rows = at[new], rows.take(new)
    if not all_revisions and len(rows):
        last = np.append((at[1:] != at[:-1]) | (rows.meter[1:] != rows.meter[:-1]), True)
        at, rows = at[last], rows.take(last)
    columns = [pa.array(rows.meter), pa.array(at), pa.array(rows.value), pa.array(rows.arrival)]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def batch_of(store: Store, arrival: int) -> Batch | None:
    """The batch that a reading of ``arrival`` came with: source, key, time of receipt."""
    return store.batch_of(arrival)


def _parts(manifest: Manifest, meter: int | Sequence[int], since: int, until: int) -> list[tuple[Int64Array, Rows]]:
    if until <= since:
        return []
    first, last = day_number(np.array([since + 1, until], np.int64))
    parts = []
    for day in sorted(manifest.days_of_points()):
        if not first <= number_of(day) <= last:
            continue
        every = [read_points(file, meter) for file in manifest.files.get(day, ())]
        waiting = manifest.inbox_rows(day)
        every.append(waiting.take(np.isin(waiting.meter, meter)))
        rows = Rows.concat(every)
        at = seconds_of(day, rows)
        inside = (at > since) & (at <= until)
        parts.append((at[inside], rows.take(inside)))
    return parts
