"""The register: places and organisations as dated trees, and the editions of plans that have been loaded."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.language import Text


class Place(models.Model):
    """A territory, whatever it was called in the course of time. ``code`` is the first code it had in the register."""

    code = models.CharField(primary_key=True, max_length=20)

    def __str__(self) -> str:
        return self.code

    def version_on(self, day: dt.date) -> PlaceVersion | None:
        """Name, code and parent on ``day``; None when it did not exist."""
        return self.versions.filter(valid_on(day)).first()

    def name_on(self, day: dt.date) -> Text:
        """The name on ``day``; outside its existence the nearest name."""
        version = self.version_on(day) or self.versions.order_by("valid_from").last()
        return Text(zh=version.name_zh, en=version.name_en) if version else Text(zh=self.code, en=self.code)


def valid_on(day: dt.date) -> Q:
    """Rows valid on ``day`` (an open end means without bound)."""
    return (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_to=None) | Q(valid_to__gte=day))


class PlaceVersion(models.Model):
    """Code, name, level and parent of a place from day to day."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="versions")
    code = models.CharField(max_length=20, unique=True)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    level = models.CharField(max_length=20)
    parent = models.ForeignKey(Place, models.PROTECT, null=True, related_name="parts")
    excludes = models.ManyToManyField(Place, related_name="excluded_from")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    source = models.TextField()
    confidence = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "valid_from"], name="one_version_a_day", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from=None) | Q(valid_to__gte=F("valid_from")),
                name="place_version_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"


class Ancestry(models.Model):
    """Which place lies within which, itself included: the tree of the newest versions, ready for questions.

    Derived from the versions by :func:`hengneng.registry.places.rebuild_ancestry`; never edited.
    """

    ancestor = models.ForeignKey(Place, models.CASCADE, related_name="within_it")
    descendant = models.ForeignKey(Place, models.CASCADE, related_name="ancestry")
    distance = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ancestor", "descendant"], name="one_way_up")]

    def __str__(self) -> str:
        return f"{self.descendant_id} in {self.ancestor_id}"


class Organisation(models.Model):
    """A body that has duties or follows them: government, department, office, supervision body, energy-using unit."""

    class Kind(models.TextChoices):
        REGION_GOVERNMENT = "region_government"
        DEPARTMENT = "department"
        PREFECTURE_GOVERNMENT = "prefecture_government"
        NATIONAL_AUTHORITY = "national_authority"
        SUPERVISION_BODY = "supervision_body"
        REGION_OFFICE = "region_office"
        PREFECTURE_OFFICE = "prefecture_office"
        COUNTY_GOVERNMENT = "county_government"
        COUNTY_OFFICE = "county_office"
        ENERGY_USING_UNIT = "energy_using_unit"
        AUDIT_OFFICE = "audit_office"

    identifier = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=150)
    place = models.ForeignKey(Place, models.PROTECT, related_name="organisations")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    source = models.TextField(blank=True, default="")
    confidence = models.CharField(max_length=20, blank=True, default="")
    industry = models.CharField(
        max_length=4, blank=True, default="", help_text="Division of GB/T 4754 (table industries); empty: not known."
    )
    industry_source = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return self.identifier

    @property
    def label(self) -> Text:
        """The name in both languages."""
        return Text(zh=self.name_zh, en=self.name_en)


class PlanEdition(models.Model):
    """A plan as it was loaded: whole, with its digest.

    An amendment is another plan, a corrected transcription another edition.
    """

    identifier = models.CharField(max_length=80)
    edition = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    texts = models.JSONField(help_text="Source texts by the id of their document, as they were checked.")
    supersedes = models.CharField(max_length=80, null=True)
    loaded_at = models.DateTimeField(auto_now_add=True)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identifier", "edition"], name="one_content_an_edition")]
        ordering = ["loaded_at", "id"]

    def __str__(self) -> str:
        return f"{self.identifier} ({self.edition})"
