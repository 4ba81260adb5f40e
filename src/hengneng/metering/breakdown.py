"""Where the energy of a unit on a day came from: its meters one by one, as they were added up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from hengneng.metering.adding import DAY, Group, Register, half_even
from hengneng.metering.coefficients import Coal, Conversion
from hengneng.metering.models import Meter
from hengneng.metering.results import rows_of
from hengneng.readings.manifest import Manifest


@dataclass(frozen=True)
class MeterShare:
    """What one main meter gave. Quantities in millionths of the metering unit, coal in millionths of a kgce.

    ``quantity`` None: nothing between two readings that day. ``calorific`` or ``equivalent`` None: no quantity, or no
    coefficient. ``covered`` of ``expected`` seconds lie between two readings.
    """

    meter: Meter
    quantity: int | None
    estimated: int
    covered: int
    expected: int
    readings: int
    coal: Coal
    calorific: int | None
    equivalent: int | None


def shares_of(manifest: Manifest, unit: int, carrier: str, day: dt.date) -> list[MeterShare]:
    """The main meters of ``unit`` (key) for ``carrier`` in service at the end of ``day``, by identifier.

    Their sums are what :class:`DailyEnergy` says of the day, as long as that has been brought up to date.
    """
    register = Register(unit).on(day)
    coals = register.coal_on(day)
    kinds = dict(zip(register.numbers.tolist(), register.kinds.tolist(), strict=True))
    meters = Meter.objects.filter(number__in=register.members_of(Group(unit, carrier, ""))).order_by("identifier")
    results = {row["meter"]: row for row in rows_of(manifest, "days", day, {meter.number for meter in meters})}
    return [_share(meter, results.get(meter.number, {}), coals[kinds[meter.number]]) for meter in meters]


def _share(meter: Meter, row: dict[str, int | str | None], coal: Coal) -> MeterShare:
    covered = int(row.get("covered") or 0)
    quantity = int(row.get("quantity") or 0) if covered else None
    return MeterShare(
        meter=meter,
        quantity=quantity,
        estimated=int(row.get("estimated") or 0),
        covered=covered,
        expected=DAY,
        readings=int(row.get("readings") or 0),
        coal=coal,
        calorific=_coal(quantity, coal.calorific),
        equivalent=_coal(quantity, coal.equivalent),
    )


def _coal(quantity: int | None, conversion: Conversion) -> int | None:
    if quantity is None or conversion.factor is None:
        return None
    above = np.array([quantity * conversion.factor.numerator], object)
    below = np.array([conversion.factor.denominator], object)
    return int(half_even(above, below)[0])
