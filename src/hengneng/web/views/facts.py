"""Pages that read facts: the list, the history of one, what is different between two moments; and their exports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, require, scope_of
from hengneng.facts.intake.rows import CONFIDENCES
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact
from hengneng.facts.reading import (
    BATCH,
    ORDERS,
    Wanted,
    batches,
    compare,
    count,
    find,
    last_recorded,
    page,
    periods_of,
    revisions,
    with_old,
)
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.rules.measures import measures
from hengneng.standing.report import read_moment
from hengneng.web.fact_pages import (
    changed_lines,
    converted,
    fact_line,
    fact_lines,
    measure_label,
    place_label,
    revision_lines,
    series_chart,
    uses_of,
)
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered, speech_of
from hengneng.web.sheets import csv_answer, excel_answer
from hengneng.web.speech import Speech

SORTS = ("recorded", "place", "measure", "period")
FIRST_ORDER = "-recorded"
KINDS = ("new", "changed")


def reader_of(request: HttpRequest) -> Actor:
    """Who reads. RefusedAccessError for somebody who may see no fact anywhere."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        require(actor, Verb.SEE_UNPUBLISHED)
    return actor


@dataclass(frozen=True)
class Asked:
    """What the list is asked for, as it was written and as it was understood."""

    wanted: Wanted
    since: str
    until: str
    order: str

    def query(self, **changes: object) -> str:
        """The question as the query of an address, with changes; empty parts are left out."""
        wanted = self.wanted
        parts = {
            "measure": wanted.measure, "place": wanted.place, "period": wanted.period, "source": wanted.source,
            "state": wanted.state, "confidence": wanted.confidence, "example": "yes" if wanted.example else "",
            "corrected": "yes" if wanted.corrected else "", "since": self.since, "until": self.until,
            "order": "" if self.order == FIRST_ORDER else self.order, **changes,
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether facts may be left out."""
        return bool(self.query(order=""))


def _refused(request: HttpRequest, name: str, found: str) -> RefusedRequestError:
    ways = [(request.path, message("web.facts.refused.again"))]
    return RefusedRequestError(400, message(f"web.facts.refused.{name}", found=found), ways)


def _one_of(request: HttpRequest, name: str, allowed: Iterable[str]) -> str:
    written = request.GET.get(name, "").strip()
    if written and written not in allowed:
        raise _refused(request, "choice", written)
    return written


def _moment(request: HttpRequest, name: str, start_of_day: bool = False) -> tuple[str, dt.datetime | None]:
    written = request.GET.get(name, "").strip()
    if not written:
        return "", None
    try:
        moment = read_moment(written)
    except (ValueError, OverflowError):
        raise _refused(request, "moment", written) from None
    if start_of_day and len(written) == len("2015-07-10"):
        moment = timezone.make_aware(dt.datetime.combine(dt.date.fromisoformat(written), dt.time.min))
    return written, moment


def _asked(request: HttpRequest) -> Asked:
    period = request.GET.get("period", "").strip()
    if period:
        try:
            period = Period.parse(period).written
        except ValueError:
            raise _refused(request, "period", period) from None
    since_written, since = _moment(request, "since", start_of_day=True)
    until_written, until = _moment(request, "until")
    order = request.GET.get("order", "") or FIRST_ORDER
    if order.removeprefix("-") not in ORDERS:
        raise _refused(request, "choice", order)
    wanted = Wanted(
        measure=_one_of(request, "measure", measures()),
        place=request.GET.get("place", "").strip(),
        period=period,
        source=request.GET.get("source", "").strip(),
        state=_one_of(request, "state", Fact.State.values),
        confidence=_one_of(request, "confidence", CONFIDENCES),
        example=bool(request.GET.get("example")),
        corrected=bool(request.GET.get("corrected")),
        since=since,
        until=until,
    )
    return Asked(wanted, since_written, until_written, order)


def _key(request: HttpRequest, name: str) -> int | None:
    written = request.GET.get(name, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 18 else None


@answered
def facts(request: HttpRequest) -> HttpResponse:
    """The list of facts."""
    actor, speech, asked = reader_of(request), speech_of(request), _asked(request)
    found = find(actor, asked.wanted)
    shown = page(found, asked.order, after=_key(request, "after"), before=_key(request, "before"))
    content = {
        "asked": asked,
        "lines": fact_lines(actor, shown.facts, speech),
        "count": count(found),
        "heads": {name: _sort_head(asked, name) for name in SORTS},
        "previous": asked.query(before=shown.before) if shown.before else "",
        "next": asked.query(after=shown.after) if shown.after else "",
        "measures": measures().values(),
        "states": Fact.State.values,
        "confidences": CONFIDENCES,
        "query": asked.query(),
        "may_record": not scope_of(actor, Verb.CORRECT_FACTS).nothing,
        "example": any(fact.example for fact in shown.facts),
    }
    return render(request, "web/facts.html", content)


def _sort_head(asked: Asked, name: str) -> dict[str, str]:
    """Where a head leads: to this order, or, where it is this one already, to its opposite."""
    current = asked.order.removeprefix("-") == name
    down = asked.order.startswith("-")
    order = name if current and down else f"-{name}" if current or name in ("recorded", "period") else name
    return {
        "address": f"?{asked.query(order='' if order == FIRST_ORDER else order)}",
        "sorted": ("descending" if down else "ascending") if current else "",
    }


COLUMNS = (
    "measure", "measure_code", "place", "place_code", "period", "revision", "state", "reported_value",
    "reported_unit", "value", "unit", "standard_coal", "source", "cell", "confidence", "example", "note", "reason",
    "recorded_at", "recorded_by", "edition",
)  # fmt: skip


def _export_rows(found: Iterable[Fact], speech: Speech) -> Iterator[list[object]]:
    for fact in found:
        yield [
            speech.said(measure_label(fact.measure)), fact.measure,
            speech.said(place_label(fact.place_id, Period.parse(fact.period))), fact.place_id, fact.period,
            fact.revision, speech.words(f"quality.{fact.state}"), fact.reported_value, fact.reported_unit,
            fact.value, fact.unit, fact.standard_coal, fact.source.title, fact.cell,
            speech.words(f"confidence.{fact.confidence}"),
            speech.words(f"web.figure.truth.{'yes' if fact.example else 'no'}"), fact.note, fact.reason,
            f"{timezone.localtime(fact.recorded_at):%Y-%m-%d %H:%M:%S}", fact.recorded_by, fact.edition,
        ]  # fmt: skip


@answered
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The facts of the list, all of them, as CSV or Excel. Refused where they are more than such a file should hold."""
    actor, speech, asked = reader_of(request), speech_of(request), _asked(request)
    found = find(actor, asked.wanted)
    _check_size(request, found, kind)
    head = [speech.words(f"web.facts.csv.{column}") for column in COLUMNS]
    rows = _export_rows(batches(found, asked.order), speech)
    name = "-".join(filter(None, ("facts", asked.wanted.measure, asked.wanted.period)))
    if kind == "xlsx":
        return excel_answer(name, speech.words("web.facts.title"), head, rows)
    return csv_answer(name, head, rows)


def _check_size(request: HttpRequest, found: QuerySet[Fact], kind: str) -> None:
    most = limit("rows_exported_as_excel" if kind == "xlsx" else "rows_exported_as_csv")
    if found.order_by()[: most + 1].count() > most:
        back = f"{reverse('facts')}?{request.GET.urlencode()}"
        text = message(f"web.facts.refused.large.{kind}", limit=f"{most:,}")
        raise RefusedRequestError(400, text, [(back, message("web.facts.refused.narrow"))])


@answered
def fact(request: HttpRequest, measure: str, place: str, period: str) -> HttpResponse:
    """The history of a fact: every revision, what depends on it, the series it stands in."""
    actor, speech = actor_of_request(request), speech_of(request)
    # Asked before looking: whether a fact exists is itself not for everybody.
    require(actor, Verb.SEE_UNPUBLISHED, place=place)
    known = measures().get(measure)
    found = revisions(actor, measure, place, period)
    if known is None or not found:
        ways = [(reverse("facts"), message("web.facts.title"))]
        raise RefusedRequestError(404, message("web.refused.fact", found=f"{measure}/{place}/{period}"), ways)
    others, when = periods_of(actor, measure, place), Period.parse(period)
    lines = revision_lines(found, speech)
    content = {
        "measure": known,
        "place": place_label(place, when),
        "place_code": place,
        "period": when.label(),
        "period_written": period,
        "lines": lines,
        "current": found[0],
        "newest": lines[0],
        "several_series": len({one.series for one in found}) > 1,
        "converted": converted(found[0]),
        "others": [fact_line(other, speech) for other in others],
        "chart": series_chart(others, when),
        "uses": uses_of(actor, measure, place, period),
        "may_correct": decide(actor, Verb.CORRECT_FACTS, place=place).allowed and found[0].series == "reported",
    }
    return render(request, "web/fact.html", content)


@dataclass(frozen=True)
class Moments:
    """Which two moments are compared, and for what."""

    wanted: Wanted
    kind: str
    first: dt.datetime
    second: dt.datetime
    first_written: str
    second_written: str

    def query(self, **changes: object) -> str:
        """The question as the query of an address."""
        parts = {
            "measure": self.wanted.measure, "place": self.wanted.place, "kind": self.kind,
            "first": self.first_written, "second": self.second_written, **changes,
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})


def _moments(request: HttpRequest, actor: Actor) -> Moments:
    """The two moments in the address; by default the day of the newest fact and the day before it."""
    first_written, first = _moment(request, "first")
    second_written, second = _moment(request, "second")
    newest = timezone.localtime(last_recorded(actor) or timezone.now()).date()
    if second is None:
        second_written = str(max(newest, first.date()) if first else newest)
        second = read_moment(second_written)
    if first is None:
        first_written = str(min(newest, timezone.localtime(second).date()) - dt.timedelta(days=1))
        first = read_moment(first_written)
    if second < first:
        first, second, first_written, second_written = second, first, second_written, first_written
    wanted = Wanted(measure=_one_of(request, "measure", measures()), place=request.GET.get("place", "").strip())
    return Moments(wanted, _one_of(request, "kind", KINDS), first, second, first_written, second_written)


@answered
def compared(request: HttpRequest) -> HttpResponse:
    """Facts as known at two moments, side by side."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _moments(request, actor)
    found = compare(actor, asked.wanted, asked.first, asked.second, asked.kind)
    shown = page(found.facts, "place", after=_key(request, "after"), before=_key(request, "before"))
    content = {
        "asked": asked,
        "lines": changed_lines(with_old(shown.facts), speech),
        "comparison": found,
        "measures": measures().values(),
        "kinds": KINDS,
        "previous": asked.query(before=shown.before) if shown.before else "",
        "next": asked.query(after=shown.after) if shown.after else "",
        "csv": f"{reverse('facts-compare-csv')}?{asked.query()}",
        "may_record": not scope_of(actor, Verb.CORRECT_FACTS).nothing,
    }
    return render(request, "web/facts_compare.html", content)


@answered
def compared_csv(request: HttpRequest) -> HttpResponseBase:
    """The comparison as CSV."""
    actor, speech = reader_of(request), speech_of(request)
    asked = _moments(request, actor)
    found = compare(actor, asked.wanted, asked.first, asked.second, asked.kind)
    _check_size(request, found.facts, "csv")
    columns = (
        "measure", "measure_code", "place", "place_code", "period", "change", "before", "after", "unit", "difference",
        "ratio", "source", "reason", "recorded_at", "recorded_by",
    )  # fmt: skip
    head = [speech.words(f"web.facts.csv.{column}") for column in columns]

    def rows() -> Iterator[list[object]]:
        part: list[Fact] = []
        for one in batches(found.facts, "place"):
            part.append(one)
            if len(part) == BATCH:
                yield from _compared_rows(part, speech)
                part = []
        yield from _compared_rows(part, speech)

    return csv_answer(f"facts-{asked.first_written}-{asked.second_written}".replace(":", ""), head, rows())


def _compared_rows(part: list[Fact], speech: Speech) -> Iterator[list[object]]:
    for change in with_old(part):
        one = change.after
        yield [
            speech.said(measure_label(one.measure)), one.measure,
            speech.said(place_label(one.place_id, Period.parse(one.period))), one.place_id, one.period,
            speech.words(f"web.facts.compare.kind.{change.kind}"), change.before.value if change.before else None,
            one.value, one.unit, change.difference, change.ratio, one.source.title, one.reason,
            f"{timezone.localtime(one.recorded_at):%Y-%m-%d %H:%M:%S}", one.recorded_by,
        ]  # fmt: skip


def titled(measure: str, place: str, period: str) -> Text:
    """A fact in words: measure, place, period."""
    when = Period.parse(period)
    parts = (measure_label(measure), place_label(place, when), when.label())
    return Text(zh=" · ".join(part.zh for part in parts), en=" · ".join(part.en for part in parts))


addresses: list[URLPattern] = [
    path("facts/", facts, name="facts"),
    path("facts/facts.csv", export, {"kind": "csv"}, name="facts-csv"),
    path("facts/facts.xlsx", export, {"kind": "xlsx"}, name="facts-excel"),
    path("facts/compare/", compared, name="facts-compare"),
    path("facts/compare/changes.csv", compared_csv, name="facts-compare-csv"),
    path("facts/<str:measure>/<str:place>/<str:period>/", fact, name="fact"),
]
