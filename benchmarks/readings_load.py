"""A load of meter readings for the benchmarks: registers with gaps, outages, rollovers and resets, day by day.

Whole numbers throughout; the same arguments give the same load. A day is made by itself from the state that the day
before has left, so that a load of any length needs the memory of one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from hengneng.readings.points import DAY, Points, start_of
from hengneng.readings.rollup.versions import SCHEMA

FIRST_DAY = date(2026, 6, 1)
STEP = 900
READINGS_A_DAY = DAY // STEP
MODULUS = 10**6 * 10**6  # a register of six digits, in micro-units
MICRO_OF_A_THOUSANDTH = 1_000
MISSING, MIDNIGHT_MISSING, OUTAGES, RESETS = 0.005, 0.005, 0.0005, 0.00002


def meters_of(count: int) -> pa.Table:
    """The register of meters: cumulative registers that are read each quarter of an hour."""
    one = {"valid_from": 0, "valid_to": 1 << 62, "kind": "register", "modulus": MODULUS, "multiplier": 1000}
    one |= {"capacity": None, "interval": STEP, "parent": None, "calibrated_until": None}
    columns = {name: [one[name]] * count for name in SCHEMA.names if name != "meter"}
    return pa.table({"meter": range(1, count + 1), **columns}, schema=SCHEMA)


def days_of_load(meters: int, days: int, seed: int = 20_150_710) -> Iterator[Points]:
    """Readings, a day at a time: sorted by meter; before them the reading of each meter at the beginning."""
    random = np.random.Generator(np.random.PCG64(seed))
    scale = random.lognormal(np.log(30_000), 0.5, meters)  # thousandths of a unit in a quarter of an hour
    shape = 0.6 + 0.5 * np.exp(-(((np.arange(READINGS_A_DAY) / 4 - 14) / 5) ** 2))
    register = random.integers(0, MODULUS // MICRO_OF_A_THOUSANDTH, meters)
    number = np.arange(1, meters + 1, dtype=np.int32)
    until = np.zeros(meters, np.int64)  # end of the outage of each meter, seconds UTC
    yield Points(number, np.full(meters, start_of(FIRST_DAY), np.int64), register * MICRO_OF_A_THOUSANDTH)
    for day in range(days):
        begin = start_of(FIRST_DAY) + day * DAY
        amount = scale[:, None] * shape[None, :] * random.uniform(0.8, 1.2, (meters, READINGS_A_DAY))
        value = register[:, None] + np.cumsum(np.rint(amount).astype(np.int64) + 1, axis=1)
        cleared = np.flatnonzero(random.random(meters) < RESETS * READINGS_A_DAY)
        value[cleared, 48:] -= value[cleared, 47:48]
        value %= MODULUS // MICRO_OF_A_THOUSANDTH
        register = value[:, -1].copy()
        at = begin + STEP * np.arange(1, READINGS_A_DAY + 1, dtype=np.int64)
        missing = random.random((meters, READINGS_A_DAY)) < MISSING
        out = np.flatnonzero(random.random(meters) < OUTAGES)
        until[out] = begin + random.integers(0, 5 * DAY, len(out))
        kept = ~missing & (at[None, :] > until[:, None])
        rows, columns = np.nonzero(kept)
        yield Points(number[rows], at[columns], value[rows, columns] * MICRO_OF_A_THOUSANDTH)
