"""The register as the roll-up of readings sees it: one row a version, in whole numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from hengneng.metering.cells import local_zone
from hengneng.metering.models import Calibration, Meter, MeterVersion
from hengneng.metering.multiplying import MultiplierError, micro, multiplier, unit_factor
from hengneng.problems import Problem, RefusedError
from hengneng.readings.rollup.versions import SCHEMA

OPEN = 2**62
EVER = -(2**62)


@dataclass(frozen=True)
class Held:
    """A version with the seconds since 1970 from which and until which (exclusive) it holds."""

    version: MeterVersion
    since: int
    until: int


def held_versions(versions: Iterable[MeterVersion]) -> Iterator[Held]:
    """Versions of any meters as they follow one another, those out of service left out; revised ones do not count."""
    by_meter: dict[int, dict[int, MeterVersion]] = {}
    for one in versions:
        since = EVER if one.valid_from is None else int(one.valid_from.timestamp())
        there = by_meter.setdefault(one.meter_id, {}).setdefault(since, one)
        if one.revision > there.revision:
            by_meter[one.meter_id][since] = one
    for found in by_meter.values():
        starts = sorted(found)
        for since, until in zip(starts, [*starts[1:], OPEN], strict=True):
            if found[since].in_service:
                yield Held(found[since], since, until)


def whole_register() -> list[Held]:
    """The versions of all meters, each with its meter."""
    return list(held_versions(MeterVersion.objects.select_related("meter")))


def engine_meters(register: Iterable[Held] | None = None) -> pa.Table:
    """The whole register for the roll-up (see ``versions.SCHEMA``), by meter and moment; ``register``: if read already.

    RefusedError E112 when a version has a factor that is no multiple of a thousandth; the import takes none such in.
    """
    numbers = dict(Meter.objects.values_list("pk", "number"))
    calibrated = _calibrated()
    rows = []
    for held in whole_register() if register is None else register:
        one, meter = held.version, held.version.meter
        try:
            factor = multiplier(meter.carrier, one.unit_of_measure, one.current_ratio, one.voltage_ratio)
        except MultiplierError as error:
            raise RefusedError(Problem("E112", f"meter {meter.identifier}", {"found": str(error)})) from None
        rows.append(
            {
                "meter": meter.number,
                "valid_from": held.since,
                "valid_to": held.until,
                "kind": meter.kind,
                "modulus": None if one.register_maximum is None else micro(one.register_maximum),
                "multiplier": factor,
                "capacity": None
                if one.capacity is None
                else micro(one.capacity, unit_factor(meter.carrier, one.unit_of_measure)),
                "interval": one.interval,
                "parent": numbers.get(one.parent_id) if one.parent_id else None,
                "calibrated_until": calibrated.get(meter.pk),
            }
        )
    rows.sort(key=lambda row: (row["meter"], row["valid_from"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _calibrated() -> dict[int, int]:
    """Until when the calibrations of each meter reach: the end of the last of these days, in seconds since 1970."""
    found: dict[int, int] = {}
    for meter, until in Calibration.objects.exclude(valid_until=None).values_list("meter_id", "valid_until"):
        assert until is not None
        end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), local_zone())
        found[meter] = max(found.get(meter, EVER), int(end.timestamp()))
    return found
