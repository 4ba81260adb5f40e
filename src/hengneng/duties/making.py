"""Making the duties of a plan when it is loaded: one for every task, at the place that the document governs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, terminal_actor
from hengneng.acts import new_act_id, record
from hengneng.duties.models import Assignment, Duty, Milestone
from hengneng.registry.models import Organisation
from hengneng.rules.divisions import subject_code

if TYPE_CHECKING:
    # Every command loads this module with the apps, and few of them a plan: its schema takes long to build.
    from hengneng.plans.model import Plan, Task


def duties_of_loaded_plan(sender: object, plan: Plan, **_: object) -> None:
    """Listens to plans that are loaded."""
    make_duties(plan)


@transaction.atomic
def make_duties(plan: Plan, actor: Actor | None = None) -> int:
    """Make the duties that are not there yet; how many. Dates that a corrected transcription gives are taken over."""
    actor = actor or terminal_actor()
    place = subject_code(plan.head.jurisdiction)
    known = {duty.task: duty for duty in Duty.objects.filter(plan=plan.id, place=place)}
    for position, task in enumerate(plan.tasks):
        words = {"clause": task.clause, "position": position, "stated_due": task.due}
        known_words = known.get(task.id)
        if known_words and any(getattr(known_words, name) != value for name, value in words.items()):
            Duty.objects.filter(plan=plan.id, task=task.id).update(**words)
    act = new_act_id()
    fresh = [
        Duty(plan=plan.id, task=task.id, clause=task.clause, position=at, place_id=place, stated_due=task.due, act=act)
        for at, task in enumerate(plan.tasks)
        if task.id not in known
    ]
    if not fresh:
        return 0
    Duty.objects.bulk_create(fresh)
    tasks = {task.id: task for task in plan.tasks}
    _milestones(fresh, tasks, actor, act)
    _assign_as_stated(fresh, tasks, actor, act)
    details = {"duties": len(fresh), "edition": plan.head.edition}
    record(actor.identifier, "duty.make", "plan", plan.id, place=place, details=details, identifier=act)
    return len(fresh)


def _milestones(duties: Sequence[Duty], tasks: dict[str, Task], actor: Actor, act: str) -> None:
    now = timezone.now()
    Milestone.objects.bulk_create(
        Milestone(
            duty=duty, number=number, revision=1, title_zh=step.title.zh, title_en=step.title.en, due=step.due,
            by=actor.identifier, by_name=actor.name, at=now, act=act,
        )
        for duty in duties
        for number, step in enumerate(tasks[duty.task].milestones, start=1)
    )  # fmt: skip


def _assign_as_stated(duties: Sequence[Duty], tasks: dict[str, Task], actor: Actor, act: str) -> None:
    """Whoever the document names, leads and cooperates."""
    named = {body for task in tasks.values() for body in (task.lead, *task.cooperating) if body}
    bodies = {one.identifier: one for one in Organisation.objects.filter(identifier__in=named)}
    now = timezone.now()
    for duty in duties:
        task = tasks[duty.task]
        if not task.lead and not task.cooperating:
            continue
        assignment = Assignment.objects.create(
            duty=duty, revision=1, lead=bodies[task.lead] if task.lead else None, by=actor.identifier,
            by_name=actor.name, at=now, act=act,
        )  # fmt: skip
        assignment.cooperating.set(bodies[body] for body in task.cooperating)
        duty.current = assignment
        duty.save(update_fields=["current"])
