"""Xinjiang 2015 with its organisations and an example person of every role, loaded once a run and copied."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.module_data import copied

if TYPE_CHECKING:
    from hengneng.access import Actor
    from hengneng.duties.models import Duty

PLANS = Path(__file__).resolve().parents[2] / "plans"
FOLDER = PLANS / "xinjiang-2015"
PLAN = "xinjiang-2015"
HAMI, CHANGJI = "652200", "652300"
TODAY = dt.date(2026, 11, 22)
PDF = b"%PDF-1.4\n1 0 obj\n"


def load_people() -> None:
    """The example people of the plan with their appointments."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.registry.models import Organisation

    with (FOLDER / "people.example.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            person, _ = Person.objects.get_or_create(
                identifier=row["identifier"], defaults={"name": row["name"], "example": True}
            )
            Appointment.objects.get_or_create(
                person=person,
                role=row["role"],
                organisation=Organisation.objects.get(identifier=row["organisation"]),
                ended=None,
                defaults={"act": "0" * 32},
            )


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The plan and its people."""
    from hengneng.standing.plans import load_plan_folder

    def load() -> None:
        load_plan_folder(FOLDER)
        load_people()

    with copied(django_db_blocker, "duties", load):
        yield


@pytest.fixture
def people(loaded: None, settings: Any, tmp_path: Path) -> Iterator[dict[str, Actor]]:
    """Actors by the last part of their sign-in name; what a test writes is rolled back."""
    from django.db import transaction

    from hengneng.access import PUBLIC
    from hengneng.access.actors import actor_of
    from hengneng.accounts.models import Person

    settings.HOME = tmp_path
    with transaction.atomic():
        found = {p.identifier.removeprefix("example."): actor_of(p) for p in Person.objects.filter(example=True)}
        yield {**found, "public": PUBLIC}
        transaction.set_rollback(True)


def duty_of(task: str, place: str = "650000") -> Duty:
    """A duty of the plan."""
    from hengneng.duties.models import Duty

    return Duty.objects.select_related("current__lead", "current__person").get(plan=PLAN, task=task, place=place)


def organisation(identifier: str) -> int:
    """Key of an organisation."""
    from hengneng.registry.models import Organisation

    return int(Organisation.objects.get(identifier=identifier).pk)


@pytest.fixture
def hami(people: dict[str, Actor]) -> Duty:
    """The duty to assign every task, handed down to the prefectures: the part of Hami, with its person."""
    from hengneng.duties import acting

    acting.hand_down(people["region"], duty_of("1.2-assign").pk)
    part = duty_of("1.2-assign", HAMI)
    acting.assign(people["hami"], part.pk, part.lead_id, person=people["hami"].person_id)
    return duty_of("1.2-assign", HAMI)


@pytest.fixture
def bulletin(people: dict[str, Actor]) -> Duty:
    """The monthly bulletin, led by the development and reform commission with its person, helped by statistics."""
    from hengneng.duties import acting

    acting.assign(
        people["region"],
        duty_of("9.4-monthly-bulletin").pk,
        organisation("regional-development-reform"),
        person=people["department"].person_id,
        cooperating=[organisation("regional-statistics")],
        reason="example",
    )
    return duty_of("9.4-monthly-bulletin")


def refused(numbers: set[str]) -> Any:
    """Expects a refusal with exactly these numbers."""
    from hengneng.problems import RefusedError

    return pytest.raises(RefusedError, check=lambda error: {p.number for p in error.problems} == numbers)
