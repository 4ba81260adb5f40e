"""Days of outlets: what left them, against limits, with the signs found; made again where something has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from math import isnan

from django.db import transaction
from django.utils import timezone

from hengneng.database.locking import one_writer
from hengneng.emissions.averaging import day_means
from hengneng.emissions.masses import daily_masses
from hengneng.emissions.parameters import validity_rules
from hengneng.monitoring.hours import OutletHours, PollutantHours, outlet_hours
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import MonitoredDay, Outlet, OutletDay, OutletFinding
from hengneng.monitoring.signs import Sign, alike, captured, signs_of
from hengneng.monitoring.taking import local_offset, start_of_day
from hengneng.readings.store import Store

DAY = 86_400


@dataclass
class DaysDone:
    """What a run has done."""

    days: int = 0
    rows: int = 0
    findings: int = 0


def due_days(store: Store) -> dict[dt.date, int]:
    """Days whose values have changed since they were added up, with the number of their last change.

    A value at midnight stands in the file of the day before, so that a change there concerns two days.
    """
    changes: dict[dt.date, int] = {}
    for day, change in store.days_of_points().items():
        for one in (day, day + dt.timedelta(days=1)):
            changes[one] = max(change, changes.get(one, 0))
    seen = dict(MonitoredDay.objects.values_list("day", "change"))
    today = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=local_offset())).date()
    return {day: change for day, change in sorted(changes.items()) if seen.get(day, -1) < change and day <= today}


def add_up_days(
    store: Store,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> DaysDone:
    """Add up the days that are due, each in a transaction of its own."""
    done, due = DaysDone(), due_days(store)
    outlets = list(Outlet.objects.exclude(device=None).select_related("unit", "device").order_by("pk"))
    for place, (day, change) in enumerate(due.items()):
        if stop():
            break
        rows, findings = add_up_day(store, outlets, day, change)
        done.days += 1
        done.rows += rows
        done.findings += findings
        progress(place + 1, len(due))
    return done


def add_up_day(store: Store, outlets: Iterable[Outlet], day: dt.date, change: int) -> tuple[int, int]:
    """One day of all ``outlets``: how many rows, how many new findings."""
    start = start_of_day(day)
    rows: list[OutletDay] = []
    signs: list[tuple[Outlet, Sign]] = []
    looked_at: dict[int, list[OutletHours]] = {}
    for outlet in outlets:
        hours = outlet_hours(store, outlet, start, start + DAY)
        if not hours.columns:
            continue
        rows += (_row(outlet, day, one) for one in hours.pollutants.values())
        window = outlet_hours(store, outlet, start - (limit("days_of_findings") - 1) * DAY, start + DAY)
        looked_at.setdefault(outlet.unit_id, []).append(window)
        signs += ((outlet, sign) for sign in signs_of(window, day))
        if (day + dt.timedelta(days=1)).day == 1:
            month = outlet_hours(store, outlet, start_of_day(day.replace(day=1)), start + DAY)
            signs += ((outlet, sign) for sign in captured(month, day))
    for of_unit in looked_at.values():
        for one, other in combinations(of_unit, 2):
            signs += ((one.outlet, sign) for sign in alike(one, other, day))
    with transaction.atomic():
        one_writer(OutletDay._meta.db_table)
        OutletDay.objects.filter(day=day).delete()
        OutletDay.objects.bulk_create(rows)
        new = _keep(signs, day)
        MonitoredDay.objects.update_or_create(day=day, defaults={"change": change})
    return len(rows), new


def _row(outlet: Outlet, day: dt.date, one: PollutantHours) -> OutletDay:
    rules = validity_rules(outlet.medium, day)
    means, masses = day_means(one.judged, rules, local_offset()), daily_masses(one.mass, local_offset())
    mean, mass = float(means.values[0]), float(masses.values[0])
    against = one.against
    return OutletDay(
        outlet=outlet,
        day=day,
        pollutant=one.pollutant,
        mean=None if means.reasons[0] else mean,
        mean_reason=str(means.reasons[0]),
        mass=None if masses.reasons[0] else mass,
        mass_reason=str(masses.reasons[0]),
        valid_hours=int(one.judged.valid.sum()),
        judged_hours=None if against is None else int(against.judged.sum()),
        exceeded_hours=None if against is None else against.count,
        silent_hours=int((one.measured.reasons == "no-values").sum()),
        limit=None if against is None else Decimal(str(against.limit.value)),
        unverified=means.unverified or masses.unverified or bool(against and against.unverified),
    )


def _keep(signs: Iterable[tuple[Outlet, Sign]], day: dt.date) -> int:
    """Write findings down; one that was found before stays as it was found then."""
    now = timezone.now()
    made = [
        OutletFinding(
            outlet=outlet,
            day=day,
            number=sign.finding.number,
            quantity=sign.quantity,
            severity=sign.finding.severity.name.lower(),
            statistic=sign.finding.statistic,
            threshold=sign.finding.threshold,
            unit=sign.finding.unit,
            begin=dt.datetime.fromtimestamp(sign.finding.start, dt.UTC),
            end=dt.datetime.fromtimestamp(sign.finding.end, dt.UTC),
            evidence={
                "times": list(sign.finding.evidence.times),
                # JSON has no number for what is missing.
                "values": [None if isnan(one) else one for one in sign.finding.evidence.values],
            },
            unverified=sign.finding.unverified,
            found_at=now,
        )
        for outlet, sign in signs
    ]
    before = OutletFinding.objects.filter(day=day).count()
    OutletFinding.objects.bulk_create(made, ignore_conflicts=True)
    return OutletFinding.objects.filter(day=day).count() - before
