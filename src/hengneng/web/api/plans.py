"""Plans with their clauses, targets and tasks; standings, verdicts, figures, publications."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from hengneng.access import Verb, require
from hengneng.evaluation.judging import Level
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.arrival import compute_later
from hengneng.standing.models import Publication, StandingRow, StoredFigure
from hengneng.standing.narrowing import SORTS, Narrowing, fits, narrowed, ordered
from hengneng.standing.plans import concerns, current_edition, plan_of, superseded_by
from hengneng.standing.publishing import NothingToPublishError, jurisdiction, publications_of, publish, require_figure
from hengneng.standing.reading import (
    Sight,
    TooLargeError,
    as_rows,
    make_ready,
    period_to_show,
    periods_seen,
    reading_of,
    sight_of,
)
from hengneng.standing.report import Row, read_moment
from hengneng.standing.storing import load_figure
from hengneng.trace import canonical_json
from hengneng.web.api.errors import ApiError, invalid, not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.limits import limit
from hengneng.web.api.shapes import (
    JsonObject,
    Line,
    Listed,
    Paging,
    Prose,
    Request,
    Words,
    listed,
    moment,
    words,
)
from hengneng.web.questions import actor_of_request

router, figures_router = Router(tags=["plans"]), Router(tags=["figures"])
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Every column, forwards and backwards: the values are what the standing itself sorts by.
if TYPE_CHECKING:
    Sorts = str
else:
    Sorts = Literal[tuple(f"{sign}{name}" for name in SORTS for sign in ("", "-"))]
Levels = Literal["met", "not_met", "on_track", "behind", "unknown"]


class PlanAnswer(Schema):
    """A plan."""

    id: str = Field(description="api.field.plan")
    edition: int = Field(description="api.field.plan_edition")
    digest: str = Field(description="api.field.plan_digest")
    title: Words
    issuer: Words
    number: str | None = Field(description="api.field.plan_number")
    jurisdiction: str = Field(description="api.field.jurisdiction")
    issued_on: dt.date
    in_force_first: dt.date
    in_force_last: dt.date
    supersedes: str | None = Field(description="api.field.supersedes")
    superseded_by: str | None = Field(description="api.field.superseded_by")


class PlanWhole(PlanAnswer):
    """A plan with its head."""

    periods: list[str] = Field(description="api.field.periods_seen")
    counts: dict[str, int] = Field(description="api.field.plan_counts")
    places: list[dict[str, Any]] = Field(description="api.field.plan_places")
    indicators: list[dict[str, Any]] = Field(description="api.field.plan_indicators")
    head: dict[str, Any] = Field(description="api.field.plan_head")


@operation(router, "GET", "/plans", "plans", Listed[PlanAnswer])
def plans(request: HttpRequest, asked: Query[Paging]) -> JsonObject:
    """Every plan in its newest edition, by id."""
    identifiers = sorted(set(PlanEdition.objects.values_list("identifier", flat=True)))
    return listed(identifiers, asked, lambda identifier: _plan(current_edition(identifier)))


@operation(router, "GET", "/plans/{plan}", "plan", PlanWhole)
def plan(request: HttpRequest, plan: Line) -> JsonObject:
    """One plan."""
    edition = edition_or_404(plan)
    own = plan_of(edition)
    sight = sight_of(actor_of_request(request), edition)
    make_ready(sight)
    parts = ("places", "indicators", "clauses", "targets", "observations", "tasks", "rules")
    return {
        **_plan(edition),
        "periods": [period.written for period in periods_seen(sight)],
        "counts": {part: len(getattr(own, part)) for part in parts},
        "places": [{"subject": subject_code(one.code), **one.model_dump(mode="json")} for one in own.places],
        "indicators": [one.model_dump(mode="json") for one in own.indicators],
        "head": own.head.model_dump(mode="json"),
    }


def _plan(edition: PlanEdition) -> JsonObject:
    head = plan_of(edition).head
    return {
        "id": head.id, "edition": head.edition, "digest": edition.digest, "title": words(head.title.text()),
        "issuer": words(head.issuer.text()), "number": head.number, "jurisdiction": subject_code(head.jurisdiction),
        "issued_on": head.issued_on, "in_force_first": head.in_force.first, "in_force_last": head.in_force.last,
        "supersedes": head.supersedes, "superseded_by": superseded_by(head.id),
    }  # fmt: skip


@operation(router, "GET", "/plans/{plan}/clauses", "plan_clauses", Listed[dict[str, Any]])
def clauses(request: HttpRequest, plan: Line, asked: Query[Paging]) -> JsonObject:
    """Clauses, in the order of the document."""
    return _part(plan, "clauses", asked)


@operation(router, "GET", "/plans/{plan}/targets", "plan_targets", Listed[dict[str, Any]])
def targets(request: HttpRequest, plan: Line, asked: Query[Paging]) -> JsonObject:
    """Targets, in the order of the document."""
    return _part(plan, "targets", asked)


@operation(router, "GET", "/plans/{plan}/tasks", "plan_tasks", Listed[dict[str, Any]])
def tasks(request: HttpRequest, plan: Line, asked: Query[Paging]) -> JsonObject:
    """Tasks, in the order of the document."""
    return _part(plan, "tasks", asked)


def _part(plan: str, name: str, asked: Paging) -> JsonObject:
    return listed(getattr(plan_of(edition_or_404(plan)), name), asked, lambda one: one.model_dump(mode="json"))


def edition_or_404(plan: str) -> PlanEdition:
    """The newest edition of a plan. ApiError 404."""
    try:
        return current_edition(plan)
    except PlanEdition.DoesNotExist:
        raise not_found("plan", plan, "path.plan") from None


class RowAnswer(Schema):
    """How one target stands at one place."""

    key: str = Field(description="api.field.row_key")
    target: str = Field(description="api.field.target")
    clause: str = Field(description="api.field.clause")
    indicator: str = Field(description="api.field.indicator")
    kind: str = Field(description="api.field.target_kind")
    place: str = Field(description="api.field.place")
    place_name: Words
    period: str = Field(description="api.field.period")
    verdict: str = Field(description="api.field.verdict")
    target_value: str | None = Field(description="api.field.target_value")
    target_unit: str = Field(description="api.field.unit")
    strength: str
    due: dt.date
    achieved: float | None = Field(description="api.field.achieved")
    required: float | None = Field(description="api.field.required")
    gap: float | None = Field(description="api.field.gap")
    progress: float | None = Field(description="api.field.progress")
    warning: int | None = Field(description="api.field.warning")
    marks: list[str] = Field(description="api.field.marks")
    reason: Words | None = Field(description="api.field.unknown_reason")
    published: bool = Field(description="api.field.from_publication")
    content: dict[str, Any] = Field(description="api.field.verdict_content")
    authorities: list[dict[str, Any]] = Field(description="api.field.authorities")


class StandingAnswer(Listed[RowAnswer]):
    """The standing of a plan for a period."""

    plan: str = Field(description="api.field.plan")
    period: str = Field(description="api.field.period")
    as_of: str | None = Field(description="api.field.as_of")
    counts: dict[str, int] = Field(description="api.field.verdict_counts")
    current: bool = Field(description="api.field.is_current")
    job: int | None = Field(description="api.field.standing_job")


class StandingAsked(Paging):
    """What of a standing."""

    period: Line | None = Field(None, description="api.field.period_asked")
    indicator: Line | None = Field(None, description="api.field.indicator_asked")
    place: Line | None = Field(None, description="api.field.place_asked")
    level: Levels | None = Field(None, description="api.field.verdict")
    search: Line | None = Field(None, description="api.field.place_search")
    sort: Sorts | None = Field(None, description="api.field.sort")
    as_of: Line | None = Field(None, description="api.field.as_of_asked")


@operation(router, "GET", "/plans/{plan}/standing", "standing", StandingAnswer)
def standing(request: HttpRequest, plan: Line, asked: Query[StandingAsked]) -> JsonObject:
    """Rows of a standing, as far as the caller may see them: current, or as published."""
    edition = edition_or_404(plan)
    sight = sight_of(actor_of_request(request), edition, read_as_of(asked.as_of))
    period, current = _period(sight, asked.period)
    narrowing = Narrowing(
        indicator=_indicator(edition, asked.indicator),
        place=_place(edition, asked.place),
        level=asked.level or "",
        search=asked.search or "",
        sort=asked.sort or "",
    )
    try:
        reading = reading_of(sight, period)
    except TooLargeError:
        raise ApiError(422, message("api.error.too_large_to_judge"), where="query.as_of") from None
    counted = reading.count(narrowing)
    start = (asked.page - 1) * asked.size
    rows = _rows(sight, period, narrowing, start, asked.size) if start < counted else []
    tallies = {level.value: 0 for level in Level}
    for tally in reading.tallies().values():
        if narrowing.indicator in ("", tally.key):
            for level, number in tally.counts.items():
                tallies[level.value] += number
    return {
        "plan": edition.identifier,
        "period": period.written,
        "as_of": moment(sight.moment),
        "counts": tallies,
        "current": current,
        "job": None if current else compute_later(sight.actor.identifier, edition, period).pk,
        "items": [_row(row) for row in as_rows(edition, period, rows)],
        "page": asked.page,
        "size": asked.size,
        "total": counted,
    }


def _rows(sight: Sight, period: Period, narrowing: Narrowing, start: int, size: int) -> list[StandingRow]:
    """Rows of any part of the table: pages of programs are of another size than those of people."""
    reading = reading_of(sight, period)
    if sight.moment is not None and sight.unpublished:
        rows = ordered([row for row in reading.all(Narrowing()) if fits(row, narrowing)], narrowing)
        return rows[start : start + size]
    found = narrowed(sight.rows(period.written), narrowing)
    return list(found.select_related("verdict")[start : start + size])


@operation(router, "GET", "/plans/{plan}/verdicts/{target}/{place}/{period}", "verdict", RowAnswer)
def verdict(request: HttpRequest, plan: Line, target: Line, place: Line, period: Line) -> JsonObject:
    """One verdict."""
    edition = edition_or_404(plan)
    sight = sight_of(actor_of_request(request), edition)
    when, _ = _period(sight, period, "path.period")
    rows = sight.rows(when.written).filter(target=target, place=place).select_related("verdict")
    found = as_rows(edition, when, rows[:1])
    if not found:
        raise not_found("verdict", f"{plan}/{target}/{place}/{period}")
    return _row(found[0])


def _row(row: Row) -> JsonObject:
    target, index = row.target, row.indexed
    assert index is not None
    return {
        "key": row.key, "target": target.id, "clause": target.clause, "indicator": target.indicator,
        "kind": str(target.kind), "place": row.place, "place_name": words(row.place_name),
        "period": row.content["period"], "verdict": str(row.level),
        "target_value": None if target.value is None else f"{target.value:f}", "target_unit": target.unit,
        "strength": str(target.strength), "due": target.due, "achieved": index.achieved, "required": index.due,
        "gap": index.gap, "progress": index.progress, "warning": index.warning, "marks": list(row.content["marks"]),
        "reason": words(row.reason), "published": index.publication_id is not None, "content": dict(row.content),
        "authorities": [
            {"scheme": p.scheme, "label": words(p.label), "verdict": p.verdict, "source": p.source, "agrees": p.agrees}
            for p in row.published
        ],
    }  # fmt: skip


def read_as_of(written: str | None, field: str = "query.as_of") -> dt.datetime | None:
    """A moment. RefusedError 422."""
    if not written:
        return None
    try:
        found = read_moment(written)
        if found.year > limit("years_of_a_moment"):
            raise ValueError(written)
        found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise invalid(field, written, message("api.expected.moment")) from None
    return found


def read_period(written: str, field: str) -> Period:
    """A period. RefusedError 422."""
    try:
        return Period.parse(written)
    except ValueError:
        raise invalid(field, written, message("api.expected.period")) from None


def _period(sight: Sight, written: str | None, field: str = "query.period") -> tuple[Period, bool]:
    """The period that is asked for, or that is shown when none is; whether what is read is current."""
    if written:
        period = read_period(written, field)
        return period, make_ready(sight, period) if concerns(sight.edition, period) else True
    ready = make_ready(sight)
    return period_to_show(sight), ready


def _indicator(edition: PlanEdition, written: str | None) -> str:
    if not written:
        return ""
    keys = [f"{target.indicator}/{target.kind}" for target in plan_of(edition).targets]
    found = next((key for key in keys if written in (key, key.partition("/")[0])), None)
    if found is None:
        names = Text(zh="、".join(dict.fromkeys(keys)), en=", ".join(dict.fromkeys(keys)))
        raise invalid("query.indicator", written, message("api.expected.one_of", values=names))
    return found


def _place(edition: PlanEdition, written: str | None) -> str:
    if not written:
        return ""
    for one in plan_of(edition).places:
        if written in (one.name, one.code, subject_code(one.code)):
            return subject_code(one.code)
    raise invalid("query.place", written, message("api.expected.plan_place"))


@operation(figures_router, "GET", "/figures/{digest}", "figure", dict[str, Any])
def figure(request: HttpRequest, digest: Line) -> HttpResponse:
    """A derivation as trace/1, byte for byte what the digest was made from."""
    if not _DIGEST.fullmatch(digest):
        raise invalid("path.digest", digest, message("api.expected.digest"))
    try:
        require_figure(actor_of_request(request), digest)
    except StoredFigure.DoesNotExist:
        raise not_found("figure", digest, "path.digest") from None
    content = canonical_json(load_figure(digest).to_json())
    return HttpResponse(content, content_type="application/json; charset=utf-8")


class PublicationAnswer(Schema):
    """A publication."""

    id: int = Field(description="api.field.publication")
    plan: str = Field(description="api.field.plan")
    edition: int = Field(description="api.field.plan_edition")
    period: str = Field(description="api.field.period")
    published_at: str = Field(description="api.field.moment")
    published_by: str = Field(description="api.field.who_name")
    note: str
    act: str = Field(description="api.field.act")


class PublishBody(Request):
    """What becomes public."""

    period: Line = Field(description="api.field.period")
    note: Prose = Field("", description="api.field.publish_note")


@operation(router, "GET", "/plans/{plan}/publications", "publications", Listed[PublicationAnswer])
def publications(request: HttpRequest, plan: Line, asked: Query[Paging]) -> JsonObject:
    """Publications of a plan, the newest first."""
    found = publications_of(edition_or_404(plan)).select_related("plan").defer("observations")
    return listed(found, asked, _publication)


@operation(router, "POST", "/plans/{plan}/publications", "publish", PublicationAnswer, 201)
def publish_standing(request: HttpRequest, plan: Line, body: PublishBody) -> Any:
    """Make the current standing of a period public."""
    edition = edition_or_404(plan)
    # Whoever may not publish is told so, whatever else is wrong with what they sent.
    require(actor_of_request(request), Verb.PUBLISH, place=jurisdiction(edition))
    period = read_period(body.period, "body.period")
    if not concerns(edition, period):
        raise invalid("body.period", body.period, message("api.expected.plan_period"))
    try:
        made = publish(actor_of_request(request), edition, period, body.note)
    except NothingToPublishError:
        raise invalid("body.period", body.period, message("api.expected.plan_period")) from None
    return Status(201, _publication(made))


def _note(said: Text | None) -> str:
    """A person's note as typed; one that the program wrote, in both languages."""
    return "" if said is None else " / ".join(dict.fromkeys((said.zh, said.en)))


def _publication(one: Publication) -> JsonObject:
    return {
        "id": one.pk, "plan": one.plan.identifier, "edition": one.plan.edition, "period": one.period,
        "published_at": moment(one.published_at), "published_by": one.published_by, "act": one.act,
        "note": _note(one.said_note),
    }  # fmt: skip
