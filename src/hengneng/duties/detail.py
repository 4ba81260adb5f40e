"""One duty with everything that is recorded of it, and what the reader may do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from hengneng.access import Actor, Verb, decide, scope_of
from hengneng.access.deciding import Decision
from hengneng.accounts.models import Person
from hengneng.acts.models import Act
from hengneng.duties.lists import DutyShown, shown
from hengneng.duties.models import Assignment, Duty, Evidence, Milestone, ProgressReport, Reminder, ReportDraft
from hengneng.duties.people import places_below
from hengneng.duties.reporting import reporter_for
from hengneng.duties.scope import drafts_seen, duties_seen, duty_seen
from hengneng.duties.summary import current_milestones
from hengneng.language import Text, message
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.plans import current_edition, plan_of


@dataclass(frozen=True)
class Review:
    """A report with whether the reader may review it."""

    report: ProgressReport
    may: Decision

    @property
    def verdict(self) -> str:
        """``accepted``, ``returned`` or ``waiting``."""
        found = getattr(self.report, "review", None)
        return "waiting" if found is None else "accepted" if found.accepted else "returned"


@dataclass(frozen=True)
class ActShown:
    """An act of the log: by whom, and what it was in words."""

    act: Act
    name: str
    label: Text


@dataclass(frozen=True)
class Detail:
    """A duty. ``may``: what the reader may do, with the reason where not. ``reporter``: for whom they would report."""

    one: DutyShown
    plan: Plan
    edition: PlanEdition
    parent: Duty | None
    parts: Sequence[DutyShown]
    assignments: Sequence[Assignment]
    milestones: Sequence[Milestone]
    reports: Sequence[Review]
    draft: ReportDraft | None
    evidence: Sequence[Evidence]
    reminders: Sequence[tuple[Reminder, bool]]
    acts: Sequence[ActShown]
    may: dict[str, Decision]
    reporter: int | None
    places_left: Sequence[str]

    @property
    def duty(self) -> Duty:
        """The duty itself."""
        return self.one.duty

    @property
    def waits_for_review(self) -> bool:
        """Whether a report of the reader's own organisation has not been reviewed."""
        return any(one.verdict == "waiting" and one.report.organisation_id == self.reporter for one in self.reports)


def detail(actor: Actor, key: int, day: dt.date) -> Detail:
    """One duty. Duty.DoesNotExist; RefusedAccessError with the reason when it is not for them."""
    duty = duty_seen(actor, key)
    found = shown([duty], day)
    if not found:
        raise Duty.DoesNotExist(key)
    edition = current_edition(duty.plan)
    plan = plan_of(edition)
    reporter = reporter_for(actor, duty)
    seen = duties_seen(actor)
    parts = seen.filter(parent=duty).select_related("current__lead", "current__person").order_by("place")
    reports = duty.reports.select_related("review", "organisation").order_by("-number")
    reminders = duty.reminders.select_related("acknowledgement", "organisation", "person").order_by("-id")
    may = {
        "assign": decide(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id),
        "report": decide(actor, Verb.REPORT_PROGRESS, duty.place_id, reporter),
        "reach": decide(actor, Verb.REPORT_PROGRESS, duty.place_id, duty.lead_id),
        "remind": decide(actor, Verb.REMIND, duty.place_id, duty.lead_id),
    }
    return Detail(
        one=found[0],
        plan=plan,
        edition=edition,
        parent=duty.parent if duty.parent_id and seen.filter(pk=duty.parent_id).exists() else None,
        parts=shown(parts, day),
        assignments=list(
            duty.assignments.select_related("lead", "person").prefetch_related("cooperating").order_by("-revision")
        ),
        milestones=current_milestones([duty.pk]),
        reports=[
            Review(one, decide(actor, Verb.REVIEW_PROGRESS, duty.place_id, one.organisation_id)) for one in reports
        ],
        draft=_draft(actor, duty, reporter),
        evidence=list(duty.evidence.select_related("withdrawal", "organisation").order_by("id")),
        reminders=[
            (one, decide(actor, Verb.REPORT_PROGRESS, duty.place_id, one.organisation_id).allowed) for one in reminders
        ],
        acts=_acts(actor, duty),
        may=may,
        reporter=reporter,
        places_left=_places_left(duty, plan) if may["assign"].allowed else [],
    )


def _draft(actor: Actor, duty: Duty, reporter: int | None) -> ReportDraft | None:
    """The draft of one's own organisation; for somebody who reads every draft, that of the one that leads."""
    return drafts_seen(actor).filter(duty=duty, organisation=reporter).select_related("organisation").first()


def _acts(actor: Actor, duty: Duty) -> list[ActShown]:
    """What was done with the duty and by whom, as far as the log is open to the reader; their own acts in any case."""
    within = scope_of(actor, Verb.READ_LOG).condition("place", "organisation")
    acts = Act.objects.filter(within | Q(who=actor.identifier), kind="duty", name=duty.key)
    found = list(acts.order_by("-sequence"))
    people = Person.objects.filter(identifier__in={act.who for act in found})
    names = dict(people.values_list("identifier", "name"))
    return [ActShown(act, names.get(act.who, act.who), message(f"act.{act.verb}")) for act in found]


def _places_left(duty: Duty, plan: Plan) -> list[str]:
    assessed = [subject_code(place.code) for place in plan.places if place.role == "assessed"]
    there = set(Duty.objects.filter(plan=duty.plan, task=duty.task).values_list("place_id", flat=True))
    return [place for place in places_below(duty, assessed) if place not in there]
