"""Signing in: links, passwords, lockout, throttling, the second factor."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace

import pyotp
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from hengneng.accounts import totp
from hengneng.accounts.links import find_link, make_link, use_link
from hengneng.accounts.models import OneTimeLink, Person, SignInAttempt
from hengneng.accounts.policy import policy
from hengneng.accounts.signing_in import Refusal, sign_in, sign_out_everywhere
from hengneng.acts.models import Act

GOOD = "correct horse battery"
HERE = "10.0.0.1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    found = Person(identifier="li.ming", name="李明")
    found.set_password(GOOD)
    found.save()
    return found


def ages_ago(attempts: object) -> None:
    """As if the attempts had been made before every window began."""
    from django.db import connection

    table = SignInAttempt._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {table}_no_update")
        else:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET at = %s", [timezone.now() - dt.timedelta(days=2)])


def test_argon2_is_used(person: Person) -> None:
    assert person.password.startswith("argon2")


def test_the_right_password_lets_in_and_is_recorded(person: Person) -> None:
    assert sign_in(" LI.Ming ", GOOD, "", HERE) == person
    assert Act.objects.get().verb == "person.sign_in"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(person: Person) -> None:
    wrong, unknown = sign_in("li.ming", "x", "", HERE), sign_in("nobody", "x", "", HERE)
    assert isinstance(wrong, Refusal)
    assert wrong == unknown


def test_nobody_gets_in_without_a_password_of_their_own(db: None) -> None:
    Person.objects.create(identifier="new", name="新")
    for password in ("", "!", "admin", "password"):
        assert isinstance(sign_in("new", password, "", HERE), Refusal)


def test_somebody_shut_out_does_not_get_in(person: Person) -> None:
    Person.objects.update(is_active=False)
    assert isinstance(sign_in("li.ming", GOOD, "", HERE), Refusal)


def test_too_many_failures_lock_the_name_even_for_the_right_password(person: Person) -> None:
    for _ in range(policy().lockout_failures):
        assert sign_in("li.ming", "x", "", HERE).wait is None
    locked = sign_in("li.ming", GOOD, "", "10.9.9.9")
    assert isinstance(locked, Refusal)
    assert dt.timedelta() < locked.wait <= policy().lockout
    assert "person.lockout" in Act.objects.values_list("verb", flat=True)
    # Trying on does not prolong it.
    assert sign_in("li.ming", "x", "", HERE).wait <= locked.wait
    ages_ago(SignInAttempt.objects.all())
    assert sign_in("li.ming", GOOD, "", HERE) == person


def test_a_success_begins_the_count_anew(person: Person) -> None:
    for _ in range(3):
        for _ in range(policy().lockout_failures - 1):
            sign_in("li.ming", "x", "", HERE)
        assert sign_in("li.ming", GOOD, "", HERE) == person


def test_one_address_is_braked_whatever_the_names(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(policy(), address_failures=policy().lockout_failures)
    monkeypatch.setattr("hengneng.accounts.signing_in.policy", lambda: few)
    for number in range(few.address_failures):
        sign_in(f"name{number}", "x", "", HERE)
    assert sign_in("li.ming", GOOD, "", HERE).wait is not None
    assert sign_in("li.ming", GOOD, "", "10.0.0.2") == person


def test_a_link_works_once_and_only_the_newest(person: Person) -> None:
    old, new = make_link(person, "root"), make_link(person, "root")
    assert find_link(old) is None
    assert use_link(new, "another long password") == person
    assert use_link(new, "yet another password") is None
    assert sign_in("li.ming", "another long password", "", HERE) == person


def test_a_link_is_kept_only_as_a_digest(person: Person) -> None:
    secret = make_link(person, "root")
    assert secret not in str(list(OneTimeLink.objects.values()))


def test_a_link_expires(person: Person) -> None:
    secret = make_link(person, "root")
    OneTimeLink.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert find_link(secret) is None


@pytest.mark.parametrize("weak", ["short", "password1234", "my-li.ming-password"])
def test_a_weak_password_is_refused_and_the_link_stays_good(person: Person, weak: str) -> None:
    secret = make_link(person, "root")
    with pytest.raises(ValidationError):
        use_link(secret, weak)
    assert find_link(secret) is not None


def test_a_new_password_ends_every_session(person: Person) -> None:
    before = person.get_session_auth_hash()
    use_link(make_link(person, "root"), "another long password")
    assert Person.objects.get().get_session_auth_hash() != before


def test_signing_out_everywhere_ends_every_session(person: Person) -> None:
    before = person.get_session_auth_hash()
    sign_out_everywhere(person, "li.ming")
    assert Person.objects.get().get_session_auth_hash() != before


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(time.time() + steps * 30)


def test_the_second_factor_is_asked_and_a_code_is_good_once(person: Person) -> None:
    secret = totp.new_secret()
    assert not totp.switch_on(person, secret, "000000")
    assert totp.switch_on(person, secret, code_of(secret, -1))
    assert isinstance(sign_in("li.ming", GOOD, "", HERE), Refusal)
    code = code_of(secret)
    assert sign_in("li.ming", GOOD, code, HERE) == person
    assert isinstance(sign_in("li.ming", GOOD, code, HERE), Refusal)
    assert isinstance(sign_in("li.ming", GOOD, code_of(secret, 5), HERE), Refusal)


def test_codes_agree_with_the_standard() -> None:
    # RFC 6238, appendix B, SHA-1: at 59 s the 8-digit code of this secret is 94287082.
    import base64

    secret = base64.b32encode(b"12345678901234567890").decode()
    assert pyotp.TOTP(secret, digits=8).at(59) == "94287082"
