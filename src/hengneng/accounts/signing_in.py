"""Signing in: the name and password, the second factor, and what stands against guessing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from hengneng.accounts import totp
from hengneng.accounts.models import Person, SignInAttempt
from hengneng.accounts.policy import policy
from hengneng.acts import record
from hengneng.language import Text, message


@dataclass(frozen=True)
class Refusal:
    """Why nobody was let in. It never tells whether the name exists."""

    text: Text
    wait: dt.timedelta | None = None


def sign_in(identifier: str, password: str, code: str, address: str) -> Person | Refusal:
    """The person, or why not. Every attempt is kept, every success and every lockout stands in the log of acts."""
    name = identifier.strip().lower()
    held_up = _held_up(name, address)
    if held_up is not None:
        return held_up
    person = authenticate(None, username=name, password=password)
    good = isinstance(person, Person) and (not person.totp_secret or totp.accept(person, code))
    with transaction.atomic():
        SignInAttempt.objects.create(
            identifier=name[:100], address=address[:45], at=timezone.now(), succeeded=good
        )
        if isinstance(person, Person) and good:
            record(person.identifier, "person.sign_in", "person", person.identifier)
            return person
        if _failures(name) >= policy().lockout_failures and Person.objects.filter(identifier=name).exists():
            record("public", "person.lockout", "person", name, details={"address": address})
    return Refusal(message("accounts.sign_in.wrong"))


def _held_up(name: str, address: str) -> Refusal | None:
    """The lock on a name, or the brake on an address, while it holds."""
    limits, now = policy(), timezone.now()
    if _failures(name) >= limits.lockout_failures:
        newest = SignInAttempt.objects.filter(identifier=name, succeeded=False).order_by("-at").first()
        wait = newest.at + limits.lockout - now if newest else dt.timedelta()
        if wait > dt.timedelta():
            return Refusal(message("accounts.sign_in.locked", minutes=_minutes(wait)), wait)
    since = now - limits.address_window
    tries = SignInAttempt.objects.filter(address=address, succeeded=False, at__gt=since)
    if tries.count() >= limits.address_failures:
        first = tries.order_by("at").first()
        wait = first.at + limits.address_window - now if first else limits.address_window
        return Refusal(message("accounts.sign_in.throttled", minutes=_minutes(wait)), wait)
    return None


def _failures(name: str) -> int:
    """Failures in a row for a name: since the last success, a reset of the lock, and within the window."""
    limits, now = policy(), timezone.now()
    since = now - max(limits.lockout_window, limits.lockout)
    attempts = SignInAttempt.objects.filter(identifier=name, at__gt=since)
    success = attempts.filter(succeeded=True).order_by("-at").values_list("at", flat=True).first()
    failures = attempts.filter(succeeded=False)
    return (failures.filter(at__gt=success) if success else failures).count()


def _minutes(wait: dt.timedelta) -> int:
    return max(1, -(-int(wait.total_seconds()) // 60))


def sign_out_everywhere(person: Person, who: str) -> None:
    """End every session of a person, at every desk."""
    with transaction.atomic():
        Person.objects.select_for_update().filter(pk=person.pk).first()
        person.refresh_from_db()
        person.sessions_opened += 1
        person.save(update_fields=["sessions_opened"])
        record(who, "person.sign_out_everywhere", "person", person.identifier)
