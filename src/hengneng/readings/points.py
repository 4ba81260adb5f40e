"""Readings in memory: three columns of whole numbers, and the one way that numbers of sources become micro-units."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hengneng.readings.limits import limit

MICRO = 1_000_000
DECIMALS = 6
DAY = 86_400
EPOCH = date(1970, 1, 1)

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_HEAD = struct.Struct("<4sIQ")  # what it is, CRC-32 of the columns, number of readings
_MAGIC = b"HNP1"
_KINDS = (np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.int64))
_BYTES = 20  # of one reading: meter 4, time 8, value 8
# Below this a float64 times 10^6 is wrong by less than half a micro-unit, so that rounding finds the right one.
_SURE = float(1 << 50)
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True)
class Points:
    """Readings as they came: number of the meter, seconds since 1970 UTC, register in micro-units (10^-6) as read."""

    meter: Int32Array
    at: Int64Array
    value: Int64Array

    def __post_init__(self) -> None:
        if not len(self.meter) == len(self.at) == len(self.value):
            raise ValueError(f"columns of {len(self.meter)}, {len(self.at)} and {len(self.value)} readings")
        found = (self.meter.dtype, self.at.dtype, self.value.dtype)
        # Not their names: numpy makes those up anew each time, which small batches feel.
        if found != _KINDS:
            raise TypeError(f"columns of {', '.join(one.name for one in found)} instead of int32, int64, int64")

    @classmethod
    def of(cls, meter: Sequence[int], at: Sequence[int], value: Sequence[int]) -> Points:
        """Readings from sequences of whole numbers: meter, seconds since 1970 UTC, micro-units."""
        return cls(np.asarray(meter, np.int32), np.asarray(at, np.int64), np.asarray(value, np.int64))

    @classmethod
    def empty(cls) -> Points:
        """No readings."""
        return cls.of((), (), ())

    @classmethod
    def concat(cls, parts: Iterable[Points]) -> Points:
        """All readings of ``parts``, one part after the other."""
        every = list(parts)
        if len(every) == 1:
            return every[0]
        if not every:
            return cls.empty()
        return cls(
            np.concatenate([part.meter for part in every]),
            np.concatenate([part.at for part in every]),
            np.concatenate([part.value for part in every]),
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Points:
        """The readings that :meth:`pack` wrote. ValueError when the bytes are not whole."""
        if len(packed) < _HEAD.size:
            raise ValueError("cut off")
        magic, checksum, count = _HEAD.unpack_from(packed)
        if magic != _MAGIC or len(packed) != _HEAD.size + count * _BYTES:
            raise ValueError("not a batch of readings, or cut off")
        if zlib.crc32(memoryview(packed)[_HEAD.size :]) != checksum:
            raise ValueError("wrong checksum")
        start = _HEAD.size
        at = np.frombuffer(packed, "<i8", count, start).astype(np.int64, copy=False)
        value = np.frombuffer(packed, "<i8", count, start + 8 * count).astype(np.int64, copy=False)
        meter = np.frombuffer(packed, "<i4", count, start + 16 * count).astype(np.int32, copy=False)
        return cls(meter, at, value)

    def pack(self) -> bytes:
        """The readings as bytes, with a checksum; 20 bytes each."""
        columns = b"".join(
            (
                self.at.astype("<i8", copy=False).tobytes(),
                self.value.astype("<i8", copy=False).tobytes(),
                self.meter.astype("<i4", copy=False).tobytes(),
            )
        )
        return _HEAD.pack(_MAGIC, zlib.crc32(columns), len(self)) + columns

    def __len__(self) -> int:
        return len(self.meter)

    def take(self, which: Int64Array | BoolArray) -> Points:
        """The readings at the places ``which`` (or where it is true), in that order."""
        return Points(self.meter[which], self.at[which], self.value[which])

    @cached_property
    def starts(self) -> Int64Array:
        """Places at which a meter begins, of readings that are sorted by meter."""
        return starts_of(self.meter)

    @property
    def day(self) -> Int64Array:
        """Number of the local day of each reading (see :func:`day_number`)."""
        return day_number(self.at)

    @property
    def second(self) -> Int32Array:
        """Second of the local day, 1 to 86,400; midnight is the last second of the day before."""
        return second_of_day(self.at)


def places_in(
    sorted_numbers: Int32Array | Int64Array, numbers: Int32Array | Int64Array
) -> tuple[Int64Array, BoolArray]:
    """For each of ``numbers``: its place among the sorted ones, and whether it is there at all (else any place)."""
    places = np.minimum(np.searchsorted(sorted_numbers, numbers), max(len(sorted_numbers) - 1, 0))
    if not len(sorted_numbers):
        return places, np.zeros(len(numbers), np.bool_)
    return places, sorted_numbers[places] == numbers


def starts_of(numbers: Int32Array | Int64Array) -> Int64Array:
    """Places at which a number differs from the one before it; the first place as well."""
    if not len(numbers):
        return np.empty(0, np.int64)
    changes: Int64Array = np.append(0, np.flatnonzero(numbers[1:] != numbers[:-1]) + 1)
    return changes


def day_number(at: Int64Array) -> Int64Array:
    """Days from 1970-01-01 to the local day of ``at`` (seconds UTC); a reading at midnight closes the day before."""
    days: Int64Array = (at + (limit("local_day_offset_seconds") - 1)) // DAY
    return days


def second_of_day(at: Int64Array) -> Int32Array:
    """Seconds from the start of the local day to ``at``: 1 to 86,400."""
    seconds = (at + (limit("local_day_offset_seconds") - 1)) % DAY + 1
    return seconds.astype(np.int32)


def start_of(day: date) -> int:
    """Seconds since 1970 UTC at which the local day begins."""
    return (day - EPOCH).days * DAY - limit("local_day_offset_seconds")


def number_of(day: date) -> int:
    """Days from 1970-01-01 to ``day``."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """The day that is ``number`` days after 1970-01-01."""
    return EPOCH + timedelta(days=int(number))


def micro_from_float(values: FloatArray) -> tuple[Int64Array, BoolArray]:
    """Micro-units of float64 ``values``, and which of them have none: more than 6 decimals, too large, not a number.

    A float stands for the shortest decimal number that is written like it; 0.1 is one tenth exactly. Where there is
    none, the micro-units are 0 and the mask is true; the caller must not use them.
    """
    values = np.asarray(values, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.rint(values * MICRO)
        sure = np.abs(near) < _SURE
        wrong: BoolArray = ~(sure & (near / MICRO == values))
    micro: Int64Array = np.where(wrong, 0.0, near).astype(np.int64)
    for place in np.flatnonzero(wrong & ~sure & np.isfinite(values)):
        exact = Decimal(repr(float(values[place]))).scaleb(DECIMALS)
        if exact == exact.to_integral_value() and abs(exact) <= _LARGEST:
            micro[place], wrong[place] = int(exact), False
    return micro, wrong


def micro_from_text(text: str) -> int:
    """Micro-units of a decimal number written with ASCII digits. ValueError when it is none, or not exact in them."""
    try:
        exact = Decimal(text.strip())
        if not exact.is_finite():
            raise ValueError(f"{text!r} is not a number")
        scaled = exact.scaleb(DECIMALS)
        whole = scaled == scaled.to_integral_value()
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not whole:
        raise ValueError(f"{text!r} has more than {DECIMALS} decimals")
    if abs(scaled) > _LARGEST:
        raise ValueError(f"{text!r} is too large")
    return int(scaled)
