"""Tokens: leave for a program to act for a person through the interface, within some verbs and for some time."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from hengneng.accounts.models import Person, Token
from hengneng.accounts.policy import policy
from hengneng.acts import record
from hengneng.problems import Problem, RefusedError

PREFIX = "hn_"  # so that one left lying about is recognised for what it is


def longest_days() -> int:
    """For how many days a token may be good."""
    return policy().longest_token.days


@transaction.atomic
def issue(person: Person, name: str, verbs: Iterable[str], days: int) -> tuple[Token, str]:
    """A new token of ``person`` and its secret, which is not kept and cannot be shown again.

    ``verbs`` are what the token may do of what the person may do then. RefusedError T001 without a name or with one
    that is too long, T002 when the number of days is none that is allowed, T003 without verbs.
    """
    name, kept, longest = name.strip(), sorted(set(verbs)), longest_days()
    problems = []
    most = Token._meta.get_field("name").max_length or 0
    if not 0 < len(name) <= most:
        problems.append(Problem("T001", "name", {"found": len(name), "expected": most}))
    if not 0 < days <= longest:
        problems.append(Problem("T002", "days", {"found": days, "expected": longest}))
    if not kept:
        problems.append(Problem("T003", "verbs"))
    if problems:
        raise RefusedError(*problems)
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = timezone.now() + dt.timedelta(days=days)
    token = Token.objects.create(person=person, name=name, digest=digest_of(secret), verbs=kept, expires_at=expires)
    details = {"name": name, "verbs": kept, "expires_at": expires.isoformat()}
    record(person.identifier, "token.issue", "token", f"{person.identifier}/{token.pk}", details=details)
    return token, secret


@transaction.atomic
def revoke(who: str, token: Token) -> None:
    """Make a token useless from now on. ``who`` does it; a token that is revoked already stays as it is."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        details = {"name": token.name}
        record(who, "token.revoke", "token", f"{token.person.identifier}/{token.pk}", details=details)


def find(secret: str) -> Token | None:
    """The token of this secret, if it is good and its person may sign in; notes that it was used today."""
    found = Token.objects.select_related("person").filter(digest=digest_of(secret)).first()
    if found is None or found.revoked_at or found.expires_at <= timezone.now() or not found.person.is_active:
        return None
    today = timezone.localdate()
    if found.last_used_on != today:
        Token.objects.filter(pk=found.pk).update(last_used_on=today)
    return found


def tokens_of(person: Person) -> list[Token]:
    """The tokens of a person that are not revoked, the newest first."""
    return list(Token.objects.filter(person=person, revoked_at=None).order_by("-made_at"))


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is random and long: a plain SHA-256 can be searched for and not be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
