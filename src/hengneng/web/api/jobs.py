"""Background jobs: start, look, cancel."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from hengneng.jobs import ask_to_cancel, start, start_again
from hengneng.jobs.kinds import kinds
from hengneng.jobs.models import Job
from hengneng.jobs.reading import jobs_seen, require_seen
from hengneng.language import Text, catalogue, message
from hengneng.registry.models import Organisation
from hengneng.web.api.errors import ProblemAnswer, not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.people import place_or_404
from hengneng.web.api.shapes import JsonObject, Key, Line, Listed, Paging, Prose, Request, Words, listed, moment, words
from hengneng.web.questions import actor_of_request

router = Router(tags=["jobs"])
States = Literal["waiting", "running", "done", "failed", "cancelled"]


class JobAnswer(Schema):
    """A job."""

    id: int = Field(description="api.field.job")
    kind: str = Field(description="api.field.job_kind")
    label: Words
    state: States = Field(description="api.field.job_state")
    done: int = Field(description="api.field.job_done")
    total: int = Field(description="api.field.job_total")
    phase: Words | None = Field(description="api.field.job_phase")
    seconds_left: int | None = Field(description="api.field.seconds_left")
    parameters: dict[str, Any]
    started_by: str = Field(description="api.field.who")
    place: str | None = Field(description="api.field.place")
    asked_at: str = Field(description="api.field.moment")
    started_at: str | None = Field(description="api.field.moment")
    finished_at: str | None = Field(description="api.field.moment")
    cancel_asked_at: str | None = Field(description="api.field.moment")
    result: Any = Field(description="api.field.job_result")
    address: str | None = Field(description="api.field.job_address")
    failure: str | None = Field(description="api.field.job_failure")
    error_id: str | None = Field(description="api.field.error_id")
    problems: list[ProblemAnswer] = Field(description="api.field.problems")
    act: str | None = Field(description="api.field.act")


class JobStart(Request):
    """What to do."""

    kind: Line = Field(description="api.field.job_kind")
    parameters: dict[str, Any] = Field({}, description="api.field.job_parameters")
    label: Prose | None = Field(None, description="api.field.job_label")
    place: Line | None = Field(None, description="api.field.place")
    organisation: Line | None = Field(None, description="api.field.organisation")


class JobsAsked(Paging):
    """Which jobs."""

    state: States | None = Field(None, description="api.field.job_state")
    mine: bool = Field(False, description="api.field.mine")


@operation(router, "GET", "/jobs", "jobs", Listed[JobAnswer])
def jobs(request: HttpRequest, asked: Query[JobsAsked]) -> JsonObject:
    """Jobs that the caller may see, the newest first."""
    actor = actor_of_request(request)
    found = jobs_seen(actor)
    if asked.state:
        found = found.filter(state=asked.state)
    if asked.mine:
        found = found.filter(started_by=actor.identifier)
    return listed(found, asked, _job)


@operation(router, "POST", "/jobs", "start_job", JobAnswer, 201)
def start_job(request: HttpRequest, asked: JobStart) -> Status[JsonObject]:
    """Have a job done in the background."""
    offered = kinds().get(asked.kind)
    if offered is None or not offered.offered:
        raise not_found("job_kind", asked.kind, "body.kind")
    label = Text(zh=asked.label, en=asked.label) if asked.label else _label(asked.kind)
    place = place_or_404(asked.place, "body.place").pk if asked.place else None
    organisation = None
    if asked.organisation:
        found = Organisation.objects.filter(identifier=asked.organisation).first()
        if found is None:
            raise not_found("organisation", asked.organisation, "body.organisation")
        organisation = found.pk
    job = start(
        actor_of_request(request), asked.kind, asked.parameters, label, place=place, organisation=organisation
    )
    return _created(job)


@operation(router, "GET", "/jobs/{job}", "job", JobAnswer)
def job(request: HttpRequest, job: Key) -> JsonObject:
    """How far a job is."""
    return _job(_job_or_404(request, job))


@operation(router, "POST", "/jobs/{job}/cancel", "cancel_job", JobAnswer)
def cancel_job(request: HttpRequest, job: Key) -> JsonObject:
    """Ask a job to stop."""
    return _job(ask_to_cancel(actor_of_request(request), _job_or_404(request, job)))


@operation(router, "POST", "/jobs/{job}/again", "repeat_job", JobAnswer, 201)
def repeat_job(request: HttpRequest, job: Key) -> Status[JsonObject]:
    """Have the same done once more."""
    return _created(start_again(actor_of_request(request), _job_or_404(request, job)))


def _created(job: Job) -> Status[JsonObject]:
    return Status(201, _job(job))


def _label(kind: str) -> Text:
    known = f"jobs.label.{kind.rpartition('.')[2]}"
    return message(known) if known in catalogue() else Text(zh=kind, en=kind)


def _job_or_404(request: HttpRequest, key: int) -> Job:
    found = jobs_seen(actor_of_request(request)).filter(pk=key).first()
    if found is None:
        require_seen(actor_of_request(request), key)
        raise not_found("job", key, "path.job")
    return found


def _job(one: Job) -> JsonObject:
    left = one.remaining()
    return {
        "id": one.pk, "kind": one.kind, "label": words(one.label), "state": one.state, "done": one.done,
        "total": one.total, "phase": words(one.phase),
        "seconds_left": None if left is None else round(left.total_seconds()),
        "parameters": one.parameters, "started_by": one.started_by, "place": one.place_id,
        "asked_at": moment(one.asked_at), "started_at": moment(one.started_at), "finished_at": moment(one.finished_at),
        "cancel_asked_at": moment(one.cancel_asked_at), "result": one.result,
        "address": one.address or reverse("job", args=[one.pk]), "failure": one.failure or None,
        "error_id": one.error_id or None, "problems": one.problems, "act": one.act or None,
    }  # fmt: skip
