"""The dated numbers that readings are judged by, exact, from the rule tables ``reading_validation``,
``reading_estimation`` and ``reading_quality``.

Times are seconds, shares fractions. A rule that is not in force on a day is simply not there, and nothing is
judged by it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import lookup, rule_table
from hengneng.rules.units import convert, unit

VALIDATION = "reading_validation"
ESTIMATION = "reading_estimation"
QUALITY = "reading_quality"
ROLLOVER_SHARE = "V21.register-share"
CAPACITY_ALLOWANCE = "V21.allowance"
GAP_FACTOR = "V3.factor"
_DIGITS_OF_EDITION = 8


class RuleNotInForceError(LookupError):
    """A rule that the roll-up cannot do without has no number on that day. ``name`` and ``day`` say which."""

    def __init__(self, name: str, day: dt.date) -> None:
        self.name = name
        self.day = day
        super().__init__(
            f"table {VALIDATION} has no number for {name} in force on {day.isoformat()}; "
            "the roll-up needs it: add a row whose validity covers the day"
        )


@dataclass(frozen=True)
class Rules:
    """What the roll-up and the flags of a day go by.

    ``rollover_share``: of the register's size; with unknown capacity a wrapped increment up to it is a rollover.
    ``capacity_allowance``: times capacity by time; with known capacity the same.
    ``gap_factor``: an interval longer than this many expected intervals is estimated.
    ``flags``: numbers by ``rule.threshold`` ("V7.share"); rules without a number stand there with 0.
    ``unverified``: the names among them that rest on memory or on the project's judgement.
    ``edition`` names the editions and a digest of the numbers: equal editions give equal results.
    """

    edition: str
    rollover_share: Fraction
    capacity_allowance: Fraction
    gap_factor: Fraction
    flags: Mapping[str, Fraction | int] = field(default_factory=dict)
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualityRule:
    """One demand: ``limit`` is a fraction or seconds, ``entry`` the row it stands in."""

    limit: Fraction
    entry: RuleEntry

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked the number."""
        return self.entry.unverified

    def met_by(self, share: Fraction) -> bool:
        """Whether ``share`` keeps the limit, which is included; the row says from which side (else: up to it)."""
        return share >= self.limit if self.entry.attributes.get("comparison") == "at_least" else share <= self.limit


def number_of(entry: RuleEntry) -> Fraction | None:
    """The number of ``entry``, exact: seconds where it is a time, else as written. None when it has none."""
    if entry.value is None:
        return None
    if unit(entry.unit).dimension == "time":
        return Fraction(convert(entry.value, entry.unit, "s"))
    return Fraction(entry.value)


@lru_cache(maxsize=64)
def rules_on(day: dt.date) -> Rules:
    """The rules in force on ``day`` (those that apply everywhere: a roll-up runs over all places at once).

    Raises RuleNotInForceError when one that the roll-up cannot do without is not in force.
    """
    entries = rule_table(VALIDATION).select(day)
    named = {f"{entry.key['rule']}.{entry.key['threshold']}": entry for entry in entries}
    numbers: dict[str, Fraction | int] = {}
    for name, entry in named.items():
        number = number_of(entry)
        # A rule without a number has nothing to exceed: any finding counts.
        numbers[name] = 0 if number is None else number if number.denominator > 1 else int(number)
    needed = []
    for name in (ROLLOVER_SHARE, CAPACITY_ALLOWANCE, GAP_FACTOR):
        if name not in named or named[name].value is None:
            raise RuleNotInForceError(name, day)
        needed.append(Fraction(numbers[name]))
    return Rules(
        edition=_edition(entries, numbers),
        rollover_share=needed[0],
        capacity_allowance=needed[1],
        gap_factor=needed[2],
        flags={name: numbers[name] for name in sorted(numbers) if named[name].attributes["applied"] == "flag"},
        unverified=tuple(sorted(name for name, entry in named.items() if entry.unverified)),
    )


def quality_rule(name: str, day: dt.date, place: str | None = None) -> QualityRule:
    """The demand ``name`` of table reading_quality on ``day``, the one of the nearest place going up winning.

    Raises RuleNotFoundError when there is none.
    """
    entry = lookup(QUALITY, {"rule": name}, day, place)
    return QualityRule(Fraction(number_of(entry) or 0), entry)


def validation_number(name: str, day: dt.date) -> QualityRule:
    """The number ``rule.threshold`` of table reading_validation on ``day``, with its row. RuleNotFoundError."""
    rule, threshold = name.split(".", 1)
    entry = lookup(VALIDATION, {"rule": rule, "threshold": threshold}, day)
    return QualityRule(Fraction(number_of(entry) or 0), entry)


def estimation_number(method: str, parameter: str, day: dt.date) -> Fraction:
    """The number ``parameter`` of an estimation method on ``day``; days as seconds. RuleNotFoundError."""
    return Fraction(number_of(lookup(ESTIMATION, {"method": method, "parameter": parameter}, day)) or 0)


def _edition(entries: Iterable[RuleEntry], numbers: Mapping[str, Fraction | int]) -> str:
    """``reading_validation 2026-1.3f9a01c2``: the editions of the rows, then a digest of rules and numbers."""
    editions = sorted({entry.edition for entry in entries if entry.edition})
    text = ";".join(f"{name}={numbers[name]}" for name in sorted(numbers))
    return f"{VALIDATION} {'+'.join(editions)}.{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS_OF_EDITION]}"
