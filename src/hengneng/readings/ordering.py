"""Order of readings: by meter, time and arrival; doubles dropped, differing values kept as revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hengneng.readings.points import BoolArray, Int32Array, Int64Array, Points

_SECOND_BITS = 17  # 86,400 < 2^17


@dataclass(frozen=True)
class Rows:
    """Readings of one local day: meter, second of the day (1 to 86,400), micro-units, number of the arrival."""

    meter: Int32Array
    second: Int32Array
    value: Int64Array
    arrival: Int64Array

    def __len__(self) -> int:
        return len(self.meter)

    def take(self, which: Int64Array | BoolArray) -> Rows:
        """The rows at the places ``which`` (or where it is true), in that order."""
        return Rows(self.meter[which], self.second[which], self.value[which], self.arrival[which])

    @classmethod
    def concat(cls, parts: Sequence[Rows]) -> Rows:
        """All rows of ``parts``, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))
        return cls(
            np.concatenate([part.meter for part in parts]),
            np.concatenate([part.second for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.arrival for part in parts]),
        )

    @property
    def place(self) -> Int64Array:
        """Meter and second as one number: equal for revisions of the same reading."""
        place: Int64Array = (self.meter.astype(np.int64) << _SECOND_BITS) | self.second
        return place

    def sorted(self) -> Rows:
        """By meter, second, arrival; rows of one arrival stay in the order that they have."""
        if len(self) < 2:
            return self
        place = self.place
        first = int(self.arrival[0])
        if bool((self.arrival == first).all()):
            return self if bool((place[1:] >= place[:-1]).all()) else self.take(np.argsort(place, kind="stable"))
        return self.take(np.lexsort((self.arrival, place)))

    def without_doubles(self) -> Rows:
        """Sorted rows without those that say what was already the current value of their meter and second."""
        place = self.place
        double = (place[1:] == place[:-1]) & (self.value[1:] == self.value[:-1])
        if not double.any():
            return self
        return self.take(np.concatenate([[True], ~double]))

    def superseded(self) -> int:
        """How many of the sorted rows are not the current value of their meter and second."""
        place = self.place
        return int(np.count_nonzero(place[1:] == place[:-1]))


def in_order(points: Points) -> Points:
    """Sorted by meter and time, without repetitions; differing values of one meter and time stay in their order."""
    meter, at = points.meter, points.at
    if len(points) > 1:
        rising = (meter[1:] > meter[:-1]) | ((meter[1:] == meter[:-1]) & (at[1:] >= at[:-1]))
        if not rising.all():
            points = points.take(np.lexsort((at, meter)))
        same = _repeats(points) & (points.value[1:] == points.value[:-1])
        if same.any():
            points = points.take(np.concatenate([[True], ~same]))
    return points


def steps_back(points: Points) -> Int64Array:
    """For ordered ``points``: how many later values their meter and time have in the same batch; 0 for the last."""
    back = np.zeros(len(points), np.int64)
    if len(points) > 1:
        for place in np.flatnonzero(_repeats(points))[::-1]:
            back[place] = back[place + 1] + 1
    return back


def _repeats(points: Points) -> BoolArray:
    repeats: BoolArray = (points.meter[1:] == points.meter[:-1]) & (points.at[1:] == points.at[:-1])
    return repeats
