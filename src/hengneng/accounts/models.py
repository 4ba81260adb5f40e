"""People, the appointments that give them roles, the links and tokens by which they get in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from hengneng.accounts.roles import HELD_BY_NOBODY, Role
from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.registry.models import Organisation, valid_on


class PersonManager(BaseUserManager["Person"]):
    """People by their sign-in name."""

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(identifier=username)


class Person(AbstractBaseUser):
    """Somebody who signs in. ``password`` is empty until the first sign-in by a one-time link."""

    identifier = models.CharField(
        max_length=60, unique=True, validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z")]
    )
    name = models.CharField(max_length=100)
    language = models.CharField(max_length=2, choices=[("zh", "zh"), ("en", "en")], default="zh")
    is_active = models.BooleanField(default=True, help_text="Whether they may sign in.")
    example = models.BooleanField(default=False)
    sessions_opened = models.PositiveIntegerField(default=1, help_text="Raised to end every session at once.")
    totp_secret = models.CharField(max_length=64, blank=True)
    totp_last_step = models.BigIntegerField(null=True, help_text="A code is accepted once.")
    added_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "identifier"
    REQUIRED_FIELDS = ["name"]
    objects = PersonManager()

    class Meta:
        ordering = ["identifier"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier})"

    def get_session_auth_hash(self) -> str:
        """Changes with the password and when every session is ended."""
        return self._hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under older keys."""
        from django.conf import settings

        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._hash(key)

    def _hash(self, secret: str | bytes | None) -> str:
        value = f"{self.password}:{self.sessions_opened}"
        return salted_hmac("hengneng.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def appointments_on(self, day: dt.date) -> models.QuerySet[Appointment]:
        """The offices held on ``day``."""
        return self.appointments.filter(valid_on(day), ended=None).select_related("organisation")


class Appointment(models.Model):
    """A role of a person at an organisation, from day to day."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="appointments")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    act = models.CharField(max_length=32)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "organisation"], condition=Q(ended=None), name="one_open_appointment"
            ),
            models.CheckConstraint(condition=~Q(role=HELD_BY_NOBODY.value), name="nobody_is_appointed_public"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from=None) | Q(valid_to__gte=F("valid_from")),
                name="appointment_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.organisation_id}"


class OneTimeLink(models.Model):
    """A link by which somebody sets a password; good once, until it expires. Only the digest of it is kept."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link of {self.person_id}"


class SignInAttempt(models.Model):
    """An attempt to sign in, for throttling: by the name that was given and by the address it came from."""

    identifier = models.CharField(max_length=100)
    address = models.CharField(max_length=45)
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["identifier", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.identifier} {self.at}"


class Token(models.Model):
    """Leave for a program to act for a person through the interface, within ``verbs``. Only its digest is kept."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    verbs = models.JSONField(help_text="What the person may do and the token too.")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.name} of {self.person_id}"
