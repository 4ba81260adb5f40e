"""What is recorded of many duties at once, in a few questions to the database."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, OuterRef, QuerySet, Subquery

from hengneng.duties.models import Duty, Evidence, Milestone, ProgressReport
from hengneng.duties.states import Recorded, Reported, State, stage, state, timing

BATCH = 500


@dataclass(frozen=True)
class Parts:
    """The parts of a duty that was handed down: how many, how many of them are done."""

    total: int
    done: int


@dataclass(frozen=True)
class Summary:
    """A duty with what is recorded of it. ``accepted``: per cent of the last report that was accepted."""

    recorded: Recorded
    accepted: int | None
    waiting: ProgressReport | None
    parts: Parts

    @property
    def stage(self) -> State:
        """How far the work has come."""
        return stage(self.recorded)

    def state(self, day: dt.date) -> State:
        """How the duty stands on a day."""
        return state(self.recorded, day)

    def timing(self, day: dt.date) -> State | None:
        """Overdue, due soon or neither."""
        return timing(self.recorded, day)


def current_milestones(duties: QuerySet[Duty] | Sequence[Duty] | Sequence[int]) -> list[Milestone]:
    """The newest revision of every step of the duties that has not been withdrawn, by number."""
    newest = Milestone.objects.filter(duty=OuterRef("duty"), number=OuterRef("number")).order_by("-revision")
    found = Milestone.objects.filter(duty__in=duties).annotate(newest=Subquery(newest.values("revision")[:1]))
    return list(found.filter(revision=F("newest"), withdrawn=False).order_by("duty", "number"))


def summaries(duties: Sequence[Duty]) -> dict[int, Summary]:
    """Summaries by key of the duty, their parts included."""
    parts = list(Duty.objects.filter(parent__in=duties).select_related("current")) if duties else []
    recorded, reports = _recorded([*duties, *parts])
    done: dict[int, list[bool]] = defaultdict(list)
    for part in parts:
        assert part.parent_id is not None
        done[part.parent_id].append(stage(recorded[part.pk]) is State.DONE)
    found = {}
    for duty in duties:
        own = [report for report in reports[duty.pk] if report.leading]
        accepted = [report.per_cent for report in own if _verdict(report)]
        waiting = next((report for report in own if _verdict(report) is None), None)
        of_parts = Parts(len(done[duty.pk]), sum(done[duty.pk]))
        found[duty.pk] = Summary(recorded[duty.pk], accepted[-1] if accepted else None, waiting, of_parts)
    return found


def is_done(duty: Duty) -> bool:
    """Whether the duty is done."""
    return stage(_recorded([duty])[0][duty.pk]) is State.DONE


def _verdict(report: ProgressReport) -> bool | None:
    review = getattr(report, "review", None)
    return None if review is None else review.accepted


def _recorded(duties: Sequence[Duty]) -> tuple[dict[int, Recorded], dict[int, list[ProgressReport]]]:
    reports: dict[int, list[ProgressReport]] = defaultdict(list)
    evidence: Counter[int] = Counter()
    begun: set[int] = set()
    keys = [duty.pk for duty in duties]
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        for report in ProgressReport.objects.filter(duty__in=batch).select_related("review").order_by("number"):
            reports[report.duty_id].append(report)
        evidence.update(Evidence.objects.filter(duty__in=batch, withdrawal=None).values_list("duty_id", flat=True))
        begun |= {step.duty_id for step in current_milestones(batch) if step.reached_on is not None}
    found = {}
    for duty in duties:
        own = [Reported(one.per_cent, _verdict(one)) for one in reports[duty.pk] if one.leading]
        led = duty.current is not None and duty.current.lead_id is not None
        found[duty.pk] = Recorded(
            duty.due, led, duty.pk in begun or len(reports[duty.pk]) > len(own), own, evidence[duty.pk]
        )
    return found, reports
