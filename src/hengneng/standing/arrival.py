"""What happens when facts arrive: what depends on them is marked stale, and a job is set to compute it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hengneng.facts.models import Fact
from hengneng.jobs import start_following
from hengneng.jobs.models import Job
from hengneng.language import message
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.standing.computing import compute_known, mark_stale, recompute_stale

RECOMPUTE = "standing.recompute"
COMPUTE = "standing.compute"


def facts_arrived(facts: Sequence[Fact]) -> None:
    """Mark stale, and queue the job; called inside the transaction that records the facts.

    The job also computes periods that the facts have made known for the first time.
    """
    if facts:
        mark_stale(facts)
        start_following(facts[0].recorded_by, RECOMPUTE, {}, message("jobs.label.recompute"))


def recompute_now(progress: Callable[[int, int], None]) -> int:
    """Do the job's work at once; the job then finds nothing left to do. How many verdicts were stale."""
    stale = recompute_stale(progress)
    compute_known(progress)
    return stale


def compute_later(who: str, edition: PlanEdition, period: Period) -> Job:
    """Have a period of a large plan computed by a job, for whoever wants to read it; the one that is at it already."""
    parameters = {"edition": edition.pk, "period": period.written}
    label = message("jobs.label.compute", plan=edition.identifier, period=period.label())
    return start_following(who, COMPUTE, parameters, label, running_will_do=True)
