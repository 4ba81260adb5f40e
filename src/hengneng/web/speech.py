"""Texts and numbers in the language of one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hengneng.language import Language, Text, message
from hengneng.rules.units import units
from hengneng.trace import Mark

NOTHING = "—"
MINUS = "\N{MINUS SIGN}"
RATE = "1"


@dataclass(frozen=True)
class Speech:
    """Says texts of the catalogue in ``language``."""

    language: Language

    def words(self, identifier: str, /, **values: object) -> str:
        """A message of the catalogue. KeyError when there is none."""
        return message(identifier, **values).in_language(self.language)

    def said(self, text: Text | None) -> str:
        """A text; nothing for none."""
        return "" if text is None else text.in_language(self.language)

    def listed(self, parts: Iterable[str]) -> str:
        """An enumeration as the language writes it."""
        return ("、" if self.language == "zh" else ", ").join(parts)

    def marks(self, marks: Iterable[str]) -> str:
        """Marks in words, example data first."""
        return self.listed(self.words(f"mark.{mark}") for mark in sorted(marks, key=lambda m: m != Mark.EXAMPLE))

    def unit(self, code: str) -> str:
        """A unit in words: rates as per cent, the code where the table of units has no label."""
        if code in (RATE, "%"):
            return "%"
        known = units().get(code)
        return self.said(known.label) if known else code


def shown(value: float | Decimal | None, unit: str, decimals: int = 2) -> str:
    """A value for people, rounded half-up: rates [1] in per cent without the sign, thousands parted."""
    if value is None:
        return NOTHING
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if unit == RATE:
        exact *= 100
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    # A negative zero is what rounding leaves of a small negative number; people read it as an error.
    text = f"{abs(rounded) if rounded == 0 else rounded:,}"
    return text.replace("-", MINUS)


def whole(value: float | None, unit: str) -> str:
    """A value with every digit that float64 keeps, for the derivation: rates as they are."""
    if value is None:
        return NOTHING
    return repr(value).replace("-", MINUS) + (f" {unit}" if unit != RATE else "")
