"""Units of measurement and exact conversion between units of one dimension (table ``units``)."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache

from hengneng.language import Text
from hengneng.rules.tables import rule_table

_WORKING_DIGITS = 60
_GIVEN_DIGITS = 40
_NOISE = Decimal(10) ** -55


@dataclass(frozen=True)
class Unit:
    """A unit: ``factor`` base units of its ``dimension`` make one of it."""

    code: str
    dimension: str
    factor: Decimal
    label: Text


class UnknownUnitError(ValueError):
    """No unit is written like that. ``similar`` are spellings that look like it."""

    def __init__(self, spelling: str, similar: tuple[str, ...]) -> None:
        self.spelling = spelling
        self.similar = similar
        hint = f"; did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(f"{spelling!r} is not a unit{hint}")


class IncompatibleUnitsError(ValueError):
    """The two units measure different things."""

    def __init__(self, from_unit: Unit, to_unit: Unit) -> None:
        self.from_unit = from_unit
        self.to_unit = to_unit
        super().__init__(
            f"{from_unit.code} measures {from_unit.dimension}, {to_unit.code} measures {to_unit.dimension}"
        )


def normal_spelling(spelling: str) -> str:
    """A spelling without blanks and in compatibility form: ``万 吨标准煤`` and ``㎡`` become ``万吨标准煤``
    and ``m2``.
    """
    return "".join(unicodedata.normalize("NFKC", spelling).split()).replace("·", "").replace("•", "")


@cache
def units() -> Mapping[str, Unit]:
    """All units by code."""
    return {
        entry.key["code"]: Unit(
            entry.key["code"],
            entry.attributes["dimension"],
            entry.value or Decimal("nan"),
            Text(zh=entry.attributes["name_zh"], en=entry.attributes["name_en"]),
        )
        for entry in rule_table("units").entries
    }


@cache
def spellings() -> Mapping[str, Unit]:
    """Every known spelling, in the form of :func:`normal_spelling`, with its unit."""
    found: dict[str, Unit] = {}
    for entry in rule_table("units").entries:
        one = units()[entry.key["code"]]
        for spelling in (one.code, one.label.zh, *entry.attributes["spellings"].split("|")):
            if spelling:
                found.setdefault(normal_spelling(spelling), one)
    return found


@cache
def _folded() -> Mapping[str, Unit | None]:
    found: dict[str, Unit | None] = {}
    for spelling, one in spellings().items():
        folded = spelling.casefold()
        found[folded] = one if found.get(folded, one) is one else None
    return found


@cache
def unit(spelling: str) -> Unit:
    """The unit written as code or in any of its spellings; upper and lower case matter only where they must.

    UnknownUnitError (a ValueError) otherwise; it names similar spellings.
    """
    wanted = normal_spelling(spelling)
    found = spellings().get(wanted) or _folded().get(wanted.casefold())
    if found is None:
        raise UnknownUnitError(spelling, tuple(difflib.get_close_matches(wanted, list(spellings()), 3)))
    return found


def convert(value: Decimal, from_unit: str, to_unit: str) -> Decimal:
    """``value`` in ``from_unit`` expressed in ``to_unit``; there and back gives the number one started with.

    Raises UnknownUnitError, or IncompatibleUnitsError when the two units measure different things.
    """
    start, end = unit(from_unit), unit(to_unit)
    if start.dimension != end.dimension:
        raise IncompatibleUnitsError(start, end)
    if start is end:
        return value
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        exact = value * start.factor / end.factor
        # A ratio like 1/3.6 has no finite decimal form. Digits that only echo its rounding are dropped, so
        # that the way back ends at the start.
        context.prec = _GIVEN_DIGITS
        short = +exact
        context.prec = _WORKING_DIGITS
        return short if abs(exact - short) <= abs(exact) * _NOISE else exact
