"""Lists of duties, the matrix of responsibility, the calendar. Everything is limited to what the actor sees."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from hengneng.access import Actor
from hengneng.accounts.models import Person
from hengneng.duties.models import Assignment, Duty
from hengneng.duties.scope import duties_seen
from hengneng.duties.states import State
from hengneng.duties.summary import Summary, current_milestones, summaries
from hengneng.language import Text, message
from hengneng.plans.model import Plan, Task
from hengneng.registry.models import Organisation
from hengneng.rules.divisions import register
from hengneng.standing.plans import current_edition, plan_of


@dataclass(frozen=True)
class DutyShown:
    """A duty as it stands on a day, with the words of the document."""

    duty: Duty
    task: Task
    place_name: Text
    cooperating: tuple[Organisation, ...]
    summary: Summary
    day: dt.date

    @property
    def key(self) -> int:
        """Key of the duty."""
        return self.duty.pk

    @property
    def action(self) -> Text:
        """What is to be done."""
        return self.task.action.text()

    @property
    def lead(self) -> Organisation | None:
        """Who leads."""
        return self.duty.lead

    @property
    def person(self) -> Person | None:
        """Who answers for it."""
        return self.duty.person

    @property
    def due(self) -> dt.date:
        """The date that holds."""
        return self.duty.due

    @property
    def state(self) -> State:
        """How it stands on the day."""
        return self.summary.state(self.day)

    @property
    def stage(self) -> State:
        """How far the work has come."""
        return self.summary.stage

    @property
    def timing(self) -> State | None:
        """Overdue, due soon, or neither."""
        return self.summary.timing(self.day)

    @property
    def lateness(self) -> Text | None:
        """Since when it is overdue; None when it is not."""
        return overdue_since(self) if self.timing is State.OVERDUE else None

    @property
    def years_late(self) -> int:
        """Whole years since the due date, 0 within the first."""
        late = self.day.year - self.due.year - ((self.day.month, self.day.day) < (self.due.month, self.due.day))
        return max(late, 0)

    @property
    def days_late(self) -> int:
        """Days since the due date, below zero before it."""
        return (self.day - self.due).days

    def is_in(self, asked: str) -> bool:
        """Whether it counts under a state: the stage of the work, or overdue or due soon."""
        return asked in (self.stage, self.timing)


def overdue_since(one: DutyShown) -> Text:
    """Since when it is overdue, in days, or in years once there are any."""
    if one.years_late:
        return message("duties.overdue_years", due=one.due.isoformat(), years=one.years_late)
    return message("duties.overdue_days", due=one.due.isoformat(), days=one.days_late)


@dataclass(frozen=True)
class Asked:
    """What is asked of a list of duties; empty: not narrowed. ``organisation`` leads or cooperates (key)."""

    state: str = ""
    organisation: int | None = None
    person: str = ""
    clause: str = ""
    place: str = ""
    search: str = ""
    sort: str = "document"

    def fits(self, one: DutyShown) -> bool:
        """Whether a duty is among what is asked for."""
        return all(
            (
                not self.state or one.is_in(self.state),
                self.organisation is None or self.organisation in _bodies(one),
                not self.person or (one.person.identifier if one.person else "nobody") == self.person,
                not self.clause or one.duty.clause == self.clause,
                not self.place or one.duty.place_id == self.place,
                not self.search or self.search.lower() in _searched(one),
            )
        )


SORTS: Mapping[str, Callable[[DutyShown], tuple[object, ...]]] = {
    "document": lambda one: (one.duty.position, one.duty.parent_id is not None, one.duty.place_id),
    "urgency": lambda one: (one.state.rank, one.due, one.duty.position, one.duty.place_id),
    "due": lambda one: (one.due, one.duty.position, one.duty.place_id),
    "lead": lambda one: (one.lead is None, one.lead.name_zh if one.lead else "", one.duty.position),
}


def _bodies(one: DutyShown) -> set[int]:
    return {body.pk for body in one.cooperating} | ({one.lead.pk} if one.lead else set())


def _searched(one: DutyShown) -> str:
    people = [one.person.name, one.person.identifier] if one.person else []
    bodies = [words for body in (*one.cooperating, one.lead) if body for words in (body.name_zh, body.name_en)]
    words = [one.duty.clause, one.duty.task, one.action.zh, one.action.en, one.task.quote, one.place_name.zh]
    return "\n".join([*words, one.place_name.en, *people, *bodies]).lower()


def shown(duties: Iterable[Duty], day: dt.date) -> list[DutyShown]:
    """The duties with everything that lists show. Those whose task the newest edition no longer has are left out."""
    found = list(duties)
    tasks = {plan: _tasks(plan) for plan in {duty.plan for duty in found}}
    found = [duty for duty in found if duty.task in tasks[duty.plan]]
    known = summaries(found)
    names = _place_names(found)
    helping = _cooperating(found)
    return [
        DutyShown(duty, tasks[duty.plan][duty.task], names[duty.place_id], helping(duty), known[duty.pk], day)
        for duty in found
    ]


def _tasks(plan: str) -> dict[str, Task]:
    return {task.id: task for task in plan_of(current_edition(plan)).tasks}


def _place_names(duties: Sequence[Duty]) -> dict[str, Text]:
    today = timezone.localdate()
    return {duty.place_id: place_name(duty.place_id, today) for duty in duties}


def place_name(subject: str, day: dt.date) -> Text:
    """Name of a place (stable code) on a day; outside its existence the latest name."""
    versions = register().codes_of(subject)
    return next((one.name for one in versions if one.valid_within(day, day)), versions[-1].name)


def _cooperating(duties: Sequence[Duty]) -> Callable[[Duty], tuple[Organisation, ...]]:
    rows = Assignment.cooperating.through.objects.filter(
        assignment__in=[duty.current_id for duty in duties if duty.current_id]
    ).select_related("organisation")
    found: dict[int, list[Organisation]] = {}
    for row in rows.order_by("organisation__identifier"):
        found.setdefault(row.assignment_id, []).append(row.organisation)
    return lambda duty: tuple(found.get(duty.current_id or 0, ()))


def duties_of_plan(actor: Actor, plan: str, day: dt.date) -> list[DutyShown]:
    """All duties of a plan that the actor sees, in the order of the document."""
    found = duties_seen(actor).filter(plan=plan).select_related("current__lead", "current__person")
    return sorted(shown(found, day), key=SORTS["document"])


def duties_at(actor: Actor, place: str, day: dt.date) -> list[DutyShown]:
    """All duties at one place (stable code) that the actor sees, the most urgent first."""
    found = duties_seen(actor).filter(place=place).select_related("current__lead", "current__person")
    return sorted(shown(found, day), key=SORTS["urgency"])


@dataclass(frozen=True)
class Matrix:
    """The duties asked for, how many there are of each state, and what can be chosen."""

    plan: Plan
    day: dt.date
    asked: Asked
    duties: Sequence[DutyShown]
    total: int
    counts: Mapping[str, int]
    organisations: Sequence[Organisation] = field(default=())
    people: Sequence[Person] = field(default=())
    places: Sequence[tuple[str, Text]] = field(default=())
    clauses: Sequence[str] = field(default=())

    @property
    def bodies(self) -> list[Organisation]:
        """Organisations that lead or cooperate in any of the duties, those that lead most first."""
        leads: Counter[int] = Counter()
        bodies: dict[int, Organisation] = {}
        for one in self.duties:
            if one.lead:
                leads[one.lead.pk] += 1
                bodies[one.lead.pk] = one.lead
            bodies.update({body.pk: body for body in one.cooperating})
        return sorted(bodies.values(), key=lambda body: (-leads[body.pk], body.identifier))


def matrix(actor: Actor, plan: str, day: dt.date, asked: Asked | None = None) -> Matrix:
    """The matrix of responsibility. Counts and choices are made from what the actor sees, like the rows."""
    asked = asked or Asked()
    seen = duties_of_plan(actor, plan, day)
    # What is counted is what is asked for but for the state: so the counts say what choosing another would show.
    but_state = [one for one in seen if Asked(**{**asked.__dict__, "state": ""}).fits(one)]
    found = sorted((one for one in but_state if asked.fits(one)), key=SORTS[asked.sort])
    bodies = {body.pk: body for one in seen for body in (*one.cooperating, one.lead) if body}
    people = {one.person.pk: one.person for one in seen if one.person}
    return Matrix(
        plan=plan_of(current_edition(plan)),
        day=day,
        asked=asked,
        duties=found,
        total=len(seen),
        counts={state: sum(one.is_in(state) for one in but_state) for state in State},
        organisations=sorted(bodies.values(), key=lambda body: (body.kind, body.identifier)),
        people=sorted(people.values(), key=lambda person: person.name),
        places=sorted({one.duty.place_id: one.place_name for one in seen}.items()),
        clauses=list(dict.fromkeys(one.duty.clause for one in seen)),
    )


@dataclass(frozen=True)
class Entry:
    """Something that falls on a day: a duty, or a step on its way (``title``)."""

    day: dt.date
    one: DutyShown
    title: Text
    number: int | None
    done: bool

    @property
    def overdue(self) -> bool:
        """Whether the day has passed and it is not done."""
        return not self.done and self.day < self.one.day

    @property
    def kind(self) -> str:
        """``duty`` or ``milestone``."""
        return "duty" if self.number is None else "milestone"


def calendar(actor: Actor, plan: str, day: dt.date, asked: Asked | None = None) -> list[Entry]:
    """What falls due when, in the order of days."""
    asked = asked or Asked()
    duties = {one.key: one for one in duties_of_plan(actor, plan, day) if asked.fits(one)}
    entries = [Entry(one.due, one, one.action, None, one.stage is State.DONE) for one in duties.values()]
    for step in current_milestones(list(duties)):
        reached = step.reached_on is not None
        entries.append(Entry(step.due, duties[step.duty_id], step.title, step.number, reached))
    return sorted(entries, key=lambda entry: (entry.day, entry.one.duty.position, entry.number or 0))
