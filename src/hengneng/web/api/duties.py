"""Duties: who does what by when, how far it is; assign, report, review, remind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from hengneng.access import Verb, require, scope_of
from hengneng.accounts.models import Person
from hengneng.duties import acting, reporting
from hengneng.duties.lists import SORTS, Asked, DutyShown, shown
from hengneng.duties.models import Duty, Evidence, Milestone, ProgressReport, Reminder, ReportDraft
from hengneng.duties.scope import drafts_seen, duties_seen, duty_seen, evidence_seen, reports_seen
from hengneng.duties.summary import current_milestones
from hengneng.registry.models import Organisation, PlanEdition
from hengneng.web.api.errors import not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.shapes import JsonObject, Key, Line, Listed, Paging, Prose, Request, Words, listed, moment, words
from hengneng.web.questions import actor_of_request

router = Router(tags=["duties"])
DutyStates = Literal[
    "overdue", "unassigned", "returned", "due_soon", "assigned", "in_progress", "reported", "done"
]


class BodyAnswer(Schema):
    """An organisation."""

    identifier: str = Field(description="api.field.organisation")
    name: Words


class DutyAnswer(Schema):
    """A duty as it stands today."""

    id: int = Field(description="api.field.duty")
    plan: str = Field(description="api.field.plan")
    task: str = Field(description="api.field.task")
    clause: str = Field(description="api.field.clause")
    action: Words
    place: str = Field(description="api.field.place")
    place_name: Words
    parent: int | None = Field(description="api.field.duty_parent")
    lead: BodyAnswer | None
    cooperating: list[BodyAnswer]
    person: str | None = Field(description="api.field.person")
    person_name: str | None
    revision: int = Field(description="api.field.assignment_revision")
    stated_due: dt.date = Field(description="api.field.stated_due")
    due: dt.date = Field(description="api.field.due")
    state: DutyStates = Field(description="api.field.duty_state")
    stage: DutyStates = Field(description="api.field.duty_stage")
    accepted_per_cent: int | None = Field(description="api.field.accepted_per_cent")


class MilestoneAnswer(Schema):
    """A step on the way."""

    number: int
    revision: int = Field(description="api.field.revision")
    title: Words
    due: dt.date
    reached_on: dt.date | None
    withdrawn: bool


class ReviewAnswer(Schema):
    """What was found of a report."""

    accepted: bool
    reason: str = Field(description="api.field.reason")
    at: str = Field(description="api.field.moment")
    by: str = Field(description="api.field.who")


class ReportAnswer(Schema):
    """How far a duty has come."""

    id: int = Field(description="api.field.report")
    number: int
    organisation: str = Field(description="api.field.organisation")
    leading: bool = Field(description="api.field.leading")
    per_cent: int
    text: str
    claimed: str = Field(description="api.field.claimed")
    at: str = Field(description="api.field.moment")
    by: str = Field(description="api.field.who")
    review: ReviewAnswer | None


class ReminderAnswer(Schema):
    """A reminder."""

    id: int
    organisation: str = Field(description="api.field.organisation")
    person: str | None = Field(description="api.field.person")
    text: str
    at: str = Field(description="api.field.moment")
    by: str = Field(description="api.field.who")
    acknowledged_at: str | None = Field(description="api.field.moment")


class EvidenceAnswer(Schema):
    """A file that shows what was done."""

    id: int
    name: str
    size: int = Field(description="api.field.size_bytes")
    media_type: str
    sha256: str
    note: str
    demand: int | None = Field(description="api.field.demand")
    at: str = Field(description="api.field.moment")
    by: str = Field(description="api.field.who")
    withdrawn: bool


class DraftAnswer(Schema):
    """A report that is being written, for those who may read it."""

    organisation: str = Field(description="api.field.organisation")
    per_cent: int | None
    text: str
    claimed: str = Field(description="api.field.claimed")
    at: str = Field(description="api.field.moment")
    by: str = Field(description="api.field.who")


class DutyWhole(DutyAnswer):
    """A duty with everything recorded of it."""

    quote: str = Field(description="api.field.quote")
    demanded_evidence: list[Words] = Field(description="api.field.demanded_evidence")
    milestones: list[MilestoneAnswer]
    reports: list[ReportAnswer]
    drafts: list[DraftAnswer]
    reminders: list[ReminderAnswer]
    evidence: list[EvidenceAnswer]


class DutiesAsked(Paging):
    """Which duties."""

    plan: Line | None = Field(None, description="api.field.plan")
    state: DutyStates | None = Field(None, description="api.field.duty_state")
    organisation: Line | None = Field(None, description="api.field.duty_organisation")
    person: Line | None = Field(None, description="api.field.person")
    clause: Line | None = Field(None, description="api.field.clause")
    place: Line | None = Field(None, description="api.field.place")
    search: Line | None = Field(None, description="api.field.duty_search")
    sort: Literal["document", "urgency", "due", "lead"] = Field("document", description="api.field.sort")


@operation(router, "GET", "/duties", "duties", Listed[DutyAnswer])
def duties(request: HttpRequest, asked: Query[DutiesAsked]) -> JsonObject:
    """Duties that the caller may see."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_DUTIES).nothing:
        require(actor, Verb.SEE_DUTIES)
    organisation = _organisation(asked.organisation, "query.organisation") if asked.organisation else None
    narrowing = Asked(
        state=asked.state or "", organisation=organisation, person=asked.person or "", clause=asked.clause or "",
        place=asked.place or "", search=asked.search or "",
    )  # fmt: skip
    found = duties_seen(actor).select_related("current__lead", "current__person")
    found = found.filter(plan=asked.plan) if asked.plan else found
    known = set(PlanEdition.objects.values_list("identifier", flat=True))
    today = timezone.localdate()
    fitting = [one for one in shown(found.filter(plan__in=known), today) if narrowing.fits(one)]
    key = SORTS[asked.sort]
    fitting.sort(key=lambda one: (*key(one), one.duty.plan, one.duty.pk))
    return listed(fitting, asked, _duty)


@operation(router, "GET", "/duties/{duty}", "duty", DutyWhole)
def duty(request: HttpRequest, duty: Key) -> JsonObject:
    """One duty."""
    return _whole(request, _seen(request, duty))


class AssignBody(Request):
    """Who leads, who answers for it, by when."""

    lead: Line | None = Field(description="api.field.lead")
    person: Line | None = Field(None, description="api.field.person")
    cooperating: list[Line] = Field([], max_length=100, description="api.field.cooperating")
    due: dt.date | None = Field(None, description="api.field.due_instead")
    reason: Prose = Field("", description="api.field.reason")
    based_on: int | None = Field(None, ge=0, le=2**31 - 1, description="api.field.assignment_based_on")


@operation(router, "POST", "/duties/{duty}/assignments", "assign_duty", DutyWhole, 201)
def assign(request: HttpRequest, duty: Key, body: AssignBody) -> Any:
    """Give a duty to an organisation and a person there."""
    found = _seen(request, duty)
    acting.assign(
        actor_of_request(request),
        found.pk,
        _organisation(body.lead, "body.lead") if body.lead else None,
        person=_person(body.person, "body.person") if body.person else None,
        cooperating=[_organisation(one, "body.cooperating") for one in body.cooperating],
        due=body.due,
        reason=body.reason,
        based_on=body.based_on,
    )
    return _changed(request, duty)


class MilestoneBody(Request):
    """A step on the way."""

    title: Line
    due: dt.date
    number: int | None = Field(None, ge=1, le=2**31 - 1, description="api.field.milestone_number")
    reason: Prose = Field("", description="api.field.reason")


@operation(router, "POST", "/duties/{duty}/milestones", "set_milestone", DutyWhole, 201)
def set_milestone(request: HttpRequest, duty: Key, body: MilestoneBody) -> Any:
    """A new step, or another title or date for one."""
    found = _seen(request, duty)
    acting.set_milestone(actor_of_request(request), found.pk, body.title, body.due, body.number, body.reason)
    return _changed(request, duty)


class ReachedBody(Request):
    """When a step was reached."""

    reached_on: dt.date | None = Field(description="api.field.reached_on")


@operation(router, "POST", "/duties/{duty}/milestones/{number}/reached", "reach_milestone", DutyWhole, 201)
def reach_milestone(request: HttpRequest, duty: Key, number: Key, body: ReachedBody) -> Any:
    """A step was reached on a day."""
    found = _seen(request, duty)
    acting.reach_milestone(actor_of_request(request), found.pk, min(number, 2**31 - 1), body.reached_on)
    return _changed(request, duty)


class ReportBody(Request):
    """How far the duty has come."""

    per_cent: int = Field(ge=0, le=100, description="api.field.per_cent")
    text: Prose
    claimed: Prose = Field("", description="api.field.claimed")


@operation(router, "POST", "/duties/{duty}/reports", "report_progress", DutyWhole, 201)
def report(request: HttpRequest, duty: Key, body: ReportBody) -> Any:
    """Report how far the duty has come."""
    found = _seen(request, duty)
    reporting.submit_report(actor_of_request(request), found.pk, body.per_cent, body.text, body.claimed)
    return _changed(request, duty)


class ReviewBody(Request):
    """Accepted, or returned with a reason."""

    accepted: bool
    reason: Prose = Field("", description="api.field.review_reason")


@operation(router, "POST", "/duties/{duty}/reports/{report}/review", "review_report", DutyWhole, 201)
def review(request: HttpRequest, duty: Key, report: Key, body: ReviewBody) -> Any:
    """Accept a report, or return it."""
    found = _seen(request, duty)
    actor = actor_of_request(request)
    if not reports_seen(actor).filter(pk=report, duty=found).exists():
        raise not_found("report", report, "path.report")
    reporting.review(actor, report, body.accepted, body.reason)
    return _changed(request, duty)


class RemindBody(Request):
    """What those who lead the duty are told."""

    text: Prose


@operation(router, "POST", "/duties/{duty}/reminders", "remind", DutyWhole, 201)
def remind(request: HttpRequest, duty: Key, body: RemindBody) -> Any:
    """Remind those who lead a duty of it."""
    found = _seen(request, duty)
    acting.remind(actor_of_request(request), found.pk, body.text)
    return _changed(request, duty)


@operation(router, "GET", "/duties/{duty}/evidence", "evidence", Listed[EvidenceAnswer])
def evidence(request: HttpRequest, duty: Key, asked: Query[Paging]) -> JsonObject:
    """Files that show what was done. The files themselves are on the page of the duty."""
    found = _seen(request, duty)
    files = evidence_seen(actor_of_request(request)).filter(duty=found).select_related("withdrawal").order_by("pk")
    return listed(files, asked, _evidence)


def _seen(request: HttpRequest, key: int) -> Duty:
    try:
        return duty_seen(actor_of_request(request), key)
    except Duty.DoesNotExist:
        raise not_found("duty", key, "path.duty") from None


def _organisation(identifier: str, where: str) -> int:
    found = Organisation.objects.filter(identifier=identifier).values_list("pk", flat=True).first()
    if found is None:
        raise not_found("organisation", identifier, where)
    return int(found)


def _person(identifier: str, where: str) -> int:
    found = Person.objects.filter(identifier=identifier).values_list("pk", flat=True).first()
    if found is None:
        raise not_found("person", identifier, where)
    return int(found)


def _changed(request: HttpRequest, key: int) -> Any:
    found = Duty.objects.select_related("current__lead", "current__person", "parent").get(pk=key)
    return Status(201, _whole(request, found))


def _body(one: Organisation | None) -> JsonObject | None:
    return None if one is None else {"identifier": one.identifier, "name": words(one.label)}


def _duty(one: DutyShown) -> JsonObject:
    now = one.duty
    return {
        "id": now.pk, "plan": now.plan, "task": now.task, "clause": now.clause, "action": words(one.action),
        "place": now.place_id, "place_name": words(one.place_name), "parent": now.parent_id, "lead": _body(one.lead),
        "cooperating": [_body(body) for body in one.cooperating],
        "person": one.person.identifier if one.person else None, "person_name": one.person.name if one.person else None,
        "revision": now.current.revision if now.current else 0, "stated_due": now.stated_due, "due": one.due,
        "state": str(one.state), "stage": str(one.stage), "accepted_per_cent": one.summary.accepted,
    }  # fmt: skip


def _whole(request: HttpRequest, found: Duty) -> JsonObject:
    presented = shown([found], timezone.localdate())
    if not presented:
        raise not_found("duty", found.pk, "path.duty")
    one = presented[0]
    actor = actor_of_request(request)
    reports = reports_seen(actor).filter(duty=found).select_related("review", "organisation").order_by("number")
    files = evidence_seen(actor).filter(duty=found).select_related("withdrawal").order_by("pk")
    reminders = found.reminders.select_related("organisation", "person", "acknowledgement").order_by("pk")
    return {
        **_duty(one),
        "quote": one.task.quote,
        "demanded_evidence": [words(each.text()) for each in one.task.evidence],
        "milestones": [_milestone(step) for step in _steps([found])],
        "reports": [_report(each) for each in reports],
        "drafts": [_draft(each) for each in drafts_seen(actor).filter(duty=found).select_related("organisation")],
        "reminders": [_reminder(each) for each in reminders],
        "evidence": [_evidence(each) for each in files],
    }


def _draft(found: ReportDraft) -> JsonObject:
    return {
        "organisation": found.organisation.identifier, "per_cent": found.per_cent, "text": found.text,
        "claimed": found.claimed, "at": moment(found.saved_at), "by": found.saved_by,
    }  # fmt: skip


def _steps(found: Iterable[Duty]) -> list[Milestone]:
    return current_milestones(list(found))


def _milestone(one: Milestone) -> JsonObject:
    return {
        "number": one.number, "revision": one.revision, "title": words(one.title), "due": one.due,
        "reached_on": one.reached_on, "withdrawn": one.withdrawn,
    }  # fmt: skip


def _report(one: ProgressReport) -> JsonObject:
    found = getattr(one, "review", None)
    reviewed = found and {
        "accepted": found.accepted, "reason": found.reason, "at": moment(found.at), "by": found.by,
    }  # fmt: skip
    return {
        "id": one.pk, "number": one.number, "organisation": one.organisation.identifier, "leading": one.leading,
        "per_cent": one.per_cent, "text": one.text, "claimed": one.claimed, "at": moment(one.at), "by": one.by,
        "review": reviewed,
    }  # fmt: skip


def _reminder(one: Reminder) -> JsonObject:
    answer = getattr(one, "acknowledgement", None)
    return {
        "id": one.pk, "organisation": one.organisation.identifier,
        "person": one.person.identifier if one.person else None, "text": one.text, "at": moment(one.at), "by": one.by,
        "acknowledged_at": moment(answer.at) if answer else None,
    }  # fmt: skip


def _evidence(one: Evidence) -> JsonObject:
    return {
        "id": one.pk, "name": one.name, "size": one.size, "media_type": one.media_type, "sha256": one.digest,
        "note": one.note, "demand": one.demand, "at": moment(one.at), "by": one.by,
        "withdrawn": getattr(one, "withdrawal", None) is not None,
    }  # fmt: skip
