"""What a day is rolled up from and to, as columns: versions of meters, intervals, hours, days.

All numbers are whole: micro-units, thousandths (multipliers), seconds since 1970 UTC. Where a number is missing there
stands :data:`NONE`, unless another column says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from hengneng.readings.points import BoolArray, Int32Array, Int64Array

# No time and no number: before everything that a clock or a register can say. In files it is null.
NONE = -(1 << 62)

Int8Array = npt.NDArray[np.int8]


class Kind(IntEnum):
    """What a reading is: a register that only grows, the amount of its own interval, or a level without amount."""

    REGISTER = 0
    AMOUNT = 1
    LEVEL = 2


class Found(IntEnum):
    """How the increment of an interval was found; the last two have none."""

    PLAIN = 0
    ROLLOVER = 1
    RESET = 2
    AMOUNT = 3
    LEVEL = 4
    FIRST = 5


@dataclass(frozen=True)
class Columns:
    """Columns of equal length."""

    meter: Int32Array

    def __len__(self) -> int:
        return len(self.meter)

    def take(self, which: Int64Array | BoolArray | slice) -> Self:
        """The rows at the places ``which`` (or where it is true), in that order."""
        return type(self)(*(getattr(self, one.name)[which] for one in fields(self)))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All rows of ``parts``, of which there is at least one, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))


@dataclass(frozen=True)
class MeterVersions(Columns):
    """Versions of meters, sorted by meter and begin; those of a meter do not overlap.

    A version holds after ``valid_from`` up to ``valid_to``. ``longest_plain``: the longest interval that is not called
    estimated; without a limit it is longer than any.
    """

    valid_from: Int64Array
    valid_to: Int64Array
    kind: Int8Array
    modulus: Int64Array
    multiplier: Int64Array
    capacity: Int64Array
    interval: Int64Array
    longest_plain: Int64Array
    parent: Int64Array
    calibrated_until: Int64Array

    def places(self, meter: Int32Array) -> tuple[Int64Array, Int64Array]:
        """Of each of ``meter``: the place of its first version, and how many it has."""
        first = np.searchsorted(self.meter, meter, "left")
        return first, np.searchsorted(self.meter, meter, "right") - first

    def at(self, moment: int) -> MeterVersions:
        """The versions that hold at ``moment``."""
        return self.take((self.valid_from < moment) & (moment <= self.valid_to))


@dataclass(frozen=True)
class Intervals(Columns):
    """What lies between neighbouring readings, sorted by meter and time; ``version``: its place in the versions.

    ``a``: register at ``since``, 0 where there was none. ``increment`` before the multiplier and ``quantity`` after it
    are 0 where ``found`` says that there is none. ``spread`` is false where nothing is spread over hours: there is no
    increment, or the interval is longer than any that is spread.
    """

    since: Int64Array
    until: Int64Array
    a: Int64Array
    increment: Int64Array
    quantity: Int64Array
    found: Int8Array
    estimated: BoolArray
    spread: BoolArray
    version: Int64Array


@dataclass(frozen=True)
class Hours(Columns):
    """Hours of a day (0 to 23) of which something is covered, sorted by meter and hour; ``covered`` in seconds."""

    hour: Int8Array
    quantity: Int64Array
    covered: Int32Array
    estimated: Int64Array
    estimated_seconds: Int32Array


@dataclass(frozen=True)
class Days(Columns):
    """A day of each meter that has any interval in it, sorted by meter.

    ``quantity`` and ``estimated`` are 0 where nothing is ``covered``: there they are not known. ``expected``: readings
    that the versions ask for, :data:`NONE` where no interval is known.
    """

    quantity: Int64Array
    covered: Int32Array
    estimated: Int64Array
    estimated_seconds: Int32Array
    readings: Int32Array
    expected: Int64Array
