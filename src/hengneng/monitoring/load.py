"""The load of a unit by hour: what its main meters of electricity say, for what emission should go along with."""

from __future__ import annotations

import numpy as np

from hengneng.emissions.series import HOUR, Values
from hengneng.metering.adding import Group, Register
from hengneng.metering.carriers import ELECTRICITY
from hengneng.metering.models import Meter
from hengneng.metering.results import SECONDS_OF_AN_HOUR, hours_of
from hengneng.metering.storing import readings_store
from hengneng.monitoring.hours import day_of
from hengneng.monitoring.taking import start_of_day


def electricity_of(unit: int, start: int, end: int) -> Values | None:
    """Electricity of a unit (key) in the hours from ``start`` to ``end`` [s UTC, whole hours].

    In millionths of its unit of metering. An hour that a main meter does not cover wholly, or with an estimate, is
    NaN; None without meters.
    """
    if not Meter.objects.filter(unit=unit, carrier=ELECTRICITY).exists():
        return None
    found = np.full((end - start) // HOUR, np.nan)
    manifest, register = readings_store().manifest(), Register(unit)
    days = sorted({day_of(at) for at in range(start, end, HOUR)})
    for day in days:
        numbers = set(register.on(day).members_of(Group(unit, ELECTRICITY, "")))
        for (_, hour), one in hours_of(manifest, [day], numbers).items() if numbers else ():
            place = (start_of_day(day) + hour * HOUR - start) // HOUR
            whole = one.covered == SECONDS_OF_AN_HOUR * len(numbers) and not one.estimated_seconds
            if whole and 0 <= place < len(found) and one.quantity is not None:
                found[place] = one.quantity
    return found
