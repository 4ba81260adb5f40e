"""Background jobs of the standing."""

from __future__ import annotations

from functools import partial

from hengneng.jobs import Progress, job_kind
from hengneng.language import message
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.standing.arrival import COMPUTE, RECOMPUTE
from hengneng.standing.computing import compute_known, ensure_computed, recompute_stale


@job_kind(RECOMPUTE, offered=True)
def recompute(progress: Progress) -> dict[str, int]:
    """Compute again what newer facts have made stale, and what they made known; how many verdicts were stale."""
    stale = recompute_stale(partial(progress, phase=message("jobs.phase.stale")))
    compute_known(partial(progress, phase=message("jobs.phase.known")))
    return {"recomputed": stale}


@job_kind(COMPUTE)
def compute(progress: Progress, edition: int, period: str) -> None:
    """Compute what a period of a plan lacks."""
    phase = message("jobs.phase.known")
    ensure_computed(PlanEdition.objects.get(pk=edition), Period.parse(period), partial(progress, phase=phase))
