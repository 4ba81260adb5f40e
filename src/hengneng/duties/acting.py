"""What people do with duties. Every function asks for permission, checks what was given, and writes in one act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require
from hengneng.accounts.models import Person
from hengneng.acts import new_act_id, record
from hengneng.duties.lists import place_name
from hengneng.duties.models import Acknowledgement, Assignment, Duty, Milestone, Reminder
from hengneng.duties.people import organisations_for, people_at, places_below, taker_at
from hengneng.duties.policy import limit
from hengneng.language import Text
from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation
from hengneng.rules.divisions import UnknownPlaceError, subject_code
from hengneng.standing.plans import current_edition, plan_of


@dataclass(frozen=True)
class Signed:
    """Who writes, when, in which act: the columns common to everything written once."""

    actor: Actor
    act: str

    @classmethod
    def new(cls, actor: Actor) -> Signed:
        """A new act of ``actor``."""
        return cls(actor, new_act_id())

    def columns(self) -> dict[str, Any]:
        """The columns."""
        return {"by": self.actor.identifier, "by_name": self.actor.name, "at": timezone.now(), "act": self.act}

    def log(self, verb: str, duty: Duty, reason: str = "", **details: Any) -> None:
        """Write the act down, last of all."""
        record(
            self.actor.identifier, verb, "duty", duty.key, place=duty.place_id, organisation=duty.lead_id,
            reason=reason, details={"duty": str(duty), **details}, identifier=self.act,
        )  # fmt: skip


def locked(key: int) -> Duty:
    """The duty, held until the transaction ends: what follows is decided by what is recorded now."""
    duty = Duty.objects.select_for_update().get(pk=key)
    # The assignment may be missing; an outer join cannot be locked on every database.
    if duty.current_id is not None:
        duty.current = Assignment.objects.select_related("lead", "person").get(pk=duty.current_id)
    return duty


def refuse(number: str, where: str, /, **values: object) -> NoReturn:
    """RefusedError with one problem."""
    raise RefusedError(Problem(number, where, values))


def needed(field: str, text: str) -> str:
    """The text without blanks around it. RefusedError D008 without any, D009 too long."""
    written = text.strip()
    if not written:
        refuse("D008", field)
    return short(field, written)


def short(field: str, text: str) -> str:
    """The text without blanks around it. RefusedError D009 too long."""
    written, most = text.strip(), limit("longest_text")
    if len(written) > most:
        refuse("D009", field, found=len(written), most=most)
    return written


@transaction.atomic
def assign(
    actor: Actor,
    key: int,
    lead: int | None,
    *,
    person: int | None = None,
    cooperating: Iterable[int] = (),
    due: dt.date | None = None,
    reason: str = "",
    based_on: int | None = None,
) -> Assignment:
    """Give a duty to an organisation and a person there; ``due``: another date than that of the document.

    ``based_on``: the revision that the giver saw. RefusedError: D001 organisation without relation to the place, D002
    person without an office there, D003 date without reason, D004 changed meanwhile, D005 nothing changed.
    """
    duty = locked(key)
    require(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id)
    if lead is not None and lead != duty.lead_id:
        require(actor, Verb.ASSIGN_DUTIES, duty.place_id, lead)
    revision = duty.current.revision if duty.current else 0
    if based_on is not None and based_on != revision:
        refuse("D004", "lead", by=duty.current.by_name or duty.current.by if duty.current else "—")
    helping = sorted(set(cooperating) - {lead})
    _check_assignment(duty, lead, person, helping, due, short("reason", reason))
    if duty.current and _same(duty.current, lead, person, helping, due):
        refuse("D005", "lead")
    signed = Signed.new(actor)
    made = Assignment.objects.create(
        duty=duty, revision=revision + 1, lead_id=lead, person_id=person, due=due, reason=reason.strip(),
        **signed.columns(),
    )  # fmt: skip
    made.cooperating.set(helping)
    duty.current = made
    duty.save(update_fields=["current"])
    signed.log(
        "duty.assign", duty, reason.strip(), revision=made.revision, lead=made.lead.identifier if made.lead else None,
        person=made.person.identifier if made.person else None, due=due.isoformat() if due else None,
        cooperating=list(Organisation.objects.filter(pk__in=helping).values_list("identifier", flat=True)),
    )  # fmt: skip
    return made


def _check_assignment(
    duty: Duty, lead: int | None, person: int | None, helping: Sequence[int], due: dt.date | None, reason: str
) -> None:
    problems = []
    possible = set(organisations_for(duty).values_list("pk", flat=True))
    for field, keys in (("lead", [lead] if lead is not None else []), ("cooperating", helping)):
        wrong = [one for one in keys if one not in possible and not _stands_already(duty, one)]
        problems += [Problem("D001", field, {"organisation": _name(Organisation, one)}) for one in wrong]
    if person is not None and not people_at(lead).filter(pk=person).exists():
        values = {"person": _name(Person, person), "organisation": _name(Organisation, lead)}
        problems.append(Problem("D002", "person", values))
    if due is not None and due != duty.stated_due and not reason:
        problems.append(Problem("D003", "reason", {"stated": duty.stated_due.isoformat(), "due": due.isoformat()}))
    if problems:
        raise RefusedError(*problems)


def _stands_already(duty: Duty, key: int) -> bool:
    if duty.current is None:
        return False
    return key == duty.lead_id or duty.current.cooperating.filter(pk=key).exists()


def _same(now: Assignment, lead: int | None, person: int | None, helping: Sequence[int], due: dt.date | None) -> bool:
    before = sorted(now.cooperating.values_list("pk", flat=True))
    return (now.lead_id, now.person_id, before, now.due) == (lead, person, list(helping), due)


def _name(model: type[Organisation] | type[Person], key: int | None) -> Text:
    found = model.objects.filter(pk=key).first() if key is not None else None
    if found is None:
        return Text(zh="—", en="—")
    return found.label if isinstance(found, Organisation) else Text(zh=found.name, en=found.name)


@transaction.atomic
def hand_down(actor: Actor, key: int, places: Sequence[str] | None = None) -> list[Duty]:
    """Make the parts of a duty at places below it, led by the organisations there; None: at every one that is missing.

    RefusedError: D006 a place that does not lie below, D007 nothing left to hand down, D010 nobody there to take it.
    """
    duty = locked(key)
    require(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id)
    plan = plan_of(current_edition(duty.plan))
    possible = places_below(duty, [subject_code(place.code) for place in plan.places if place.role == "assessed"])
    there = set(Duty.objects.filter(plan=duty.plan, task=duty.task).values_list("place_id", flat=True))
    wanted = [place for place in possible if place not in there] if places is None else list(dict.fromkeys(places))
    problems = [Problem("D006", "places", {"place": _place(one)}) for one in wanted if one not in possible]
    takers = {one: taker_at(one) for one in wanted if one in possible and one not in there}
    problems += [Problem("D010", "places", {"place": _place(one)}) for one, taker in takers.items() if taker is None]
    if problems:
        raise RefusedError(*problems)
    if not takers:
        refuse("D007", "places")
    signed = Signed.new(actor)
    parts = []
    for place, taker in takers.items():
        part = Duty.objects.create(
            plan=duty.plan, task=duty.task, clause=duty.clause, position=duty.position, place_id=place, parent=duty,
            stated_due=duty.stated_due, act=signed.act,
        )  # fmt: skip
        due = duty.current.due if duty.current else None
        part.current = Assignment.objects.create(duty=part, revision=1, lead=taker, due=due, **signed.columns())
        part.save(update_fields=["current"])
        parts.append(part)
    signed.log("duty.hand_down", duty, places=list(takers), parts=[part.pk for part in parts])
    return parts


def _place(code: str) -> Text:
    try:
        return place_name(code, timezone.localdate())
    except UnknownPlaceError:
        return Text(zh=code, en=code)


@transaction.atomic
def set_milestone(
    actor: Actor, key: int, title: str, due: dt.date, number: int | None = None, reason: str = ""
) -> Milestone:
    """A new step on the way, or another title or date for step ``number``.

    RefusedError: D008 no title, D011 no such step, D012 due after the duty itself.
    """
    duty = locked(key)
    require(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id)
    written = needed("title", title)
    if due > duty.due:
        refuse("D012", "due", due=due.isoformat(), latest=duty.due.isoformat())
    before = None if number is None else _step(duty, number)
    if number is None:
        number = (duty.milestones.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    same = before is not None and written in (before.title_zh, before.title_en)
    titles = (before.title_zh, before.title_en) if before and same else (written, written)
    return _revise(
        Signed.new(actor), "duty.set_milestone", duty, number, before, title_zh=titles[0], title_en=titles[1], due=due,
        reached_on=before.reached_on if before else None, reason=short("reason", reason),
    )  # fmt: skip


@transaction.atomic
def withdraw_milestone(actor: Actor, key: int, number: int, reason: str) -> Milestone:
    """A step is no longer asked for. RefusedError: D008 no reason, D011 no such step."""
    duty = locked(key)
    require(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id)
    why = needed("reason", reason)
    before = _step(duty, number)
    return _revise(
        Signed.new(actor), "duty.withdraw_milestone", duty, number, before, title_zh=before.title_zh,
        title_en=before.title_en, due=before.due, withdrawn=True, reason=why,
    )  # fmt: skip


@transaction.atomic
def reach_milestone(actor: Actor, key: int, number: int, reached_on: dt.date | None) -> Milestone:
    """A step was reached on a day; None: it was not, after all. RefusedError: D011 no such step, D013 a day to come."""
    duty = locked(key)
    require(actor, Verb.REPORT_PROGRESS, duty.place_id, duty.lead_id)
    if reached_on is not None and reached_on > timezone.localdate():
        refuse("D013", "reached_on", day=reached_on.isoformat())
    before = _step(duty, number)
    return _revise(
        Signed.new(actor), "duty.reach_milestone", duty, number, before, title_zh=before.title_zh,
        title_en=before.title_en, due=before.due, reached_on=reached_on,
    )  # fmt: skip


def _step(duty: Duty, number: int) -> Milestone:
    """The newest revision of a step. RefusedError D011 when there is none, or it was withdrawn."""
    found = duty.milestones.filter(number=number).order_by("-revision").first()
    if found is None or found.withdrawn:
        refuse("D011", "number", number=number)
    return found


def _revise(
    signed: Signed, verb: str, duty: Duty, number: int, before: Milestone | None, **columns: Any
) -> Milestone:
    made = Milestone.objects.create(
        duty=duty, number=number, revision=before.revision + 1 if before else 1, **columns, **signed.columns()
    )
    reached = made.reached_on.isoformat() if made.reached_on else None
    signed.log(
        verb, duty, made.reason, number=made.number, title=made.title_zh, due=made.due.isoformat(), reached_on=reached
    )
    return made


@transaction.atomic
def remind(actor: Actor, key: int, text: str) -> Reminder:
    """Remind those who lead a duty of it: the person who answers for it, else the organisation.

    RefusedError: D008 no text, D014 nobody leads it yet.
    """
    duty = locked(key)
    require(actor, Verb.REMIND, duty.place_id, duty.lead_id)
    written = needed("text", text)
    if duty.current is None or duty.current.lead is None:
        refuse("D014", "lead")
    signed = Signed.new(actor)
    made = Reminder.objects.create(
        duty=duty, organisation=duty.current.lead, person=duty.current.person, text=written, **signed.columns()
    )
    signed.log("duty.remind", duty, reminder=made.pk, text=written)
    return made


@transaction.atomic
def acknowledge(actor: Actor, reminder: int, text: str = "") -> Acknowledgement:
    """Answer a reminder, for the organisation that was reminded. RefusedError D015 when it was answered already."""
    found = Reminder.objects.select_related("duty").get(pk=reminder)
    duty = locked(found.duty_id)
    require(actor, Verb.REPORT_PROGRESS, duty.place_id, found.organisation_id)
    if Acknowledgement.objects.filter(reminder=found).exists():
        refuse("D015", "text")
    signed = Signed.new(actor)
    made = Acknowledgement.objects.create(reminder=found, text=short("text", text), **signed.columns())
    signed.log("duty.acknowledge", duty, reminder=found.pk, text=made.text)
    return made
