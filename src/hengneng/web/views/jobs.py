"""Pages of background jobs: which there are, how far each is, stopping and repeating them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import escape
from django.views.decorators.http import require_POST

from hengneng.access import Actor
from hengneng.accounts.models import Person
from hengneng.jobs import ask_to_cancel, start_again
from hengneng.jobs.limits import limit
from hengneng.jobs.models import Job
from hengneng.jobs.reading import controls, has_no_worker, jobs_seen, require_seen
from hengneng.language import Text, catalogue, message
from hengneng.problems import RefusedError
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered

SECONDS_SAID = 90  # up to here in seconds, then in minutes
MINUTES_SAID = 90  # up to here in minutes, then in hours
SIGNS = {
    Job.State.WAITING: "severity-1", Job.State.RUNNING: "behind", Job.State.DONE: "met",
    Job.State.FAILED: "not_met", Job.State.CANCELLED: "on_track",
}  # fmt: skip
# Their signs are borrowed: the colours of warnings would say what is not meant.
NEUTRAL = (Job.State.WAITING, Job.State.RUNNING, Job.State.CANCELLED)


@dataclass(frozen=True)
class JobShown:
    """A job as pages show it."""

    job: Job
    sign: str
    state: Text
    percent: int | None
    remaining: Text | None
    lasted: Text | None
    started_by: str
    cancelled_by: str
    failure: Text | None
    problems: list[Text]
    found: Text | None
    controls: bool
    no_worker: bool

    @property
    def neutral(self) -> bool:
        """Whether the state is neither good nor bad."""
        return self.job.state in NEUTRAL

    @property
    def live(self) -> bool:
        """Whether it is worth asking again."""
        return not self.job.ended


def jobs_shown(actor: Actor, found: list[Job]) -> list[JobShown]:
    """Jobs with everything their parts need; one query for the names of people."""
    who = {job.started_by for job in found} | {job.cancel_asked_by for job in found}
    names = dict(Person.objects.filter(identifier__in=who).values_list("identifier", "name"))
    return [_shown(actor, job, names) for job in found]


def job_shown(actor: Actor, job: Job) -> JobShown:
    """One job for ``web/parts/job.html``."""
    return jobs_shown(actor, [job])[0]


def _shown(actor: Actor, job: Job, names: dict[str, str]) -> JobShown:
    failure = message(f"jobs.failure.{job.failure}", error_id=job.error_id) if job.failure else None
    return JobShown(
        job=job,
        sign=SIGNS[Job.State(job.state)],
        state=message(f"jobs.state.{job.state}"),
        percent=None if job.share is None else round(job.share * 100),
        remaining=said_time(job.remaining()),
        lasted=said_time(job.lasted()),
        started_by=names.get(job.started_by, job.started_by),
        cancelled_by=names.get(job.cancel_asked_by, job.cancel_asked_by),
        failure=failure,
        problems=[Text(zh=one["text"]["zh"], en=one["text"]["en"]) for one in job.problems],
        found=_found(job),
        controls=controls(actor, job),
        no_worker=has_no_worker(job),
    )


def _found(job: Job) -> Text | None:
    """What the job has found: in the words of its kind, else as it is."""
    if job.result is None:
        return None
    known = f"jobs.found.{job.kind.rpartition('.')[2]}"
    if known in catalogue() and isinstance(job.result, dict):
        return message(known, **job.result)
    written = json.dumps(job.result, ensure_ascii=False)
    return Text(zh=written, en=written)


def said_time(time: dt.timedelta | None) -> Text | None:
    """A length of time in words, no more exact than anybody needs."""
    if time is None:
        return None
    seconds = max(time.total_seconds(), 0)
    if seconds < 1:
        return message("jobs.time.moment")
    if seconds < SECONDS_SAID:
        return message("jobs.time.seconds", number=round(seconds))
    if seconds < MINUTES_SAID * 60:
        return message("jobs.time.minutes", number=round(seconds / 60))
    return message("jobs.time.hours", number=f"{seconds / 3600:.1f}")


@answered
def jobs(request: HttpRequest) -> HttpResponse:
    """The jobs that somebody may see."""
    actor = _signed_in(request)
    found, everything = jobs_seen(actor), request.GET.get("show") == "all"
    if not everything:
        found = found.filter(started_by=actor.identifier)
    page = Paginator(found, int(limit("jobs_a_page"))).get_page(request.GET.get("page"))
    rows = jobs_shown(actor, list(page))
    content = {
        "page": page,
        "rows": rows,
        "everything": everything,
        "live": any(row.live for row in rows),
        "query": "show=all&" if everything else "",
        "address": f"{request.path}?{request.GET.urlencode()}",
    }
    return render(request, "web/jobs.html", content)


@answered
def job(request: HttpRequest, number: int) -> HttpResponse:
    """How far a job is, how it ended, what can be done."""
    actor = _signed_in(request)
    return render(request, "web/jobs_job.html", {"one": job_shown(actor, _job(actor, number))})


@require_POST
@answered
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """Ask a job to stop."""
    actor = _signed_in(request)
    try:
        found = ask_to_cancel(actor, _job(actor, number))
    except RefusedError as refused:
        return _refuse(number, refused)
    said = "web.jobs.was_cancelled" if found.ended else "web.jobs.will_be_cancelled"
    notify(request, message(said, number=number))
    return redirect("job", number)


@require_POST
@answered
def again(request: HttpRequest, number: int) -> HttpResponse:
    """Have the same done once more."""
    actor = _signed_in(request)
    try:
        made = start_again(actor, _job(actor, number))
    except RefusedError as refused:
        return _refuse(number, refused)
    notify(request, message("web.jobs.was_started", number=made.pk))
    return redirect("job", made.pk)


def _refuse(number: int, refused: RefusedError) -> HttpResponse:
    text = Text(zh=refused.problems[0].text("zh"), en=refused.problems[0].text("en"))
    way = (reverse("job", args=[number]), message("web.jobs.number", number=number))
    raise RefusedRequestError(409, text, [way])


def _job(actor: Actor, number: int) -> Job:
    found = jobs_seen(actor).filter(pk=min(number, 2**63 - 1)).first()
    if found is None:
        require_seen(actor, min(number, 2**63 - 1))
        way = (reverse("jobs"), message("web.jobs.title"))
        raise RefusedRequestError(404, message("web.jobs.none", found=escape(number)), [way])
    return found


def _signed_in(request: HttpRequest) -> Actor:
    actor = actor_of_request(request)
    if not actor.signed_in:
        way = (f"{reverse('sign-in')}?next={request.path}", message("web.refused.sign_in"))
        raise RefusedRequestError(403, message("web.jobs.sign_in"), [way])
    return actor


addresses = [
    path("jobs/", jobs, name="jobs"),
    path("jobs/<int:number>/", job, name="job"),
    path("jobs/<int:number>/cancel/", cancel, name="job-cancel"),
    path("jobs/<int:number>/again/", again, name="job-again"),
]
