"""Facts: what somebody reported. A fact is never changed or deleted; a correction is a new revision with a reason."""

from __future__ import annotations

import datetime as dt
from typing import cast

from django.db import models
from django.db.models import F, Q

from hengneng.database.fields import ExactDecimalField
from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.registry.models import Organisation, Place


class FactSource(models.Model):
    """Where facts came from: a document, a file that was imported, a call of the interface, meters."""

    class Kind(models.TextChoices):
        DOCUMENT = "document"
        FILE = "file"
        CALL = "call"
        METERS = "meters"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.TextField()
    file_name = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "title", "file_name", "sha256"], name="one_source_once")]

    def __str__(self) -> str:
        return self.title


class FactQuerySet(WrittenOnceQuerySet["Fact"]):
    """Facts, with reading as known at a past moment."""

    def known_at(self, moment: dt.datetime | None) -> FactQuerySet:
        """Latest revision of each series that had been recorded by ``moment`` (None: now)."""
        facts = self if moment is None else self.filter(recorded_at__lte=moment)
        same = {name: models.OuterRef(name) for name in self._series_columns()}
        newer = self._newer().filter(**same, revision__gt=models.OuterRef("revision"))
        if moment is not None:
            newer = newer.filter(recorded_at__lte=moment)
        return facts.filter(~models.Exists(newer))

    def _series_columns(self) -> tuple[str, ...]:
        return ("measure", "place", "period", "series")

    def _newer(self) -> FactQuerySet:
        return Fact.objects.all()


class UnitFactQuerySet(FactQuerySet):
    """Facts about units; the unit is part of the series."""

    def _series_columns(self) -> tuple[str, ...]:
        return (*super()._series_columns(), "organisation")

    def _newer(self) -> FactQuerySet:
        return Fact.of_units.all()


_PlaceFacts = models.Manager.from_queryset(FactQuerySet)


class PlaceFacts(_PlaceFacts["Fact"]):
    """Facts about places, and no others: whoever asks for facts without saying more is asking for these.

    A figure of one energy-using unit bears the place of the unit. Taken for a figure of that place it would be a wrong
    total in a standing, so that this is the one door, and facts about units have a door of their own.
    """

    def get_queryset(self) -> FactQuerySet:
        return cast(FactQuerySet, super().get_queryset()).filter(organisation=None)


_UnitFacts = models.Manager.from_queryset(UnitFactQuerySet)


class UnitFacts(_UnitFacts["Fact"]):
    """Facts about energy-using units."""

    def get_queryset(self) -> UnitFactQuerySet:
        return cast(UnitFactQuerySet, super().get_queryset()).filter(organisation__isnull=False)


class Fact(models.Model):
    """One reported figure, as reported and normalised.

    It is about a place, or with ``organisation`` about one energy-using unit, whose place it then bears: ``objects``
    are facts about places only, ``of_units`` those about units.
    ``series`` parts what several people say about the same thing (reported, metered …). ``revision`` counts from 1;
    ``revises`` is the fact that this one replaces as the current one. ``value`` is in ``unit``, the unit of the
    measure; ``edition`` names the rule editions used to get there from ``reported_value`` and ``reported_unit``.
    """

    class State(models.TextChoices):
        REPORTED = "reported"
        REPORTED_ZERO = "reported-zero"
        ESTIMATED = "estimated"
        MISSING = "missing"

    measure = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT, related_name="facts")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="facts")
    period = models.CharField(max_length=12)
    period_start = models.DateField()
    period_end = models.DateField()
    series = models.CharField(max_length=20, default="reported")
    revision = models.PositiveIntegerField()
    revises = models.OneToOneField("self", models.PROTECT, null=True, related_name="revised_by")
    state = models.CharField(max_length=15, choices=State.choices)
    reported_value = models.TextField(blank=True)
    reported_unit = models.CharField(max_length=40, blank=True)
    value = ExactDecimalField(null=True)
    unit = models.CharField(max_length=40)
    edition = models.TextField(blank=True)
    standard_coal = ExactDecimalField(null=True, help_text="tce, of a physical carrier")
    standard_coal_edition = models.TextField(blank=True)
    source = models.ForeignKey(FactSource, models.PROTECT, related_name="facts")
    cell = models.TextField(blank=True)
    note = models.TextField(blank=True)
    confidence = models.CharField(max_length=20)
    example = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=100)
    act = models.CharField(max_length=32, null=True, help_text="Id of the act in the log; none where nobody signed in.")

    objects = PlaceFacts()
    of_units = UnitFacts()

    class Meta:
        constraints = [
            # Two, because SQLite has no way to say that two rows without a unit are about the same.
            models.UniqueConstraint(
                fields=["measure", "place", "period", "series", "revision"],
                condition=Q(organisation=None),
                name="one_fact_a_revision",
            ),
            models.UniqueConstraint(
                fields=["organisation", "measure", "period", "series", "revision"],
                condition=Q(organisation__isnull=False),
                name="one_unit_fact_a_revision",
            ),
            models.CheckConstraint(
                condition=Q(state="missing", value=None) | (~Q(state="missing") & Q(value__isnull=False)),
                name="missing_is_not_a_value",
            ),
            models.CheckConstraint(
                condition=Q(revision=1, revises=None) | (Q(revision__gt=1) & Q(revises__isnull=False)),
                name="a_revision_revises",
            ),
            models.CheckConstraint(condition=Q(period_end__gte=F("period_start")), name="fact_period_forward"),
        ]
        indexes = [
            models.Index(fields=["place", "measure", "period"]),
            models.Index(fields=["recorded_at"], name="facts_by_moment"),
            models.Index(fields=["period_end", "id"], name="facts_by_period"),
            models.Index(fields=["act"], name="facts_by_act"),
        ]

    @property
    def key(self) -> str:
        """Name of the series of revisions: measure/place/period, and the series unless it is what was reported.

        A fact about a unit names the unit in the place of the place.
        """
        tail = "" if self.series == "reported" else f"/{self.series}"
        about = self.organisation.identifier if self.organisation else self.place_id
        return f"{self.measure}/{about}/{self.period}{tail}"

    @property
    def name(self) -> str:
        """Name of this very revision."""
        return f"{self.key}#{self.revision}"

    def __str__(self) -> str:
        return self.name


class FactImport(models.Model):
    """What became of an uploaded file of facts: counts, problems, and the rows that went back."""

    act = models.CharField(max_length=32, unique=True)
    file_name = models.TextField()
    sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=100)
    recorded = models.PositiveIntegerField()
    corrected = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    problems = models.JSONField(help_text="The first of them; the returned file has every one.")
    notes = models.JSONField()
    returned = models.TextField(blank=True, help_text="The refused rows as CSV, with what is wrong.")

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["imported_by", "id"], name="imports_of_a_person")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.act})"
