"""The table of permissions: whole, and the same answer whether one thing or a table is asked about."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from support.module_data import shared

from hengneng.access import PUBLIC, Actor, Held, Role, Verb, Where, decide, permissions, scope_of, seen_by
from hengneng.access.table import READING, YES
from hengneng.acts.models import Act
from hengneng.language import LANGUAGES
from hengneng.registry.models import Organisation
from hengneng.registry.places import load_places

CHANGJI = "652300"
PLACES = {Where.OWN_PLACE: CHANGJI, Where.BELOW: "652301", Where.ABOVE: "650000", Where.ELSEWHERE: "652200"}

CELLS = [
    (role, verb, where) for role, verb, where in itertools.product(Role, Verb, Where) if role is not Role.PUBLIC
]


@pytest.fixture(scope="module")
def tree(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Organisation]]:
    """The places, loaded once for the module, and two organisations at the same place."""

    def make() -> dict[str, Organisation]:
        load_places()
        return {
            name: Organisation.objects.create(
                identifier=name, kind="department", name_zh=name, name_en=name, place_id=CHANGJI
            )
            for name in ("own", "other")
        }

    with shared(django_db_blocker, make) as made:
        yield made


@pytest.fixture
def places(tree: dict[str, Organisation]) -> Iterator[dict[str, Organisation]]:
    """The tree; what a test writes is rolled back."""
    with transaction.atomic():
        yield tree
        transaction.set_rollback(True)


def actor(role: Role, organisations: dict[str, Organisation]) -> Actor:
    return Actor(1, "somebody", "某人", (Held(role, organisations["own"].pk, CHANGJI),))


def test_the_table_has_every_cell() -> None:
    assert len(permissions()) == len(Role) * len(Verb)


def test_auditors_read_everything_and_change_nothing() -> None:
    for verb in Verb:
        cells = set(permissions()[Role.AUDITOR, verb].values())
        if verb in READING:
            assert cells == {YES}
        else:
            assert YES not in cells


def test_the_public_may_nothing_that_the_table_knows() -> None:
    for verb in Verb:
        assert YES not in permissions()[Role.PUBLIC, verb].values()
        assert scope_of(PUBLIC, verb).nothing


def test_nobody_reviews_their_own_work() -> None:
    for role in Role:
        assert permissions()[role, Verb.REVIEW_PROGRESS][Where.OWN_ORGANISATION] != YES


def test_nobody_but_auditors_and_administrators_reaches_elsewhere() -> None:
    for role, verb in permissions():
        if role not in (Role.AUDITOR, Role.ADMINISTRATOR):
            assert permissions()[role, verb][Where.ELSEWHERE] != YES


@pytest.mark.parametrize(("role", "verb", "where"), CELLS)
def test_every_cell_decides_and_limits_alike(
    places: dict[str, Organisation], role: Role, verb: Verb, where: Where
) -> None:
    somebody = actor(role, places)
    place = CHANGJI if where is Where.OWN_ORGANISATION else PLACES[where]
    organisation = places["own" if where is Where.OWN_ORGANISATION else "other"].pk
    decision = decide(somebody, verb, place, organisation)
    assert decision.allowed is (permissions()[role, verb][where] == YES)
    if not decision.allowed:
        assert all(decision.reason.in_language(language) for language in LANGUAGES)
    act = Act(
        sequence=1, identifier="1" * 32, at="2026-01-01T00:00:00+00:00", who="x", verb="x", kind="x", name="x",
        place=place, organisation=organisation, details={}, previous="0" * 64, digest="1" * 64,
    )  # fmt: skip
    act.save(force_insert=True)
    seen = seen_by(somebody, Act.objects.all(), verb, organisation="organisation")
    assert seen.exists() is decision.allowed


def test_the_reason_names_both_places(places: dict[str, Organisation]) -> None:
    refused = decide(actor(Role.PREFECTURE_OFFICE, places), Verb.SEE_UNPUBLISHED, "652200")
    assert refused.code == "outside_place"
    assert "昌吉回族自治州" in refused.reason.zh
    assert "哈密" in refused.reason.zh
    assert "Hami" in refused.reason.en


def test_why_not_costs_nothing_until_it_is_read(
    places: dict[str, Organisation], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):  # where the place lies
        refused = decide(actor(Role.PREFECTURE_OFFICE, places), Verb.SEE_UNPUBLISHED, "652200")
    with django_assert_num_queries(5):  # two places, as they are called now, and one organisation
        assert refused.reason.zh
    with django_assert_num_queries(0):
        assert refused.reason.en


def test_of_two_offices_the_one_that_may_decides(places: dict[str, Organisation]) -> None:
    own = places["own"].pk
    both = Actor(1, "x", "x", (Held(Role.AUDITOR, own, CHANGJI), Held(Role.COUNTY_OFFICE, own, "652301")))
    assert decide(both, Verb.CORRECT_FACTS, "652301").allowed
    assert not decide(both, Verb.CORRECT_FACTS, CHANGJI).allowed


def test_a_token_narrows_and_never_widens(places: dict[str, Organisation]) -> None:
    held = (Held(Role.COUNTY_OFFICE, places["own"].pk, CHANGJI),)
    token = Actor(1, "x", "x", held, frozenset({Verb.SEE_UNPUBLISHED, Verb.PUBLISH}))
    assert decide(token, Verb.SEE_UNPUBLISHED, CHANGJI).allowed
    assert decide(token, Verb.CORRECT_FACTS, CHANGJI).code == "token"
    assert not decide(token, Verb.PUBLISH, CHANGJI).allowed
    assert scope_of(token, Verb.CORRECT_FACTS).nothing


def test_whoever_sees_everything_sees_it_joined_with_other_conditions(places: dict[str, Organisation]) -> None:
    from django.db.models import Q

    from hengneng.acts import record

    record("one", "person.add", "person", "p")
    condition = scope_of(actor(Role.AUDITOR, places), Verb.READ_LOG).condition("place", "organisation")
    assert Act.objects.filter(condition | Q(who="nobody")).count() == 1
    nothing = scope_of(PUBLIC, Verb.READ_LOG).condition("place", "organisation")
    assert Act.objects.filter(nothing | Q(who="nobody")).count() == 0
