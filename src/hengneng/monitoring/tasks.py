"""Background jobs of monitoring."""

from __future__ import annotations

from hengneng.jobs import Progress, job_kind
from hengneng.monitoring.models import MonitoredDay
from hengneng.monitoring.running import open_deliveries, take_and_add_up
from hengneng.monitoring.saying import DUE_AGAIN
from hengneng.monitoring.taking import READER


def something_waits() -> bool:
    """Whether frames were taken in that nobody has read, or something was said of days that were added up."""
    if MonitoredDay.objects.filter(change=DUE_AGAIN).exists():
        return True
    with open_deliveries() as deliveries:
        return deliveries.last() > deliveries.position(READER)


@job_kind("monitoring.take", offered=True, due=something_waits)
def take(progress: Progress) -> dict[str, int]:
    """Read the frames that have come, and add up the days that they touch; how many values and days."""
    taken, days = take_and_add_up(progress=progress)
    return {"values": taken.values, "days": days.days, "findings": days.findings}
