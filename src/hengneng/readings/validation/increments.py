"""What passed between two readings: the rule of the roll-up in whole numbers, one interval at a time.

The roll-up asks this for every register that has fallen. On a cluster it does the same in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hengneng.readings.validation.rules import Rules

SECONDS_OF_AN_HOUR = 3600
THOUSANDTHS = 1000  # multipliers are kept in thousandths


class How(StrEnum):
    """How an increment was found."""

    PLAIN = "plain"
    ROLLOVER = "rollover"
    RESET = "reset"


@dataclass(frozen=True)
class Increment:
    """``increment`` of the register and ``quantity`` after the multiplier (floored), both in 10^-6 of the unit."""

    increment: int
    quantity: int
    how: How


def increment(
    a: int,
    b: int,
    *,
    modulus: int | None,
    multiplier: int,
    capacity: int | None,
    seconds: int,
    rules: Rules,
) -> Increment:
    """What a cumulative register counted from ``a`` to ``b`` (10^-6 of its unit) in ``seconds``.

    ``multiplier`` in thousandths; ``capacity`` in 10^-6 of the unit per hour after the multiplier. When the register
    falls, the increment across its end (``modulus``, where it wraps) counts if it is possible: with known capacity at
    most capacity x time x allowance, else at most a share of the register. Otherwise the meter was cleared or
    swapped, and what the new register shows is the increment; so it is where it stood beyond its own end, since then
    its size is wrong. Rules V21 and V22 of table reading_validation.

    ValueError when ``seconds`` is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"an interval takes some time; found {seconds} s")
    if b >= a:
        found, how = b - a, How.PLAIN
    elif (
        modulus is not None
        and a <= modulus
        and _is_rollover(modulus - a + b, modulus, multiplier, capacity, seconds, rules)
    ):
        found, how = modulus - a + b, How.ROLLOVER
    else:
        found, how = b, How.RESET
    return Increment(found, found * multiplier // THOUSANDTHS, how)


def _is_rollover(wrapped: int, modulus: int, multiplier: int, capacity: int | None, seconds: int, rules: Rules) -> bool:
    if capacity is None:
        return wrapped <= modulus * rules.rollover_share
    possible = Fraction(capacity * seconds, SECONDS_OF_AN_HOUR) * rules.capacity_allowance
    return Fraction(wrapped * multiplier, THOUSANDTHS) <= possible
