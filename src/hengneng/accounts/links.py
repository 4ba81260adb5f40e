"""One-time links: how somebody gets their first password, or a new one. No password is ever set for anybody."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from hengneng.accounts.models import OneTimeLink, Person
from hengneng.accounts.policy import policy
from hengneng.acts import record


def make_link(person: Person, who: str) -> str:
    """The secret part of a new link for a person; every older link of theirs is dead from now on."""
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        OneTimeLink.objects.filter(person=person, used_at=None).update(expires_at=timezone.now())
        OneTimeLink.objects.create(
            person=person, digest=_digest(secret), expires_at=timezone.now() + policy().link
        )
        record(who, "person.link", "person", person.identifier)
    return secret


def find_link(secret: str) -> OneTimeLink | None:
    """The link, while it is good."""
    return (
        OneTimeLink.objects.filter(digest=_digest(secret), used_at=None, expires_at__gt=timezone.now())
        .select_related("person")
        .filter(person__is_active=True)
        .first()
    )


def use_link(secret: str, password: str) -> Person | None:
    """Set the password and end every session; None when the link is no longer good. ValidationError: weak password."""
    link = find_link(secret)
    if link is None:
        return None
    person = link.person
    validate_password(password, person)
    with transaction.atomic():
        # Of two that click at once only one gets the row.
        if not OneTimeLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
            return None
        set_password(person, password)
        record(person.identifier, "person.password_by_link", "person", person.identifier)
    return person


def set_password(person: Person, password: str) -> None:
    """A new password; every session that was open is over."""
    person.set_password(password)
    person.sessions_opened += 1
    person.save(update_fields=["password", "sessions_opened"])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
