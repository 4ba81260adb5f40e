"""Facts given by hand: the checks of a file, reasons, two people at once, places outside one's own, the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from support.tables import row, years

from hengneng.access import Actor, RefusedAccessError, Role, terminal_actor
from hengneng.access.actors import Held
from hengneng.acts.models import Act
from hengneng.facts.correcting import (
    AlreadyRecordedError,
    Entry,
    RevisedMeanwhileError,
    check_correction,
    correct,
    current_fact,
    record_new,
)
from hengneng.facts.models import Fact, FactSource
from hengneng.problems import RefusedError
from hengneng.registry.places import load_places

TakeIn = Callable[..., Any]
KEY = ("energy_consumption_equivalent", "650100", "2014")
SOUND = Entry(*KEY, value="510", unit="10^4 tce", state="reported", source="letter of 2015-07-10", reason="checked")


def clerk(place: str, role: Role = Role.PREFECTURE_OFFICE) -> Actor:
    """Somebody with an office at a place."""
    return Actor(None, f"clerk-{place}", "Clerk", (Held(role, None, place),))


@pytest.fixture
def urumqi() -> Actor:
    """The office of Ürümqi, with the places there."""
    load_places()
    return clerk("650100")


def numbers(refused: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [problem.number for problem in refused.value.problems]


def test_a_correction_is_a_revision_with_its_reason(take: TakeIn, urumqi: Actor) -> None:
    take([row("500", source="yearbook")])
    heard: list[Sequence[Fact]] = []
    fact = correct(urumqi, SOUND, 1, heard.append)
    assert (fact.revision, fact.revises.revision, fact.value) == (2, 1, Decimal(510))
    assert (fact.reason, fact.source.title, fact.recorded_by) == ("checked", "letter of 2015-07-10", "clerk-650100")
    assert fact.source.kind == FactSource.Kind.CALL
    assert heard == [[fact]]
    assert current_fact(*KEY) == fact


def test_a_correction_is_an_act_with_before_and_after(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    fact = correct(urumqi, SOUND, 1)
    act = Act.objects.get(identifier=fact.act)
    assert (act.who, act.verb, act.name, act.place, act.reason) == (
        "clerk-650100", "fact.correct", fact.key, "650100", "checked",
    )  # fmt: skip
    assert act.details["before"]["value"] == "500"
    assert act.details["after"]["value"] == "510"


def test_units_are_normalised_as_in_a_file(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    fact = correct(urumqi, replace(SOUND, value="5100000", unit="tce"), 1)
    assert (fact.value, fact.unit, fact.reported_value, fact.reported_unit) == (
        Decimal(510), "10^4 tce", "5100000", "tce",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"value": "1,200"}, "F112"),
        ({"value": "much"}, "F114"),
        ({"value": ""}, "F113"),
        ({"value": "-5"}, "F117"),
        ({"unit": "yuan"}, "F116"),
        ({"state": "missing"}, "F115"),
        ({"reason": "  "}, "F301"),
        ({"source": ""}, "F305"),
        ({"note": "x" * 5000}, "F306"),
        ({"confidence": "certain"}, "F118"),
        ({"value": "5100000"}, "F201"),
    ],
)
def test_the_checks_of_a_file_hold_for_a_form(
    take: TakeIn, urumqi: Actor, changes: dict[str, str], number: str
) -> None:
    take(years("480", "490", "495", first=2011))
    take([row("500")], name="other.csv")
    with pytest.raises(RefusedError) as refused:
        correct(urumqi, replace(SOUND, **changes), 1)
    assert number in numbers(refused)
    assert Fact.objects.filter(revision=2).count() == 0


def test_every_problem_is_said_at_once(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    with pytest.raises(RefusedError) as refused:
        correct(urumqi, replace(SOUND, value="many", source="", reason=""), 1)
    assert numbers(refused) == ["F114", "F305", "F301"]


def test_the_value_that_is_corrected_says_nothing_about_its_own_unit(take: TakeIn, urumqi: Actor) -> None:
    take([row("5000000", explanation="as sent")])
    assert correct(urumqi, SOUND, 1).value == Decimal(510)


def test_missing_has_a_reason_and_is_not_zero(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    fact = correct(urumqi, replace(SOUND, value="", state="missing", note="the meter was broken"), 1)
    assert (fact.state, fact.value, fact.note) == ("missing", None, "the meter was broken")


def test_a_correction_that_changes_nothing_is_refused(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    fact = correct(urumqi, SOUND, 1)
    with pytest.raises(RefusedError) as refused:
        correct(urumqi, SOUND, fact.revision)
    assert numbers(refused) == ["F303"]


def test_the_second_of_two_people_is_told_what_the_first_has_done(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    first = correct(clerk("650000", Role.REGION_OFFICE), SOUND, 1)
    with pytest.raises(RevisedMeanwhileError) as refused:
        correct(urumqi, replace(SOUND, value="505"), 1)
    assert numbers(refused) == ["F302"]
    assert refused.value.current == first
    text = refused.value.problems[0].text("en")
    assert "clerk-650000" in text
    assert "510" in text
    assert correct(urumqi, replace(SOUND, value="505"), 2).revision == 3


@pytest.mark.parametrize("actor", [clerk("652200"), clerk("650100", Role.AUDITOR), clerk("650100", Role.ADMINISTRATOR)])
def test_nobody_corrects_what_is_not_theirs(take: TakeIn, urumqi: Actor, actor: Actor) -> None:
    take([row("500")])
    with pytest.raises(RefusedAccessError):
        correct(actor, SOUND, 1)
    with pytest.raises(RefusedAccessError):
        check_correction(actor, SOUND, current_fact(*KEY))
    with pytest.raises(RefusedAccessError):
        record_new(actor, replace(SOUND, period="2013"))
    assert Fact.objects.count() == 1
    assert not Act.objects.exists()


def test_a_new_fact(urumqi: Actor) -> None:
    fact = record_new(urumqi, replace(SOUND, reason=""))
    assert (fact.revision, fact.revises, fact.value) == (1, None, Decimal(510))
    assert Act.objects.get(identifier=fact.act).verb == "fact.record"


def test_a_new_fact_that_is_there_already(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    with pytest.raises(AlreadyRecordedError) as refused:
        record_new(urumqi, SOUND)
    assert refused.value.current.value == Decimal(500)


def test_nothing_is_left_when_what_follows_fails(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])

    def fails(_: Sequence[Fact]) -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError), transaction.atomic():
        correct(urumqi, SOUND, 1, fails)
    assert Fact.objects.count() == 1
    assert not Act.objects.exists()


def test_whoever_sits_at_the_machine_may_correct_anything(take: TakeIn, urumqi: Actor) -> None:
    take([row("500")])
    assert correct(terminal_actor(), SOUND, 1).recorded_by.startswith("terminal:")
