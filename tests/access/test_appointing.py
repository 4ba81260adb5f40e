"""People and their offices: every fault has its number, every act its line in the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from support.module_data import shared

from hengneng.access import PUBLIC, RefusedAccessError, Role, terminal_actor
from hengneng.access.actors import actor_of
from hengneng.access.appointing import (
    NewPerson,
    add_person,
    appoint,
    end_appointment,
    load_people,
    new_link,
    reset_second_factor,
    set_active,
)
from hengneng.accounts.links import find_link
from hengneng.accounts.models import Person
from hengneng.acts.models import Act
from hengneng.problems import RefusedError
from hengneng.registry.models import Organisation
from hengneng.registry.places import load_places

ROOT = terminal_actor()
GOOD = NewPerson("li.ming", "李明", "county_office", "office")


@pytest.fixture(scope="module")
def tree(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    def make() -> None:
        load_places()
        Organisation.objects.create(
            identifier="office", kind="county_office", name_zh="办公室", name_en="office", place_id="652301"
        )

    with shared(django_db_blocker, make):
        yield


@pytest.fixture(autouse=True)
def _rolled_back(tree: None) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def numbers_of(refused: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [problem.number for problem in refused.value.problems]


def test_somebody_is_added_with_an_office_and_a_link() -> None:
    person, secret = add_person(ROOT, GOOD)
    assert find_link(secret).person == person
    assert not person.has_usable_password()
    assert actor_of(person).has(Role.COUNTY_OFFICE)
    assert actor_of(person).places == ("652301",)
    assert set(Act.objects.values_list("verb", flat=True)) == {"person.add", "person.appoint", "person.link"}
    assert person.appointments.get().act == Act.objects.get(verb="person.appoint").identifier


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"identifier": "Li Ming"}, "U001"),
        ({"identifier": "a" * 61}, "U001"),
        ({"name": " "}, "U003"),
        ({"role": "public"}, "U004"),
        ({"role": "king"}, "U004"),
        ({"organisation": "nowhere"}, "U005"),
        ({"language": "fr"}, "U006"),
    ],
)
def test_faults_are_numbered(changes: dict[str, str], number: str) -> None:
    with pytest.raises(RefusedError) as refused:
        add_person(ROOT, NewPerson(**{**GOOD.__dict__, **changes}))
    assert numbers_of(refused) == [number]
    assert not Person.objects.exists()


def test_a_name_is_taken_once() -> None:
    add_person(ROOT, GOOD)
    with pytest.raises(RefusedError) as refused:
        add_person(ROOT, GOOD)
    assert numbers_of(refused) == ["U002"]


def test_an_office_is_held_once_at_a_time() -> None:
    person, _ = add_person(ROOT, GOOD)
    office = Organisation.objects.get()
    with pytest.raises(RefusedError) as refused:
        appoint(ROOT, person, Role.COUNTY_OFFICE, office)
    assert numbers_of(refused) == ["U007"]
    end_appointment(ROOT, person.appointments.get(), "调离")
    assert actor_of(person).held == PUBLIC.held
    appoint(ROOT, person, Role.COUNTY_OFFICE, office)
    assert actor_of(person).has(Role.COUNTY_OFFICE)


def test_taking_away_needs_a_reason() -> None:
    person, _ = add_person(ROOT, GOOD)
    for take in (
        lambda: end_appointment(ROOT, person.appointments.get(), " "),
        lambda: set_active(ROOT, person, False, ""),
        lambda: reset_second_factor(ROOT, person, ""),
    ):
        with pytest.raises(RefusedError) as refused:
            take()
        assert numbers_of(refused) == ["U008"]


def test_the_last_administrator_stays() -> None:
    first, _ = add_person(ROOT, NewPerson("a", "甲", "administrator", "office"))
    for take in (
        lambda: set_active(ROOT, first, False, "x"),
        lambda: end_appointment(ROOT, first.appointments.get(), "x"),
    ):
        with pytest.raises(RefusedError) as refused:
            take()
        assert numbers_of(refused) == ["U009"]
    add_person(ROOT, NewPerson("b", "乙", "administrator", "office"))
    set_active(ROOT, first, False, "x")
    assert not Person.objects.get(identifier="a").is_active


def test_only_administrators_manage_people() -> None:
    person, _ = add_person(ROOT, GOOD)
    for actor in (PUBLIC, actor_of(person)):
        for attempt in (
            lambda actor=actor: add_person(actor, NewPerson("x", "x", "administrator", "office")),
            lambda actor=actor: new_link(actor, person),
            lambda actor=actor: appoint(actor, person, Role.ADMINISTRATOR, Organisation.objects.get()),
            lambda actor=actor: set_active(actor, person, False, "x"),
        ):
            with pytest.raises(RefusedAccessError):
                attempt()


def people_file(folder: Path, *rows: str, head: str = "identifier,name,role,organisation,language") -> Path:
    file = folder / "people.csv"
    file.write_text("\n".join((head, *rows)) + "\n", "utf-8")
    return file


def test_a_table_of_people_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    rows = ("a,甲,county_office,office,zh", "b,乙,king,nowhere,zh", "C,丙,auditor,office,en")
    with pytest.raises(RefusedError) as refused:
        load_people(ROOT, people_file(tmp_path, *rows))
    assert [(problem.number, problem.where) for problem in refused.value.problems] == [
        ("U004", "people.csv:3"), ("U005", "people.csv:3"), ("U001", "people.csv:4"),
    ]  # fmt: skip
    assert not Person.objects.exists()


def test_loading_again_adds_only_who_is_new(tmp_path: Path) -> None:
    load_people(ROOT, people_file(tmp_path, "a,甲,county_office,office,zh"))
    added = load_people(ROOT, people_file(tmp_path, "a,甲,auditor,office,zh", "b,乙,auditor,office,zh"))
    assert [person.identifier for person, _ in added] == ["b"]
    assert Person.objects.get(identifier="a").appointments.get().role == "county_office"


def test_a_wrong_head_is_said(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        load_people(ROOT, people_file(tmp_path, head="name,role"))
    assert numbers_of(refused) == ["U010"]
