"""What the way of readings costs when only the arithmetic is written: a floor, so that figures are of this machine.

``whole``: the file in memory, sorted, rollover and reset, even spread over hours, local days, written out, with NumPy.
``hours``: the hand-written DuckDB job of ``readings_rollup.py`` over the readings of the day so far, each hour again.
Neither keeps anything, checks anything, flags anything or can take late readings.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from readings_load import FIRST_DAY
from readings_rollup import PEER_CARRY, PEER_HOURS, PEER_INTERVALS, PEER_WRITE

from hengneng.readings.points import MICRO, start_of

HOUR = 3600
REGISTER = 1_000_000


def whole(folder: Path) -> tuple[float, int]:
    """CPU seconds of the file with NumPy alone, and how many readings it holds."""
    begin = time.process_time()
    table = pq.read_table(folder / "readings.parquet")
    meter = table["meter_id"].to_numpy()
    at = table["ts"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
    value = np.rint(table["value"].to_numpy() * MICRO).astype(np.int64)
    order = np.lexsort((at, meter))
    meter, at, value = meter[order], at[order], value[order]
    newest = np.append((np.diff(meter) != 0) | (np.diff(at) != 0), True)
    meter, at, value = meter[newest], at[newest], value[newest]
    step, same = np.diff(value), np.diff(meter) == 0
    wrapped = step + REGISTER * MICRO
    step = np.where(step >= 0, step, np.where(wrapped <= REGISTER * MICRO // 20, wrapped, value[1:]))
    passed = np.append(0.0, np.cumsum(np.where(same, step, 0)))
    first = int(at.min()) // HOUR * HOUR
    bounds = np.arange(first, int(at.max()) + HOUR, HOUR)
    meters = np.unique(meter)
    place = (meter * 1e11 + at, (meters[:, None] * 1e11 + bounds[None]).ravel())
    hours = np.diff(np.interp(place[1], place[0], passed).reshape(len(meters), len(bounds)), axis=1)
    days = np.add.reduceat(hours, np.flatnonzero(np.r_[True, np.diff((bounds[:-1] + 8 * HOUR) // 86400) > 0]), axis=1)
    written = {"meter": np.repeat(meters, hours.shape[1]), "hour": np.tile(bounds[:-1], len(meters))}
    with tempfile.TemporaryDirectory(prefix="hengneng-floor-") as name:
        pq.write_table(pa.table(written | {"quantity": hours.ravel()}), Path(name) / "hours.parquet")
        pq.write_table(pa.table({"quantity": days.ravel()}), Path(name) / "days.parquet")
    return time.process_time() - begin, len(table)


def hours(folder: Path) -> tuple[float, int]:
    """CPU seconds of the job by hand, again each hour over the day so far, and how many readings there are."""
    table = pq.read_table(folder / "readings.parquet")
    at = table["ts"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
    start = start_of(FIRST_DAY)
    hour = (at - start - 1) // HOUR
    rows = pa.table(
        {
            "meter": table["meter_id"],
            "second": (at - start) % 86400,
            "value": np.rint(table["value"].to_numpy() * MICRO).astype(np.int64),
        }
    )
    connection = duckdb.connect(config={"threads": 1, "preserve_insertion_order": False})
    connection.execute("CREATE TEMP TABLE carry (meter INTEGER, stamp BIGINT, value BIGINT)")
    connection.execute(
        "CREATE TEMP TABLE spilled (meter INTEGER, hour BIGINT, quantity BIGINT, covered INTEGER, estimated BIGINT,"
        " estimated_seconds INTEGER)"
    )
    spent = 0.0
    with tempfile.TemporaryDirectory(prefix="hengneng-floor-") as name:
        day_file = Path(name) / "day.parquet"
        for number in np.unique(hour):
            day = number // 24
            chosen = rows.filter((hour <= number) & (hour >= day * 24))
            begin = time.process_time()
            pq.write_table(chosen, day_file)
            words = {"begin": start + int(day) * 86400, "factor": 1, "file": day_file, "modulus": REGISTER * MICRO}
            texts = (PEER_INTERVALS, PEER_HOURS, *PEER_WRITE, *([PEER_CARRY] if number % 24 == 23 else []))
            for text in texts:
                connection.execute(text.format(**words, out=name, day=int(day)))
            spent += time.process_time() - begin
    return spent, len(table)
