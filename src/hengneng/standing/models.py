"""Standing: runs of the assessment with their figures and verdicts, all stored, and what a new fact makes stale."""

from __future__ import annotations

from django.db import models

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.registry.models import Place, PlanEdition


class Run(models.Model):
    """One computation. What it found is kept for ever; a later run never touches it."""

    plan = models.ForeignKey(PlanEdition, models.PROTECT, related_name="runs")
    reason = models.TextField()
    program_version = models.CharField(max_length=20)
    started_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"run {self.pk} of {self.plan}"


class StoredFigure(models.Model):
    """A figure with its derivation (trace/1). Named by its digest: the same derivation is stored once."""

    digest = models.CharField(primary_key=True, max_length=64)
    indicator = models.CharField(max_length=80)
    subject = models.CharField(max_length=20)
    period = models.CharField(max_length=12)
    value = models.FloatField(null=True)
    unit = models.CharField(max_length=40)
    trace = models.JSONField(help_text="trace/1, with figures among the inputs replaced by their digests.")

    objects = WrittenOnceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]


class StoredVerdict(models.Model):
    """Judgement of one target at one place for one period, in one run. The newest run's is the current one."""

    class Level(models.TextChoices):
        MET = "met"
        NOT_MET = "not_met"
        ON_TRACK = "on_track"
        BEHIND = "behind"
        UNKNOWN = "unknown"

    run = models.ForeignKey(Run, models.PROTECT, related_name="verdicts")
    plan_identifier = models.CharField(max_length=80)
    target = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT, related_name="verdicts")
    period = models.CharField(max_length=12)
    level = models.CharField(max_length=10, choices=Level.choices)
    content = models.JSONField(
        help_text="The judgement as shown: figures by role with their digests, warning, pace, reasons."
    )
    figures = models.ManyToManyField(StoredFigure, related_name="verdicts")

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "target", "place", "period"], name="one_verdict_a_run"),
        ]
        indexes = [models.Index(fields=["plan_identifier", "period", "target", "place"])]

    def __str__(self) -> str:
        return f"{self.plan_identifier}/{self.target}/{self.place_id}/{self.period}: {self.level}"


class Dependency(models.Model):
    """Which series a judgement has asked for, found or not: a new fact of it makes the judgement stale."""

    plan = models.ForeignKey(PlanEdition, models.CASCADE, related_name="dependencies")
    target = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    period = models.CharField(max_length=12)
    measure = models.CharField(max_length=80)
    subject = models.ForeignKey(Place, models.PROTECT, related_name="+")
    fact_period = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "target", "place", "period", "measure", "subject", "fact_period"],
                name="one_dependency_once",
            )
        ]
        indexes = [models.Index(fields=["measure", "subject", "fact_period"])]


class StaleMark(models.Model):
    """A judgement that a newer fact has overtaken, until the job has computed it again."""

    plan = models.ForeignKey(PlanEdition, models.CASCADE, related_name="stale_marks")
    target = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    period = models.CharField(max_length=12)
    fact = models.TextField(help_text="The fact that arrived.")
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "target", "place", "period"], name="stale_once"),
        ]


class PublishedVerdict(models.Model):
    """What an authority has published of a target, kept verbatim beside our own verdict."""

    plan = models.ForeignKey(PlanEdition, models.PROTECT, related_name="published_verdicts")
    target = models.CharField(max_length=80, blank=True)
    place = models.ForeignKey(Place, models.PROTECT, related_name="published_verdicts")
    period = models.CharField(max_length=12)
    scheme = models.CharField(max_length=60)
    verdict = models.TextField()
    source = models.TextField()
    source_via = models.TextField(blank=True)
    confidence = models.CharField(max_length=20)
    note = models.TextField(blank=True)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "target", "place", "period", "scheme"], name="one_published_verdict_a_scheme"
            )
        ]
