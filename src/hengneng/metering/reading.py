"""Metered energy as people ask for it: by unit, place, industry, carrier and process, always with its coverage.

Everything starts from what the reader may see. A unit without meters never stops a total: it is counted as not covered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.utils import timezone

from hengneng.access import Actor, Verb, seen_by
from hengneng.metering.models import DailyEnergy, EnergyDay, Meter, MeterVersion
from hengneng.readings.store import Store
from hengneng.registry.models import Ancestry, Organisation, PlaceVersion

# What totals can be parted by, and the column that says it.
PARTS = {
    "day": "day",
    "unit": "unit",
    "place": "unit__place",
    "industry": "unit__industry",
    "carrier": "carrier",
    "process": "process",
}


@dataclass(frozen=True)
class Coverage:
    """How much of a total meters stand for.

    ``units``: in the register; ``with_meters``: of these with a meter that was in service; ``with_readings``: with a
    quantity. ``share``: of the meters' time that lies between readings, None without meters.
    """

    units: int
    with_meters: int
    with_readings: int
    covered_seconds: int
    expected_seconds: int

    @property
    def share(self) -> float | None:
        """Covered time as a fraction of the expected."""
        return self.covered_seconds / self.expected_seconds if self.expected_seconds else None


@dataclass(frozen=True)
class Total:
    """Energy of one part: micro-kgce, and micro-units where it is of one carrier only (else None).

    ``calorific`` and ``equivalent`` are None where nothing is known; ``…_unknown`` counts rows (unit, carrier, day)
    with a quantity but no coefficient, which are not in the sum. ``estimated`` is part of ``quantity``.
    """

    key: tuple[object, ...]
    quantity: int | None
    estimated: int | None
    calorific: int | None
    equivalent: int | None
    calorific_unknown: int
    equivalent_unknown: int
    unverified: bool
    coverage: Coverage


def visible(actor: Actor) -> QuerySet[DailyEnergy]:
    """Daily energy of the units that ``actor`` may see."""
    rows = DailyEnergy.objects.all()
    return seen_by(actor, rows, Verb.SEE_UNPUBLISHED, place="unit__place", organisation="unit")


def visible_units(actor: Actor) -> QuerySet[Organisation]:
    """Energy-using units that ``actor`` may see."""
    units = Organisation.objects.filter(kind=Organisation.Kind.ENERGY_USING_UNIT)
    return seen_by(actor, units, Verb.SEE_UNPUBLISHED, place="place", organisation="pk")


def totals(
    actor: Actor,
    since: dt.date,
    until: dt.date,
    by: Iterable[str] = (),
    *,
    within: str | None = None,
    units: Iterable[int] | None = None,
    carrier: str | None = None,
    processes: bool = False,
) -> list[Total]:
    """Totals of the days from ``since`` to ``until``, parted by names of ``PARTS`` in that order, sorted by key.

    ``within``: a place (stable code) and what lies in it; ``units``: keys; ``carrier``: a code. Main meters of the
    whole unit, unless ``processes``. One question to the database for the sums, one for the units.
    """
    parts = tuple(by)
    rows = visible(actor).filter(day__range=(since, until))
    rows = rows.exclude(process="") if processes else rows.filter(process="")
    register = visible_units(actor)
    if within is not None:
        rows = rows.filter(unit__place__ancestry__ancestor=within)
        register = register.filter(place__ancestry__ancestor=within)
    if units is not None:
        chosen = list(units)
        rows, register = rows.filter(unit__in=chosen), register.filter(pk__in=chosen)
    if carrier is not None:
        rows = rows.filter(carrier=carrier)
    read = Q(quantity__isnull=False)
    # Without parts everything is one: grouped by something that is the same in every row.
    named: dict[str, F | Value] = {f"by_{name}": F(PARTS[name]) for name in parts}
    named = named or {"by_nothing": Value(0)}
    sums = rows.order_by().annotate(**named).values_list(*named)
    found = sums.annotate(
        carriers=Count("carrier", distinct=True),
        sum_quantity=Sum("quantity"),
        sum_estimated=Sum("estimated"),
        sum_calorific=Sum("calorific"),
        sum_equivalent=Sum("equivalent"),
        no_calorific=Count("pk", filter=read & Q(calorific=None)),
        no_equivalent=Count("pk", filter=read & Q(equivalent=None)),
        with_unverified=Count("pk", filter=Q(coefficients__unverified=True)),
        with_meters=Count("unit", distinct=True),
        with_readings=Count("unit", distinct=True, filter=read),
        covered=Sum("covered_seconds"),
        expected=Sum("expected_seconds"),
    ).order_by(*named)
    in_register = _in_register(register, parts)
    return [_total(row, len(parts), in_register, parts) for row in found]


def _in_register(register: QuerySet[Organisation], parts: tuple[str, ...]) -> dict[tuple[object, ...], int]:
    """Units in the register by those parts that a unit itself has."""
    own = {"unit": "pk", "place": "place", "industry": "industry"}
    columns = [own[name] for name in parts if name in own]
    if not columns:
        return {(): register.count()}
    counted = register.order_by().values_list(*columns).annotate(number=Count("pk"))
    return {tuple(row[:-1]): row[-1] for row in counted}


def _total(
    row: tuple[Any, ...], length: int, in_register: dict[tuple[object, ...], int], parts: tuple[str, ...]
) -> Total:
    key = row[:length]
    carriers, quantity, estimated, calorific, equivalent, no_calorific, no_equivalent, unverified, *rest = row[
        max(length, 1) :
    ]
    with_meters, with_readings, covered, expected = rest
    own = tuple(value for name, value in zip(parts, key, strict=True) if name in ("unit", "place", "industry"))
    one_carrier = carriers == 1
    return Total(
        key=key,
        quantity=quantity if one_carrier else None,
        estimated=estimated if one_carrier else None,
        calorific=calorific,
        equivalent=equivalent,
        calorific_unknown=no_calorific,
        equivalent_unknown=no_equivalent,
        unverified=bool(unverified),
        coverage=Coverage(in_register.get(own, 0), with_meters, with_readings, covered or 0, expected or 0),
    )


def prefecture_of(places: Iterable[str]) -> dict[str, str]:
    """For each place (stable code) the prefecture that it lies in, or is; places above prefectures are left out."""
    prefectures = PlaceVersion.objects.filter(level="prefecture").values("place")
    lines = Ancestry.objects.filter(descendant__in=set(places), ancestor__in=prefectures).order_by("distance")
    found: dict[str, str] = {}
    for ancestor, descendant in lines.values_list("ancestor_id", "descendant_id"):
        found.setdefault(descendant, ancestor)
    return found


def gathered(parts: Iterable[Total], group: Mapping[str, str]) -> list[Total]:
    """Totals of places as totals of the larger places in ``group``; a unit lies in one place, so that all adds up.

    A place that is not in ``group`` stays by itself. Quantities and estimates are left out: carriers are mixed.
    """
    found: dict[str, Total] = {}
    for part in parts:
        place = str(part.key[0])
        key = group.get(place, place)
        mixed = replace(part, key=(key,), quantity=None, estimated=None)
        found[key] = _together(found[key], mixed) if key in found else mixed
    return list(found.values())


def _together(left: Total, right: Total) -> Total:
    a, b = left.coverage, right.coverage
    return replace(
        left,
        calorific=_plus(left.calorific, right.calorific),
        equivalent=_plus(left.equivalent, right.equivalent),
        calorific_unknown=left.calorific_unknown + right.calorific_unknown,
        equivalent_unknown=left.equivalent_unknown + right.equivalent_unknown,
        unverified=left.unverified or right.unverified,
        coverage=Coverage(
            a.units + b.units,
            a.with_meters + b.with_meters,
            a.with_readings + b.with_readings,
            a.covered_seconds + b.covered_seconds,
            a.expected_seconds + b.expected_seconds,
        ),
    )


def _plus(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else a + b


def daily_coal(day: dt.date) -> dict[int, tuple[int | None, int | None]]:
    """Micro-kgce of a day, calorific and equivalent, by unit; None where a coefficient is missing or nothing was read.

    For those who compute, not for readers: nothing is held back.
    """
    rows = DailyEnergy.objects.filter(process="", day=day).values_list("unit").order_by()
    found = rows.annotate(
        Sum("calorific"),
        Sum("equivalent"),
        Count("pk"),
        Count("calorific"),
        Count("equivalent"),
    )
    return {
        unit: (calorific if known == rows else None, equivalent if known_equivalent == rows else None)
        for unit, calorific, equivalent, rows, known, known_equivalent in found
    }


def registered(unit: str | None = None) -> Iterator[tuple[Meter, MeterVersion]]:
    """Meters with the version that holds today, by unit and number; ``unit``: an identifier."""
    meters = Meter.objects.select_related("unit", "replaced_by").order_by("unit__identifier", "number")
    if unit is not None:
        meters = meters.filter(unit__identifier=unit)
    now = timezone.now()
    versions: dict[int, MeterVersion] = {}
    held = MeterVersion.objects.filter(Q(valid_from=None) | Q(valid_from__lte=now), meter__in=meters)
    held = held.select_related("parent")
    for version in held.order_by(F("valid_from").asc(nulls_first=True), "revision"):
        versions[version.meter_id] = version
    for meter in meters:
        if meter.pk in versions:
            yield meter, versions[meter.pk]


def days_without_readings(store: Store) -> list[dt.date]:
    """Local days between the first and the last on which nobody has sent anything."""
    there = store.days_of_points()
    if not there:
        return []
    first, last = min(there), max(there)
    every = (first + dt.timedelta(days=number) for number in range((last - first).days))
    return [day for day in every if day not in there]


def state_of_readings(store: Store) -> dict[str, object]:
    """How much there is, and what is due: JSON data."""
    status = store.status()
    manifest = store.manifest()
    made = {day: one.arrival for (day, kind), one in manifest.results.items() if kind == "days"}
    due = [day for day, change in manifest.days_of_points().items() if made.get(day, -1) < change]
    return {
        "meters": Meter.objects.count(),
        "readings": status.points,
        "superseded": status.superseded,
        "waiting": status.inbox_points,
        "files": status.files,
        "results": status.results,
        "bytes": status.bytes,
        "first_day": status.first_day.isoformat() if status.first_day else None,
        "last_day": status.last_day.isoformat() if status.last_day else None,
        "days_due": len(due),
        "days_added": EnergyDay.objects.count(),
    }
