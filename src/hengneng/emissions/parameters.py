"""The dated numbers that monitoring data are judged by, from the rule tables of emissions.

Shares are fractions, times seconds; concentrations stay in the unit of their row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import RuleNotFoundError, lookup, rule_table
from hengneng.rules.units import convert, unit

VALIDITY = "emission_validity"
FLAGS = "emission_flags"
MARKS = "emission_marks"
LIMITS = "emission_limits"
OXYGEN = "reference_oxygen"


@dataclass(frozen=True)
class Parameter:
    """One number with the row it stands in. ``value`` is a fraction, seconds, or in the unit of the row."""

    value: float
    entry: RuleEntry

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked the number."""
        return self.entry.unverified


def parameter(entry: RuleEntry) -> Parameter:
    """The number of ``entry``: per cent as a fraction, times in seconds, else as written. ValueError without one."""
    if entry.value is None:
        raise ValueError(f"{entry.file}:{entry.row} has no number")
    base = {"number": "1", "time": "s"}.get(unit(entry.unit).dimension)
    return Parameter(float(entry.value if base is None else convert(entry.value, entry.unit, base)), entry)


@dataclass(frozen=True)
class ValidityRules:
    """How many valid values each mean needs (``least_*``), and above which oxygen nothing is converted (gas only).

    ``counts_minutes``: the rule of an hour counts minutes, as that of gas does, not values.
    """

    counts_minutes: bool
    least_of_interval: Parameter
    least_of_hour: Parameter
    least_of_day: Parameter
    least_of_month: Parameter
    least_of_february: Parameter
    highest_oxygen: Parameter | None

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked one of the counts."""
        counts = (self.least_of_hour, self.least_of_day, self.least_of_month, self.least_of_february)
        return any(one.unverified for one in counts)


def validity_rules(medium: str, on: dt.date, place: str | None = None) -> ValidityRules:
    """The counts for ``medium`` (gas or water) on a day (tables emission_validity). RuleNotFoundError without them."""

    def count(rule: str) -> Parameter:
        return parameter(lookup(VALIDITY, {"medium": medium, "rule": rule}, on, place))

    if medium == "water":
        month = count("least-days-of-month")
        interval, hour, day = (
            count(rule) for rule in ("slices-of-interval", "least-values-of-hour", "least-hours-of-day")
        )
        return ValidityRules(False, interval, hour, day, month, month, None)
    return ValidityRules(
        True,
        count("samples-of-minute"),
        count("minutes-of-hour"),
        count("hours-of-day"),
        count("days-of-month"),
        count("days-of-february"),
        count("oxygen-to-convert"),
    )


def _words(table: str, on: dt.date, place: str | None) -> Iterable[tuple[str, RuleEntry]]:
    for entry in rule_table(table).select(on, place):
        yield next(iter(entry.key.values())), entry


@lru_cache(maxsize=64)
def valid_flags(on: dt.date) -> frozenset[str]:
    """Flags whose data count in a mean on a day. Data without a flag, or with one that no row knows, do not."""
    return frozenset(flag for flag, entry in _words(FLAGS, on, None) if entry.attributes["counts"] == "yes")


@lru_cache(maxsize=64)
def flags_of_state(on: dt.date, *states: str) -> frozenset[str]:
    """The flags that say one of ``states`` (normal, analyser-stopped, maintenance, …) on a day."""
    return frozenset(flag for flag, entry in _words(FLAGS, on, None) if entry.attributes["state"] in states)


@dataclass(frozen=True)
class MarkRules:
    """Marks whose hours count in means, are excused from limits, or count as without emission.

    ``unverified``: nobody has checked what the marks mean; so is whatever a mark has decided.
    """

    counting: frozenset[str]
    excused: frozenset[str]
    without_emission: frozenset[str]
    unverified: bool


@lru_cache(maxsize=64)
def mark_rules(on: dt.date, place: str | None = None) -> MarkRules:
    """What the marks of operation mean on a day. No mark (an empty text) counts and is judged,
    an unknown one excuses nothing."""
    rows = list(_words(MARKS, on, place))

    def those(attribute: str, word: str) -> frozenset[str]:
        return frozenset(mark for mark, entry in rows if entry.attributes[attribute] == word)

    return MarkRules(
        those("counts", "yes") | {""},
        those("judged", "no"),
        those("nothing_emitted", "yes"),
        any(entry.unverified for _, entry in rows),
    )


def reference_oxygen(standard: str, source_kind: str, on: dt.date, place: str | None = None) -> Parameter:
    """Reference oxygen [fraction] of a standard for a kind of source on a day. RuleNotFoundError when unknown."""
    return parameter(lookup(OXYGEN, {"standard": standard, "source_kind": source_kind}, on, place))


def emission_limit(
    standard: str,
    source_kind: str,
    pollutant: str,
    period: str,
    on: dt.date,
    *,
    region: str = "general",
    condition: str = "none",
    place: str | None = None,
) -> Parameter:
    """The limit in force on a day, in the unit of its row (mg/m3 or mg/L). RuleNotFoundError: it is not known."""
    key = {"standard": standard, "source_kind": source_kind, "pollutant": pollutant, "period": period}
    return parameter(lookup(LIMITS, {**key, "region": region, "condition": condition}, on, place))


SEVERITIES = ("note", "doubtful", "grave")


@dataclass(frozen=True)
class FindingRule:
    """The numbers of one finding for one quantity: bounds of the severities that it has, and its parameters."""

    number: str
    bounds: Mapping[str, Parameter]
    numbers: Mapping[str, Parameter]

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked one of the numbers."""
        return any(one.unverified for one in (*self.bounds.values(), *self.numbers.values()))

    def __getitem__(self, name: str) -> float:
        """The parameter ``name``; KeyError when the rule has none of that name."""
        return self.numbers[name].value

    def least(self) -> int:
        """The least data that it judges by; 1 where no row says more."""
        found = self.numbers.get("least")
        return 1 if found is None else int(found.value)

    def reached(self, statistic: float) -> tuple[str, float] | None:
        """The gravest severity whose bound ``statistic`` reaches, with the bound; None when it reaches none."""
        for severity in reversed(SEVERITIES):
            bound = self.bounds.get(severity)
            if bound is not None and reaches(statistic, bound):
                return severity, bound.value
        return None


def reaches(statistic: float, bound: Parameter) -> bool:
    """Whether ``statistic`` is on the bad side of ``bound``, as the row compares. NaN reaches nothing."""
    comparison = bound.entry.attributes["comparison"]
    if comparison == "at_least":
        return statistic >= bound.value
    if comparison == "above":
        return statistic > bound.value
    return statistic < bound.value if comparison == "below" else statistic <= bound.value


@lru_cache(maxsize=256)
def finding_rule(number: str, on: dt.date, quantity: str = "any", place: str | None = None) -> FindingRule:
    """The numbers of finding ``number`` (F1, …) on a day; what a quantity does not name for itself is that of any.

    Raises RuleNotFoundError when the finding has none on that day.
    """
    entries = [one for one in rule_table("fabrication_rules").select(on, place) if one.key["finding"] == number]
    own = [one for one in entries if one.key["quantity"] == quantity]
    general = [one for one in entries if one.key["quantity"] == "any"]
    if own and quantity != "any":
        # Bounds of severity are replaced as a whole; a parameter that the quantity does not name is the general one.
        general = [one for one in general if one.key["threshold"] not in SEVERITIES]
    chosen = [*general, *own] if quantity != "any" else general
    if not chosen:
        raise RuleNotFoundError(
            f"table fabrication_rules has no row for {number} {quantity} on {on.isoformat()}",
            asked={"finding": number, "quantity": quantity, "on": on.isoformat()},
        )
    numbers = {one.key["threshold"]: parameter(one) for one in chosen}
    bounds = {name: numbers.pop(name) for name in SEVERITIES if name in numbers}
    return FindingRule(number, bounds, numbers)
