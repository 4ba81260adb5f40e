"""Pages of a meter: its versions and calibrations, what is doubtful, and a day down to each reading and its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.language import Text
from hengneng.metering.carriers import metering_unit
from hengneng.metering.engine import Held, held_versions
from hengneng.metering.models import Meter, MeterVersion
from hengneng.metering.multiplying import micro, multiplier, unit_factor
from hengneng.metering.results import SECONDS_OF_AN_HOUR, Hour, flags_of, hours_of
from hengneng.metering.storing import readings_store
from hengneng.readings.journal import Batch
from hengneng.readings.points import DAY, start_of
from hengneng.readings.reader import batch_of, readings_of
from hengneng.readings.store import Store
from hengneng.readings.validation.estimation import named
from hengneng.readings.validation.increments import increment
from hengneng.readings.validation.rules import Rules, rules_on
from hengneng.web.energy_charts import curve_chart
from hengneng.web.energy_curves import curve, curve_words, in_unit, meter_amounts
from hengneng.web.energy_flags import flag_lines
from hengneng.web.energy_questions import (
    carrier_label,
    day_asked,
    estimation_method,
    last_day,
    meter_or_refuse,
    span_asked,
)
from hengneng.web.energy_spans import DAY as ONE_DAY
from hengneng.web.energy_spans import HOURS, WEEK, Span, days_until
from hengneng.web.questions import answered, query_of, speech_of
from hengneng.web.speech import moment, shown

# Flags are looked for in the span that is shown, and in as many days before it.
DAYS_BEFORE = 31
MILLI = 1000


@dataclass(frozen=True)
class ReadingLine:
    """A reading of the day: its register, what it adds to the one before, and the batch that it came with.

    ``how`` is what was made of it: first, plain, rollover, reset, amount. ``quantity`` is after the multiplier, in the
    metering unit. ``current`` is false for a value that a later one has replaced.
    """

    at: dt.datetime
    value: Decimal
    current: bool
    seconds: int | None
    increment: Decimal | None
    how: str
    quantity: Decimal | None
    batch: Batch | None
    arrival: int

    @property
    def received(self) -> dt.datetime | None:
        """When its batch was received."""
        return None if self.batch is None else moment(self.batch.received_at)


@dataclass(frozen=True)
class HourLine:
    """An hour of the day: amount in the metering unit, per cent of the hour that is covered, and its state.

    ``method``: how it was estimated, where it was; ``reason``: why it is missing as the amount of the whole hour.
    """

    name: str
    quantity: Decimal | None
    percent: str
    quality: str
    method: Text | None
    reason: Text | None


@answered
def meter(request: HttpRequest, identifier: str) -> HttpResponse:
    """A meter with its load curve, versions, calibrations and flags."""
    found = meter_or_refuse(request, identifier)
    manifest = readings_store().manifest()
    span = span_asked(request, last_day(manifest, timezone.localdate()))
    if not span.hourly:
        span = Span.of(WEEK, span.last)
    line = curve(span, meter_amounts(manifest, found.number), lambda day: _day_address(found, day))
    days = days_until(span.last, DAYS_BEFORE + len(span.days))
    now = found.version_at(timezone.now())
    versions = found.versions.select_related("parent").order_by(F("valid_from").desc(nulls_last=True), "-revision")
    held = {one.version.pk: one for one in held_versions(found.versions.select_related("meter"))}
    content = {
        "meter": found,
        "carrier_name": carrier_label(found.carrier) if found.carrier else None,
        "unit_of_measure": metering_unit(found.carrier) if found.carrier else "",
        "span": span,
        "spans": [
            {"name": kind, "address": f"?{query_of(span=kind, on=span.last)}", "chosen": kind == span.kind}
            for kind in (ONE_DAY, WEEK)
        ],
        "before": _beside(span.before()),
        "after": _beside(span.after()),
        "curve": line,
        "chart": curve_chart(line.slots),
        "versions": [_version(version, held) for version in versions],
        "calibrations": list(found.calibrations.order_by("-on")),
        "flags": flag_lines(found, flags_of(manifest, days, {found.number})),
        "flags_since": days[-1],
        "parent": now.parent if now else None,
        "replaces": Meter.objects.filter(replaced_by=found).first(),
        **curve_words(line, speech_of(request).unit(metering_unit(found.carrier)) if found.carrier else ""),
    }
    return render(request, "web/energy/meter.html", content)


@answered
def meter_day(request: HttpRequest, identifier: str, day: str) -> HttpResponse:
    """A day of a meter as a derivation: hours, the readings that they come from, and the sources of those."""
    found, on = meter_or_refuse(request, identifier), day_asked(day)
    store = readings_store()
    manifest = store.manifest()
    hours = hours_of(manifest, [on], {found.number})
    held = list(held_versions(found.versions.select_related("meter")))
    rules = rules_on(on)
    lines = _reading_lines(store, found, on, held, rules)
    quantity = sum(hour.quantity or 0 for hour in hours.values()) if hours else None
    result = manifest.results.get((on, "hours"))
    content = {
        "meter": found,
        "carrier_name": carrier_label(found.carrier) if found.carrier else None,
        "unit_of_measure": metering_unit(found.carrier) if found.carrier else "",
        "day": on,
        "quantity": in_unit(quantity),
        "covered_words": shown(Decimal(100 * sum(hour.covered for hour in hours.values())) / DAY, ""),
        "hours": [_hour_line(hour, hours.get((on, hour))) for hour in range(HOURS)],
        "lines": lines,
        "multipliers": _multipliers(found, on, held),
        "flags": flag_lines(found, flags_of(manifest, [on], {found.number})),
        "edition": rules.edition if result else "",
        "unverified": rules.unverified,
        "files": manifest.files.get(on, ()),
        "waiting": bool(manifest.inbox_of(on)),
        "back": f"{reverse('meter', args=[found.identifier])}?{query_of(on=on, span=ONE_DAY)}",
    }
    return render(request, "web/energy/meter_day.html", content)


def _hour_line(hour: int, found: Hour | None) -> HourLine:
    covered = found.covered if found else 0
    estimate = named(
        found.quantity if found else None,
        covered=covered,
        expected=SECONDS_OF_AN_HOUR,
        estimated_seconds=found.estimated_seconds if found else 0,
    )
    return HourLine(
        name=f"{hour:02}:00–{hour + 1:02}:00",
        quantity=in_unit(found.quantity) if found else None,
        percent=shown(Decimal(100 * covered) / SECONDS_OF_AN_HOUR, "", 1),
        quality=str(estimate.quality),
        method=estimation_method(estimate.method) if estimate.method else None,
        reason=estimate.unknown.text() if estimate.unknown else None,
    )


def _reading_lines(store: Store, found: Meter, on: dt.date, held: list[Held], rules: Rules) -> list[ReadingLine]:
    """Readings that make up the day, oldest first: the one that it begins with, those in it, the one that closes it."""
    begin = start_of(on)
    end = begin + DAY
    rows = readings_of(store, found.number, begin - DAYS_BEFORE * DAY, end + DAYS_BEFORE * DAY, all_revisions=True)
    readings = rows.to_pylist()
    inside = [row for row in readings if begin < row["at"] <= end]
    first = [row for row in readings if row["at"] <= begin][-1:]
    after = [row for row in readings if row["at"] > end][:1]
    chosen = [*first, *inside, *([] if inside and inside[-1]["at"] == end else after)]
    newest = {row["at"]: row["arrival"] for row in chosen}
    batches: dict[int, Batch | None] = {}
    lines, before = [], None
    for row in chosen:
        arrival = row["arrival"]
        if arrival not in batches:
            batches[arrival] = batch_of(store, arrival)
        current = newest[row["at"]] == arrival
        made = _made(found, before if current else None, row, held, rules) if current else ("superseded", None, None)
        lines.append(
            ReadingLine(
                at=moment(row["at"]),
                value=in_unit(row["value"]) or Decimal(0),
                current=current,
                seconds=row["at"] - before["at"] if current and before else None,
                increment=in_unit(made[1]),
                how=made[0],
                quantity=in_unit(made[2]),
                batch=batches[arrival],
                arrival=arrival,
            )
        )
        if current:
            before = row
    return lines


Made = tuple[str, int | None, int | None]


def _made(
    found: Meter, before: Mapping[str, int] | None, row: Mapping[str, int], held: list[Held], rules: Rules
) -> Made:
    """What the rule of increments makes of a reading and the one before: how, increment, quantity."""
    version = _held_at(held, row["at"])
    if version is None or (before is None and found.kind != Meter.Kind.AMOUNT):
        return ("first", None, None)
    if found.kind == Meter.Kind.LEVEL:
        return ("level", None, None)
    factor = _multiplier(found, version)
    if found.kind == Meter.Kind.AMOUNT:
        return ("amount", row["value"], row["value"] * factor // MILLI)
    assert before is not None
    modulus, capacity = version.register_maximum, version.capacity
    made = increment(
        before["value"],
        row["value"],
        modulus=None if modulus is None else micro(modulus),
        multiplier=factor,
        capacity=None if capacity is None else micro(capacity, unit_factor(found.carrier, version.unit_of_measure)),
        seconds=row["at"] - before["at"],
        rules=rules,
    )
    return (str(made.how), made.increment, made.quantity)


def _held_at(held: list[Held], at: int) -> MeterVersion | None:
    return next((one.version for one in held if one.since < at <= one.until), None)


def _multiplier(found: Meter, version: MeterVersion) -> int:
    return multiplier(found.carrier, version.unit_of_measure, version.current_ratio, version.voltage_ratio)


def _multipliers(found: Meter, on: dt.date, held: list[Held]) -> list[tuple[MeterVersion, Decimal]]:
    """The versions that hold in the day, each with its multiplier."""
    begin = start_of(on)
    return [
        (one.version, Decimal(_multiplier(found, one.version)) / MILLI)
        for one in held
        if one.since < begin + DAY and begin < one.until and found.carrier
    ]


def _version(version: MeterVersion, held: Mapping[int, Held]) -> tuple[MeterVersion, bool]:
    """A version, and whether a later revision has replaced it."""
    return version, version.in_service and version.pk not in held


def _day_address(found: Meter, day: dt.date) -> str:
    return reverse("meter-day", args=[found.identifier, day.isoformat()])


def _beside(span: Span | None) -> str:
    return f"?{query_of(span=span.kind, on=span.first)}" if span else ""


addresses = [
    path("energy/meters/<str:identifier>/", meter, name="meter"),
    path("energy/meters/<str:identifier>/<str:day>/", meter_day, name="meter-day"),
]
