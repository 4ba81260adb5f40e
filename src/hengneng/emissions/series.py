"""Arrays of monitoring data, and means made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hengneng.trace import Unknown

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Counts = NDArray[np.int64]
Words = NDArray[np.str_]
Truths = NDArray[np.bool_]

HOUR = 3600
LONGEST_WORD = "<U32"


def times(given: Any) -> Times:
    """``given`` as whole seconds, in rising order without doubles. ValueError otherwise."""
    array = np.asarray(given, np.int64)
    if array.ndim != 1 or (len(array) > 1 and bool((np.diff(array) <= 0).any())):
        raise ValueError("times must be one row of seconds that rise")
    return array


def values(given: Any, length: int) -> Values:
    """``given`` as float64 of this length; infinity counts as missing, like NaN. ValueError for another length."""
    array = np.array(given, np.float64)
    if array.shape != (length,):
        raise ValueError(f"expected {length} values, found the shape {array.shape}")
    array[~np.isfinite(array)] = np.nan
    return array


def words(given: Any, length: int) -> Words:
    """``given`` as texts of this length; None is a row of empty ones. ValueError for another length."""
    array = np.full(length, "", LONGEST_WORD) if given is None else np.asarray(given, LONGEST_WORD)
    if array.shape != (length,):
        raise ValueError(f"expected {length} words, found the shape {array.shape}")
    return array


@dataclass(frozen=True)
class Samples:
    """Values as they came: ``times`` (n) rising, ``values`` (n), ``flags`` (n) single letters, ``marks`` (n) of
    operation; marks may be left out, flags may not: a value without a flag does not count.
    """

    times: Times
    values: Values
    flags: Words
    marks: Words

    @classmethod
    def of(cls, at: Any, value: Any, flags: Any, marks: Any = None) -> Samples:
        """Samples from anything that NumPy takes. ValueError for lengths that differ or times that do not rise."""
        checked = times(at)
        count = len(checked)
        return cls(checked, values(value, count), words(flags, count), words(marks, count))


@dataclass(frozen=True)
class Means:
    """Means or sums of periods, one element each.

    ``values`` are NaN where there is none, and ``reasons`` then hold its code (empty where there is a value).
    ``counts`` are the valid values that went in, ``least`` how many are needed. ``unverified``: a number that decided
    about validity has not been checked by anybody.
    """

    times: Times
    values: Values
    counts: Counts
    least: Counts
    reasons: Words
    unverified: bool = False

    @property
    def valid(self) -> Truths:
        """Which periods have a value."""
        return ~np.isnan(self.values)

    def unknown(self, index: int) -> Unknown | None:
        """Why the period ``index`` has no value; None when it has one."""
        code = str(self.reasons[index])
        if not code:
            return None
        return Unknown(code, {"count": str(self.counts[index]), "least": str(self.least[index])})


def without(means: Means, missing: Truths, code: str) -> Means:
    """``means`` without a value where ``missing``; a reason that was there before stays."""
    gone = missing & (means.reasons == "")
    reasons = np.where(gone, code, means.reasons).astype(LONGEST_WORD)
    return Means(means.times, np.where(missing, np.nan, means.values), means.counts, means.least, reasons,
                 means.unverified)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """Neighbouring periods of one kind: first and last index, start of the first, end of the last [seconds]."""

    first: int
    last: int
    start: int
    end: int

    @property
    def count(self) -> int:
        """How many periods it has."""
        return self.last - self.first + 1


def runs(where: Truths, at: Times, step: int) -> list[Run]:
    """Runs of True in ``where`` (n) at times ``at`` (n) that are ``step`` seconds apart; a gap ends a run."""
    found: list[Run] = []
    for index in np.flatnonzero(where).tolist():
        if found and found[-1].last == index - 1 and at[index] - at[index - 1] == step:
            found[-1] = Run(found[-1].first, index, found[-1].start, int(at[index]) + step)
        else:
            found.append(Run(index, index, int(at[index]), int(at[index]) + step))
    return found
