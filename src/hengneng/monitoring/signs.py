"""Signs of fabrication in the hours of an outlet: whatever of the twenty its data allow to look for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hengneng.emissions.findings import consistency, operation, patterns, records, water
from hengneng.emissions.findings.finding import Finding
from hengneng.emissions.parameters import validity_rules
from hengneng.emissions.series import Times, Values, Words
from hengneng.monitoring.hours import EMPTY, GAS_FLOW, OutletHours, PollutantHours, letters_of, reference_of, sent_means
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import Outlet
from hengneng.monitoring.signs_beside import flow_beside_fuel, signs_beside
from hengneng.monitoring.taking import FLAG

# Pollutants of water that are looked at together (F10): a part cannot be above the whole.
_PARTS_OF_WATER = {
    "COD": "oxygen_demand",
    "BOD5": "biochemical_oxygen_demand",
    "NH3-N": "ammonia",
    "TN": "total_nitrogen",
    "TP": "total_phosphorus",
}


@dataclass(frozen=True)
class Sign:
    """A finding, the pollutant or quantity that it is about, and the outlet beside which it shows."""

    quantity: str
    finding: Finding
    other: Outlet | None = None


def signs_of(
    hours: OutletHours, on: dt.date, load: Values | None = None, fuel: Values | None = None
) -> list[Sign]:
    """What the data of an outlet show against themselves, checks of its analysers and the load of its unit.

    ``load`` (n): electricity of the hours, ``fuel`` (n) [kgce]; thresholds of ``on``. Order: as the rules are numbered.
    """
    found: list[Sign] = []
    for name, one in sorted(hours.pollutants.items()):
        found += _of(name, _pollutant(hours, one, on))
        found += _of(name, signs_beside(hours, one, load, on))
    if hours.outlet.medium == Outlet.Medium.GAS:
        found += _of(GAS_FLOW, _consistent_flow(hours, on))
        found += _of(GAS_FLOW, flow_beside_fuel(hours, fuel, on))
    else:
        found += _of("water", _waters(hours, on))
    return sorted(found, key=lambda one: (int(one.finding.number[1:]), one.quantity))


@dataclass(frozen=True)
class Shape:
    """The hour means of a pollutant at an outlet: what is compared between outlets."""

    outlet: Outlet
    pollutant: str
    times: Times
    values: Values


def shapes_of(hours: OutletHours) -> list[Shape]:
    """The shapes of an outlet; small, so that those of a whole region are in memory at once."""
    return [
        Shape(hours.outlet, name, one.measured.times, one.measured.values)
        for name, one in sorted(hours.pollutants.items())
    ]


def alike(shapes: Iterable[Shape], on: dt.date) -> list[tuple[Outlet, Sign]]:
    """F12: pollutants that go up and down as one at two outlets, wherever they are; ``shapes`` are of the same hours.

    A first look at all pairs at once leaves few of them; those are judged by the rule.
    """
    by_pollutant: dict[str, list[Shape]] = {}
    for one in shapes:
        by_pollutant.setdefault(one.pollutant, []).append(one)
    found: list[tuple[Outlet, Sign]] = []
    for name, every in sorted(by_pollutant.items()):
        for pair in _candidates(every):
            # Each of the two gets it, with its own values: who sees one need not see the other.
            for one, other in (pair, pair[::-1]):
                for finding in records.outlets_alike(one.times, one.values, other.values, on=on):
                    found.append((one.outlet, Sign(name, finding, other.outlet)))
    return found


def _candidates(shapes: list[Shape]) -> Iterator[tuple[Shape, Shape]]:
    """Pairs whose known hours, each around its own mean, point the same way; missing hours count as the mean."""
    if len(shapes) < 2:
        return
    values = np.array([one.values for one in shapes])
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=1), 1)
    centred = np.where(known, values - (np.where(known, values, 0).sum(axis=1) / counts)[:, None], 0)
    length = np.sqrt((centred**2).sum(axis=1))
    unit = np.divide(centred, length[:, None], out=np.zeros_like(centred), where=length[:, None] > 0)
    near = np.triu(unit @ unit.T >= limit("percent_of_likeness_looked_at") / 100, k=1)
    for one, other in zip(*np.nonzero(near), strict=True):
        yield shapes[one], shapes[other]


def captured(hours: OutletHours, on: dt.date) -> list[Sign]:
    """F14: how much of a month was captured; ``hours`` are those of the whole month."""
    found: list[Sign] = []
    for name, one in sorted(hours.pollutants.items()):
        still = hours.still
        found += _of(name, records.low_capture(one.measured.times, one.measured.valid, on=on, without_emission=still))
    return found


def _of(quantity: str, findings: Iterable[Finding]) -> list[Sign]:
    return [Sign(quantity, one) for one in findings]


def _pollutant(hours: OutletHours, one: PollutantHours, on: dt.date) -> Iterator[Finding]:
    at, values = one.measured.times, one.measured.values
    if not len(at) or np.isnan(values).all():
        return
    for look in (patterns.constant, patterns.low_variation, patterns.repeated, patterns.periodic, patterns.clipped):
        yield from look(at, values, on=on)
    if one.against is not None:
        yield from patterns.hugging(at, one.judged.values, one.against.limit.value, on=on)
    if hours.flow is not None:
        bound = one.against.limit.value if one.against else None
        flags = _flags_of_hours(hours, one.factor, at)
        yield from operation.flags_against_operation(
            at, sent_means(hours, one.factor), sent_means(hours, GAS_FLOW), flags, on=on, marks=hours.marks, limit=bound
        )
    if hours.oxygen is not None:
        yield from operation.high_oxygen(at, values, hours.oxygen.values / 100, on=on)
        yield from _conversion(hours, one, on)
    yield from _totals(hours, one, on)


def _flags_of_hours(hours: OutletHours, factor: str, at: Times) -> Words:
    """The flag that the device gave the hour itself; empty where it sent none."""
    return letters_of(hours.columns.get(("hours", factor, FLAG), EMPTY).at(at))


def _conversion(hours: OutletHours, one: PollutantHours, on: dt.date) -> list[Finding]:
    """F13, where the device sends hour means at reference oxygen and the reference is known."""
    reported = hours.columns.get(("hours", one.factor, "ZsAvg"))
    highest = validity_rules(hours.outlet.medium, on).highest_oxygen
    if reported is None or hours.oxygen is None or highest is None:
        return []
    reference = reference_of(hours.outlet, one.pollutant, on)
    if reference is None:
        return []
    at = one.measured.times
    air = hours.oxygen.values / 100
    return records.conversion(
        at, reported.at(at), one.measured.values, air, reference, highest=highest, on=on
    )


def _totals(hours: OutletHours, one: PollutantHours, on: dt.date) -> Iterator[Finding]:
    """F7, F23 over the minute values of the pollutant."""
    means = hours.columns.get(("minutes", one.factor, "Avg"))
    if means is None:
        return
    at = means.times
    least, largest = (hours.columns.get(("minutes", one.factor, name)) for name in ("Min", "Max"))
    if least is not None and largest is not None:
        yield from consistency.order(at, least.at(at), means.values, largest.at(at), on=on)
    totals, flow = (hours.columns.get(("minutes", *key)) for key in ((one.factor, "Cou"), (GAS_FLOW, "Avg")))
    if totals is not None and flow is not None:
        yield from operation.zero_totals(at, totals.at(at), means.values, flow.at(at), on=on)


def _consistent_flow(hours: OutletHours, on: dt.date) -> list[Finding]:
    """F21: the total of the flow against its mean times the interval, in the unit that the outlet says."""
    means, totals = (hours.columns.get(("minutes", GAS_FLOW, name)) for name in ("Avg", "Cou"))
    if means is None or totals is None:
        return []
    period = hours.interval / (3600 if hours.outlet.flow_unit == Outlet.FlowUnit.CUBIC_METRES_AN_HOUR else 1)
    return consistency.flow_total(means.times, totals.at(means.times), means.values, period, on=on)


def _waters(hours: OutletHours, on: dt.date) -> Iterator[Finding]:
    """F10 and F11, where what they need is measured."""
    if hours.acidity is not None:
        at = hours.acidity.times
        yield from water.still_acidity(at, hours.acidity.values, on=on)
        yield from water.jumping_acidity(at, hours.acidity.values, on=on)
    given = {name: one.measured for name, one in hours.pollutants.items()}
    if given:
        at = next(iter(given.values())).times
        names = {word: given[name].values for name, word in _PARTS_OF_WATER.items() if name in given}
        yield from water.parts_above_whole(at, on=on, **names)
