"""People and their offices: added, appointed, let in again, shut out. Each is an act of somebody who may."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from hengneng.access.actors import Actor
from hengneng.access.deciding import require
from hengneng.access.table import Verb
from hengneng.accounts import totp
from hengneng.accounts.links import make_link
from hengneng.accounts.models import Appointment, Person
from hengneng.accounts.roles import HELD_BY_NOBODY, Role
from hengneng.acts import new_act_id, record
from hengneng.language import LANGUAGES
from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation

PEOPLE_COLUMNS = ("identifier", "name", "role", "organisation", "language")


@dataclass(frozen=True)
class NewPerson:
    """What is needed to add somebody: sign-in name, name, role, identifier of the organisation, language."""

    identifier: str
    name: str
    role: str
    organisation: str
    language: str = "zh"


def add_person(actor: Actor, new: NewPerson, example: bool = False) -> tuple[Person, str]:
    """Add somebody with a first appointment; the person and the secret of a link. RefusedError U001-U005."""
    require(actor, Verb.MANAGE_PEOPLE)
    problems = _faults(new)
    if problems:
        raise RefusedError(*problems)
    with transaction.atomic():
        person = Person(
            identifier=new.identifier, name=new.name.strip(), language=new.language, example=example
        )
        person.set_unusable_password()
        person.save(force_insert=True)
        record(
            actor.identifier, "person.add", "person", person.identifier, details={"name": person.name}
        )
        appoint(actor, person, Role(new.role), Organisation.objects.get(identifier=new.organisation))
        return person, make_link(person, actor.identifier)


def _faults(new: NewPerson, where: str = "") -> list[Problem]:
    found = []
    try:
        Person._meta.get_field("identifier").run_validators(new.identifier)
    except ValidationError:
        found.append(Problem("U001", where or "identifier", {"found": new.identifier}))
    if Person.objects.filter(identifier=new.identifier).exists():
        found.append(Problem("U002", where or "identifier", {"found": new.identifier}))
    if not new.name.strip():
        found.append(Problem("U003", where or "name", {}))
    if new.role not in set(Role) - {HELD_BY_NOBODY}:
        expected = ", ".join(role for role in Role if role is not HELD_BY_NOBODY)
        found.append(Problem("U004", where or "role", {"found": new.role, "expected": expected}))
    if not Organisation.objects.filter(identifier=new.organisation).exists():
        found.append(Problem("U005", where or "organisation", {"found": new.organisation}))
    if new.language not in LANGUAGES:
        found.append(Problem("U006", where or "language", {"found": new.language}))
    return found


def appoint(
    actor: Actor, person: Person, role: Role, organisation: Organisation, until: dt.date | None = None
) -> Appointment:
    """Give somebody an office from today on. RefusedError U007 when they hold it already."""
    require(actor, Verb.MANAGE_PEOPLE)
    if person.appointments.filter(role=role, organisation=organisation, ended=None).exists():
        raise RefusedError(Problem("U007", "role", {"found": role, "organisation": organisation.label}))
    act = new_act_id()
    with transaction.atomic():
        made = Appointment.objects.create(
            person=person, role=role, organisation=organisation, valid_to=until, act=act
        )
        record(
            actor.identifier, "person.appoint", "person", person.identifier, identifier=act,
            place=organisation.place_id, organisation=organisation.pk,
            details={
                "role": role, "organisation": organisation.identifier, "until": until.isoformat() if until else None
            },
        )  # fmt: skip
    return made


def end_appointment(actor: Actor, appointment: Appointment, reason: str) -> None:
    """Take an office back, now. RefusedError U008 without a reason, U009 for the last administrator."""
    require(actor, Verb.MANAGE_PEOPLE)
    if not reason.strip():
        raise RefusedError(Problem("U008", "reason", {}))
    with transaction.atomic():
        if appointment.role == Role.ADMINISTRATOR and not _other_administrators(appointment.person):
            raise RefusedError(Problem("U009", "role", {}))
        Appointment.objects.filter(pk=appointment.pk, ended=None).update(ended=timezone.now())
        record(
            actor.identifier, "person.end_appointment", "person", appointment.person.identifier, reason=reason,
            place=appointment.organisation.place_id, organisation=appointment.organisation_id,
            details={"role": appointment.role, "organisation": appointment.organisation.identifier},
        )  # fmt: skip


def _other_administrators(person: Person) -> bool:
    others = Appointment.objects.filter(role=Role.ADMINISTRATOR, ended=None, person__is_active=True)
    return others.exclude(person=person).exists()


def new_link(actor: Actor, person: Person) -> str:
    """A new one-time link, for somebody who has forgotten the password."""
    require(actor, Verb.MANAGE_PEOPLE)
    return make_link(person, actor.identifier)


def set_active(actor: Actor, person: Person, active: bool, reason: str) -> None:
    """Shut somebody out, which ends their sessions at once, or let them in again. RefusedError U008, U009."""
    require(actor, Verb.MANAGE_PEOPLE)
    if not reason.strip():
        raise RefusedError(Problem("U008", "reason", {}))
    administrator = person.appointments.filter(role=Role.ADMINISTRATOR, ended=None).exists()
    if not active and administrator and not _other_administrators(person):
        raise RefusedError(Problem("U009", "role", {}))
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(is_active=active, sessions_opened=person.sessions_opened + 1)
        verb = "person.activate" if active else "person.deactivate"
        record(actor.identifier, verb, "person", person.identifier, reason=reason)


def reset_second_factor(actor: Actor, person: Person, reason: str) -> None:
    """Switch the second factor off for somebody who has lost their device. RefusedError U008."""
    require(actor, Verb.MANAGE_PEOPLE)
    if not reason.strip():
        raise RefusedError(Problem("U008", "reason", {}))
    totp.switch_off(person, actor.identifier, reason)


def load_people(actor: Actor, file: Path, example: bool = False) -> list[tuple[Person, str]]:
    """Add everybody of a CSV file who is not there yet; who was added, with the secrets of their links.

    RefusedError with every faulty row; then nobody is added.
    """
    require(actor, Verb.MANAGE_PEOPLE)
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != PEOPLE_COLUMNS:
            found, expected = ", ".join(reader.fieldnames or ()), ", ".join(PEOPLE_COLUMNS)
            raise RefusedError(Problem("U010", f"{file.name}:1", {"found": found, "expected": expected}))
        known = set(Person.objects.values_list("identifier", flat=True))
        rows = [(line, NewPerson(**row)) for line, row in enumerate(reader, start=2) if row["identifier"] not in known]
    problems = [problem for line, new in rows for problem in _faults(new, f"{file.name}:{line}")]
    if problems:
        raise RefusedError(*problems)
    with transaction.atomic():
        return [add_person(actor, new, example) for _, new in rows]
