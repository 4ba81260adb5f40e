"""Tokens: shown once, kept as a digest, bounded in what they cover and how long."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from hengneng.accounts.models import Person, Token
from hengneng.accounts.tokens import find, issue, longest_days, revoke, tokens_of
from hengneng.acts.models import Act
from hengneng.problems import RefusedError

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return Person.objects.create(identifier="li.ming", name="李明")


def test_a_token_is_found_by_its_secret_and_kept_as_a_digest(person: Person) -> None:
    token, secret = issue(person, "夜间导数", ["see_unpublished"], 30)
    assert find(secret) == token
    assert secret not in str(Token.objects.values())
    assert find(secret + "x") is None
    assert Act.objects.get(verb="token.issue").who == "li.ming"
    assert secret not in str(Act.objects.values_list("details"))


def test_a_revoked_an_expired_and_a_shut_out_token_are_none(person: Person) -> None:
    token, secret = issue(person, "a", ["see_unpublished"], 30)
    revoke("li.ming", token)
    assert find(secret) is None
    assert tokens_of(person) == []
    token, secret = issue(person, "b", ["see_unpublished"], 30)
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert find(secret) is None
    token, secret = issue(person, "c", ["see_unpublished"], 30)
    Person.objects.update(is_active=False)
    assert find(secret) is None


@pytest.mark.parametrize(
    ("name", "verbs", "days", "number"),
    [
        (" ", ["see_unpublished"], 1, "T001"),
        ("x" * 101, ["see_unpublished"], 1, "T001"),
        ("a", ["see_unpublished"], 0, "T002"),
        ("a", ["see_unpublished"], 100_000, "T002"),
        ("a", [], 1, "T003"),
    ],
)
def test_faults_are_numbered(person: Person, name: str, verbs: list[str], days: int, number: str) -> None:
    with pytest.raises(RefusedError) as refused:
        issue(person, name, verbs, days)
    assert number in [problem.number for problem in refused.value.problems]
    assert not Token.objects.exists()


def test_the_longest_time_is_allowed(person: Person) -> None:
    assert issue(person, "a", ["see_unpublished"], longest_days())[0].expires_at > timezone.now()
