"""What needs somebody now: gathered from every room, in the order of urgency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, scope_of, seen_by
from hengneng.duties.needs import needs as duties_waiting
from hengneng.evaluation.judging import Level
from hengneng.jobs.models import Job
from hengneng.jobs.reading import jobs_seen
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.limits import limit
from hengneng.standing.models import StaleMark, StandingRow
from hengneng.standing.plans import current_edition, plan_of, superseded_by
from hengneng.standing.reading import Reading, Sight, missed_by_indicator, period_to_show, sight_of
from hengneng.web.questions import ONLY_CHANGED

URGENCY = ("now", "soon", "later")
# Within an urgency, by what the sign beside it says: the gravest first.
GRAVITY = (
    "severity-3", "not_met", "severity-2", "behind", "severity-1", "severity-0", "unknown", "unassigned",
)  # fmt: skip
NAMED = 4
FAILED_SHOWN = 5


@dataclass(frozen=True)
class Need:
    """One thing that waits for somebody. ``sign`` names the mark beside it, ``due`` the day by which, if any."""

    urgency: str
    sign: str
    title: Text
    why: Text
    address: str
    due: dt.date | None = None
    place: Text | None = None


def needs_of(actor: Actor, day: dt.date) -> list[Need]:
    """Everything that waits for ``actor`` on ``day``: by urgency, then by gravity, then by the day it is due."""
    found = [*_of_duties(actor, day), *_of_standings(actor), *_of_jobs(actor)]
    return sorted(found, key=lambda need: (URGENCY.index(need.urgency), _gravity(need.sign), need.due or dt.date.max))


def _gravity(sign: str) -> int:
    return GRAVITY.index(sign) if sign in GRAVITY else len(GRAVITY)


def _of_duties(actor: Actor, day: dt.date) -> Iterable[Need]:
    for one in duties_waiting(actor, day):
        # What nobody leads and is overdue already does not wait until later.
        urgency = "now" if one.due is not None and one.due < day else one.urgency
        yield Need(urgency, one.sign, one.title, one.why, one.address, one.due, one.place)


def _of_jobs(actor: Actor) -> Iterable[Need]:
    for job in jobs_seen(actor).filter(state=Job.State.FAILED, repeated_by=None)[:FAILED_SHOWN]:
        title, why = message("web.work.job_failed", job=job.label), message("web.work.job_failed_why")
        yield Need("now", "severity-3", title, why, reverse("job", args=[job.pk]))


def _of_standings(actor: Actor) -> Iterable[Need]:
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        return
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        edition = current_edition(identifier)
        if superseded_by(identifier) is None:
            yield from _of_plan(actor, edition)


def _of_plan(actor: Actor, edition: PlanEdition) -> Iterable[Need]:
    sight = sight_of(actor, edition)
    if not sight.current().exists():
        return
    period = period_to_show(sight)
    rows = sight.current().filter(period=period.written)
    yield from _missed(edition, period, rows)
    yield from _unknown(edition, period, rows)
    yield from _stale(actor, edition)
    yield from _unpublished(actor, edition, period, sight)


def _missed(edition: PlanEdition, period: Period, rows: QuerySet[StandingRow]) -> Iterable[Need]:
    """Targets missed or behind, by indicator, the worst places named."""
    plan = plan_of(edition)
    for found in missed_by_indicator(rows, NAMED):
        address = f"{reverse('plan', args=[plan.id])}?{urlencode({'period': period.written, 'indicator': found.key})}"
        indicator = plan.indicator(found.key.partition("/")[0]).label.text()
        grave = found.level is Level.NOT_MET or found.warning >= limit("warning_that_needs_somebody_now")
        yield Need(
            "now" if grave else "soon",
            f"severity-{found.warning}" if found.warning else str(found.level),
            message("web.work.behind", indicator=indicator, count=found.count, places=_names(found.worst)),
            message("web.work.behind_why", plan=plan.head.title.text(), period=period.label()),
            address,
        )


def _names(rows: Iterable[StandingRow]) -> Text:
    names = [(row.place_zh, row.place_en) for row in rows]
    return Text(zh="、".join(zh for zh, _ in names), en=", ".join(en for _, en in names))


def _unknown(edition: PlanEdition, period: Period, rows: QuerySet[StandingRow]) -> Iterable[Need]:
    count = rows.filter(level=Level.UNKNOWN).count()
    if count:
        plan = plan_of(edition)
        yield Need(
            "later",
            "unknown",
            message("web.work.unknown", count=count, plan=plan.head.title.text()),
            message("web.work.unknown_why", period=period.label()),
            f"{reverse('plan', args=[plan.id])}?period={period.written}",
        )


def _stale(actor: Actor, edition: PlanEdition) -> Iterable[Need]:
    marks = seen_by(actor, StaleMark.objects.filter(plan=edition), Verb.SEE_UNPUBLISHED).count()
    if marks:
        plan = plan_of(edition)
        yield Need("soon", "behind", message("web.work.stale", count=marks, plan=plan.head.title.text()),
                   message("web.work.stale_why"), reverse("plan", args=[plan.id]))  # fmt: skip


def _unpublished(actor: Actor, edition: PlanEdition, period: Period, sight: Sight) -> Iterable[Need]:
    """What has never been published, or has changed since; for whoever may publish."""
    plan = plan_of(edition)
    if not decide(actor, Verb.PUBLISH, subject_code(plan.head.jurisdiction)).allowed:
        return
    newest = sight.publications.get(period.written)
    title = plan.head.title.text()
    address = f"{reverse('plan', args=[plan.id])}?period={period.written}"
    if newest is None:
        yield Need("later", "unassigned", message("web.work.unpublished", plan=title, period=period.label()),
                   message("web.work.unpublished_why"), address)  # fmt: skip
        return
    changed = Reading(sight, period).changed()
    if changed:
        yield Need("later", "unassigned", message("web.work.changed", plan=title, count=changed),
                   message("web.work.changed_why", moment=f"{timezone.localtime(newest.published_at):%Y-%m-%d}"),
                   f"{address}&changed={ONLY_CHANGED}")  # fmt: skip
