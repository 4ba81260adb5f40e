"""The checks of a plan package: references (P1), what the quotes say (P2), coverage (P3).

:func:`check_plan` runs them all and collects every finding; one bad entry does not hide the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hengneng.plans.checks import coverage, quotes, references
from hengneng.plans.loader import LoadedPlan, load_plan
from hengneng.plans.model import Strength
from hengneng.problems import Problem, RefusedError


@dataclass(frozen=True)
class PlanReport:
    """What the checks found, and how much they looked at. ``loaded`` is None when the folder could not be read."""

    folder: Path
    loaded: LoadedPlan | None
    problems: tuple[Problem, ...]
    counts: Mapping[str, int]

    @property
    def accepted(self) -> bool:
        """Whether nothing stands against loading the plan."""
        return not any(problem.refuses for problem in self.problems)


def check_plan(folder: Path) -> PlanReport:
    """Read and check a plan folder. Never raises for what is in the folder: it is all in the report."""
    try:
        loaded = load_plan(folder)
    except RefusedError as refused:
        return PlanReport(folder, None, refused.problems, {})
    problems = [*references.findings(loaded)]
    identifiers_resolve = not any(problem.number in ("P006", "P101") for problem in problems)
    if identifiers_resolve:
        quoted = quotes.read_all(loaded)
        problems += quoted.problems
        problems += coverage.findings(loaded, quoted)
    return PlanReport(folder, loaded, tuple(problems), _counts(loaded))


def _counts(loaded: LoadedPlan) -> dict[str, int]:
    plan = loaded.plan
    strengths = Counter(target.strength for target in plan.targets)
    return {
        "clauses": len(plan.clauses),
        "places": len(plan.places),
        "indicators": len(plan.indicators),
        "targets": len(plan.targets),
        "target_places": sum(len(plan.places_of(target)) for target in plan.targets),
        "binding": strengths[Strength.BINDING],
        "hoped_for": strengths[Strength.HOPED_FOR],
        "observations": len(plan.observations),
        "tasks": len(plan.tasks),
        "tasks_unassigned": sum(task.lead is None for task in plan.tasks),
        "rules": len(plan.rules),
        "numbers_in_text": sum(len(text.numbers) for text in loaded.texts.values()),
        "numbers_waived": len(plan.waived_numbers),
    }
