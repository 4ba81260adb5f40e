"""The document of a plan beside its clauses: what each asks for, who has it to do, how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count as Counted
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from hengneng.access import Actor, Verb, scope_of
from hengneng.duties.reading import DutyShown, duties_of_plan, duties_seen
from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.plans.conditions import consequences
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.plans import plan_of
from hengneng.standing.reading import make_ready, period_to_show, sight_of
from hengneng.web.documents import documents_of
from hengneng.web.findings import Count, counted
from hengneng.web.questions import actor_of_request, answered, edition_or_refuse


@dataclass(frozen=True)
class Standings:
    """How the lines of each target stand in the period that is shown; empty where the reader sees none."""

    period: Text | None
    written: str
    by_target: dict[str, list[Count]]


@answered
def document(request: HttpRequest, identifier: str) -> HttpResponse:
    """The source text beside its clauses. The public sees what the document says and what was published."""
    edition = edition_or_refuse(identifier)
    own = plan_of(edition)
    actor = actor_of_request(request)
    sees_duties = not scope_of(actor, Verb.SEE_DUTIES).nothing
    duties = _duties(actor, own)
    nobody = [duty for duty in duties.values() if duty.lead is None] if sees_duties else []
    content: dict[str, Any] = {
        "plan": own,
        "title": own.head.title.text(),
        "documents": documents_of(edition),
        "bodies": {body.id: body.name.text() for body in own.head.organisations},
        "consequences": consequences(),
        "indicators": {indicator.id: indicator.label.text() for indicator in own.indicators},
        "standings": _standings(actor, edition),
        "duties": duties,
        "sees_duties": sees_duties,
        "assignable": set(duties_seen(actor, Verb.ASSIGN_DUTIES).filter(plan=own.id).values_list("pk", flat=True)),
        "unassigned": len(nobody) if sees_duties else sum(task.lead is None for task in own.tasks),
    }
    return render(request, "web/document.html", content)


def _duties(actor: Actor, plan: Plan) -> dict[str, DutyShown]:
    """The duties at the place that the document governs, by task."""
    place = subject_code(plan.head.jurisdiction)
    found = duties_of_plan(actor, plan.id, timezone.localdate())
    return {one.duty.task: one for one in found if one.duty.place_id == place}


def _standings(actor: Actor, edition: PlanEdition) -> Standings:
    sight = sight_of(actor, edition)
    make_ready(sight)
    period = period_to_show(sight)
    groups = sight.rows(period.written).order_by().values_list("target", "level").annotate(number=Counted("pk"))
    levels: dict[str, dict[Level, int]] = {}
    for target, level, number in groups:
        levels.setdefault(target, {})[Level(level)] = number
    by_target = {target: counted(found) for target, found in levels.items()}
    return Standings(period.label() if by_target else None, period.written, by_target)


addresses = [path("plans/<str:identifier>/document/", document, name="document")]
