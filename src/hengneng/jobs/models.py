"""Jobs as they are kept: what was asked, how far it is, how it ended."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils import timezone

from hengneng.language import Text
from hengneng.registry.models import Organisation, Place


class Job(models.Model):
    """One piece of work in the background. ``error_id`` is also in the log of the worker."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Failure(models.TextChoices):
        ERROR = "error"  # our fault; the log has it under the error id
        REFUSED = "refused"  # the input was refused, with numbered problems
        WORKER_GONE = "worker_gone"  # the worker has given no sign of life

    kind = models.CharField(max_length=60)
    label_zh = models.TextField()
    label_en = models.TextField()
    parameters = models.JSONField()
    started_by = models.CharField(max_length=100)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="jobs")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="jobs")
    again = models.ForeignKey("self", models.SET_NULL, null=True, related_name="repeated_by")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="0: not known yet")
    phase_zh = models.TextField(blank=True)
    phase_en = models.TextField(blank=True)
    phase_at = models.DateTimeField(null=True, help_text="Since when it is in this phase.")
    result = models.JSONField(null=True)
    address = models.TextField(blank=True, help_text="Page where the result is shown.")
    failure = models.CharField(max_length=12, choices=Failure.choices, blank=True)
    problems = models.JSONField(default=list)
    error_id = models.CharField(max_length=16, blank=True)
    cancel_asked_at = models.DateTimeField(null=True)
    cancel_asked_by = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True, help_text="Last sign of life of the worker.")
    finished_at = models.DateTimeField(null=True)
    task = models.CharField(max_length=36, blank=True)
    act = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "alive_at"]),
            models.Index(fields=["started_by", "id"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["done", "failed", "cancelled"]) | Q(finished_at__isnull=False),
                name="an_ended_job_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} {self.kind}: {self.state}"

    @property
    def label(self) -> Text:
        """What the job does, in words."""
        return Text(zh=self.label_zh, en=self.label_en)

    @property
    def phase(self) -> Text | None:
        """What it is doing now, in words."""
        return Text(zh=self.phase_zh, en=self.phase_en) if self.phase_zh else None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    @property
    def share(self) -> float | None:
        """How much of the phase is done, as a fraction; None while the whole is not known."""
        return min(self.done / self.total, 1.0) if self.total else None

    def remaining(self, now: dt.datetime | None = None) -> dt.timedelta | None:
        """How long the phase will still take at the pace so far; None while nothing can be said."""
        if self.state != self.State.RUNNING or not self.done or not self.total or self.phase_at is None:
            return None
        spent = (now or timezone.now()) - self.phase_at
        return spent * (max(self.total - self.done, 0) / self.done)

    def lasted(self, now: dt.datetime | None = None) -> dt.timedelta | None:
        """How long it has been worked on; None when it never began."""
        if self.started_at is None:
            return None
        return (self.finished_at or now or timezone.now()) - self.started_at
