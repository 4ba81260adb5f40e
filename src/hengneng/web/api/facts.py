"""Facts: browse, history, record, correct, compare two moments."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.facts import reading
from hengneng.facts.correcting import Entry, correct, current_fact, record_new
from hengneng.facts.models import Fact
from hengneng.language import message
from hengneng.rules.divisions import DivisionError, subject_code
from hengneng.rules.measures import measures
from hengneng.standing.arrival import facts_arrived
from hengneng.web.api.errors import invalid, not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.people import place_or_404
from hengneng.web.api.plans import read_as_of
from hengneng.web.api.shapes import JsonObject, Line, Listed, Paging, Prose, Request, listed, moment
from hengneng.web.questions import actor_of_request

router = Router(tags=["facts"])
States = Literal["reported", "reported-zero", "estimated", "missing"]


class FactAnswer(Schema):
    """One revision of a fact."""

    fact: str = Field(description="api.field.fact")
    key: str = Field(description="api.field.fact_key")
    measure: str = Field(description="api.field.measure")
    place: str = Field(description="api.field.place")
    period: str = Field(description="api.field.period")
    series: str = Field(description="api.field.series")
    revision: int = Field(description="api.field.revision")
    state: States = Field(description="api.field.fact_state")
    value: str | None = Field(description="api.field.fact_value")
    unit: str = Field(description="api.field.unit")
    reported_value: str = Field(description="api.field.reported_value")
    reported_unit: str = Field(description="api.field.reported_unit")
    source: str = Field(description="api.field.source")
    cell: str = Field(description="api.field.cell")
    confidence: str = Field(description="api.field.confidence")
    example: bool = Field(description="api.field.example")
    note: str
    reason: str = Field(description="api.field.reason")
    recorded_at: str = Field(description="api.field.moment")
    recorded_by: str = Field(description="api.field.who")
    act: str | None = Field(description="api.field.act")


class FactWhole(Schema):
    """A fact with every revision."""

    key: str = Field(description="api.field.fact_key")
    current: FactAnswer = Field(description="api.field.fact_current")
    revisions: list[FactAnswer] = Field(description="api.field.revisions")


class FactsAsked(Paging):
    """Which facts."""

    measure: Line | None = Field(None, description="api.field.measure")
    place: Line | None = Field(None, description="api.field.place_search")
    period: Line | None = Field(None, description="api.field.period")
    source: Line | None = Field(None, description="api.field.source_asked")
    state: States | None = Field(None, description="api.field.fact_state")
    confidence: Line | None = Field(None, description="api.field.confidence")
    example: bool = Field(False, description="api.field.example")
    corrected: bool = Field(False, description="api.field.corrected_asked")
    since: Line | None = Field(None, description="api.field.since")
    until: Line | None = Field(None, description="api.field.until")
    sort: Literal["recorded", "-recorded", "place", "-place", "measure", "-measure", "period", "-period"] = Field(
        "-recorded", description="api.field.sort"
    )


@operation(router, "GET", "/facts", "facts", Listed[FactAnswer])
def facts(request: HttpRequest, asked: Query[FactsAsked]) -> JsonObject:
    """Current facts that the caller may see."""
    actor = _reader(request)
    wanted = reading.Wanted(
        measure=asked.measure or "",
        place=asked.place or "",
        period=asked.period or "",
        source=asked.source or "",
        state=asked.state or "",
        confidence=asked.confidence or "",
        example=asked.example,
        corrected=asked.corrected,
        since=read_as_of(asked.since, "query.since"),
        until=read_as_of(asked.until, "query.until"),
    )
    order = [f"-{name}" if asked.sort.startswith("-") else name for name in reading.ORDERS[asked.sort.lstrip("-")]]
    return listed(reading.find(actor, wanted).select_related("source").order_by(*order), asked, fact_answer)


class ChangeAnswer(Schema):
    """What changed of a fact between two moments."""

    kind: Literal["new", "changed", "revised"] = Field(description="api.field.change_kind")
    after: FactAnswer
    before: FactAnswer | None
    difference: str | None = Field(description="api.field.difference")


class ComparisonAnswer(Listed[ChangeAnswer]):
    """Facts as known at two moments."""

    first: str = Field(description="api.field.first_moment")
    second: str = Field(description="api.field.second_moment")
    new: int = Field(description="api.field.new_facts")
    changed: int = Field(description="api.field.changed_facts")
    known_before: int = Field(description="api.field.known_before")


class ComparisonAsked(Paging):
    """Which two moments, and of what."""

    first: Line = Field(description="api.field.first_moment")
    second: Line | None = Field(None, description="api.field.second_moment")
    measure: Line | None = Field(None, description="api.field.measure")
    place: Line | None = Field(None, description="api.field.place_search")
    kind: Literal["new", "changed"] | None = Field(None, description="api.field.change_kind")


@operation(router, "GET", "/facts/compare", "compare_facts", ComparisonAnswer)
def compare(request: HttpRequest, asked: Query[ComparisonAsked]) -> JsonObject:
    """What was known at the second moment and not at the first."""
    actor = _reader(request)
    first = read_as_of(asked.first, "query.first")
    second = read_as_of(asked.second, "query.second") or timezone.now()
    if first is None:
        raise invalid("query.first", asked.first, message("api.expected.moment"))
    wanted = reading.Wanted(measure=asked.measure or "", place=asked.place or "")
    found = reading.compare(actor, wanted, first, second, asked.kind or "")
    page = listed(found.facts.select_related("source").order_by("pk"), asked, lambda fact: fact)
    return {
        **page,
        "items": [_change(one) for one in reading.with_old(page["items"])],
        "first": moment(first),
        "second": moment(second),
        "new": found.new.number,
        "changed": found.changed.number,
        "known_before": found.known_before,
    }


def _change(one: reading.Changed) -> JsonObject:
    return {
        "kind": one.kind,
        "after": fact_answer(one.after),
        "before": None if one.before is None else fact_answer(one.before),
        "difference": None if one.difference is None else f"{one.difference:f}",
    }


@operation(router, "GET", "/facts/{measure}/{place}/{period}", "fact", FactWhole)
def fact(request: HttpRequest, measure: Line, place: Line, period: Line) -> JsonObject:
    """Every revision of a fact, the newest first."""
    subject = _subject(measure, place)
    require(actor_of_request(request), Verb.SEE_UNPUBLISHED, place=subject)
    found = reading.revisions(actor_of_request(request), measure, subject, period)
    if not found:
        raise not_found("fact", f"{measure}/{place}/{period}")
    return {
        "key": found[0].key,
        "current": fact_answer(found[0]),
        "revisions": [fact_answer(one) for one in found],
    }


class FactEntry(Request):
    """A fact as it is given: like a row of a table of facts."""

    value: Line = Field("", description="api.field.given_value")
    unit: Line = Field("", description="api.field.given_unit")
    state: Line = Field("", description="api.field.given_state")
    source: Prose = Field(description="api.field.given_source")
    cell: Line = Field("", description="api.field.cell")
    confidence: Line = Field("sourced", description="api.field.confidence")
    note: Prose = Field("", description="api.field.given_note")
    explanation: Prose = Field("", description="api.field.given_explanation")
    example: bool = Field(False, description="api.field.example")


class NewFact(FactEntry):
    """A fact that was not there."""

    measure: Line = Field(description="api.field.measure")
    place: Line = Field(description="api.field.place")
    period: Line = Field(description="api.field.period")


class Correction(FactEntry):
    """The next revision of a fact."""

    based_on: int = Field(ge=1, le=2**31 - 1, description="api.field.based_on")
    reason: Prose = Field(description="api.field.correction_reason")


@operation(router, "POST", "/facts", "record_fact", FactAnswer, 201)
def record(request: HttpRequest, body: NewFact) -> Any:
    """Record a fact that was not there; what depends on it is computed again in the background."""
    made = record_new(actor_of_request(request), _entry(body), facts_arrived)
    return Status(201, fact_answer(made))


@operation(router, "POST", "/facts/{measure}/{place}/{period}", "correct_fact", FactAnswer, 201)
def correction(request: HttpRequest, measure: Line, place: Line, period: Line, body: Correction) -> Any:
    """Record the next revision; the one before stays as it is."""
    subject = _subject(measure, place)
    actor = actor_of_request(request)
    require(actor, Verb.CORRECT_FACTS, place=subject)
    if current_fact(measure, subject, period) is None:
        raise not_found("fact", f"{measure}/{place}/{period}")
    entry = _entry(body, measure=measure, place=subject, period=period)
    return Status(201, fact_answer(correct(actor, entry, body.based_on, facts_arrived)))


def _entry(body: FactEntry, **given: str) -> Entry:
    values = body.model_dump(exclude={"based_on", "example"})
    return Entry(**{**values, **given}, example="yes" if body.example else "")


def _reader(request: HttpRequest) -> Actor:
    """Who reads facts; RefusedAccessError for those who may see none at all."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        require(actor, Verb.SEE_UNPUBLISHED)
    return actor


def _subject(measure: str, place: str) -> str:
    """The stable code of a place. ApiError 404 for an unknown measure or place."""
    if measure not in measures():
        raise not_found("measure", measure, "path.measure")
    try:
        return place_or_404(subject_code(place)).pk
    except DivisionError:
        raise not_found("place", place, "path.place") from None


def fact_answer(one: Fact) -> JsonObject:
    """A revision as it is sent; exact numbers are text."""
    return {
        "fact": one.name, "key": one.key, "measure": one.measure, "place": one.place_id, "period": one.period,
        "series": one.series, "revision": one.revision, "state": one.state,
        "value": None if one.value is None else f"{one.value:f}", "unit": one.unit,
        "reported_value": one.reported_value, "reported_unit": one.reported_unit, "source": one.source.title,
        "cell": one.cell, "confidence": one.confidence, "example": one.example, "note": one.note,
        "reason": one.reason, "recorded_at": moment(one.recorded_at), "recorded_by": one.recorded_by, "act": one.act,
    }  # fmt: skip


