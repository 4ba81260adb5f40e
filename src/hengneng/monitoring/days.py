"""Days of outlets: what left them, against limits, with the signs found; made again where something has changed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isnan

from django.db import transaction
from django.utils import timezone

from hengneng.database.locking import one_writer
from hengneng.emissions.averaging import day_means, flow_weighted_days
from hengneng.emissions.exceedance import exceedances
from hengneng.emissions.masses import daily_masses
from hengneng.emissions.parameters import validity_rules
from hengneng.emissions.series import Means
from hengneng.monitoring.hours import OutletHours, PollutantHours, columns_of_all, outlet_hours, within
from hengneng.monitoring.limits import limit
from hengneng.monitoring.load import electricity_of, fuel_of
from hengneng.monitoring.models import MonitoredDay, Outlet, OutletDay, OutletFinding, SubstitutedDay
from hengneng.monitoring.records import records_of_all
from hengneng.monitoring.signs import Shape, Sign, alike, captured, shapes_of, signs_of
from hengneng.monitoring.substituting import substitute
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
    seen = {one.day: one for one in MonitoredDay.objects.all()}
    today = (timezone.now() + dt.timedelta(seconds=local_offset())).date()

    def due(day: dt.date, change: int) -> bool:
        before = seen.get(day)
        return before is None or before.change < change or (day < today and not looked_through(before))

    return {day: change for day, change in sorted(changes.items()) if day <= today and due(day, change)}


def looked_through(one: MonitoredDay) -> bool:
    """Whether signs were looked for once the day was over."""
    return one.looked_at is not None and one.looked_at.timestamp() >= start_of_day(one.day) + DAY


def _worth_a_look(day: dt.date) -> bool:
    """Whether signs are looked for now: on a day that is over always, on one that goes on once in a while."""
    now, before = timezone.now(), MonitoredDay.objects.filter(day=day).first()
    if now.timestamp() >= start_of_day(day) + DAY or before is None or before.looked_at is None:
        return True
    return (now - before.looked_at).total_seconds() >= limit("seconds_between_looks")


def add_up_days(
    store: Store,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> DaysDone:
    """Add up the days that are due, each in a transaction of its own."""
    done, due = DaysDone(), due_days(store)
    touched: list[dt.date] = []
    outlets = list(Outlet.objects.exclude(device=None).select_related("unit", "device").order_by("pk"))
    for place, (day, change) in enumerate(due.items()):
        if stop():
            break
        rows, findings = add_up_day(store, outlets, day, change)
        done.days += 1
        done.rows += rows
        done.findings += findings
        touched.append(day)
        progress(place + 1, len(due))
    if touched:
        substitute(outlets, min(touched), stop=stop)
    return done


def add_up_day(store: Store, outlets: Iterable[Outlet], day: dt.date, change: int) -> tuple[int, int]:
    """One day of all ``outlets``: how many rows, how many new findings."""
    start, look = start_of_day(day), _worth_a_look(day)
    outlets = list(outlets)
    records = records_of_all(outlets)
    rows: list[OutletDay] = []
    signs: list[tuple[Outlet, Sign]] = []
    shapes: list[Shape] = []
    alone = Counter(Outlet.objects.values_list("unit", "medium"))
    first = start - (limit("days_of_findings") - 1) * DAY if look else start
    at_once = limit("outlets_read_at_once")
    for group in (outlets[place : place + at_once] for place in range(0, len(outlets), at_once)):
        every = columns_of_all(store, group, first, start + DAY)
        for outlet in group:
            columns, said = every.get(outlet.pk, {}), records[outlet.pk]
            hours = outlet_hours(store, outlet, start, start + DAY, within(columns, start, start + DAY), said)
            if not hours.columns:
                continue
            rows += (_row(hours, day, one) for one in hours.pollutants.values())
            if look:
                window = outlet_hours(store, outlet, first, start + DAY, columns, said)
                shapes += shapes_of(window)
                only = alone[outlet.unit_id, outlet.medium] == 1
                signs += ((outlet, sign) for sign in _signs(store, window, day, only))
    signs += alike(shapes, day)
    with transaction.atomic():
        one_writer(OutletDay._meta.db_table)
        OutletDay.objects.filter(day=day, outlet__in=outlets).delete()
        # What stood in for the old masses goes with them, so that nothing is ever added to what is known now.
        SubstitutedDay.objects.filter(day=day, outlet__in=outlets).delete()
        OutletDay.objects.bulk_create(rows)
        new = _keep(signs, day)
        looked = {"looked_at": timezone.now()} if look else {}
        MonitoredDay.objects.update_or_create(day=day, defaults={"change": change, **looked})
    return len(rows), new


def _signs(store: Store, window: OutletHours, day: dt.date, alone: bool) -> Iterator[Sign]:
    """Signs at one outlet, in the days up to ``day``; ``alone``: it is the only one of its medium at its unit."""
    outlet, electricity, fuel = window.outlet, None, None
    # What a unit uses as a whole says something of its only outlet, and nothing of one among several.
    if alone:
        electricity = electricity_of(outlet.unit_id, window.start, window.end)
        fuel = None if outlet.gas_per_coal is None else fuel_of(outlet.unit_id, window.start, window.end)
    yield from signs_of(window, day, electricity, fuel)
    if (day + dt.timedelta(days=1)).day == 1:
        begin = start_of_day(day.replace(day=1))
        yield from captured(outlet_hours(store, outlet, begin, window.end, records=window.records), day)


def day_mean(hours: OutletHours, one: PollutantHours, day: dt.date) -> Means:
    """The mean of a day [mg/m3 or mg/L]; that of water is weighted with its flow where that is measured.

    HJ 212-2017 annex D.1 and D.2.
    """
    rules = validity_rules(hours.outlet.medium, day)
    if hours.outlet.medium == Outlet.Medium.WATER and hours.flow is not None:
        # Cubic metres an hour are cubic metres of the hour.
        return flow_weighted_days(one.judged, hours.flow.values, rules, local_offset())
    return day_means(one.judged, rules, local_offset())


def _row(hours: OutletHours, day: dt.date, one: PollutantHours) -> OutletDay:
    outlet = hours.outlet
    means, masses = day_mean(hours, one, day), daily_masses(one.mass, local_offset())
    mean, mass = float(means.values[0]), float(masses.values[0])
    against, of_day = one.against, one.limit_of_day
    judged = None if of_day is None else exceedances(means, of_day, step=DAY)
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
        limit_of_day=None if of_day is None else Decimal(str(of_day.value)),
        above_limit_of_day=bool(judged.exceeded[0]) if judged and judged.judged[0] else None,
        hour_masses=[None if isnan(each) else each for each in one.mass.values.tolist()],
        unverified=means.unverified
        or masses.unverified
        or any(bool(each and each.unverified) for each in (against, judged)),
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
            other=sign.other,
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
