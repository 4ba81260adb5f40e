"""Acts as they are kept: written once, each carrying the digest of the one before."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.db import models
from django.db.models import Q

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.trace import canonical_json

FIRST_PREVIOUS = "0" * 64


class Act(models.Model):
    """One act of one person (or of the program itself).

    ``sequence`` counts from 1 without gaps. ``digest`` is the SHA-256 of the act's own content and of ``previous``, the
    digest of the act before: changing, removing or inserting an act breaks the chain from there on.
    """

    sequence = models.BigIntegerField(primary_key=True)
    identifier = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()
    who = models.CharField(max_length=100)
    verb = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    name = models.TextField()
    place = models.CharField(max_length=20, blank=True)
    organisation = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    details = models.JSONField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.UniqueConstraint(fields=["previous"], name="one_act_follows"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="acts_count_from_one"),
        ]
        indexes = [models.Index(fields=["kind", "name"]), models.Index(fields=["who", "sequence"])]

    def __str__(self) -> str:
        return f"{self.sequence} {self.who} {self.verb} {self.name}"

    def content(self) -> dict[str, Any]:
        """Everything that the digest vouches for."""
        return {
            "sequence": self.sequence,
            "identifier": self.identifier,
            "at": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "who": self.who,
            "verb": self.verb,
            "kind": self.kind,
            "name": self.name,
            "place": self.place,
            "organisation": self.organisation,
            "reason": self.reason,
            "details": self.details,
            "previous": self.previous,
        }

    def computed_digest(self) -> str:
        """The digest that the act must have."""
        return hashlib.sha256(canonical_json(self.content())).hexdigest()
