"""Made-up, seeded series of a plant that tells the truth: a load cycle, noise of the process, rounding."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hengneng.emissions.series import HOUR, LONGEST_WORD, Means, Samples

DAY = dt.date(2026, 6, 15)
START = 1_781_452_800  # 2026-06-15 00:00 in UTC+8
OFFSET = 28_800
Floats = NDArray[np.float64]


def hours(count: int, start: int = START) -> NDArray[np.int64]:
    return start + HOUR * np.arange(count, dtype=np.int64)


def means(values: object, start: int = START) -> Means:
    array = np.array(values, np.float64)
    reasons = np.where(np.isnan(array), "no-values", "").astype(LONGEST_WORD)
    ones = np.where(np.isnan(array), 0, 60).astype(np.int64)
    return Means(hours(len(array), start), array, ones, np.full(len(array), 45, np.int64), reasons)


def minutes(values: object, flags: str = "N", start: int = START) -> Samples:
    array = np.array(values, np.float64)
    return Samples.of(start + 60 * np.arange(len(array)), array, np.full(len(array), flags))


@dataclass(frozen=True)
class Plant:
    """Hourly truth of a boiler: load [MW], dry standard flow [m3/h], SO2 [mg/m3], oxygen [1], pH of its waste water."""

    at: NDArray[np.int64]
    load: Floats
    flow: Floats
    concentration: Floats
    oxygen: Floats
    ph: Floats
    flags: NDArray[np.str_]


def plant(count: int = 168, seed: int = 1) -> Plant:
    chance = np.random.default_rng(seed)
    at = hours(count)
    turn = 2 * np.pi * np.arange(count) / 24
    load = 240 + 60 * np.sin(turn) + chance.normal(0, 8, count)
    flow = np.round(1500 * load * (1 + chance.normal(0, 0.03, count)))
    slow = np.zeros(count)
    for index in range(1, count):
        slow[index] = 0.8 * slow[index - 1] + chance.normal(0, 1.2)
    concentration = np.round(22 + slow + chance.normal(0, 1.0, count), 2).clip(2)
    oxygen = np.round(0.07 - 0.00003 * (load - 240) + chance.normal(0, 0.002, count), 4)
    ph = np.round(7.4 + 0.2 * np.sin(turn / 2) + chance.normal(0, 0.06, count), 2)
    return Plant(at, load, flow, concentration, oxygen, ph, np.full(count, "N"))
