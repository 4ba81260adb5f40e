"""Pages about standings: where every plan stands, one standing with its files, publishing it, the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Verb, require
from hengneng.jobs.reading import jobs_seen
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.standing.arrival import compute_later
from hengneng.standing.limits import limit
from hengneng.standing.models import Publication
from hengneng.standing.observing import observe
from hengneng.standing.plans import concerns, current_edition, plan_of, superseded_by
from hengneng.standing.publishing import (
    NothingToPublishError,
    changed_since,
    jurisdiction,
    publications_of,
    publish,
)
from hengneng.standing.reading import (
    Reading,
    Sight,
    TooLargeError,
    as_rows,
    make_ready,
    period_to_show,
    periods_seen,
    reading_of,
    sight_of,
)
from hengneng.web.exports import standing_csv, standing_excel
from hengneng.web.findings import Count, counted
from hengneng.web.notices import notify
from hengneng.web.observations import observations_shown
from hengneng.web.questions import (
    Question,
    RefusedRequestError,
    actor_of_request,
    answered,
    edition_or_refuse,
    read_question,
    read_sight,
    speech_of,
)
from hengneng.web.speech import Speech
from hengneng.web.standings import MISSED, Overview, StandingPage, Worst, level_addresses, plan_address
from hengneng.web.views.jobs import JobShown, job_shown


@dataclass(frozen=True)
class Summary:
    """A plan on the first page: its finding, its counts, who is worst; without a period nothing has been published."""

    plan: Plan
    title: Text
    address: str
    period: Text | None
    finding: str
    counts: list[Count]
    total: int
    indicators: list[Overview]
    unjudged: int
    worst: list[Worst]
    marks: list[str]
    superseded_by: str | None
    publication: Publication | None
    missed: int
    current: bool


@dataclass(frozen=True)
class Behind:
    """What is shown is not current; the job that is at it, where the reader may see it."""

    job: JobShown | None


@answered
def home(request: HttpRequest) -> HttpResponse:
    """Where the places of every plan stand."""
    return render(request, "web/home.html", {"summaries": summaries(request)})


def summaries(request: HttpRequest) -> list[Summary]:
    """Every loaded plan as the reader sees it, what needs somebody first: the most targets missed, then the newest."""
    identifiers = sorted(set(PlanEdition.objects.values_list("identifier", flat=True)))
    found = [_summary(request, current_edition(identifier)) for identifier in identifiers]
    return sorted(found, key=lambda one: (one.missed, one.plan.head.issued_on), reverse=True)


def _summary(request: HttpRequest, edition: PlanEdition) -> Summary:
    speech, sight = speech_of(request), sight_of(actor_of_request(request), edition)
    make_ready(sight)
    own = plan_of(edition)
    period = period_to_show(sight)
    current = make_ready(sight, period)
    page = StandingPage(sight, Question(period, None, "", "", ""), Reading(sight, period), speech)
    total = page.total
    return Summary(
        plan=own,
        title=own.head.title.text(),
        address=plan_address(own.id, period=period.written),
        period=period.label() if page.tallies else None,
        finding=page.headline() if page.tallies else speech.words("web.standing.nothing_published"),
        counts=counted(total.counts),
        total=total.total,
        indicators=page.overview(),
        unjudged=sum(not tally.known for tally in page.tallies.values()),
        worst=page.worst(),
        marks=sorted(total.marks),
        superseded_by=superseded_by(own.id),
        publication=None if sight.unpublished else page.publication(),
        missed=sum(total.counts.get(level, 0) for level in MISSED),
        current=current,
    )


@answered
def plan(request: HttpRequest, identifier: str) -> HttpResponse:
    """The standing of a plan."""
    speech = speech_of(request)
    sight, question, page, behind = _asked(request, identifier)
    own = page.plan
    groups, lines = page.table()
    place_alone = bool(question.place and not question.indicator and groups)
    tally = page.chosen
    counts = counted(page.tallies[question.indicator].counts if question.indicator else page.total.counts)
    if tally is not None and not question.place:
        counts = counted(tally.counts)
    return render(
        request,
        "web/plan.html",
        {
            "plan": own,
            "title": own.head.title.text(),
            "period": question.period.label(),
            "question": question,
            "page": page,
            "headline": groups[0].finding if place_alone else page.headline(),
            "behind": behind,
            "changed": page.changed(),
            "now_address": plan_address(own.id, period=question.period.written),
            "superseded_by": superseded_by(own.id),
            "periods": _periods(sight, question),
            "indicators": _indicators(own),
            "places": page.places(),
            "levels": level_addresses(own, question, counts),
            "total": sum(count.number for count in counts),
            "groups": groups,
            "lines": lines,
            "turning": page.turning(lines) if lines else None,
            "grid": None if question.place else page.grid(),
            "worst": [] if question.place else page.worst(),
            "overview": page.overview(),
            "unjudged": [] if question.search or question.level else page.unjudged(),
            "observations": _observations(page, question, speech),
            "chart": page.chart(groups),
            "status": _status(page),
            "may_publish": sight.pinned is None and page.may_publish,
            "publications": publications_of(sight.edition, question.period).defer("observations")[
                : limit("publications_listed")
            ],
            "csv": f"{reverse('standing-csv', args=[own.id])}?{question.query()}",
            "excel": f"{reverse('standing-excel', args=[own.id])}?{question.query()}",
            "plain_query": question.query(as_of=None),
            "all_query": question.query(level=None, q=None, changed=None),
            "example": "example" in page.marks,
            "unverified": "unverified" in page.marks,
        },
    )


def _asked(request: HttpRequest, identifier: str) -> tuple[Sight, Question, StandingPage, Behind | None]:
    """Who asks what of which plan, the page that answers, and the job that makes it current where it is not."""
    sight = read_sight(request, edition_or_refuse(identifier))
    question = read_question(request, sight)
    behind = job_behind(sight, question.period)
    try:
        reading = reading_of(sight, question.period)
    except TooLargeError:
        raise RefusedRequestError(400, message("web.refused.too_large"), _instead(sight, question.period)) from None
    return sight, question, StandingPage(sight, question, reading, speech_of(request)), behind


def job_behind(sight: Sight, period: Period) -> Behind | None:
    """The job that computes what the reader is about to see, where it is not current and takes long; else None.

    A period of which the plan says nothing is not computed because somebody asks.
    """
    if not concerns(sight.edition, period) or make_ready(sight, period):
        return None
    job = compute_later(sight.actor.identifier, sight.edition, period)
    seen = jobs_seen(sight.actor).filter(pk=job.pk).exists()
    return Behind(job_shown(sight.actor, job) if seen else None)


def _instead(sight: Sight, period: Period) -> list[tuple[str, Text]]:
    """What can be read of a large plan instead of judging it for a past day: its publications by then, and now."""
    identifier = sight.edition.identifier
    published = publications_of(sight.edition, period, sight.moment).defer("observations")
    ways = [
        (
            plan_address(identifier, publication=str(one.pk)),
            message("web.refused.too_large_published", moment=f"{timezone.localtime(one.published_at):%Y-%m-%d %H:%M}"),
        )
        for one in published[: limit("publications_listed")]
    ]
    now = message("web.refused.too_large_now", period=period.label())
    return [*ways, (plan_address(identifier, period=period.written), now)]


def _status(page: StandingPage) -> dict[str, Any]:
    """Whether what is shown is public: how it stands now, or as it was published."""
    publication = page.publication()
    if page.sight.pinned is not None:
        kind = "pinned"
    elif page.sight.unpublished:
        kind = "judged" if page.sight.moment else "current"
    else:
        kind = "published" if publication else "nothing"
    return {"kind": kind, "publication": publication}


def _periods(sight: Sight, question: Question) -> list[tuple[str, Text]]:
    """The periods seen, and the one that is asked for."""
    known = {period.written: period for period in periods_seen(sight)}
    known.setdefault(question.period.written, question.period)
    return [(written, known[written].label()) for written in sorted(known, reverse=True)]


def _indicators(own: Plan) -> list[tuple[str, Text, str]]:
    keys = dict.fromkeys(f"{target.indicator}/{target.kind}" for target in own.targets)
    return [(key, own.indicator(key.partition("/")[0]).label.text(), key.partition("/")[2]) for key in keys]


def _observations(page: StandingPage, question: Question, speech: Speech) -> list[Any]:
    """What stands beside the verdicts, as it is now or as it was published; on the page of the whole plan only."""
    if question.indicator or question.search or question.level or question.page > 1:
        return []
    if page.sight.unpublished:
        found = [one.to_json() for one in observe(page.plan, page.sight.moment)]
    else:
        publication = page.publication()
        found = publication.observations if publication else []
    return observations_shown([one for one in found if question.place in ("", one["place"])], page.plan, speech)


@answered
def export(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """The standing as CSV."""
    sight, question, page, _ = _asked(request, identifier)
    rows = as_rows(sight.edition, question.period, page.reading.all(question.narrowing))
    return standing_csv(_file_name(identifier, question), page, rows)


@answered
def export_excel(request: HttpRequest, identifier: str) -> HttpResponse:
    """The standing as an Excel workbook."""
    sight, question, page, _ = _asked(request, identifier)
    rows = as_rows(sight.edition, question.period, page.reading.all(question.narrowing))
    return standing_excel(_file_name(identifier, question), page, rows)


def _file_name(identifier: str, question: Question) -> str:
    parts = (identifier, question.period.written, question.place, question.as_of.replace(":", ""))
    return "-".join(filter(None, parts))


@answered
def publish_standing(request: HttpRequest, identifier: str) -> HttpResponse:
    """Asking once more what becomes public, and making it so."""
    edition = edition_or_refuse(identifier)
    actor = actor_of_request(request)
    require(actor, Verb.PUBLISH, place=jurisdiction(edition))
    sight = sight_of(actor, edition)
    question = read_question(request, sight)
    behind = job_behind(sight, question.period)
    page = StandingPage(sight, question, Reading(sight, question.period), speech_of(request))
    if behind is not None and request.method == "POST":
        way = plan_address(identifier, period=question.period.written)
        raise RefusedRequestError(409, message("web.publish.not_ready"), [(way, page.plan.head.title.text())])
    if request.method == "POST":
        try:
            made = publish(actor, edition, question.period, request.POST.get("note", "").strip())
        except NothingToPublishError:
            raise RefusedRequestError(
                400, message("web.publish.nothing"), [(plan_address(identifier), page.plan.head.title.text())]
            ) from None
        notify(request, message("web.publish.done", period=question.period.label(), act=made.act[:8]))
        return redirect(plan_address(identifier, period=question.period.written))
    last = page.publication()
    return render(
        request,
        "web/publish.html",
        {
            "plan": page.plan,
            "title": page.plan.head.title.text(),
            "period": question.period,
            "label": question.period.label(),
            "periods": _periods(sight, question),
            "counts": counted(page.total.counts),
            "total": page.total.total,
            "marked": page.reading.marked(),
            "last": last,
            "behind": behind,
            "changed": changed_since(last) if last else None,
        },
    )


@answered
def wall(request: HttpRequest, identifier: str) -> HttpResponse:
    """A standing for a screen on the wall: tiles and ranking, large, refreshed by itself."""
    _, question, page, behind = _asked(request, identifier)
    groups, _ = page.table()
    return render(
        request,
        "web/wall.html",
        {
            "plan": page.plan,
            "title": page.plan.head.title.text(),
            "period": question.period.label(),
            "headline": page.headline(),
            "counts": counted(page.chosen.counts) if page.chosen else [],
            "total": page.chosen.total if page.chosen else 0,
            "grid": page.grid(),
            "worst": page.worst(),
            "group": groups[0] if groups else None,
            "status": _status(page),
            "behind": behind,
            "example": page.chosen is not None and "example" in page.chosen.marks,
            "now": timezone.localtime(),
            "address": f"{reverse('wall', args=[identifier])}?{question.query()}",
            "refreshed": f"every {limit('seconds_between_refreshes_of_the_wall')}s",
        },
    )


addresses = [
    path("plans/<str:identifier>/", plan, name="plan"),
    path("plans/<str:identifier>/standing.csv", export, name="standing-csv"),
    path("plans/<str:identifier>/standing.xlsx", export_excel, name="standing-excel"),
    path("plans/<str:identifier>/publish/", publish_standing, name="publish"),
    path("wall/<str:identifier>/", wall, name="wall"),
]
