"""The second factor: codes by the clock (RFC 6238), made by an app that the person already has."""

from __future__ import annotations

import time

import pyotp
import segno
from django.db import transaction
from django.db.models import Q

from hengneng.accounts.models import Person
from hengneng.accounts.policy import policy
from hengneng.acts import record

STEP = 30


def new_secret() -> str:
    """A new secret, not yet in force."""
    return pyotp.random_base32()


def address(person: Person, secret: str) -> str:
    """The address that an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.identifier, issuer_name="Hengneng")


def picture(person: Person, secret: str) -> str:
    """The address as a QR code, as the source of an image."""
    drawn: str = segno.make(address(person, secret)).svg_data_uri(scale=4, border=4, dark="#1b1f23", light="#ffffff")
    return drawn


def _step_of(secret: str, code: str) -> int | None:
    """The step of the clock of which this is the code, near enough to now; None for a wrong code."""
    written = "".join(code.split())
    now = int(time.time()) // STEP
    window = policy().totp_window
    made = pyotp.TOTP(secret)
    near = range(now - window, now + window + 1)
    return next((step for step in near if made.verify(written, for_time=step * STEP)), None)


def accept(person: Person, code: str) -> bool:
    """Whether the code is right and has not been used before."""
    step = _step_of(person.totp_secret, code)
    if step is None:
        return False
    unused = Q(totp_last_step=None) | Q(totp_last_step__lt=step)
    return bool(Person.objects.filter(unused, pk=person.pk).update(totp_last_step=step))


def switch_on(person: Person, secret: str, code: str) -> bool:
    """Put a secret in force, once a code shows that the app has it."""
    step = _step_of(secret, code)
    if step is None:
        return False
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(totp_secret=secret, totp_last_step=step)
        record(person.identifier, "person.second_factor_on", "person", person.identifier)
    return True


def switch_off(person: Person, who: str, reason: str = "") -> None:
    """Do without the second factor again."""
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(totp_secret="", totp_last_step=None)
        record(who, "person.second_factor_off", "person", person.identifier, reason=reason)
