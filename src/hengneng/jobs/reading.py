"""Who sees which jobs."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet
from django.utils import timezone

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.jobs.limits import limit
from hengneng.jobs.models import Job
from hengneng.jobs.running import give_up_dead


def jobs_seen(actor: Actor) -> QuerySet[Job]:
    """The actor's own jobs and those where they may run jobs, newest first. Jobs of dead workers show as failed."""
    give_up_dead()
    scope = scope_of(actor, Verb.RUN_JOBS)
    found = scope.condition("place", "organisation")
    if not scope.nothing:
        # As for a single decision, what belongs to no place counts as being at one's own.
        found |= Q(place=None, organisation=None)
    if actor.signed_in or actor.operator:
        found |= Q(started_by=actor.identifier)
    return Job.objects.filter(found).select_related("place", "organisation", "again").order_by("-pk")


def require_seen(actor: Actor, key: int) -> None:
    """RefusedAccessError with its reason when there is a job ``key`` that the actor may not see."""
    hidden = Job.objects.filter(pk=key).exclude(pk__in=jobs_seen(actor).values("pk")).first()
    if hidden is not None:
        require(actor, Verb.RUN_JOBS, hidden.place_id, hidden.organisation_id)


def controls(actor: Actor, job: Job) -> bool:
    """Whether the actor may cancel or repeat the job, for showing the button; acting asks again."""
    from hengneng.access import RefusedAccessError
    from hengneng.jobs.starting import require_control

    try:
        require_control(actor, job)
    except RefusedAccessError:
        return False
    return True


def has_no_worker(job: Job) -> bool:
    """Whether a job waits for longer than it would if there were a worker with nothing else to do."""
    patience = dt.timedelta(seconds=limit("seconds_waiting_until_hint"))
    waits = job.state == Job.State.WAITING and timezone.now() - job.asked_at > patience
    return waits and not Job.objects.filter(state=Job.State.RUNNING).exists()
