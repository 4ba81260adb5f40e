"""Starting, cancelling and repeating jobs: what people do with them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require
from hengneng.acts import new_act_id, record
from hengneng.jobs.kinds import JobKind, kind
from hengneng.jobs.models import Job
from hengneng.language import Text
from hengneng.problems import Problem, RefusedError


@transaction.atomic
def start(
    actor: Actor,
    name: str,
    parameters: Mapping[str, Any],
    label: Text,
    *,
    place: str | None = None,
    organisation: int | None = None,
    again: Job | None = None,
) -> Job:
    """Have a job done. ``parameters`` are JSON data; ``place`` and ``organisation`` decide who may see and cancel it.

    UnknownKindError; RefusedAccessError unless the actor may do what the kind demands; RefusedError J001 for parameters
    that the kind does not take.
    """
    found = kind(name)
    require(actor, found.verb, place, organisation)
    _check(found, parameters)
    act = new_act_id()
    job = _queue(found, parameters, label, actor.identifier, place, organisation, again, act)
    details = {"kind": name, "parameters": dict(parameters)} | ({"again": again.pk} if again else {})
    record(
        actor.identifier, "job.start", "job", str(job.pk),
        place=place or "", organisation=organisation, details=details, identifier=act,
    )  # fmt: skip
    return job


@transaction.atomic
def start_following(
    who: str, name: str, parameters: Mapping[str, Any], label: Text, *, running_will_do: bool = False
) -> Job:
    """Have a job done that follows from what ``who`` was allowed to do; a waiting one that does the same will do it.

    ``running_will_do``: so will one that runs already, since nothing has changed that it may have missed.
    """
    states = [Job.State.WAITING, Job.State.RUNNING] if running_will_do else [Job.State.WAITING]
    same = Job.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        state__in=states, kind=name, parameters=dict(parameters)
    )
    return same.order_by("pk").first() or _queue(kind(name), parameters, label, who, None, None, None, "")


@transaction.atomic
def ask_to_cancel(actor: Actor, job: Job) -> Job:
    """Cancel a job that waits at once, one that runs at its next step. RefusedAccessError; J002 when it has ended."""
    require_control(actor, job)
    now = timezone.now()
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.WAITING)
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    asked = {"cancel_asked_at": now, "cancel_asked_by": actor.identifier}
    if not waiting.update(state=Job.State.CANCELLED, finished_at=now, **asked) and not running.update(**asked):
        raise RefusedError(Problem("J002", f"job {job.pk}", {"job": job.pk}))
    record(
        actor.identifier, "job.cancel", "job", str(job.pk),
        place=job.place_id or "", organisation=job.organisation_id, details={"kind": job.kind},
    )  # fmt: skip
    job.refresh_from_db()
    return job


def start_again(actor: Actor, job: Job) -> Job:
    """Have the same done once more. RefusedAccessError; RefusedError J003 while it has not ended."""
    require_control(actor, job)
    if not job.ended:
        raise RefusedError(Problem("J003", f"job {job.pk}", {"job": job.pk}))
    return start(
        actor, job.kind, job.parameters, job.label,
        place=job.place_id, organisation=job.organisation_id, again=job,
    )  # fmt: skip


def require_control(actor: Actor, job: Job) -> None:
    """Raise RefusedAccessError unless the job is the actor's own or they may run jobs there."""
    if job.started_by != actor.identifier or (actor.allowed is not None and Verb.RUN_JOBS not in actor.allowed):
        require(actor, Verb.RUN_JOBS, job.place_id, job.organisation_id)


def _check(found: JobKind, parameters: Mapping[str, Any]) -> None:
    try:
        inspect.signature(found.function).bind(None, **parameters)
    except TypeError as error:
        raise RefusedError(Problem("J001", found.name, {"found": ", ".join(parameters), "why": str(error)})) from None


def _queue(
    found: JobKind,
    parameters: Mapping[str, Any],
    label: Text,
    who: str,
    place: str | None,
    organisation: int | None,
    again: Job | None,
    act: str,
) -> Job:
    from hengneng.jobs.tasks import work

    job = Job.objects.create(
        kind=found.name,
        label_zh=label.zh,
        label_en=label.en,
        parameters=dict(parameters),
        started_by=who,
        place_id=place,
        organisation_id=organisation,
        again=again,
        asked_at=timezone.now(),
        act=act,
    )
    job.task = str(work.enqueue(job.pk).id)
    job.save(update_fields=["task"])
    return job
