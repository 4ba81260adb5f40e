"""What happens when facts arrive: what depends on them is marked stale, and a job is set to compute it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hengneng.facts.models import Fact
from hengneng.standing.computing import mark_stale, recompute_stale
from hengneng.standing.tasks import recompute


def facts_arrived(facts: Sequence[Fact]) -> None:
    """Mark stale, and queue the job; called inside the transaction that records the facts."""
    if facts and mark_stale(facts):
        recompute.enqueue()


def recompute_now(progress: Callable[[int, int], None]) -> int:
    """Do the job's work at once; the job then finds nothing left to do."""
    return recompute_stale(progress)
