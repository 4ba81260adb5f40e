"""Emission monitoring of a region: which sources are on line, what is above its limit, what left them in a month."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Actor
from hengneng.language import Text
from hengneng.metering.reading import prefecture_of
from hengneng.monitoring.models import Outlet
from hengneng.monitoring.reading import (
    ON,
    SEVERITIES,
    STATES,
    WITHOUT,
    Latest,
    Load,
    MonthOfOutlet,
    Presence,
    latest,
    loads,
    months_of,
    newest_day,
    presences,
    visible_outlets,
)
from hengneng.monitoring.storing import measured_values
from hengneng.registry.models import Place
from hengneng.web.energy_spans import Span
from hengneng.web.monitoring_questions import (
    month_asked,
    month_links,
    pollutant_name,
    reader_of,
    refused,
)
from hengneng.web.questions import answered, query_of, speech_of
from hengneng.web.sheets import csv_answer
from hengneng.web.speech import RATE, Speech, moment, shown

COLUMNS = (
    "outlet", "name", "unit", "place", "medium", "standard", "source_kind", "device", "state", "since", "last", "hour",
    "above", "judged", "valid_hours", "expected_hours", "exceeded_hours", "grave", "doubtful", "note", "source",
    "example",
)  # fmt: skip
LOAD_COLUMNS = (
    "month", "pollutant", "name", "mass", "lower_bound", "substituted", "substituted_days", "whole", "part", "none",
    "days", "expected_days", "unverified", "example",
)  # fmt: skip
KILOGRAMS_OF_A_TONNE = 1000


@dataclass(frozen=True)
class Asked:
    """What is asked for: month of shares and loads, prefecture (stable code), medium, state."""

    month: Span
    place: str
    medium: str
    state: str

    @property
    def query(self) -> str:
        """The question as the query of an address."""
        return query_of(month=self.month.title, place=self.place, medium=self.medium, state=self.state)


@dataclass(frozen=True)
class Line:
    """An outlet in the table."""

    outlet: Outlet
    place: str
    place_name: Text
    presence: Presence
    last: Latest | None
    month: MonthOfOutlet

    @property
    def above(self) -> list[Text]:
        """Names of what was above its limit in the last hour that was judged."""
        return [pollutant_name(code) for code in self.last.above] if self.last else []

    @property
    def judged(self) -> bool:
        """Whether anything was judged in the last hours."""
        return bool(self.last and self.last.judged)

    @property
    def percent(self) -> str:
        """Valid hours of the month in per cent, a dash where nothing was expected."""
        return shown(self.month.share, RATE, 1)

    @property
    def findings(self) -> list[tuple[str, int]]:
        """Findings by severity, the gravest first."""
        return [(name, self.month.findings[name]) for name in SEVERITIES if name in self.month.findings]

    @property
    def weight(self) -> int:
        """What the column of findings is sorted by: a grave one outweighs any number of others."""
        return sum(self.month.findings.get(name, 0) * 1000**rank for rank, name in enumerate(reversed(SEVERITIES)))


@answered
def monitoring(request: HttpRequest) -> HttpResponse:
    """The outlets that the reader may see."""
    actor = reader_of(request)
    asked = _asked(request, actor)
    every = _lines(actor, asked.month)
    lines = _chosen(every, asked)
    on_line = sum(one.presence.state == ON for one in every)
    above = sum(bool(one.above) for one in every)
    content = {
        "asked": asked,
        "lines": lines,
        "whole": every,
        "on_line": on_line,
        "above": above,
        "judged": sum(one.judged for one in every),
        "unverified": any(one.last and one.last.unverified for one in every),
        "example": any(one.outlet.example for one in every),
        "places": sorted({one.place: one.place_name for one in every}.items(), key=lambda each: each[0]),
        "media": Outlet.Medium.values,
        "states": STATES,
        "loads": [_load_line(one) for one in loads([one.outlet for one in lines], asked.month.first, asked.month.last)],
        "csv": f"{reverse('monitoring-csv')}?{asked.query}",
        "loads_csv": f"{reverse('monitoring-loads-csv')}?{asked.query}",
        **month_links(asked.month, place=asked.place, medium=asked.medium, state=asked.state),
    }
    return render(request, "web/monitoring/region.html", content)


@answered
def monitoring_csv(request: HttpRequest) -> HttpResponseBase:
    """The rows of the table as CSV."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _asked(request, actor)
    head = [speech.words(f"web.monitoring.region_csv.{column}") for column in COLUMNS]
    rows = [_csv_row(one, speech) for one in _chosen(_lines(actor, asked.month), asked)]
    return csv_answer(f"monitoring-{asked.month.title}", head, rows)


@answered
def loads_csv(request: HttpRequest) -> HttpResponseBase:
    """Loads by pollutant as CSV."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _asked(request, actor)
    lines = _chosen(_lines(actor, asked.month), asked)
    head = [speech.words(f"web.monitoring.loads_csv.{column}") for column in LOAD_COLUMNS]
    example = yes_no(speech, any(one.outlet.example for one in lines))
    rows = [
        [
            asked.month.title, one.pollutant, speech.said(pollutant_name(one.pollutant)), _tonnes(one.mass),
            yes_no(speech, one.lower_bound), _tonnes(one.substituted), one.substituted_days, one.whole,
            one.part, one.none, one.days, one.expected_days, yes_no(speech, one.unverified), example,
        ]
        for one in loads([line.outlet for line in lines], asked.month.first, asked.month.last)
    ]  # fmt: skip
    return csv_answer(f"monitoring-loads-{asked.month.title}", head, rows)


def yes_no(speech: Speech, truth: bool) -> str:
    """Yes or no in the language of a file."""
    return speech.words(f"web.figure.truth.{'yes' if truth else 'no'}")


def _csv_row(one: Line, speech: Speech) -> list[object]:
    outlet, presence, last = one.outlet, one.presence, one.last
    return [
        outlet.identifier, speech.said(Text(zh=outlet.name_zh, en=outlet.name_en)), speech.said(outlet.unit.label),
        speech.said(one.place_name), speech.words(f"monitoring.medium.{outlet.medium}"), outlet.standard,
        outlet.source_kind, outlet.device.identifier if outlet.device else "",
        speech.words(f"web.monitoring.state.{presence.state}"), _written(presence.since), _written(presence.last),
        "" if last is None or last.hour is None else _written(moment(last.hour)),
        None if not one.judged else speech.listed(speech.said(name) for name in one.above),
        None if last is None else len(last.judged), one.month.valid_hours, one.month.expected_hours,
        one.month.exceeded_hours, *(one.month.findings.get(name, 0) for name in SEVERITIES), outlet.source,
        yes_no(speech, outlet.example),
    ]  # fmt: skip


def _written(at: object) -> str:
    return "" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"  # type: ignore[arg-type]


def _asked(request: HttpRequest, actor: Actor) -> Asked:
    place, medium, state = (request.GET.get(name, "") for name in ("place", "medium", "state"))
    if medium and medium not in Outlet.Medium.values:
        raise refused("medium", medium)
    if state and state not in STATES:
        raise refused("state", state)
    return Asked(month_asked(request, newest_day(actor)), place, medium, state)


def _chosen(lines: list[Line], asked: Asked) -> list[Line]:
    if asked.place and asked.place not in {one.place for one in lines}:
        raise refused("place", asked.place, 404)
    return [
        one
        for one in lines
        if asked.place in ("", one.place)
        and asked.medium in ("", one.outlet.medium)
        and asked.state in ("", one.presence.state)
    ]


def _lines(actor: Actor, month: Span) -> list[Line]:
    """Every outlet that the reader may see, those above a limit first, then by findings."""
    outlets = list(visible_outlets(actor))
    seen = latest(measured_values(), outlets)
    devices = [one.device for one in outlets if one.device is not None]
    values = {one.device_id: seen[one.pk].at for one in outlets if one.device_id is not None and one.pk in seen}
    present = presences(devices, values)
    months = months_of(outlets, month.first, month.last)
    prefectures = prefecture_of({one.unit.place_id for one in outlets})
    places = {one.unit.place_id: prefectures.get(one.unit.place_id, one.unit.place_id) for one in outlets}
    today = timezone.localdate()
    names = {one.code: one.name_on(today) for one in Place.objects.filter(pk__in=set(places.values()))}
    nobody = Presence(WITHOUT, None, None)
    lines = [
        Line(
            outlet=one,
            place=places[one.unit.place_id],
            place_name=names[places[one.unit.place_id]],
            presence=present[one.device_id] if one.device_id is not None else nobody,
            last=seen.get(one.pk),
            month=months[one.pk],
        )
        for one in outlets
    ]
    return sorted(lines, key=lambda one: (-len(one.above), -one.weight, one.outlet.identifier))


@dataclass(frozen=True)
class LoadLine:
    """A load in words."""

    load: Load
    name: Text
    tonnes: float | None
    substituted: float | None


def _load_line(load: Load) -> LoadLine:
    return LoadLine(load, pollutant_name(load.pollutant), _tonnes(load.mass), _tonnes(load.substituted))


def _tonnes(mass: float | None) -> float | None:
    return None if mass is None else mass / KILOGRAMS_OF_A_TONNE


addresses = [
    path("monitoring/", monitoring, name="monitoring"),
    path("monitoring/outlets.csv", monitoring_csv, name="monitoring-csv"),
    path("monitoring/loads.csv", loads_csv, name="monitoring-loads-csv"),
]
