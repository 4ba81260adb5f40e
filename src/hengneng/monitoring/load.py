"""The load of a unit by hour as its main meters say: electricity and fuel, with which emission should go along."""

from __future__ import annotations

import numpy as np

from hengneng.emissions.series import HOUR, Values
from hengneng.metering.adding import Group, Register
from hengneng.metering.carriers import ELECTRICITY, HEAT
from hengneng.metering.models import Meter
from hengneng.metering.results import SECONDS_OF_AN_HOUR, hours_of
from hengneng.metering.storing import readings_store
from hengneng.monitoring.hours import day_of
from hengneng.monitoring.taking import start_of_day
from hengneng.readings.points import MICRO

NO_FUEL = (ELECTRICITY, HEAT)
_HOURS_OF_A_DAY = 24


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


def fuel_of(unit: int, start: int, end: int) -> Values | None:
    """Fuel of a unit (key) in the hours from ``start`` to ``end`` [s UTC, whole hours], in kgce.

    All that its main meters count but electricity and heat. An hour that one of them does not cover wholly, or without
    a coefficient, is NaN; None where no fuel is metered.
    """
    register, manifest = Register(unit), None
    found, any_fuel = np.full((end - start) // HOUR, np.nan), False
    for day in sorted({day_of(at) for at in range(start, end, HOUR)}):
        arranged = register.on(day)
        coals = arranged.coal_on(day)
        kinds = dict(zip(arranged.numbers.tolist(), arranged.kinds.tolist(), strict=True))
        wanted = [one for one in arranged.groups
                  if one.unit == unit and not one.process and one.carrier not in NO_FUEL]  # fmt: skip
        members = [number for group in wanted for number in arranged.members_of(group)]
        if not members:
            continue
        any_fuel = True
        manifest = manifest or readings_store().manifest()
        total = np.zeros(_HOURS_OF_A_DAY)
        for number in members:
            factor = coals[kinds[number]].calorific.factor
            of_meter = np.full(_HOURS_OF_A_DAY, np.nan)
            for (_, hour), one in hours_of(manifest, [day], {number}).items():
                whole = one.covered == SECONDS_OF_AN_HOUR and not one.estimated_seconds
                if whole and one.quantity is not None and factor is not None:
                    of_meter[hour] = one.quantity / MICRO * float(factor)
            total += of_meter
        first = (start_of_day(day) - start) // HOUR
        inside = slice(max(0, first), min(len(found), first + _HOURS_OF_A_DAY))
        found[inside] = total[inside.start - first : inside.stop - first]
    return found if any_fuel else None
