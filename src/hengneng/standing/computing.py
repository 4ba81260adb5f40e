"""Runs: computing what has never been computed and what newer facts have made stale, and just that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from hengneng import __version__
from hengneng.evaluation.judging import Judgement, judge
from hengneng.facts.models import Fact
from hengneng.facts.reader import DatabaseFacts
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.models import Dependency, Run, StaleMark, StoredVerdict
from hengneng.standing.plans import plan_of
from hengneng.standing.storing import store_judgements

Progress = Callable[[int, int], None]
MARK_BATCH = 200


@dataclass(frozen=True, order=True)
class Line:
    """One thing to judge: a target at a place (stable code) for a period."""

    target: str
    place: str
    period: str


def lines_of(plan: Plan, period: Period) -> list[Line]:
    """Everything the plan has judged for a period, in the order of the document."""
    return [
        Line(target.id, subject_code(code), period.written)
        for target in plan.targets
        for code in plan.places_of(target)
    ]


def judge_lines(plan: Plan, lines: Sequence[Line], moment: dt.datetime | None, progress: Progress) -> list[Judgement]:
    """Judge lines with facts as known at ``moment`` (None: now); nothing is stored."""
    facts = DatabaseFacts({line.place for line in lines}, moment)
    judgements = []
    for done, line in enumerate(lines, start=1):
        judgements.append(judge(plan, plan.target(line.target), line.place, Period.parse(line.period), facts))
        progress(done, len(lines))
    return judgements


def compute(
    edition: PlanEdition, lines: Sequence[Line], reason: str, progress: Progress = lambda *_: None
) -> Run | None:
    """Judge lines with what is known now and store the result as a run; None when there is nothing to do."""
    if not lines:
        return None
    with transaction.atomic():
        started = timezone.now()
        # Marks that come while we compute must outlive us: only those seen before reading the facts are taken off.
        marks = list(StaleMark.objects.filter(plan=edition).values_list("pk", "target", "place_id", "period"))
        judgements = judge_lines(plan_of(edition), lines, None, progress)
        run = Run.objects.create(plan=edition, reason=reason, program_version=__version__, started_at=started)
        store_judgements(edition, run, judgements)
        done = {(line.target, line.place, line.period) for line in lines}
        overtaken = [key for key, *line in marks if tuple(line) in done]
        for start in range(0, len(overtaken), MARK_BATCH):
            StaleMark.objects.filter(pk__in=overtaken[start : start + MARK_BATCH]).delete()
    return run


def ensure_computed(edition: PlanEdition, period: Period, progress: Progress = lambda *_: None) -> None:
    """Compute what this period lacks and what is stale; what is current is left alone."""
    wanted = set(lines_of(plan_of(edition), period))
    stored = {
        Line(*row)
        for row in StoredVerdict.objects.filter(run__plan=edition, period=period.written).values_list(
            "target", "place_id", "period"
        )
    }
    stale = {
        Line(*row)
        for row in StaleMark.objects.filter(plan=edition, period=period.written).values_list(
            "target", "place_id", "period"
        )
    }
    missing = sorted(wanted - stored)
    compute(edition, missing, "first", progress)
    compute(edition, sorted(stale & wanted - set(missing)), "stale", progress)


def mark_stale(facts: Iterable[Fact]) -> int:
    """Mark every stored verdict that has asked for one of these series; how many marks are new."""
    by_series = {(fact.measure, fact.place_id, fact.period): fact for fact in facts}
    now, before = timezone.now(), StaleMark.objects.count()
    # Which of these were asked for is settled here: a condition for each series is slow for a large table of facts.
    near = Dependency.objects.filter(
        measure__in={measure for measure, _, _ in by_series}, subject__in={place for _, place, _ in by_series}
    )
    StaleMark.objects.bulk_create(
        [
            StaleMark(
                plan_id=found.plan_id,
                target=found.target,
                place_id=found.place_id,
                period=found.period,
                fact=by_series[key].name,
                marked_at=now,
            )
            for found in near
            if (key := (found.measure, found.subject_id, found.fact_period)) in by_series
        ],
        batch_size=MARK_BATCH,
        ignore_conflicts=True,
    )
    return StaleMark.objects.count() - before


def recompute_stale(progress: Progress = lambda *_: None) -> int:
    """Compute every stale verdict of every plan again; how many there were."""
    total = 0
    for edition in PlanEdition.objects.filter(pk__in=StaleMark.objects.values("plan")):
        rows = StaleMark.objects.filter(plan=edition).values_list("target", "place_id", "period")
        lines = sorted({Line(*row) for row in rows})
        compute(edition, lines, "stale", progress)
        total += len(lines)
    return total


def known_periods(plan: Plan) -> list[Period]:
    """Years of the plan's time for which some target's indicator is known at one of the target's places, in order."""
    subjects = {target.id: {subject_code(code) for code in plan.places_of(target)} for target in plan.targets}
    facts = DatabaseFacts(set().union(*subjects.values()))
    first = min((t.base_year for t in plan.targets if t.base_year), default=plan.head.in_force.first.year - 1)
    last = max(t.due.year for t in plan.targets)
    years: set[int] = set()
    for target in plan.targets:
        indicator = plan.indicator(target.indicator)
        measures = {*indicator.inputs.values(), *indicator.published_growth.values()}
        measures.update(filter(None, (indicator.published_change, indicator.published_cumulative_change)))
        years.update(Period.parse(p).year for p in facts.periods(measures, subjects[target.id]))
    return [Period.of_year(year) for year in sorted(years) if first < year <= last]
