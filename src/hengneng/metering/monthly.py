"""From metered days to facts: what each unit used of each carrier in a month, or why that is not known.

A figure is made where the readings of the month are complete enough by the dated rules (table ``reading_quality``);
else the fact is *missing* with the reason. What changes later makes a new revision with a reason.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, seen_by
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.facts.models import Fact, FactSource
from hengneng.language import Text, message
from hengneng.metering.adding import DAY, Group, Register
from hengneng.metering.carriers import metering_unit
from hengneng.metering.models import CoefficientSet, DailyEnergy, EnergyDay, Meter
from hengneng.metering.multiplying import MICRO
from hengneng.periods import Period
from hengneng.problems import Problem, RefusedError
from hengneng.readings.validation.quality import Judged, completeness, days_against_month, estimated_share
from hengneng.registry.models import Organisation
from hengneng.rules.measures import Measure, measures
from hengneng.rules.units import convert

SERIES = "metered"
GROUP = "carriers"
Progress = Callable[[int, int], None]


@dataclass
class MonthOfCarrier:
    """What the meters of a unit say of one carrier in a month; quantities in micro-units, coal in micro-kgce."""

    unit: int
    carrier: str
    quantity: int = 0
    calorific: int | None = 0
    days: list[int | None] = field(default_factory=list)
    readings: int = 0
    due: int = 0
    covered: int = 0
    expected: int = 0
    estimated_seconds: int = 0
    coefficients: set[int] = field(default_factory=set)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a day that was rolled up."""
        self.days.append(row["quantity"])
        self.quantity += row["quantity"] or 0
        if row["quantity"] is not None:
            known = row["calorific"] is not None and self.calorific is not None
            self.calorific = (self.calorific or 0) + row["calorific"] if known else None
            self.coefficients.add(row["coefficients_id"])
        self.readings += row["readings"]
        self.due += row["expected_readings"]
        self.covered += row["covered_seconds"]
        self.expected += row["expected_seconds"]
        self.estimated_seconds += row["estimated_seconds"]

    def add_nothing(self, due: int, meters: int) -> None:
        """Add a day of which nobody has sent anything, though so many meters were in service."""
        self.days.append(None)
        self.due += due
        self.expected += meters * DAY


@dataclass
class FactsMade:
    """What was done: facts recorded for the first time, revised, left as they were; ``missing`` of all of them.

    ``without_measure``: carriers that have no measure of consumption.
    """

    month: str
    recorded: list[Fact] = field(default_factory=list)
    revised: list[Fact] = field(default_factory=list)
    unchanged: int = 0
    missing: int = 0
    without_measure: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "month": self.month,
            "recorded": [fact.name for fact in self.recorded],
            "revised": [fact.name for fact in self.revised],
            "unchanged": self.unchanged,
            "missing": self.missing,
            "without_measure": sorted(self.without_measure),
        }


def month_of(written: str) -> Period:
    """A month, ``2026-06``. RefusedError E301."""
    try:
        period = Period.parse(written)
    except ValueError:
        raise RefusedError(Problem("E301", "--month", {"found": written})) from None
    if len(period.written) != len("2026-06") or period.start.month != period.end.month:
        raise RefusedError(Problem("E301", "--month", {"found": written}))
    return period


@cache
def measure_of(carrier: str) -> Measure | None:
    """The measure of consumption of a carrier; None where there is none."""
    found = [
        one
        for one in measures().values()
        if one.entry.attributes["group"] == GROUP and one.entry.attributes["carrier"] == carrier
    ]
    return found[0] if len(found) == 1 else None


def months_of_carriers(period: Period, units: Iterable[int] | None = None) -> list[MonthOfCarrier]:
    """What the main meters of every unit say of a month, by unit and carrier. ``units``: keys, None for all."""
    chosen = None if units is None else set(units)
    rows = DailyEnergy.objects.filter(process="", day__range=(period.start, period.end))
    if chosen is not None:
        rows = rows.filter(unit__in=chosen)
    by_day: dict[dt.date, dict[tuple[int, str], Mapping[str, Any]]] = {}
    for one in rows.values():
        by_day.setdefault(one["day"], {})[one["unit_id"], one["carrier"]] = one
    register = Register()
    found: dict[tuple[int, str], MonthOfCarrier] = {}
    for number in range(calendar.monthrange(period.start.year, period.start.month)[1]):
        day = period.start + dt.timedelta(days=number)
        there = by_day.get(day, {})
        for key, row in there.items():
            found.setdefault(key, MonthOfCarrier(*key)).add(row)
        for group, due, meters in _in_service(register, day):
            key = (group.unit, group.carrier)
            if key not in there and (chosen is None or group.unit in chosen):
                found.setdefault(key, MonthOfCarrier(*key)).add_nothing(due, meters)
    return [found[key] for key in sorted(found)]


def _in_service(register: Register, day: dt.date) -> Iterable[tuple[Group, int, int]]:
    arrangement = register.on(day)
    ends = [*arrangement.starts[1:].tolist(), len(arrangement.members)]
    for group, start, end in zip(arrangement.groups, arrangement.starts.tolist(), ends, strict=True):
        if not group.process:
            yield group, int(arrangement.due[arrangement.members[start:end]].sum()), end - start


@dataclass(frozen=True)
class Verdict:
    """Whether a month may be used. ``reason``: why not; ``note``: what one must know to use it."""

    state: Fact.State
    note: Text


def judge(month: MonthOfCarrier, period: Period, place: str) -> Verdict:
    """Hold a month against the rules of its last day: completeness of what was sent and of the time covered.

    Both must reach the least that is demanded. A figure with more estimated time than allowed, or that does not cover
    the whole month, is estimated, and says so.
    """
    sent = completeness(month.readings, month.due, period.end, place)
    covered = completeness(month.covered, month.expected, period.end, place)
    said = {"received": f"{month.readings:,}", "due": f"{month.due:,}", "limit": _per_cent(sent.limit)}
    if not sent.passes:
        return Verdict(Fact.State.MISSING, message("metering.fact.incomplete", share=_share(sent), **said))
    if not covered.passes:
        return Verdict(Fact.State.MISSING, message("metering.fact.not_covered", share=_share(covered), **said))
    estimated = estimated_share(month.estimated_seconds, month.covered, period.end)
    note = message(
        "metering.fact.complete",
        share=_share(sent),
        covered=_share(covered),
        estimated=_share(estimated),
        **said,
    )
    if not estimated.passes or month.covered < month.expected:
        return Verdict(Fact.State.ESTIMATED, note)
    return Verdict(Fact.State.REPORTED_ZERO if month.quantity == 0 else Fact.State.REPORTED, note)


def _share(judged: Judged) -> str:
    return "—" if judged.share is None else _per_cent(judged.share)


def _per_cent(share: Fraction) -> str:
    return f"{float(share * 100):.2f} %"


def make_facts(written: str, actor: Actor, *, progress: Progress = lambda *_: None) -> FactsMade:
    """Record what meters say of the month ``written`` (2026-06), of every unit for which ``actor`` may report.

    All of it or nothing, as one act. The same readings again change nothing. RefusedError E301.
    """
    period = month_of(written)
    kind = Organisation.Kind.ENERGY_USING_UNIT
    allowed = seen_by(
        actor, Organisation.objects.filter(kind=kind), Verb.CORRECT_FACTS, place="place", organisation="pk"
    )
    units = {one.pk: one for one in allowed}
    months = months_of_carriers(period, units)
    made = FactsMade(period.written)
    with transaction.atomic():
        one_writer(Fact._meta.db_table)
        work = _Recording(period, actor, units)
        for number, month in enumerate(months, start=1):
            work.take(month, made)
            progress(number, len(months))
        if work.fresh:
            Fact.objects.bulk_create(work.fresh, batch_size=500)
            _log(actor, made, work.act)
    return made


def _log(actor: Actor, made: FactsMade, act: str) -> None:
    details = {"recorded": len(made.recorded), "revised": len(made.revised), "missing": made.missing}
    place = actor.places[0] if actor.places else ""
    record(actor.identifier, "metering.facts", "month", made.month, place=place, details=details, identifier=act)


class _Recording:
    def __init__(self, period: Period, actor: Actor, units: Mapping[int, Organisation]) -> None:
        self.period, self.actor, self.units = period, actor, units
        self.act = new_act_id()
        self.now = timezone.now()
        self.fresh: list[Fact] = []
        current = Fact.of_units.known_at(None).filter(period=period.written, series=SERIES)
        self.current = {(fact.organisation_id, fact.measure): fact for fact in current}
        self.examples = set(Meter.objects.filter(example=True).values_list("unit_id", "carrier"))
        self.sets = {one.pk: one for one in CoefficientSet.objects.all()}
        self._source: FactSource | None = None

    def source(self) -> FactSource:
        """One for each state of the days of the month, so that one can see whether they are still the same."""
        if self._source is None:
            days = EnergyDay.objects.filter(day__range=(self.period.start, self.period.end)).order_by("day")
            bases = "\n".join(f"{day} {basis}" for day, basis in days.values_list("day", "basis"))
            self._source, _ = FactSource.objects.get_or_create(
                kind=FactSource.Kind.METERS,
                title=message("metering.fact.source", month=self.period.label()).zh,
                file_name="",
                sha256=hashlib.sha256(bases.encode()).hexdigest(),
            )
        return self._source

    def take(self, month: MonthOfCarrier, made: FactsMade) -> None:
        """One fact, unless it is the one that is there."""
        measure = measure_of(month.carrier)
        if measure is None:
            made.without_measure.add(month.carrier)
            return
        unit = self.units[month.unit]
        fact = self._fact(month, measure, unit)
        made.missing += fact.state == Fact.State.MISSING
        before = self.current.get((unit.pk, measure.code))
        if before is not None:
            kept = ("value", "state", "note", "standard_coal", "standard_coal_edition")
            if all(getattr(before, name) == getattr(fact, name) for name in kept):
                made.unchanged += 1
                return
            fact.revision, fact.revises = before.revision + 1, before
            fact.reason = message("metering.fact.changed").zh
        (made.revised if before else made.recorded).append(fact)
        self.fresh.append(fact)

    def _fact(self, month: MonthOfCarrier, measure: Measure, unit: Organisation) -> Fact:
        verdict = judge(month, self.period, unit.place_id)
        physical = metering_unit(month.carrier)
        known = verdict.state != Fact.State.MISSING
        quantity = Decimal(month.quantity) / MICRO
        coal = None
        if known and month.calorific is not None:
            coal = convert(Decimal(month.calorific) / MICRO, "kgce", "tce")
        return Fact(
            measure=measure.code,
            place_id=unit.place_id,
            organisation=unit,
            period=self.period.written,
            period_start=self.period.start,
            period_end=self.period.end,
            series=SERIES,
            revision=1,
            state=verdict.state,
            reported_value=f"{quantity:f}" if known else "",
            reported_unit=physical,
            value=convert(quantity, physical, measure.unit) if known else None,
            unit=measure.unit,
            edition=f"units: 1 {physical} = {convert(Decimal(1), physical, measure.unit):f} {measure.unit}",
            standard_coal=coal,
            standard_coal_edition="" if coal is None else self._coefficients(month),
            source=self.source(),
            cell=f"{unit.identifier}/{month.carrier}",
            note=verdict.note.zh,
            confidence="sourced",
            example=(unit.pk, month.carrier) in self.examples,
            recorded_at=self.now,
            recorded_by=self.actor.identifier,
            act=self.act,
        )

    def _coefficients(self, month: MonthOfCarrier) -> str:
        said: dict[str, None] = {}
        for key in sorted(month.coefficients):
            for one in self.sets[key].content:
                used = one["calorific"]
                edition = used.get("edition") or used.get("source", "")
                said[f"{edition}: {used.get('value', '—')} {used.get('unit', '')}".strip()] = None
        return "; ".join(said)


@dataclass(frozen=True)
class Compared:
    """What a unit has reported of a month beside what its meters say; values in the unit of the measure.

    ``judged`` holds the gap against the rule; its share is None, with the reason, where either side is unknown.
    """

    unit: Organisation
    measure: Measure
    metered: Fact | None
    reported: Fact | None
    judged: Judged


def compare(written: str, units: Iterable[Organisation]) -> list[Compared]:
    """Metered against reported for a month, unit by unit, for every measure of which either is known. E301."""
    period = month_of(written)
    chosen = {one.pk: one for one in units}
    facts = Fact.of_units.known_at(None).filter(period=period.written, organisation__in=chosen)
    pairs: dict[tuple[int, str], dict[str, Fact]] = {}
    for fact in facts.filter(series__in=(SERIES, "reported")):
        assert fact.organisation_id is not None
        pairs.setdefault((fact.organisation_id, fact.measure), {})[fact.series] = fact
    days = {(one.unit, one.carrier): one.days for one in months_of_carriers(period, chosen)}
    found = []
    for (unit, code), pair in sorted(pairs.items()):
        measure = measures()[code]
        carrier = measure.entry.attributes["carrier"]
        month = _in_micro(pair.get("reported"), carrier)
        judged = days_against_month(days.get((unit, carrier), [None]), month, period.end, chosen[unit].place_id)
        found.append(Compared(chosen[unit], measure, pair.get(SERIES), pair.get("reported"), judged))
    return found


def _in_micro(fact: Fact | None, carrier: str) -> int | None:
    if fact is None or fact.value is None:
        return None
    return round(convert(fact.value, fact.unit, metering_unit(carrier)) * MICRO)
