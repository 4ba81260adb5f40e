"""Texts and numbers in the language of one page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

from hengneng.language import Language, Text, message
from hengneng.rules.units import units
from hengneng.trace import Mark

NOTHING = "—"
MINUS = "\N{MINUS SIGN}"
RATE = "1"

# How each language counts large numbers: by ten thousands and hundred millions, or by millions and billions.
SCALES: Mapping[Language, tuple[tuple[int, str], ...]] = {
    "zh": ((8, "亿"), (4, "万")),
    "en": ((12, "trillion "), (9, "billion "), (6, "million ")),
}
SIGNIFICANT = 4  # digits of a number that is said beside the exact one
_SCALED = re.compile(r"10\^(?P<power>\d+) (?P<base>[^/]+)")


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

    def large(self, value: float | Decimal | None, code: str) -> str:
        """A large amount as the language counts: 12.35 亿吨标准煤, 1.235 billion tce.

        Empty where the unit already says it so, and for rates, shares and amounts per something.
        """
        scaled = _SCALED.fullmatch(code)
        power = int(scaled["power"]) if scaled else 0
        known = units().get(code)
        if value is None or known is None or code in (RATE, "%") or "/" in code:
            return ""
        number = abs(Decimal(str(value))).scaleb(power)
        scale, word = next(
            ((scale, word) for scale, word in SCALES[self.language] if number >= Decimal(1).scaleb(scale)), (0, "")
        )
        # Nobody counts in ten thousands in English: such units are always said over.
        if scale == power or (not scale and (not power or self.language == "zh")):
            return ""
        label = self.said(known.label)
        if scaled:
            label = (
                label[1:] if self.language == "zh" else re.sub("^(ten thousand|hundred million|thousand) ", "", label)
            )
        sign = MINUS if value < 0 else ""
        return f"{sign}{_significant(number.scaleb(-scale))} {word}{label}"


def _exact(value: float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _significant(number: Decimal) -> str:
    """A positive number with few digits, thousands parted, nothing behind the point that says nothing."""
    places = max(SIGNIFICANT - 1 - number.adjusted(), 0)
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(at: float) -> dt.datetime:
    """``at`` [s since 1970 UTC] in local time."""
    return timezone.localtime(dt.datetime.fromtimestamp(at, dt.UTC))


def shown(value: float | Decimal | None, unit: str, decimals: int = 2) -> str:
    """A value for people, rounded half-up: rates [1] in per cent without the sign, thousands parted."""
    if value is None:
        return NOTHING
    exact = _exact(value)
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
