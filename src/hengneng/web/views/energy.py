"""Metered energy of a region in a month: by place, carrier, industry or unit, with how much of it is covered."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Actor
from hengneng.language import Text, message
from hengneng.metering.carriers import metering_unit
from hengneng.metering.reading import Coverage, Total, gathered, prefecture_of, totals, visible_units
from hengneng.readings.points import MICRO
from hengneng.registry.models import Organisation, Place
from hengneng.rules.tables import rule_table
from hengneng.web.energy_charts import Slot, curve_chart
from hengneng.web.energy_questions import carrier_label, energy_seen, reader_of, refused
from hengneng.web.questions import answered, query_of, speech_of
from hengneng.web.sheets import csv_answer

BY_PLACE, BY_CARRIER, BY_INDUSTRY, BY_UNIT, BY_DAY = "place", "carrier", "industry", "unit", "day"
WAYS = (BY_PLACE, BY_CARRIER, BY_INDUSTRY, BY_UNIT)
KGCE_OF_A_TONNE = 1000
COLUMNS = (
    "name", "code", "calorific", "equivalent", "quantity", "unit", "units", "registered", "covered", "estimated",
    "without_calorific", "without_equivalent", "example",
)  # fmt: skip


@dataclass(frozen=True)
class Month:
    """A month of the calendar."""

    first: dt.date

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def written(self) -> str:
        """2026-06."""
        return f"{self.first:%Y-%m}"

    def moved(self, months: int) -> Month | None:
        """The month so many months on; None beyond the calendar."""
        at = self.first.year * 12 + self.first.month - 1 + months
        try:
            return Month(dt.date(at // 12, at % 12 + 1, 1))
        except ValueError:
            return None


@dataclass(frozen=True)
class Asked:
    """What is asked for: the month, how it is added up, and one carrier only."""

    month: Month
    by: str
    carrier: str

    def query(self, **changes: object) -> str:
        """The question as the query of an address."""
        return query_of(**{"month": self.month.written, "by": self.by, "carrier": self.carrier, **changes})


@dataclass(frozen=True)
class Line:
    """A row: its name and where it leads, and the total with its coverage. ``unit``: of the quantity of one carrier."""

    name: Text
    address: str
    total: Total
    unit: str = ""

    @property
    def code(self) -> object:
        """What the row is about."""
        return self.total.key[0] if self.total.key else ""

    @property
    def calorific(self) -> Decimal | None:
        """Standard coal at calorific value [tce]."""
        return tonnes(self.total.calorific)

    @property
    def equivalent(self) -> Decimal | None:
        """Standard coal at equivalent value [tce]."""
        return tonnes(self.total.equivalent)

    @property
    def quantity(self) -> Decimal | None:
        """Amount in the unit of the carrier; None for several carriers together."""
        return None if self.total.quantity is None or not self.unit else Decimal(self.total.quantity) / MICRO

    @property
    def covered(self) -> Decimal | None:
        """Share of the time of all meters that is covered [%]; None without meters."""
        covered, expected = self.total.coverage.covered_seconds, self.total.coverage.expected_seconds
        return Decimal(100 * covered) / expected if expected else None

    @property
    def estimated(self) -> Decimal | None:
        """Share of the amount that is an estimate [%]; None for several carriers together."""
        if not self.unit or not self.total.quantity or self.total.estimated is None:
            return None
        return Decimal(100 * self.total.estimated) / self.total.quantity


def tonnes(coal: int | None) -> Decimal | None:
    """Millionths of a kgce in tce."""
    return None if coal is None else Decimal(coal) / MICRO / KGCE_OF_A_TONNE


@answered
def energy(request: HttpRequest) -> HttpResponse:
    """The energy of a month that the reader may see."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _asked(request, actor)
    lines = _lines(actor, asked)
    days = {one.key[0]: one for one in _totals(actor, asked, BY_DAY)}
    slots = [_slot(asked.month.first.replace(day=number), days) for number in range(1, asked.month.last.day + 1)]
    whole = _totals(actor, asked)
    content = {
        "asked": asked,
        "lines": lines,
        "whole": Line(message("web.energy.total"), "", whole[0]) if whole else None,
        "ways": [(way, f"?{asked.query(by=way)}", way == asked.by) for way in WAYS],
        "carriers": [(code, carrier_label(code), f"?{asked.query(carrier=code)}") for code in _carriers(actor)],
        "every_carrier": f"?{asked.query(carrier='')}",
        "before": _beside(asked, -1),
        "after": _beside(asked, 1),
        "chart": curve_chart(slots),
        "unit_words": speech.unit("tce"),
        "csv": f"{reverse('energy-csv')}?{asked.query()}",
        "unverified": any(line.total.unverified for line in lines),
        "example": _has_examples(actor, asked),
    }
    return render(request, "web/energy/region.html", content)


@answered
def energy_csv(request: HttpRequest) -> HttpResponseBase:
    """The rows of the page as CSV."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _asked(request, actor)
    head = [speech.words(f"web.energy.region_csv.{column}") for column in COLUMNS]
    # Said of every row: whoever takes one of them out still sees it.
    example = speech.words(f"web.figure.truth.{'yes' if _has_examples(actor, asked) else 'no'}")
    rows = (
        [
            speech.said(line.name), line.code, line.calorific, line.equivalent, line.quantity,
            speech.unit(line.unit) if line.unit else "", line.total.coverage.with_readings, line.total.coverage.units,
            line.covered, line.estimated, line.total.calorific_unknown, line.total.equivalent_unknown,
            example,
        ]
        for line in _lines(actor, asked)
    )  # fmt: skip
    return csv_answer(f"energy-{asked.month.written}-by-{asked.by}", head, rows)


def _has_examples(actor: Actor, asked: Asked) -> bool:
    """Whether any of the meters behind the month is made up."""
    rows = energy_seen(actor).filter(day__range=(asked.month.first, asked.month.last))
    return rows.filter(unit__meters__example=True).exists()


def _totals(actor: Actor, asked: Asked, *by: str) -> list[Total]:
    return totals(actor, asked.month.first, asked.month.last, by, carrier=asked.carrier or None)


def _asked(request: HttpRequest, actor: Actor) -> Asked:
    by, carrier, written = request.GET.get("by", BY_PLACE), request.GET.get("carrier", ""), request.GET.get("month", "")
    if by not in WAYS:
        raise refused("by", by)
    if carrier and carrier not in _carriers(actor):
        raise refused("carrier", carrier, 404)
    if written:
        try:
            first = dt.datetime.strptime(written, "%Y-%m").replace(tzinfo=dt.UTC).date()
        except ValueError:
            raise refused("month", written) from None
    else:
        newest = energy_seen(actor).aggregate(newest=Max("day"))["newest"] or timezone.localdate()
        first = newest.replace(day=1)
    return Asked(Month(first), by, carrier)


def _carriers(actor: Actor) -> list[str]:
    return sorted(set(energy_seen(actor).order_by().values_list("carrier", flat=True).distinct()))


def _beside(asked: Asked, months: int) -> str:
    month = asked.month.moved(months)
    return f"?{asked.query(month=month.written)}" if month else ""


def _lines(actor: Actor, asked: Asked) -> list[Line]:
    """The rows of the table, the largest first; groups whose units have no data at all are there with nothing."""
    found = _totals(actor, asked, asked.by)
    lines = _NAMED[asked.by](found, visible_units(actor))
    return sorted(lines, key=lambda line: (line.total.calorific is None, -(line.total.calorific or 0), line.name.zh))


def _by_place(found: list[Total], units: QuerySet[Organisation]) -> list[Line]:
    stands = list(units.values_list("place", flat=True))
    prefectures = prefecture_of({*stands, *(str(one.key[0]) for one in found)})
    parts = [*found, *(_nothing(code, stands.count(code)) for code in set(stands) - {one.key[0] for one in found})]
    of = {str(one.key[0]): one for one in gathered(parts, prefectures)}
    today = timezone.localdate()
    return [
        Line(place.name_on(today), reverse("place", args=[place.code]), of[place.code])
        for place in Place.objects.filter(pk__in=of)
    ]


def _by_industry(found: list[Total], units: QuerySet[Organisation]) -> list[Line]:
    names = {entry.key["code"]: entry.label() for entry in rule_table("industries").entries}
    unknown = message("web.energy.industry_unknown")
    codes = list(units.values_list("industry", flat=True))
    rest = [_nothing(code, codes.count(code)) for code in set(codes) - {one.key[0] for one in found}]
    return [Line(names.get(str(one.key[0]), unknown), "", one) for one in [*found, *rest]]


def _by_carrier(found: list[Total], units: QuerySet[Organisation]) -> list[Line]:
    return [Line(carrier_label(str(one.key[0])), "", one, metering_unit(str(one.key[0]))) for one in found]


def _by_unit(found: list[Total], units: QuerySet[Organisation]) -> list[Line]:
    of = {one.key[0]: one for one in found}
    return [
        Line(one.label, reverse("energy-unit", args=[one.identifier]), of.get(one.pk) or _nothing(one.pk, 1))
        for one in units
    ]


_NAMED: Mapping[str, Callable[[list[Total], QuerySet[Organisation]], list[Line]]] = {
    BY_PLACE: _by_place, BY_INDUSTRY: _by_industry, BY_CARRIER: _by_carrier, BY_UNIT: _by_unit,
}  # fmt: skip


def _nothing(key: object, units: int) -> Total:
    return Total((key,), None, None, None, None, 0, 0, False, Coverage(units, 0, 0, 0, 0))


def _slot(day: dt.date, days: Mapping[object, Total]) -> Slot:
    found = days.get(day)
    return Slot(
        name=str(day),
        tick=str(day.day) if day.day == 1 or day.day % 5 == 0 else "",
        value=tonnes(found.calorific) if found else None,
        whole=bool(found and found.coverage.share == 1 and not found.calorific_unknown),
        estimated=False,
        before=None,
        address="",
    )


addresses = [path("energy/", energy, name="energy"), path("energy/totals.csv", energy_csv, name="energy-csv")]
