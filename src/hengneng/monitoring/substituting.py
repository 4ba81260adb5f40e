"""Missing masses of outlets, with what stands in for them: quarter by quarter, made anew when a day has changed.

Derived from the masses of the hours alone, so that late data need nothing but another run. What was measured stays as
it is; concentrations stay missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from hengneng.database.locking import one_writer
from hengneng.emissions.parameters import mark_rules
from hengneng.emissions.series import HOUR, LONGEST_WORD, Means
from hengneng.emissions.substitution import Substituted, standard_of, substituted
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import Outlet, OutletDay, SubstitutedDay
from hengneng.monitoring.records import FLOW, OutletRecords, records_of, records_of_all
from hengneng.monitoring.taking import local_offset, start_of_day

DAY = 86_400
HOURS_OF_A_DAY = 24
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter as far as it has come: from ``first`` to ``last``, both included."""

    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        """The whole quarter of a day."""
        month = (day.month - 1) // 3 * 3 + 1
        first = day.replace(month=month, day=1)
        return cls(first, (first + dt.timedelta(days=100)).replace(day=1) - ONE_DAY)

    @property
    def before(self) -> Quarter:
        """The one before."""
        return Quarter.of(self.first - ONE_DAY)

    @property
    def behind(self) -> Quarter:
        """The one behind."""
        return Quarter.of(Quarter.of(self.first).last + ONE_DAY)


def last_whole_day() -> dt.date | None:
    """The last local day that is over and of which any outlet has sent something; None before the first."""
    newest: dt.date | None = OutletDay.objects.aggregate(day=Max("day"))["day"]
    yesterday = (timezone.now() + dt.timedelta(seconds=local_offset())).date() - ONE_DAY
    return None if newest is None else min(newest, yesterday)


def substitute(outlets: Sequence[Outlet], first: dt.date, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Make what stands in for missing masses anew from the quarter of ``first`` on; how many days have something.

    A day that changes also changes the quarters that look back on it, and all up to the last whole day are made.
    """
    last = last_whole_day()
    if last is None or first > last:
        return 0
    said, made = records_of_all(outlets), 0
    quarter = Quarter.of(first)
    while quarter.first <= last and not stop():
        for outlet in outlets:
            made += _substitute(outlet, Quarter(quarter.first, min(quarter.last, last)), said[outlet.pk])
        quarter = quarter.behind
    return made


def _substitute(outlet: Outlet, quarter: Quarter, said: OutletRecords) -> int:
    begin = _sources_from(quarter)
    names = OutletDay.objects.filter(outlet=outlet, day__range=(begin, quarter.last)).order_by("pollutant")
    rows = [
        row
        for pollutant in names.values_list("pollutant", flat=True).distinct()
        for row in _rows(outlet, pollutant, quarter, said)
    ]
    with transaction.atomic():
        one_writer(SubstitutedDay._meta.db_table)
        # To the end of the quarter: a day that was the last whole one may have been taken back.
        end = Quarter.of(quarter.first).last
        SubstitutedDay.objects.filter(outlet=outlet, day__range=(quarter.first, end)).delete()
        SubstitutedDay.objects.bulk_create(rows)
    return len(rows)


def _sources_from(quarter: Quarter) -> dt.date:
    """The first day that is looked back on."""
    found = quarter
    for _ in range(limit("quarters_of_sources")):
        found = found.before
    return found.first


def filled_hours(outlet: Outlet, pollutant: str, quarter: Quarter, standard: str, said: OutletRecords) -> Substituted:
    """The masses of hours [kg] of a quarter and those before it that it looks back on, filled by ``standard``.

    They begin with the day from which anything is known of the pollutant: before its monitor stood there, nothing was
    missing.
    """
    every = OutletDay.objects.filter(outlet=outlet, pollutant=pollutant)
    known: dt.date = every.aggregate(day=Min("day"))["day"] or quarter.first
    first = max(_sources_from(quarter), known)
    masses = _masses(outlet, pollutant, first, quarter.last)
    still = said.still(masses.times, mark_rules(quarter.last))
    since = np.maximum(said.last_passed(pollutant, masses.times), said.last_passed(FLOW, masses.times))
    return substituted(masses, standard, without_emission=still, reference_times=since, offset=local_offset())


def substitution_on(outlet: Outlet, pollutant: str, day: dt.date) -> tuple[str, Substituted] | None:
    """The standard of a day and the filled hours of its quarter; None where no standard says what stands in."""
    standard, last = standard_of(outlet.medium, day), last_whole_day()
    if standard is None or last is None or day > last:
        return None
    quarter = Quarter.of(day)
    asked = Quarter(quarter.first, min(quarter.last, last))
    return standard, filled_hours(outlet, pollutant, asked, standard, records_of(outlet))


def _masses(outlet: Outlet, pollutant: str, first: dt.date, last: dt.date) -> Means:
    start, size = start_of_day(first), ((last - first).days + 1) * HOURS_OF_A_DAY
    at = start + HOUR * np.arange(size, dtype=np.int64)
    values = np.full(size, np.nan)
    unverified = False
    rows = OutletDay.objects.filter(outlet=outlet, pollutant=pollutant, day__range=(first, last)).order_by("day")
    for day, every, unsure in rows.values_list("day", "hour_masses", "unverified"):
        begin = (day - first).days * HOURS_OF_A_DAY
        values[begin : begin + len(every)] = [np.nan if one is None else one for one in every]
        unverified |= unsure
    reasons = np.where(np.isnan(values), "periods-without-mass", "").astype(LONGEST_WORD)
    ones = np.ones(size, np.int64)
    return Means(at, values, ones, ones, reasons, unverified)


def _rows(outlet: Outlet, pollutant: str, quarter: Quarter, said: OutletRecords) -> Iterator[SubstitutedDay]:
    days = [quarter.first + dt.timedelta(days=number) for number in range((quarter.last - quarter.first).days + 1)]
    by_standard: dict[str, list[dt.date]] = {}
    for day in days:
        if standard := standard_of(outlet.medium, day):
            by_standard.setdefault(standard, []).append(day)
    for standard, of in by_standard.items():
        found = filled_hours(outlet, pollutant, quarter, standard, said)
        yield from _days(outlet, pollutant, standard, of, found)


def _days(
    outlet: Outlet, pollutant: str, standard: str, days: Iterable[dt.date], found: Substituted
) -> Iterator[SubstitutedDay]:
    """One row for each of the days that has something missing."""
    start = int(found.masses.times[0])
    by_day: dict[int, list[int]] = {}
    for index, one in enumerate(found.substitutions):
        by_day.setdefault((one.time - start) // DAY, []).append(index)
    for day in days:
        place = (start_of_day(day) - start) // DAY
        if place < 0:
            continue
        of_day = slice(place * HOURS_OF_A_DAY, (place + 1) * HOURS_OF_A_DAY)
        filled = [found.substitutions[index] for index in by_day.get(place, ())]
        missing = np.isnan(found.masses.values[of_day]).any()
        if not filled and not missing:
            continue
        yield SubstitutedDay(
            outlet=outlet,
            day=day,
            pollutant=pollutant,
            mass=None if missing else float(found.masses.values[of_day].sum()),
            reason="no-substitute" if missing else "",
            hours=len(filled),
            standard=standard,
            capture_rate=filled[0].capture_rate if filled else None,
            quarter_fails=any(one.quarter_fails for one in filled),
            unverified=found.masses.unverified,
        )
