"""Background jobs of metering."""

from __future__ import annotations

from hengneng.jobs import Progress, job_kind
from hengneng.metering.rolling import roll_up_readings
from hengneng.metering.storing import open_store
from hengneng.readings.rollup.snapshot import Snapshot


def readings_wait() -> bool:
    """Whether some day has readings that its results have not seen."""
    with open_store() as store:
        now = Snapshot(store)
        made = now.made()
        return any(day not in made or made[day].seen < change for day, change in now.newest().items())


@job_kind("metering.roll_up", offered=True, due=readings_wait)
def roll_up(progress: Progress) -> dict[str, int]:
    """Roll up the days that readings have touched, and add up their energy; how many days."""
    with open_store() as store:
        done = roll_up_readings(store, on_rolled=progress)
    return {"days": len(done.rolled_up.days)}
