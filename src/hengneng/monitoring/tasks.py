"""Background jobs of monitoring."""

from __future__ import annotations

from hengneng.jobs import Progress, job_kind
from hengneng.monitoring.running import open_deliveries, take_and_add_up
from hengneng.monitoring.taking import READER


def frames_wait() -> bool:
    """Whether frames were taken in that nobody has read."""
    with open_deliveries() as deliveries:
        return deliveries.last() > deliveries.position(READER)


@job_kind("monitoring.take", offered=True, due=frames_wait)
def take(progress: Progress) -> dict[str, int]:
    """Read the frames that have come, and add up the days that they touch; how many values and days."""
    taken, days = take_and_add_up(progress=progress)
    return {"values": taken.values, "days": days.days, "findings": days.findings}
