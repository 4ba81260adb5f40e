"""Whether the readings of a month are good enough to be used: completeness, and days against the month.

The demands are dated rules, tables ``reading_quality`` and ``reading_validation`` (V20).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hengneng.readings.validation.rules import QualityRule, quality_rule, validation_number
from hengneng.trace import Mark, Unknown

COMPLETENESS = "completeness"
DAY_AGAINST_MONTH = "day-against-month"
REPAIR = "repair"
ESTIMATED_SHARE = "V20.share"
_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class Judged:
    """A share held against its limit, both exact fractions. ``passes`` is None when the share is unknown."""

    share: Fraction | None
    rule: QualityRule
    passes: bool | None
    unknown: Unknown | None = None

    @property
    def limit(self) -> Fraction:
        """The limit, a fraction."""
        return self.rule.limit

    @property
    def marks(self) -> frozenset[Mark]:
        """Unverified when nobody has checked the limit."""
        return frozenset({Mark.UNVERIFIED}) if self.rule.unverified else frozenset()


def completeness(received: int, due: int, on: dt.date, place: str | None = None) -> Judged:
    """Readings received as a share of those due (slots of the expected interval), held against the least demanded.

    More than were due is no more than complete. 发改环资〔2017〕1711号, completeness of what is sent in.
    ValueError for negative numbers.
    """
    if received < 0 or due < 0:
        raise ValueError(f"numbers of readings are not negative; found {received} of {due}")
    rule = quality_rule(COMPLETENESS, on, place)
    if due == 0:
        return Judged(None, rule, None, Unknown("no-readings-due"))
    share = Fraction(min(received, due), due)
    return Judged(share, rule, rule.met_by(share))


def days_against_month(days: Sequence[int | None], month: int | None, on: dt.date, place: str | None = None) -> Judged:
    """How far the sum of the days is from the month value, as a share of the month value.

    ``days`` are the amounts of all days of the month, in the unit of ``month`` (10^-6 of any unit); a day without a
    value is None and leaves the result unknown: it is not zero. 发改环资〔2017〕1711号, daily against monthly reports.
    """
    rule = quality_rule(DAY_AGAINST_MONTH, on, place)
    if month is None:
        return Judged(None, rule, None, Unknown("month-without-value"))
    known = [day for day in days if day is not None]
    if len(known) < len(days) or not days:
        return Judged(None, rule, None, Unknown("days-without-value", {"days": str(len(days) - len(known))}))
    gap = abs(sum(known) - month)
    if month == 0:
        if gap == 0:
            return Judged(Fraction(0), rule, True)
        return Judged(None, rule, None, Unknown("month-value-zero"))
    share = Fraction(gap, abs(month))
    return Judged(share, rule, rule.met_by(share))


def estimated_share(estimated_seconds: int, covered: int, on: dt.date) -> Judged:
    """Share of the covered time of a month that is estimated, held against the most allowed (V20).

    ValueError when more is estimated than covered.
    """
    if not 0 <= estimated_seconds <= covered:
        raise ValueError(f"estimated {estimated_seconds} of {covered} covered seconds")
    rule = validation_number(ESTIMATED_SHARE, on)
    if covered == 0:
        return Judged(None, rule, None, Unknown("no-readings"))
    share = Fraction(estimated_seconds, covered)
    return Judged(share, rule, rule.met_by(share))


def repair_days(on: dt.date, place: str | None = None) -> int:
    """Working days within which a fault must be repaired; after that it is registered and values entered by hand."""
    return int(quality_rule(REPAIR, on, place).limit) // _SECONDS_OF_A_DAY
