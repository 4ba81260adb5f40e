"""Hours, days and alarms of an outlet as its page and its files show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from django.urls import reverse

from hengneng.emissions.series import HOUR
from hengneng.language import Text
from hengneng.monitoring.hours import OutletHours, PollutantHours
from hengneng.monitoring.models import Outlet, OutletDay
from hengneng.monitoring.reading import HOURS_OF_A_DAY
from hengneng.web.energy_spans import Span
from hengneng.web.monitoring_charts import HourChart, hour_chart
from hengneng.web.monitoring_questions import hour_written, pollutant_name, reason_words
from hengneng.web.speech import RATE, moment, shown

# Signs of a day in the calendar of valid hours: all of them, enough for a mean, fewer, none.
SIGNS = {"whole": "■", "most": "◧", "part": "□", "none": "×", "off": ""}


@dataclass(frozen=True)
class Series:
    """A pollutant in a month: its drawing, how often it was above its limit, how far the device itself agrees.

    ``compared`` hours have both a mean of ours and one that the device sent; ``largest`` and ``middle`` are how far
    they differ [1 of ours].
    """

    code: str
    name: Text
    hours: PollutantHours
    chart: HourChart | None
    compared: int
    middle: float | None
    largest: float | None

    @property
    def middle_words(self) -> str:
        """The usual difference in per cent."""
        return shown(self.middle, RATE)

    @property
    def largest_words(self) -> str:
        """The largest difference in per cent."""
        return shown(self.largest, RATE)

    @property
    def limit_words(self) -> str:
        """The limit; empty without one."""
        return "" if self.hours.against is None else f"{self.hours.against.limit.value:g}"

    @property
    def judged(self) -> int:
        """Hours that were judged."""
        return 0 if self.hours.against is None else int(self.hours.against.judged.sum())

    @property
    def exceeded(self) -> int:
        """Hours above the limit."""
        return 0 if self.hours.against is None else self.hours.against.count


@dataclass(frozen=True)
class HourLine:
    """An hour of a pollutant; None is unknown, and ``reason`` says why. ``gap`` is of the device's mean [1 of ours]."""

    at: int
    pollutant: str
    name: Text
    judged: float | None
    measured: float | None
    reported: float | None
    gap: float | None
    mass: float | None
    multiple: float | None
    exceeded: bool
    count: int
    least: int
    reason: str
    mass_reason: str
    address: str

    @property
    def begin(self) -> dt.datetime:
        """When it begins."""
        return moment(self.at)

    @property
    def gap_words(self) -> str:
        """The difference in per cent."""
        return shown(self.gap, RATE)

    @property
    def why(self) -> Text | None:
        """Why there is no value; None when there is one."""
        return reason_words(self.reason, count=self.count, least=self.least)

    @property
    def why_no_mass(self) -> Text | None:
        """Why there is no mass; None when there is one."""
        return reason_words(self.mass_reason, count=self.count, least=self.least)


@dataclass(frozen=True)
class Alarm:
    """Neighbouring hours above a limit, or an event of the device."""

    begin: dt.datetime
    end: dt.datetime | None
    what: str
    name: Text | None
    hours: int
    peak: float | None
    address: str
    found: str
    from_where: str


@dataclass(frozen=True)
class DayCell:
    """A day of the calendar: how many hours of a pollutant were valid."""

    day: dt.date
    state: str
    valid: int

    @property
    def sign(self) -> str:
        """What stands in the cell."""
        return SIGNS[self.state]


def series_of(hours: OutletHours) -> list[Series]:
    """The pollutants of an outlet, in the order of their codes."""
    found = []
    for code, one in sorted(hours.pollutants.items()):
        gaps = _gaps(one)
        known = np.abs(gaps[~np.isnan(gaps)])
        found.append(
            Series(
                code=code,
                name=pollutant_name(code),
                hours=one,
                chart=hour_chart(one),
                compared=len(known),
                middle=float(np.median(known)) if len(known) else None,
                largest=float(known.max()) if len(known) else None,
            )
        )
    return found


def hour_lines(outlet: Outlet, hours: OutletHours, start: int, end: int) -> Iterator[HourLine]:
    """Hours from ``start`` up to ``end`` [s UTC], by time and pollutant."""
    first, last = (start - hours.start) // HOUR, (end - hours.start) // HOUR
    gaps = {code: _gaps(one) for code, one in hours.pollutants.items()}
    for index in range(first, last):
        for code, one in sorted(hours.pollutants.items()):
            at = int(one.judged.times[index])
            yield HourLine(
                at=at,
                pollutant=code,
                name=pollutant_name(code),
                judged=known(one.judged.values[index]),
                measured=known(one.measured.values[index]),
                reported=known(one.reported[index]),
                gap=known(gaps[code][index]),
                mass=known(one.mass.values[index]),
                multiple=None if one.against is None else known(one.against.multiples[index]),
                exceeded=one.against is not None and bool(one.against.exceeded[index]),
                count=int(one.measured.counts[index]),
                least=int(one.measured.least[index]),
                reason=str(one.judged.reasons[index]),
                mass_reason=str(one.mass.reasons[index]),
                address=reverse("monitoring-value", args=[outlet.identifier, code, hour_written(at)]),
            )


def alarms_of(outlet: Outlet, all_series: Iterable[Series]) -> list[Alarm]:
    """Runs of hours above a limit, the latest first."""
    found = []
    for one in all_series:
        against = one.hours.against
        if against is None:
            continue
        for run, peak in zip(against.runs, against.peaks, strict=True):
            inside = slice(run.first, run.last + 1)
            highest = int(against.multiples[inside].argmax()) + run.first
            at = int(one.hours.judged.times[highest])
            found.append(
                Alarm(
                    begin=moment(run.start),
                    end=moment(run.end),
                    what="above",
                    name=one.name,
                    hours=run.count,
                    peak=peak,
                    address=reverse("monitoring-value", args=[outlet.identifier, one.code, hour_written(at)]),
                    found="",
                    from_where="",
                )
            )
    return sorted(found, key=lambda alarm: alarm.begin, reverse=True)


def calendar_of(rows: Iterable[OutletDay], month: Span, enough: int) -> list[tuple[Text, list[DayCell]]]:
    """Valid hours of each day of a month by pollutant; ``enough`` of them make the mean of a day."""
    ordered = sorted(rows, key=lambda row: row.pollutant)
    found = []
    for code, of_pollutant in groupby(ordered, key=lambda row: row.pollutant):
        valid = {row.day: row.valid_hours for row in of_pollutant}
        found.append((pollutant_name(code), [_cell(day, valid.get(day), enough) for day in month.days]))
    return found


def _cell(day: dt.date, valid: int | None, enough: int) -> DayCell:
    if valid is None:
        return DayCell(day, "off", 0)
    if valid >= HOURS_OF_A_DAY:
        return DayCell(day, "whole", valid)
    return DayCell(day, "most" if valid >= enough else "part" if valid else "none", valid)


def _gaps(one: PollutantHours) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How far the hour means that the device sent lie from ours [1 of ours]; NaN where one is missing or ours is 0."""
    ours = np.where(one.measured.values == 0, np.nan, one.measured.values)
    gaps: np.ndarray[tuple[int], np.dtype[np.float64]] = (one.reported - ours) / ours
    return gaps


def known(value: float) -> float | None:
    """A number, or None where there is none."""
    return None if np.isnan(value) else float(value)
