"""Standing: runs of the assessment with their figures and verdicts, all stored, and what a new fact makes stale."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.language import Text
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


class ComputedPeriod(models.Model):
    """A period for which every line of a plan has been judged; what has become stale since is marked by itself."""

    plan = models.ForeignKey(PlanEdition, models.CASCADE, related_name="computed_periods")
    period = models.CharField(max_length=12)
    period_end = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "period"], name="computed_once")]


class KnownFacts(models.Model):
    """The newest fact that was there when the known periods of a plan were last sought and computed."""

    plan = models.OneToOneField(PlanEdition, models.CASCADE, primary_key=True, related_name="known_facts")
    newest_fact = models.BigIntegerField()


class Publication(models.Model):
    """The standing of a plan for a period made public: the verdicts that were current at that moment, for ever."""

    plan = models.ForeignKey(PlanEdition, models.PROTECT, related_name="publications")
    period = models.CharField(max_length=12)
    period_end = models.DateField()
    last_run = models.ForeignKey(Run, models.PROTECT, related_name="publications")
    published_at = models.DateTimeField()
    published_by = models.TextField()
    note = models.TextField(blank=True)
    note_texts = models.JSONField(
        null=True, help_text="A note that the program wrote, in both languages, instead of one."
    )
    act = models.CharField(max_length=32)
    observations = models.JSONField(default=list, help_text="What was shown beside the verdicts, as it was shown.")

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["plan", "period", "published_at"])]
        ordering = ["published_at", "id"]

    @property
    def said_note(self) -> Text | None:
        """The note in each language: the program's own in both, a person's as it was typed; None without one."""
        if self.note_texts is not None:
            return Text(**self.note_texts)
        return Text(zh=self.note, en=self.note) if self.note else None

    def __str__(self) -> str:
        return f"{self.plan} {self.period}, published {self.published_at:%Y-%m-%d}"


class PublishedFigure(models.Model):
    """A figure that a publication has made public, as a result or as an input of one."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="figures")
    digest = models.CharField(max_length=64)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "publication"], name="one_figure_a_publication"),
        ]


class StandingRow(models.Model):
    """One line of a standing as it is read: which verdict counts, and what tables sort, search and count by.

    Derived from the verdicts. Rows without a publication are current and are replaced when newer verdicts are stored;
    rows of a publication are copies that nothing changes. Numbers are in the unit of the figure, rates as fractions.
    """

    plan = models.ForeignKey(PlanEdition, models.PROTECT, related_name="rows")
    publication = models.ForeignKey(Publication, models.PROTECT, null=True, related_name="rows")
    verdict = models.ForeignKey(StoredVerdict, models.PROTECT, related_name="rows")
    target = models.CharField(max_length=80)
    indicator_key = models.CharField(max_length=130, help_text="indicator/kind")
    place = models.ForeignKey(Place, models.PROTECT, related_name="standing_rows")
    place_zh = models.CharField(max_length=100)
    place_en = models.CharField(max_length=100)
    place_level = models.CharField(max_length=20)
    period = models.CharField(max_length=12)
    period_end = models.DateField()
    position = models.PositiveIntegerField(help_text="Place among the lines of the document.")
    level = models.CharField(max_length=10, choices=StoredVerdict.Level.choices)
    severity = models.PositiveSmallIntegerField(help_text="0 is worst; the unknown come last.")
    known = models.BooleanField(help_text="Whether there is anything to show beyond a reason.")
    target_value = models.FloatField(null=True)
    achieved = models.FloatField(null=True)
    due = models.FloatField(null=True)
    gap = models.FloatField(null=True, help_text="Below zero: short of what is due.")
    rank = models.FloatField(help_text="The gap, or more than any gap where there is none: orders within a severity.")
    progress = models.FloatField(null=True)
    yearly = models.FloatField(null=True)
    remaining = models.FloatField(null=True)
    warning = models.PositiveSmallIntegerField(null=True, help_text="Severity of the warning; 0 is best.")
    example = models.BooleanField()
    unverified = models.BooleanField()
    reason = models.CharField(max_length=60, blank=True, help_text="Code of the reason of an unknown verdict.")

    class Meta:
        constraints = [
            # Two constraints, since SQLite cannot treat two NULLs as equal.
            models.UniqueConstraint(
                fields=["plan", "period", "target", "place"],
                condition=Q(publication=None),
                name="one_current_row_a_line",
            ),
            models.UniqueConstraint(fields=["publication", "target", "place"], name="one_published_row_a_line"),
        ]
        indexes = [
            # Everything that a page sorts and searches by, so that it reads the index alone and one page of rows.
            models.Index(
                fields=[
                    "plan", "publication", "period", "indicator_key", "severity", "rank", "position",
                    "place", "place_zh", "place_en", "target_value", "achieved", "due", "gap", "progress",
                    "yearly", "remaining", "warning",
                ],
                name="standing_read",
            ),
            models.Index(
                fields=[
                    "plan",
                    "publication",
                    "period",
                    "indicator_key",
                    "level",
                    "place_level",
                    "known",
                    "example",
                    "unverified",
                ],
                name="standing_counted",
            ),
            models.Index(fields=["place", "publication", "period"], name="standing_of_place"),
        ]

    def __str__(self) -> str:
        return f"{self.target}/{self.place_id}/{self.period}: {self.level}"


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
