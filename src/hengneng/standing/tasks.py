"""Background jobs of the standing."""

from __future__ import annotations

from django_tasks import task

from hengneng.standing.computing import recompute_stale


@task()
def recompute() -> int:
    """Compute again what newer facts have made stale; how many verdicts there were."""
    return recompute_stale()
