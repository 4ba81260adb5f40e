"""Runs: computing what has never been computed and what newer facts have made stale, and just that.

Judging reads and takes long, storing writes and is short: readers and writers of others wait for the storing only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from hengneng import __version__
from hengneng.database.inserting import insert
from hengneng.database.locking import one_writer
from hengneng.evaluation.judging import Judgement, judge
from hengneng.facts.models import Fact
from hengneng.facts.reader import DatabaseFacts
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.limits import limit
from hengneng.standing.models import ComputedPeriod, Dependency, KnownFacts, Run, StaleMark, StandingRow
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.rows import Line, order_of, project, restore
from hengneng.standing.storing import store_judgements

Progress = Callable[[int, int], None]
MARK_BATCH = 200


def lines_of(plan: Plan, period: Period) -> list[Line]:
    """Everything the plan has judged for a period, in the order of the document."""
    return [
        Line(target.id, subject_code(code), period.written)
        for target in plan.targets
        for code in plan.places_of(target)
    ]


def judge_lines(plan: Plan, lines: Sequence[Line], moment: dt.datetime | None, progress: Progress) -> list[Judgement]:
    """Judge lines with facts as known at ``moment`` (None: now); nothing is stored.

    What ``progress`` raises ends the work.
    """
    facts = DatabaseFacts({line.place for line in lines}, moment)
    judgements = []
    for done, line in enumerate(lines, start=1):
        judgements.append(judge(plan, plan.target(line.target), line.place, Period.parse(line.period), facts))
        progress(done, len(lines))
    return judgements


def compute(
    edition: PlanEdition, lines: Sequence[Line], reason: str, progress: Progress = lambda *_: None
) -> Run | None:
    """Judge lines with what is known now and store the result as a run; None when there is nothing to do.

    ``progress`` is called after each line and may raise to cancel: then nothing is stored.
    """
    if not lines:
        return None
    started = timezone.now()
    # Marks that come while we judge must outlive us: only those seen before reading the facts are taken off.
    marks = list(StaleMark.objects.filter(plan=edition).values_list("pk", "target", "place_id", "period"))
    newest = newest_fact()
    judgements = judge_lines(plan_of(edition), lines, None, progress)
    with transaction.atomic():
        one_writer(Run._meta.db_table)
        overtaken = _judged_since(edition, started)
        kept = [one for one in judgements if (one.target, one.place, one.period) not in overtaken]
        run = Run.objects.create(plan=edition, reason=reason, program_version=__version__, started_at=started)
        project(edition, store_judgements(edition, run, kept))
        done = {(line.target, line.place, line.period) for line in lines}
        seen = [key for key, *line in marks if tuple(line) in done]
        for start in range(0, len(seen), MARK_BATCH):
            StaleMark.objects.filter(pk__in=seen[start : start + MARK_BATCH]).delete()
        # Facts that arrived while we judged found none of our dependencies to mark.
        mark_stale(Fact.objects.filter(pk__gt=newest))
    return run


def _judged_since(edition: PlanEdition, started: dt.datetime) -> set[tuple[str, str, str]]:
    """Lines whose current verdict comes from a run that read the facts after ``started``."""
    rows = StandingRow.objects.filter(plan=edition, publication=None, verdict__run__started_at__gt=started)
    return set(rows.values_list("target", "place_id", "period"))


def newest_fact() -> int:
    """Key of the newest fact; facts are recorded one writer after the other, so what comes later has a greater one."""
    found: int | None = Fact.objects.aggregate(newest=Max("pk"))["newest"]
    return found or 0


def is_computed(edition: PlanEdition, period: Period) -> bool:
    """Whether every line of the period has been judged and none is stale."""
    return (
        ComputedPeriod.objects.filter(plan=edition, period=period.written).exists()
        and not StaleMark.objects.filter(plan=edition, period=period.written).exists()
    )


def ensure_computed(edition: PlanEdition, period: Period, progress: Progress = lambda *_: None) -> None:
    """Compute what this period lacks and what is stale; what is current is left alone. Cheap when nothing is to do."""
    if not ComputedPeriod.objects.filter(plan=edition, period=period.written).exists():
        wanted = {Line(target, place, period.written) for target, place in order_of(edition)}
        restore(edition, period)
        rows = StandingRow.objects.filter(plan=edition, publication=None, period=period.written)
        stored = {Line(*row) for row in rows.values_list("target", "place_id", "period")}
        compute(edition, sorted(wanted - stored), "first", progress)
        ComputedPeriod.objects.get_or_create(plan=edition, period=period.written, defaults={"period_end": period.end})
    marks = StaleMark.objects.filter(plan=edition, period=period.written)
    stale = {Line(*row) for row in marks.values_list("target", "place_id", "period")}
    compute(edition, sorted(stale), "stale", progress)


def is_small(edition: PlanEdition) -> bool:
    """Whether a reader may wait while the plan is judged; else it is work for a job."""
    return len(order_of(edition)) <= limit("lines_computed_on_read")


def ensure_known(edition: PlanEdition, progress: Progress = lambda *_: None) -> None:
    """Compute every known period that has not been. Cheap when no fact has arrived since the last time."""
    newest = newest_fact()
    if KnownFacts.objects.filter(plan=edition, newest_fact=newest).exists():
        return
    for period in known_periods(plan_of(edition)):
        ensure_computed(edition, period, progress)
    KnownFacts.objects.update_or_create(plan=edition, defaults={"newest_fact": newest})


def ready_to_read(edition: PlanEdition, period: Period | None = None) -> bool:
    """Whether what is read is current; a small plan is computed now, a large one is left to its job."""
    if is_small(edition):
        ensure_known(edition)
        if period is not None:
            ensure_computed(edition, period)
        return True
    return period is None or is_computed(edition, period)


def mark_stale(facts: Iterable[Fact]) -> int:
    """Mark every stored verdict that has asked for one of these series; how many marks are new."""
    by_series = {(fact.measure, fact.place_id, fact.period): fact for fact in facts}
    if not by_series:
        return 0
    now, before = timezone.now(), StaleMark.objects.count()
    # Which of these were asked for is settled here: a condition for each series is slow for a large table of facts.
    near = Dependency.objects.filter(
        measure__in={measure for measure, _, _ in by_series}, subject__in={place for _, place, _ in by_series}
    )
    marks = (
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
    )
    insert(marks, ignore_known=True)
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


def compute_known(progress: Progress = lambda *_: None) -> None:
    """Compute every known period of the current edition of every plan that has not been computed."""
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        ensure_known(current_edition(identifier), progress)


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
