"""Duties as they are kept. What people have done is written once; what holds now is the newest revision of it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q

from hengneng.accounts.models import Person
from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.language import Text
from hengneng.registry.models import Organisation, Place

ACT = 32


class Written(models.Model):
    """A record that is written once: by whom, when, in which act."""

    by = models.CharField(max_length=100, help_text="Sign-in name, as in the log.")
    by_name = models.CharField(max_length=100, help_text="Name as it was then.")
    at = models.DateTimeField()
    act = models.CharField(max_length=ACT, db_index=True)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        abstract = True


class Duty(models.Model):
    """One task of a plan at one place. ``parent``: the duty of which this one is the part of a place below.

    ``current`` points at the newest assignment; it is kept so that questions about who leads need no search.
    """

    plan = models.CharField(max_length=80, help_text="Identifier of the plan; the newest edition has the words.")
    task = models.CharField(max_length=80)
    clause = models.CharField(max_length=40)
    position = models.PositiveIntegerField(help_text="Place of the task in the document.")
    place = models.ForeignKey(Place, models.PROTECT, related_name="duties")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    stated_due = models.DateField(help_text="The date of the document.")
    current = models.OneToOneField("Assignment", models.PROTECT, null=True, related_name="current_of")
    act = models.CharField(max_length=ACT)

    class Meta:
        ordering = ["plan", "position", "place"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "task", "place"], name="one_duty_a_task_and_place"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="no_duty_is_part_of_itself"),
        ]
        indexes = [models.Index(fields=["place", "plan"])]

    def __str__(self) -> str:
        return f"{self.plan}/{self.task}/{self.place_id}"

    @property
    def key(self) -> str:
        """Name under which the log knows the duty."""
        return str(self.pk)

    @property
    def lead_id(self) -> int | None:
        """Key of the organisation that leads now."""
        return self.current.lead_id if self.current else None

    @property
    def lead(self) -> Organisation | None:
        """The organisation that leads now."""
        return self.current.lead if self.current else None

    @property
    def person(self) -> Person | None:
        """Who answers for it now."""
        return self.current.person if self.current else None

    @property
    def due(self) -> dt.date:
        """The date that holds: the one set with the assignment, else that of the document."""
        return (self.current.due if self.current else None) or self.stated_due


class Assignment(Written):
    """Who leads, who cooperates, who answers for it, by when; each change is another revision."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="assignments")
    revision = models.PositiveIntegerField()
    lead = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="leads")
    cooperating = models.ManyToManyField(Organisation, related_name="cooperates")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="answers_for")
    due = models.DateField(null=True, help_text="Instead of the date of the document.")
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["duty", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["duty", "revision"], name="one_assignment_a_revision"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="assignments_count_from_one"),
            models.CheckConstraint(
                condition=Q(person=None) | Q(lead__isnull=False), name="nobody_answers_without_a_lead"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duty_id} ({self.revision})"


class Milestone(Written):
    """A step on the way; ``number`` tells the steps of a duty apart, each change of one is another revision."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="milestones")
    number = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    due = models.DateField()
    reached_on = models.DateField(null=True)
    withdrawn = models.BooleanField(default=False)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["duty", "number", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["duty", "number", "revision"], name="one_milestone_a_revision"),
            models.CheckConstraint(condition=Q(number__gte=1, revision__gte=1), name="milestones_count_from_one"),
            models.CheckConstraint(condition=Q(withdrawn=False) | Q(reached_on=None), name="reached_or_withdrawn"),
        ]

    def __str__(self) -> str:
        return f"{self.duty_id}.{self.number} ({self.revision})"

    @property
    def title(self) -> Text:
        """The title in both languages; what a person typed is the same in both."""
        return Text(zh=self.title_zh, en=self.title_en)


class ReportDraft(models.Model):
    """A report on progress that is being written: one for a duty and an organisation, changed until it is submitted."""

    duty = models.ForeignKey(Duty, models.CASCADE, related_name="drafts")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="report_drafts")
    per_cent = models.PositiveSmallIntegerField(null=True)
    text = models.TextField(blank=True)
    claimed = models.TextField(blank=True, help_text="Figures claimed, one a line.")
    saved_by = models.CharField(max_length=100)
    saved_by_name = models.CharField(max_length=100)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["duty", "organisation"], name="one_draft_an_organisation"),
            models.CheckConstraint(condition=Q(per_cent=None) | Q(per_cent__lte=100), name="draft_of_a_hundred"),
        ]

    def __str__(self) -> str:
        return f"draft of {self.organisation_id} on {self.duty_id}"


class ProgressReport(Written):
    """How far a duty has come, as an organisation has reported it. ``leading``: whether it led the duty then."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="reports")
    number = models.PositiveIntegerField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="reports")
    leading = models.BooleanField()
    per_cent = models.PositiveSmallIntegerField()
    text = models.TextField()
    claimed = models.TextField(blank=True)

    class Meta:
        ordering = ["duty", "number"]
        constraints = [
            models.UniqueConstraint(fields=["duty", "number"], name="one_report_a_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="reports_count_from_one"),
            models.CheckConstraint(condition=Q(per_cent__lte=100), name="report_of_a_hundred"),
        ]

    def __str__(self) -> str:
        return f"{self.duty_id} #{self.number}"


class Review(Written):
    """What was found of a report: accepted, or returned with a reason. One each."""

    report = models.OneToOneField(ProgressReport, models.PROTECT, related_name="review")
    accepted = models.BooleanField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(accepted=True) | ~Q(reason=""), name="returned_with_a_reason"),
        ]

    def __str__(self) -> str:
        return f"review of {self.report_id}"


class Evidence(Written):
    """A file that shows what was done; the bytes lie in the data folder under their digest."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="evidence")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="evidence")
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    demand = models.PositiveSmallIntegerField(null=True, help_text="Which of the documents the task asks for, from 0.")

    class Meta:
        ordering = ["duty", "id"]
        indexes = [models.Index(fields=["digest"])]

    def __str__(self) -> str:
        return f"{self.name} on {self.duty_id}"

    @property
    def size_shown(self) -> str:
        """The size for people, in units that every language writes alike."""
        size = float(self.size)
        for unit in ("B", "kB"):
            if size < 1000:
                return f"{size:.0f} {unit}"
            size /= 1000
        return f"{size:.1f} MB"


class EvidenceWithdrawal(Written):
    """Evidence that no longer counts, and why. The file is kept."""

    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="withdrawal")
    reason = models.TextField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="withdrawn_with_a_reason")]

    def __str__(self) -> str:
        return f"withdrawal of {self.evidence_id}"


class Reminder(Written):
    """Somebody reminds an organisation, or one person of it, of a duty."""

    duty = models.ForeignKey(Duty, models.PROTECT, related_name="reminders")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="reminders")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="reminders")
    text = models.TextField()

    class Meta:
        ordering = ["duty", "id"]

    def __str__(self) -> str:
        return f"reminder on {self.duty_id}"


class Acknowledgement(Written):
    """The answer to a reminder."""

    reminder = models.OneToOneField(Reminder, models.PROTECT, related_name="acknowledgement")
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"acknowledgement of {self.reminder_id}"
