"""How an amount came about, named on the value; and the spreading of a total over parts, exact to the last unit.

The roll-up spreads what two registers show evenly over the time between them (method E2). Longer gaps may be spread
by the shape of like days (method E3). Methods and their limits stand in table ``reading_estimation``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hengneng.readings.validation.rules import estimation_number
from hengneng.trace import Quality, Unknown

EVEN_SPREAD = "E2"
LIKE_DAYS = "E3"
_SECONDS_OF_A_DAY = 86_400
_SATURDAY = 5


@dataclass(frozen=True)
class Estimate:
    """State of a value: reported, reported zero, estimated by ``method``, or missing for the reason ``unknown``.

    ``share``: of the time, what is estimated. A missing value has neither method nor share.
    """

    quality: Quality
    method: str = ""
    share: Fraction = Fraction(0)
    unknown: Unknown | None = None


def named(
    quantity: int | None,
    *,
    covered: int,
    expected: int,
    estimated_seconds: int,
    method: str = EVEN_SPREAD,
) -> Estimate:
    """The state of the amount of an hour, day or month.

    ``covered``: seconds that lie between two readings; ``expected``: seconds that the meter was in place;
    ``estimated_seconds``: seconds of ``covered`` in intervals so long that their spread is estimated by ``method``.
    What covers a part only is missing as the amount of the whole: it is not the whole, and the rest is not zero.

    ValueError when the seconds contradict each other.
    """
    if not 0 <= estimated_seconds <= covered <= expected:
        raise ValueError(
            f"estimated {estimated_seconds}, covered {covered}, expected {expected} s: each holds the next"
        )
    if expected == 0:
        return Estimate(Quality.MISSING, unknown=Unknown("no-readings-due"))
    if covered == 0 or quantity is None:
        return Estimate(Quality.MISSING, unknown=Unknown("no-readings"))
    if covered < expected:
        parts = {"covered": str(covered), "expected": str(expected)}
        return Estimate(Quality.MISSING, unknown=Unknown("readings-cover-part", parts))
    if estimated_seconds:
        return Estimate(Quality.ESTIMATED, method, Fraction(estimated_seconds, expected))
    return Estimate(Quality.REPORTED if quantity else Quality.REPORTED_ZERO)


def spread(total: int, weights: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """``total`` in parts as ``weights``: whole numbers that add up to it exactly. Without any weight: equal parts.

    The part up to a slot is the total by the weight up to there, rounded down; a slot has the difference of two such.
    VEE practice, gap with both registers: distribute by profile, sum fixed.

    ValueError when there are no slots or a weight is negative.
    """
    numbers = [int(weight) for weight in weights]
    if not numbers or min(numbers) < 0:
        raise ValueError(f"weights must be zero or more, one for each slot; found {numbers}")
    if not any(numbers):
        numbers = [1] * len(numbers)
    whole, upto, parts, before = sum(numbers), 0, [], 0
    for weight in numbers:
        upto += weight
        reached = total * upto // whole
        parts.append(reached - before)
        before = reached
    return np.array(parts, np.int64)


def like_days(day: dt.date, with_readings: Iterable[dt.date]) -> list[dt.date]:
    """Days before ``day`` of its class (Monday to Friday, or the weekend) that are near enough, newest first.

    ``with_readings``: days whose amounts are known and not themselves estimated. How far back is a rule. Public
    holidays are not told apart.
    """
    back = int(estimation_number(LIKE_DAYS, "look-back", day)) // _SECONDS_OF_A_DAY
    weekend = day.weekday() >= _SATURDAY
    return sorted(
        (
            other
            for other in set(with_readings)
            if day - dt.timedelta(days=back) <= other < day and (other.weekday() >= _SATURDAY) == weekend
        ),
        reverse=True,
    )


@dataclass(frozen=True)
class Spread:
    """Amounts of the slots of a gap, and how they came about. ``parts`` is None when they stay unknown."""

    parts: NDArray[np.int64] | None
    estimate: Estimate


def estimated_by_like_days(day: dt.date, history: NDArray[np.int64], total: int | None = None) -> Spread:
    """The slots of a gap on ``day`` by the mean of like days (method E3), in the unit of ``history``.

    ``history``, shape (days, slots): what the slots of the gap counted on like days (see :func:`like_days`).
    ``total``: what the registers at both ends show; the parts add up to it exactly. Without it they add up to the mean
    of the days, rounded half up. Where there are fewer days than the rule asks for, nothing is estimated.
    """
    if history.ndim != 2:
        raise ValueError(f"history has the shape (days, slots); found {history.shape}")
    least = int(estimation_number(LIKE_DAYS, "least-days", day)) // _SECONDS_OF_A_DAY
    days = history.shape[0]
    if days < least:
        why = Unknown("too-few-like-days", {"days": str(days), "least": str(least)})
        return Spread(None, Estimate(Quality.MISSING, unknown=why))
    # Sums instead of means: the shape is the same and stays whole.
    sums = [sum(column) for column in history.T.tolist()]
    if total is None:
        total = (2 * sum(sums) + days) // (2 * days)
    return Spread(spread(total, sums), Estimate(Quality.ESTIMATED, LIKE_DAYS, Fraction(1)))
