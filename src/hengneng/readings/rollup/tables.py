"""What the roll-up of a day follows from, and what comes out of it as it is written."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from hengneng.readings.points import Points
from hengneng.readings.rollup.closing import Following, State


@dataclass(frozen=True)
class DayInput:
    """What the results of a day follow from: state before it, its readings, next readings of meters open at its end."""

    day: int
    opening: State
    readings: Points
    following: Following


@dataclass(frozen=True)
class DayTables:
    """Results of a day: hours and days as they are written, flags when they were asked for."""

    hours: pa.Table
    days: pa.Table
    flags: pa.Table | None
