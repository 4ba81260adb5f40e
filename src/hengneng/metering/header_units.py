"""Units in the heads of books of readings: ``读数(万kWh)``, ``电量/万kWh``; values become those of the meter, exactly.

Source: protocols of batch files (units in the header, 万kWh against kWh: 10^4). Units: rule table ``units``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from hengneng.metering.hand_books import plain_number
from hengneng.rules.units import Unit, UnknownUnitError, unit

# What a column of amounts is called: what was used since the time before, and not what the register shows.
AMOUNTS = ("电量", "用电量", "用量", "用能量", "消耗量", "consumption")
_IN_BRACKETS = re.compile(r"(.+?)\s*[(（\[【]\s*([^()（）\[\]【】]+?)\s*[)）\]】]")
_BEHIND_A_STROKE = re.compile(r"([^/／]+?)\s*[/／]\s*(.+)")


def without_unit(head: str) -> tuple[str, Unit | None]:
    """The name in a head, and the unit behind it in brackets or after a stroke; the head as it is where none is known.
    """
    for form in (_IN_BRACKETS, _BEHIND_A_STROKE):
        found = form.fullmatch(head)
        if found:
            try:
                return found[1], unit(found[2])
            except UnknownUnitError:
                continue
    return head, None


def in_unit(written: str, given: Unit, measures: Collection[str]) -> str | None:
    """A number written in ``given``, in the one unit of ``measures``, with no digit lost; None when there is no one
    unit, or it measures something else.

    What is no number, and what has no end as a decimal, stays what it is for whoever reads it next: 1/3 is refused
    there as no number of six decimals.
    """
    target = measured(given, measures)
    if target is None:
        return None
    try:
        value = Fraction(Decimal(plain_number(written)))
    except (InvalidOperation, ValueError, OverflowError):
        return written
    exact = value * Fraction(given.factor) / Fraction(target.factor)
    digits = _decimals(exact.denominator)
    if digits is None:
        return f"{exact}"
    whole = exact * 10**digits
    return f"{Decimal(int(whole)).scaleb(-digits):f}"


def measured(given: Unit, measures: Collection[str]) -> Unit | None:
    """The unit into which ``given`` is converted: the only one of ``measures``, if it measures the same."""
    if len(measures) != 1:
        return None
    try:
        target = unit(next(iter(measures)))
    except UnknownUnitError:
        return None
    return target if target.dimension == given.dimension else None


def _decimals(denominator: int) -> int | None:
    """How many decimals a fraction has; None when it has no end."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None
