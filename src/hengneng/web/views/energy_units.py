"""Pages of an energy-using unit: its load curve, how complete its days are, its meters, and where a day came from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.language import Text, message
from hengneng.metering.breakdown import shares_of
from hengneng.metering.carriers import metering_unit
from hengneng.metering.models import DailyEnergy, Meter
from hengneng.metering.monthly import Compared, compare
from hengneng.metering.results import flags_of, runs_of
from hengneng.metering.storing import readings_store
from hengneng.readings.manifest import Manifest
from hengneng.readings.validation.rules import quality_rule
from hengneng.registry.models import Organisation
from hengneng.web.energy_charts import curve_chart, kind_of
from hengneng.web.energy_curves import Curve, curve, curve_words, in_unit, unit_amounts
from hengneng.web.energy_questions import (
    carrier_label,
    day_asked,
    last_day,
    refused,
    span_asked,
    unit_or_refuse,
)
from hengneng.web.energy_spans import MONTH, SPANS, Span, days_until
from hengneng.web.questions import answered, query_of, speech_of
from hengneng.web.sheets import csv_answer
from hengneng.web.speech import RATE, shown

MONTHS = range(1, 13)
STATES = {"whole": "whole", "estimated": "estimated", "part": "part", "unknown": "missing"}
SIGNS = {"whole": "■", "most": "◧", "part": "□", "none": "×", "off": ""}
LONGEST_MONTH = 31


@dataclass(frozen=True)
class Choice:
    """One of several addresses of a page, the chosen one marked."""

    name: str
    label: Text | str
    address: str
    chosen: bool


@dataclass(frozen=True)
class CalendarDay:
    """How complete a day is: ``state`` whole, most, part, none or off (no meter in service, or no such day)."""

    day: dt.date | None
    state: str
    share: int | None
    address: str

    @property
    def sign(self) -> str:
        """The sign of the state, for eyes that do not tell colours."""
        return SIGNS[self.state]


@dataclass(frozen=True)
class MeterLine:
    """A meter in the list of a unit: what it has covered of the span, and how many flags there are."""

    meter: Meter
    carrier: Text
    place: str
    flags: int
    parent: Meter | None


@answered
def unit(request: HttpRequest, identifier: str) -> HttpResponse:
    """The load curve of a unit for one carrier and span, its calendar of completeness, its meters."""
    found = unit_or_refuse(request, identifier)
    manifest = readings_store().manifest()
    carriers = _carriers(found)
    carrier = _carrier_asked(request, carriers)
    span = span_asked(request, last_day(manifest, timezone.localdate()))
    line = _curve(found, carrier, span) if carrier else None
    content = {
        "unit": found,
        "place": found.place.name_on(timezone.localdate()),
        "carriers": [
            Choice(code, carrier_label(code), f"?{_query(span, code)}", code == carrier) for code in carriers
        ],
        "carrier": carrier,
        "carrier_name": carrier_label(carrier) if carrier else None,
        "unit_of_measure": metering_unit(carrier) if carrier else "",
        "span": span,
        "spans": [_span_choice(kind, span, carrier) for kind in SPANS],
        "before": _beside(span.before(), carrier),
        "after": _beside(span.after(), carrier),
        "curve": line,
        "chart": curve_chart(line.slots) if line else None,
        "months": _calendar(found, carrier, span.first.year) if carrier else [],
        "day_numbers": range(1, LONGEST_MONTH + 1),
        "meters": _meters(found, manifest, days_until(span.last, min(len(span.days), LONGEST_MONTH))),
        "compared": [_compared(one) for one in _comparison(found, span)],
        "example": has_examples(found),
        "csv": f"{reverse('energy-unit-csv', args=[found.identifier])}?{_query(span, carrier)}",
        "enough": _enough(),
        "span_title": span.title,
        **(curve_words(line, speech_of(request).unit(metering_unit(carrier))) if line else {}),
    }
    return render(request, "web/energy/unit.html", content)


@answered
def unit_csv(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """The slots of the load curve as CSV."""
    found = unit_or_refuse(request, identifier)
    carrier = _carrier_asked(request, _carriers(found))
    if not carrier:
        raise refused("carrier", request.GET.get("carrier", ""), 404)
    speech = speech_of(request)
    span = span_asked(request, last_day(readings_store().manifest(), timezone.localdate()))
    columns = ("time", "quantity", "unit", "state", "year_before", "example")
    head = [speech.words(f"web.energy.csv.{column}") for column in columns]
    name = f"energy-{found.identifier}-{carrier}-{span.kind}-{span.first}"
    measure = speech.unit(metering_unit(carrier))
    example = speech.words(f"web.figure.truth.{'yes' if has_examples(found) else 'no'}")

    def rows() -> Iterator[list[object]]:
        for slot in _curve(found, carrier, span).slots:
            state = speech.words(f"web.energy.state.{STATES[kind_of(slot)]}")
            yield [slot.name, slot.value, measure, state, slot.before, example]

    return csv_answer(name, head, rows())


@answered
def unit_day(request: HttpRequest, identifier: str, carrier: str, day: str) -> HttpResponse:
    """Where the energy of a unit on a day came from: meters, coefficients, sums."""
    found, on = unit_or_refuse(request, identifier), day_asked(day)
    row = DailyEnergy.objects.filter(unit=found, carrier=carrier, process="", day=on).select_related("coefficients")
    total = row.first()
    if total is None:
        raise refused("unit_day", f"{identifier} {carrier} {day}", 404)
    shares = shares_of(readings_store().manifest(), found.pk, carrier, on)
    content = {
        "unit": found,
        "example": has_examples(found),
        "carrier": carrier,
        "carrier_name": carrier_label(carrier),
        "unit_of_measure": metering_unit(carrier),
        "day": on,
        "total": total,
        "quantity": in_unit(total.quantity),
        "calorific": in_unit(total.calorific),
        "equivalent": in_unit(total.equivalent),
        "coefficients": [line for one in total.coefficient_edition for line in _coefficients(one)],
        "shares": [
            {
                "share": one,
                "quantity": in_unit(one.quantity),
                "calorific": in_unit(one.calorific),
                "equivalent": in_unit(one.equivalent),
                "covered": _percent(one.covered, one.expected),
            }
            for one in shares
        ],
        "adds_up": total.quantity == _sum(one.quantity for one in shares),
        "covered_words": shown(_percent(total.covered_seconds, total.expected_seconds), ""),
        "back": f"{reverse('energy-unit', args=[found.identifier])}?{query_of(carrier=carrier, span=MONTH, on=on)}",
    }
    return render(request, "web/energy/unit_day.html", content)


def has_examples(found: Organisation) -> bool:
    """Whether any meter of the unit is made up, so that whatever is shown of it may be."""
    return bool(found.meters.filter(example=True).exists())


def _coefficients(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Both coefficients of a carrier with where they stand; one line where both are the same."""
    lines = []
    for name in ("calorific", "equivalent"):
        said = one[name]
        if name == "equivalent" and said == one["calorific"]:
            continue
        rule = said.get("rule") or {}
        lines.append(
            {
                "name": message(f"web.energy.{name}"),
                "value": said.get("value"),
                "unit": said.get("unit", ""),
                "edition": said.get("edition", ""),
                "source": said.get("source") or rule.get("source", ""),
                "own": said.get("own", False),
                "reason": said.get("reason"),
                "unverified": said.get("confidence", "sourced") != "sourced",
            }
        )
    return lines


def _curve(found: Organisation, carrier: str, span: Span) -> Curve:
    amounts = unit_amounts(readings_store().manifest(), found.pk, carrier)
    return curve(span, amounts, lambda day: _day_address(found, carrier, span, day))


def _day_address(found: Organisation, carrier: str, span: Span, day: dt.date) -> str:
    if span.kind == "year":
        return f"?{query_of(carrier=carrier, span=MONTH, on=day)}"
    return reverse("energy-unit-day", args=[found.identifier, carrier, day.isoformat()])


def _carriers(found: Organisation) -> list[str]:
    metered = found.meters.exclude(carrier="").order_by().values_list("carrier", flat=True).distinct()
    return sorted(metered, key=lambda code: (code != "33", code))


def _carrier_asked(request: HttpRequest, carriers: list[str]) -> str:
    written = request.GET.get("carrier", "")
    if written and written not in carriers:
        raise refused("carrier", written, 404)
    return written or (carriers[0] if carriers else "")


def _query(span: Span, carrier: str) -> str:
    return query_of(carrier=carrier, span=span.kind, on=span.first)


def _span_choice(kind: str, span: Span, carrier: str) -> Choice:
    return Choice(kind, kind, f"?{query_of(carrier=carrier, span=kind, on=span.last)}", kind == span.kind)


def _beside(span: Span | None, carrier: str) -> str:
    return f"?{_query(span, carrier)}" if span else ""


def _calendar(found: Organisation, carrier: str, year: int) -> list[tuple[int, list[CalendarDay]]]:
    """The months of a year with 31 cells each: what share of the time of all main meters is covered."""
    rows = DailyEnergy.objects.filter(unit=found, carrier=carrier, process="", day__year=year)
    shares = {row.day: (row.covered_seconds, row.expected_seconds) for row in rows}
    months = []
    for month in MONTHS:
        cells = []
        for number in range(1, LONGEST_MONTH + 1):
            try:
                day = dt.date(year, month, number)
            except ValueError:
                cells.append(CalendarDay(None, "off", None, ""))
                continue
            cells.append(_calendar_day(found, carrier, day, shares.get(day)))
        months.append((month, cells))
    return months


def _calendar_day(found: Organisation, carrier: str, day: dt.date, share: tuple[int, int] | None) -> CalendarDay:
    if share is None or not share[1]:
        return CalendarDay(day, "off", None, "")
    covered, expected = share
    # Rounded down: 99.9 % is not the whole day.
    percent = 100 * covered // expected
    state = "whole" if covered == expected else "none" if not covered else "most" if percent >= _enough() else "part"
    address = reverse("energy-unit-day", args=[found.identifier, carrier, day.isoformat()])
    return CalendarDay(day, state, percent, address)


def _enough() -> int:
    """The completeness that a month needs to count, in per cent (table reading_quality)."""
    return math.ceil(100 * quality_rule("completeness", timezone.localdate()).limit)


def _meters(found: Organisation, manifest: Manifest, days: list[dt.date]) -> list[MeterLine]:
    meters = list(found.meters.order_by("carrier", "identifier"))
    counted: dict[int, int] = {}
    for run in runs_of(flags_of(manifest, days, {meter.number for meter in meters})):
        counted[run.last.meter] = counted.get(run.last.meter, 0) + 1
    now = timezone.now()
    lines = []
    for meter in meters:
        version = meter.version_at(now)
        parts = (version.site, version.process, version.equipment) if version else ()
        place = " / ".join(filter(None, parts))
        parent = version.parent if version else None
        lines.append(MeterLine(meter, carrier_label(meter.carrier), place, counted.get(meter.number, 0), parent))
    return lines


def _comparison(found: Organisation, span: Span) -> list[Compared]:
    """What the unit has reported of a month beside what its meters say; nothing for other spans."""
    return compare(f"{span.first:%Y-%m}", [found]) if span.kind == MONTH else []


def _compared(one: Compared) -> dict[str, Any]:
    judged = one.judged
    return {
        "measure": one.measure.name,
        "unit": one.measure.unit,
        "metered": one.metered,
        "reported": one.reported,
        "gap": None if judged.share is None else shown(float(judged.share), RATE),
        "limit": shown(float(judged.limit), RATE, 0),
        "passes": judged.passes,
        "reason": judged.unknown.text() if judged.unknown else None,
        "unverified": judged.rule.unverified,
    }


def _percent(covered: int, expected: int) -> Decimal | None:
    return None if not expected else Decimal(100 * covered) / expected


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


addresses = [
    path("energy/units/<str:identifier>/", unit, name="energy-unit"),
    path("energy/units/<str:identifier>/curve.csv", unit_csv, name="energy-unit-csv"),
    path("energy/units/<str:identifier>/<str:carrier>/<str:day>/", unit_day, name="energy-unit-day"),
]
