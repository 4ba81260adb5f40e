"""Every cell of the table of permissions, asked through the pages and through the interface.

One thing for each verb lies at 昌吉 (publishing: the region); who asks holds each role at the same place, above it,
below it, elsewhere, or at the organisation that the thing belongs to.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.module_data import shared

from hengneng.access.table import YES, Verb, Where, permissions
from hengneng.accounts.roles import Role

if TYPE_CHECKING:
    from django.test import Client

    from hengneng.accounts.models import Person
    from hengneng.registry.models import Organisation

# Where somebody sits, so that a thing at 昌吉 lies to them as named; for the region likewise.
SEATS = {
    Where.OWN_ORGANISATION: "652300",
    Where.OWN_PLACE: "652300",
    Where.BELOW: "650000",
    Where.ABOVE: "652301",
    Where.ELSEWHERE: "652200",
}
SEATS_OF_THE_REGION = {
    Where.OWN_PLACE: "650000",
    Where.BELOW: "100000",
    Where.ABOVE: "652300",
    Where.ELSEWHERE: "630000",
}
PLAN = "xinjiang-2015"
MEASURE, PLACE, PERIOD = "gdp", "652300", "2014"
DRAFT_WORDS = "草稿里的话"
# Verbs whose things belong to no organisation, or to no place.
WITHOUT_ORGANISATION = {Verb.SEE_UNPUBLISHED, Verb.CORRECT_FACTS, Verb.PUBLISH, Verb.MANAGE_PEOPLE}
CELLS = [
    (role, verb, where)
    for role, verb, where in itertools.product(Role, Verb, Where)
    if role is not Role.PUBLIC
    and not (where is Where.OWN_ORGANISATION and verb in WITHOUT_ORGANISATION)
    and not (verb is Verb.MANAGE_PEOPLE and where is not Where.OWN_PLACE)
]


class World(NamedTuple):
    """The things asked for, and the organisations of those who ask."""

    own: Organisation
    seats: dict[str, Organisation]
    duty: int
    drafted: int
    report: int
    job: Callable[[], int]
    fact: Any
    act: Any


@pytest.fixture(scope="module")
def world(loaded: None, django_db_blocker: Any) -> Iterator[World]:
    with shared(django_db_blocker, _made) as made:
        yield made


def _made() -> World:
    from django.utils import timezone

    from hengneng.access import terminal_actor
    from hengneng.acts import record
    from hengneng.duties.acting import assign
    from hengneng.duties.models import Duty, ProgressReport
    from hengneng.duties.reporting import save_draft, submit_report
    from hengneng.facts.models import Fact
    from hengneng.jobs.models import Job
    from hengneng.registry.models import Organisation

    def organisation(name: str, place: str) -> Organisation:
        return Organisation.objects.create(
            identifier=name, kind="department", name_zh=name, name_en=name, place_id=place
        )

    own = organisation("own", PLACE)
    seats = {place: organisation(f"seat-{place}", place) for place in {*SEATS.values(), *SEATS_OF_THE_REGION.values()}}
    actor = terminal_actor()
    parts = []
    for whole in Duty.objects.filter(plan=PLAN, parent=None).order_by("position")[:2]:
        parts.append(
            Duty.objects.create(
                plan=PLAN, task=whole.task, clause=whole.clause, position=whole.position, place_id=PLACE, parent=whole,
                stated_due=whole.stated_due, act="0" * 32,
            )
        )  # fmt: skip
        assign(actor, parts[-1].pk, own.pk)
    part, drafted = parts
    submit_report(actor, part.pk, 40, "已开工")
    save_draft(actor, drafted.pk, 50, DRAFT_WORDS)

    def job() -> int:
        return Job.objects.create(
            kind="standing.recompute", label_zh="x", label_en="x", parameters={}, started_by="terminal:x",
            place_id=PLACE, organisation=own, asked_at=timezone.now(),
        ).pk  # fmt: skip

    fact = Fact.objects.filter(place=PLACE, period=PERIOD).order_by("pk")[0]
    act = record("terminal:x", "duty.assign", "duty", str(part.pk), place=PLACE, organisation=own.pk)
    report = ProgressReport.objects.get(duty=part)
    return World(own, seats, part.pk, drafted.pk, report.pk, job, fact, act)


@pytest.fixture
def ask(world: World) -> Iterator[Callable[[Role, Verb, Where], tuple[Client, dict[str, str]]]]:
    """Somebody with the role at the seat: a signed-in browser, and the headers of a token that covers everything."""
    from django.db import transaction
    from django.test import Client

    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.tokens import issue

    def make(role: Role, verb: Verb, where: Where) -> tuple[Client, dict[str, str]]:
        person: Person = Person.objects.create(identifier="somebody", name="某人")
        seats = SEATS_OF_THE_REGION if verb is Verb.PUBLISH else SEATS
        seat = world.own if where is Where.OWN_ORGANISATION else world.seats[seats[where]]
        Appointment.objects.create(person=person, role=role, organisation=seat, act="0" * 32)
        client = Client(headers={"host": "localhost"})
        client.force_login(person, backend="hengneng.accounts.backend.PersonBackend")
        _, secret = issue(person, "test", [str(each) for each in Verb], 1)
        return client, {"authorization": f"Bearer {secret}"}

    with transaction.atomic():
        yield make
        transaction.set_rollback(True)


def through_page(client: Client, verb: Verb, world: World) -> bool:
    """Whether the page lets somebody do it. What is allowed is asked with a fault, so that nothing is written."""
    fact = f"/facts/{world.fact.measure}/{PLACE}/{PERIOD}/"
    duty = f"/duties/{world.duty}/"
    if verb is Verb.SEE_DRAFTS:
        answer = client.get(f"/duties/{world.drafted}/")
        return answer.status_code == 200 and DRAFT_WORDS in answer.content.decode()
    if verb is Verb.READ_LOG:
        return world.act.identifier in client.get("/log/").content.decode()
    asked = {
        Verb.SEE_UNPUBLISHED: lambda: client.get(fact),
        Verb.CORRECT_FACTS: lambda: client.post(f"{fact}correct/", {}),
        Verb.SEE_DUTIES: lambda: client.get(duty),
        Verb.ASSIGN_DUTIES: lambda: client.post(duty, {"act": "assign", "lead": world.own.identifier}),
        Verb.REPORT_PROGRESS: lambda: client.post(duty, {"act": "report", "per_cent": "101", "text": "x"}),
        Verb.REVIEW_PROGRESS: lambda: client.post(duty, {"act": "review", "report": world.report, "return": "1"}),
        Verb.REMIND: lambda: client.post(duty, {"act": "remind", "text": ""}),
        Verb.PUBLISH: lambda: client.get(f"/plans/{PLAN}/publish/"),
        Verb.RUN_JOBS: lambda: client.post(f"/jobs/{world.job()}/cancel/"),
        Verb.MANAGE_PEOPLE: lambda: client.get("/people/"),
    }[verb]()
    assert asked.status_code in (200, 302, 303, 400, 403, 422), asked.status_code
    if asked.status_code == 403:
        assert len(asked.content.decode().split("<main")[1]) > 100, "a refusal gives its reason"
    return asked.status_code != 403


def through_interface(client: Client, headers: dict[str, str], verb: Verb, world: World) -> bool | None:
    """The same through the interface; None where it has no such thing."""
    root = "/api/v1"
    fact = f"{root}/facts/{world.fact.measure}/{PLACE}/{PERIOD}"
    duty = f"{root}/duties/{world.duty}"

    def get(path: str) -> Any:
        return client.get(path, headers=headers)

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(path, body, content_type="application/json", headers=headers)

    if verb is Verb.MANAGE_PEOPLE:
        return None
    if verb is Verb.SEE_DRAFTS:
        answer = get(f"{root}/duties/{world.drafted}")
        return answer.status_code == 200 and DRAFT_WORDS in answer.content.decode()
    if verb is Verb.READ_LOG:
        return world.act.identifier in get(f"{root}/acts?limit=100").content.decode()
    asked = {
        Verb.SEE_UNPUBLISHED: lambda: get(fact),
        Verb.CORRECT_FACTS: lambda: post(fact, {"source": "", "based_on": 99, "reason": ""}),
        Verb.SEE_DUTIES: lambda: get(duty),
        Verb.ASSIGN_DUTIES: lambda: post(f"{duty}/assignments", {"lead": world.own.identifier}),
        Verb.REPORT_PROGRESS: lambda: post(f"{duty}/reports", {"per_cent": 100, "text": " "}),
        Verb.REVIEW_PROGRESS: lambda: post(f"{duty}/reports/{world.report}/review", {"accepted": False, "reason": ""}),
        Verb.REMIND: lambda: post(f"{duty}/reminders", {"text": " "}),
        Verb.PUBLISH: lambda: post(f"{root}/plans/{PLAN}/publications", {"period": "1950"}),
        Verb.RUN_JOBS: lambda: post(f"{root}/jobs/{world.job()}/cancel", {}),
    }[verb]()
    assert asked.status_code in (200, 201, 202, 403, 404, 409, 422), (asked.status_code, asked.content[:300])
    if asked.status_code == 403:
        message = asked.json()["error"]["message"]
        assert message["zh"]
        assert message["en"]
    return asked.status_code != 403


def expected_of(role: Role, verb: Verb, where: Where) -> bool:
    return permissions()[role, verb][where] == YES


@pytest.mark.parametrize(("role", "verb", "where"), CELLS)
def test_every_cell(world: World, ask: Any, role: Role, verb: Verb, where: Where) -> None:
    client, headers = ask(role, verb, where)
    expected = expected_of(role, verb, where)
    assert through_page(client, verb, world) is expected, "page"
    assert through_interface(client, headers, verb, world) in (None, expected), "interface"


@pytest.mark.parametrize("verb", list(Verb))
def test_the_public_is_asked_to_sign_in(world: World, verb: Verb) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    assert not through_page(client, verb, world)
    if verb not in (Verb.MANAGE_PEOPLE,):
        answer = client.get(f"/api/v1/duties/{world.duty}")
        assert answer.status_code in (401, 403)


def test_whoever_may_act_on_a_duty_may_see_it() -> None:
    for role, where in itertools.product(Role, Where):
        for verb in (Verb.ASSIGN_DUTIES, Verb.REPORT_PROGRESS, Verb.REVIEW_PROGRESS, Verb.REMIND, Verb.SEE_DRAFTS):
            if expected_of(role, verb, where):
                assert expected_of(role, Verb.SEE_DUTIES, where), (role, verb, where)
