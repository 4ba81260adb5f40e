"""Clocks of meters: the newest reading of each live batch of a day against the moment at which the batch came."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from hengneng.readings.columns import NONE
from hengneng.readings.files import read_points
from hengneng.readings.journal import Batch
from hengneng.readings.ordering import Rows
from hengneng.readings.points import DAY, date_of
from hengneng.readings.rollup.days import begin_of
from hengneng.readings.rollup.snapshot import Snapshot
from hengneng.readings.rollup.versions import Versions
from hengneng.readings.store import Store
from hengneng.readings.validation.flags import FLAGS, clock_flags, clocks_in_doubt
from hengneng.readings.validation.rules import Rules

LIVE = "inbox"  # the kind of a batch that came as it was read; history says nothing about clocks


def clock_flags_of_day(store: Store, source: Snapshot, day: int, versions: Versions, rules: Rules) -> pa.Table:
    """The flags (V1, V23) of the clocks of a day, from the live batches that end in it; empty where there are none."""
    when, begin = date_of(day), begin_of(day)
    live = [
        batch
        for batch in _batches(store, source, when)
        if batch.kind == LIVE and begin < batch.last_at <= begin + DAY and _in_doubt(batch, rules)
    ]
    if not live:
        return FLAGS.empty_table()
    rows = Rows.concat([*map(read_points, source.manifest.files.get(when, ())), source.manifest.inbox_rows(when)])
    at = rows.second.astype(np.int64) + begin
    newest_of = np.array([batch.arrival for batch in live], np.int64)
    place = np.minimum(np.searchsorted(newest_of, rows.arrival), len(live) - 1)
    oldest = np.array([batch.first_arrival for batch in live], np.int64)
    mine = (rows.arrival <= newest_of[place]) & (rows.arrival >= oldest[place])
    intervals = _intervals(versions, begin + DAY)
    parts = []
    for number, batch in enumerate(live):
        chosen = mine & (place == number)
        parts.append(clock_flags(rows.meter[chosen], at[chosen], batch.received_at, intervals, rules))
    return pa.concat_tables(parts)


def _batches(store: Store, source: Snapshot, when: date) -> list[Batch]:
    """The batches that may have rows in a day."""
    files = source.manifest.files.get(when, ())
    waiting = source.manifest.inbox_rows(when)
    bounds = [edge for file in files for edge in (file.first_arrival, file.last_arrival)]
    if len(waiting):
        bounds += [int(waiting.arrival.min()), int(waiting.arrival.max())]
    return store.batches_between(min(bounds), max(bounds)) if bounds else []


def _in_doubt(batch: Batch, rules: Rules) -> bool:
    """Whether any clock of the batch can be off: one of its readings is new enough to tell."""
    return clocks_in_doubt(batch.received_at - batch.last_at, rules)


def _intervals(versions: Versions, at: int) -> dict[int, int]:
    """Expected seconds between readings of the meters in service at ``at``."""
    held = versions.columns.at(at)
    known = held.interval != NONE
    return dict(zip(held.meter[known].tolist(), held.interval[known].tolist(), strict=True))
