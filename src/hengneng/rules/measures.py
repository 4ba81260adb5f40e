"""Measures: what a reported fact may be about (table ``measures``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from hengneng.language import Text
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table


@dataclass(frozen=True)
class Measure:
    """One measure. ``unit`` is the unit its facts are kept in; ``text_words`` are words of policy texts that
    speak of it.
    """

    code: str
    name: Text
    unit: str
    may_be_negative: bool
    text_words: tuple[str, ...]
    price_basis: str  # constant, current or empty
    energy_basis: str  # equivalent, calorific or empty
    entry: RuleEntry

    def plausible(self, level: str) -> tuple[Decimal | None, Decimal | None]:
        """Least and greatest plausible value [``unit``] at a level (region, prefecture, county); None: no
        bound known.
        """
        given = self.entry.attributes
        low, high = given.get(f"minimum_{level}", ""), given.get(f"maximum_{level}", "")
        return (Decimal(low) if low else None, Decimal(high) if high else None)


@cache
def measures() -> Mapping[str, Measure]:
    """All measures by code."""
    return {entry.key["code"]: _read(entry) for entry in rule_table("measures").entries}


def _read(entry: RuleEntry) -> Measure:
    given = entry.attributes
    return Measure(
        code=entry.key["code"],
        name=Text(zh=given["name_zh"], en=given["name_en"]),
        unit=entry.unit,
        may_be_negative=given["may_be_negative"] == "yes",
        text_words=tuple(word for word in given["text_words"].split("|") if word),
        price_basis=given["price_basis"],
        energy_basis=given["energy_basis"],
        entry=entry,
    )
