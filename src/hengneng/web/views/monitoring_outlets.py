"""The page of a source: hour means against limits, valid hours, days, alarms, signs of fabrication."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Actor
from hengneng.devices.models import DeviceEvent, EventKind
from hengneng.emissions.findings.finding import CHECKS
from hengneng.emissions.parameters import validity_rules
from hengneng.emissions.series import HOUR
from hengneng.language import Text, message
from hengneng.monitoring.hours import OutletHours, columns_of_all, outlet_hours
from hengneng.monitoring.models import Outlet, OutletDay, OutletFinding, SubstitutedDay
from hengneng.monitoring.reading import (
    DAY,
    NEVER,
    OF_HOURS,
    WITHOUT,
    Presence,
    days_of,
    events_of,
    findings_of,
    latest,
    newest_day_of,
    presences,
    visible_outlets,
)
from hengneng.monitoring.storing import measured_values
from hengneng.monitoring.taking import start_of_day
from hengneng.readings.store import Store
from hengneng.registry.models import Place
from hengneng.rules.tables import rule_table
from hengneng.web.energy_spans import Span
from hengneng.web.monitoring_hours import Alarm, alarms_of, calendar_of, hour_lines, series_of
from hengneng.web.monitoring_questions import (
    concentration_unit,
    day_asked,
    finding_names,
    hour_written,
    month_asked,
    month_links,
    outlet_or_refuse,
    pollutant_name,
    reason_words,
)
from hengneng.web.monitoring_records import check_lines, mark_lines, may_say, substituted_days
from hengneng.web.questions import actor_of_request, answered, query_of, speech_of
from hengneng.web.sheets import csv_answer
from hengneng.web.speech import RATE, moment, shown
from hengneng.web.views.monitoring import yes_no

EVIDENCE_SHOWN = 5
EVENTS_OF_HEAD = (EventKind.CLOCK_OFF, EventKind.REGIONAL_TIME, EventKind.SECOND_ADDRESS, EventKind.REFUSED_ADDRESS)
HOUR_COLUMNS = (
    "hour", "pollutant", "name", "judged", "measured", "reported", "mass", "valid", "least", "reason", "limit", "above",
    "unverified", "source", "example",
)  # fmt: skip


@dataclass(frozen=True)
class DayLine:
    """A day of a pollutant."""

    row: OutletDay
    name: Text
    address: str
    substitute: SubstitutedDay | None

    @property
    def why(self) -> Text | None:
        """Why there is no mean."""
        return reason_words(self.row.mean_reason)

    @property
    def why_no_mass(self) -> Text | None:
        """Why there is no mass."""
        return reason_words(self.row.mass_reason)


@dataclass(frozen=True)
class FindingLine:
    """A sign of fabrication in words; ``evidence``: time, value, the page of that hour, a few of ``rows``."""

    row: OutletFinding
    name: Text
    quantity: Text
    check: str
    statistic: str
    threshold: str
    unit: str
    evidence: list[tuple[dt.datetime, str, str]]
    rows: int
    other: Text | None


@answered
def outlet(request: HttpRequest, identifier: str) -> HttpResponse:
    """A source in a month."""
    found = outlet_or_refuse(request, identifier)
    month = month_asked(request, newest_day_of(found))
    store = measured_values()
    hours = _hours(store, found, month)
    all_series = series_of(hours)
    days = days_of(found, month.first, month.last)
    instead = substituted_days(found, month.first, month.last)
    on = day_asked(request, month) or max((row.day for row in days), default=month.first)
    start = start_of_day(on)
    rows = findings_of(found, month.first, month.last)
    others = _others(actor_of_request(request), rows)
    findings = [_finding_line(found, row, hours, others) for row in rows]
    rules = validity_rules(found.medium, month.first)
    content = {
        "outlet": found,
        "name": Text(zh=found.name_zh, en=found.name_en),
        "place": Place.objects.get(pk=found.unit.place_id).name_on(timezone.localdate()),
        "standard_label": _standard_label(found),
        "presence": _presence(store, found),
        "head_events": _head_events(found),
        "month": month,
        "day_words": str(on),
        "series": all_series,
        "concentration": concentration_unit(found),
        "lines": list(hour_lines(found, hours, start, start + DAY)) if hours.pollutants else [],
        "day_lines": [_day_line(row, month, instead.get((row.day, row.pollutant))) for row in days],
        "marks": mark_lines(actor_of_request(request), found, moment(hours.start), moment(hours.end)),
        "may_mark": may_say(actor_of_request(request), found),
        "checks": check_lines(hours.records, moment(hours.start), moment(hours.end)),
        "quarter_fails": any(one.quarter_fails for one in instead.values()),
        "of_day": any(row.limit_of_day is not None for row in days),
        "calendar": calendar_of(days, month, int(rules.least_of_day.value)),
        "day_numbers": range(1, month.last.day + 1),
        "enough": int(rules.least_of_day.value),
        "alarms": sorted([*alarms_of(found, all_series), *_event_alarms(found, month)], key=_begin, reverse=True),
        "findings": findings,
        "unverified": any(one.hours.judged.unverified or (one.hours.against and one.hours.against.unverified)
                          for one in all_series),
        "csv": f"{reverse('monitoring-hours-csv', args=[found.identifier])}?{query_of(month=month.title)}",
        **month_links(month),
    }  # fmt: skip
    return render(request, "web/monitoring/outlet.html", content)


@answered
def hours_csv(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """The hours of a month as CSV."""
    found, speech = outlet_or_refuse(request, identifier), speech_of(request)
    month = month_asked(request, newest_day_of(found))
    hours = _hours(measured_values(), found, month)
    head = [speech.words(f"web.monitoring.hours_csv.{column}") for column in HOUR_COLUMNS]
    example = yes_no(speech, found.example)

    def unsure(code: str) -> bool:
        one = hours.pollutants[code]
        return one.judged.unverified or bool(one.against and one.against.unverified)

    bounds = {code: None if one.against is None else one.against.limit.value for code, one in hours.pollutants.items()}
    lines = hour_lines(found, hours, hours.start, hours.end) if hours.pollutants else iter(())
    rows = (
        [
            f"{one.begin:%Y-%m-%d %H:%M}", one.pollutant, speech.said(one.name), one.judged, one.measured, one.reported,
            one.mass, one.count, one.least, speech.said(one.why), bounds[one.pollutant],
            "" if one.multiple is None else yes_no(speech, one.exceeded), yes_no(speech, unsure(one.pollutant)),
            found.source, example,
        ]
        for one in lines
    )  # fmt: skip
    return csv_answer(f"monitoring-{found.identifier}-{month.title}", head, rows)


def _hours(store: Store, found: Outlet, month: Span) -> OutletHours:
    start, end = start_of_day(month.first), start_of_day(month.last) + DAY
    columns = columns_of_all(store, [found], start, end, OF_HOURS).get(found.pk, {})
    return outlet_hours(store, found, start, end, columns)


def _presence(store: Store, found: Outlet) -> Presence:
    if found.device is None:
        return Presence(WITHOUT, None, None)
    seen = latest(store, [found]).get(found.pk)
    values = {} if seen is None else {found.device.pk: seen.at}
    return presences([found.device], values).get(found.device.pk, Presence(NEVER, None, None))


def _standard_label(found: Outlet) -> Text | None:
    """What the table of reference oxygen calls its kind of combustion; None where it has none."""
    key = (found.standard, found.source_kind)
    limits = rule_table("emission_limits").entries
    kinds = {one.attributes["oxygen_kind"] for one in limits if (one.key["standard"], one.key["source_kind"]) == key}
    rows = rule_table("reference_oxygen").entries
    return next(
        (one.label() for one in rows if one.key["standard"] == found.standard and one.key["source_kind"] in kinds), None
    )


def _head_events(found: Outlet) -> list[DeviceEvent]:
    """The last event of each kind that says something of clock and addresses."""
    return [] if found.device is None else list(events_of(found.device).filter(kind__in=EVENTS_OF_HEAD)[:3])


def _event_alarms(found: Outlet, month: Span) -> list[Alarm]:
    if found.device is None:
        return []
    begin, end = moment(start_of_day(month.first)), moment(start_of_day(month.last) + DAY)
    return [
        Alarm(timezone.localtime(one.at), None, one.kind, None, 0, None, "", one.found, one.address)
        for one in events_of(found.device).filter(at__gte=begin, at__lt=end)[:100]
    ]


def _begin(alarm: Alarm) -> dt.datetime:
    return alarm.begin


def _day_line(row: OutletDay, month: Span, instead: SubstitutedDay | None) -> DayLine:
    address = f"?{query_of(month=month.title, day=row.day)}#hours"
    return DayLine(row, pollutant_name(row.pollutant), address, instead)


def _others(actor: Actor, rows: list[OutletFinding]) -> dict[int | None, Text]:
    """What the outlets are called beside which findings show; one that the reader may not see stays unnamed."""
    wanted = {row.other_id for row in rows if row.other_id is not None}
    if not wanted:
        return {}
    seen = {one.pk: Text(zh=one.identifier, en=one.identifier) for one in visible_outlets(actor).filter(pk__in=wanted)}
    return {key: seen.get(key, message("web.monitoring.another_outlet")) for key in wanted}


def _finding_line(
    found: Outlet, row: OutletFinding, hours: OutletHours, others: Mapping[int | None, Text]
) -> FindingLine:
    times, values = row.evidence.get("times", []), row.evidence.get("values", [])
    known = row.quantity in hours.pollutants
    return FindingLine(
        row=row,
        name=finding_names().get(row.number, Text(zh=row.number, en=row.number)),
        quantity=pollutant_name(row.quantity),
        check=CHECKS.get(row.number, ""),
        statistic=_statistic(row.statistic, row.unit),
        threshold=_statistic(row.threshold, row.unit),
        unit="h" if row.unit == "s" and abs(row.threshold) >= HOUR else row.unit,
        evidence=[
            (
                moment(at),
                shown(value, "", 3),
                reverse("monitoring-value", args=[found.identifier, row.quantity, hour_written(at)]) if known else "",
            )
            for at, value in list(zip(times, values, strict=False))[:EVIDENCE_SHOWN]
        ],
        rows=len(times),
        other=others.get(row.other_id),
    )


def _statistic(value: float, unit: str) -> str:
    if unit == "s" and abs(value) >= HOUR:
        return f"{value / HOUR:g}"
    return shown(value, RATE, 1) + " %" if unit == "%" else f"{value:.4g}"


addresses = [
    path("monitoring/<str:identifier>/", outlet, name="monitoring-outlet"),
    path("monitoring/<str:identifier>/hours.csv", hours_csv, name="monitoring-hours-csv"),
]
