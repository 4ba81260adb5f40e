"""The period of an item: ``statDate`` is its beginning; readings of amounts stand at its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hengneng.rules.tables import lookup
from hengneng.rules.units import convert

BEIJING = dt.timezone(dt.timedelta(hours=8))  # legal time of the whole country, which the interface uses
REAL_TIME, DAY, MONTH, YEAR = "0", "1", "2", "3"
FINEST_FIRST = (REAL_TIME, DAY, MONTH, YEAR)
# What is allowed of the time of a day holds for days, what is allowed of a month for months and years.
_TOLERANCE = {DAY: "day-time", MONTH: "month-time", YEAR: "month-time"}
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d")
_FIGURES_OF_MILLISECONDS = 13


@dataclass(frozen=True)
class StatPeriod:
    """A statistical period, both ends in local time; the end is outside it."""

    start: dt.datetime
    end: dt.datetime


def read_time(written: str) -> dt.datetime:
    """A time as devices write it: ``2026-06-01 08:15:00``, with strokes or T, as figures, in milliseconds since 1970.

    Without a zone it is Beijing time. ValueError when it is none of these.
    """
    text = written.strip().replace("/", "-")
    if text.isascii() and text.isdigit() and len(text) == _FIGURES_OF_MILLISECONDS:
        return dt.datetime.fromtimestamp(int(text) // 1000, BEIJING)
    for form in _FORMATS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=BEIJING)
        except ValueError:
            continue
    found = dt.datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=BEIJING)
    return found.astimezone(BEIJING).replace(microsecond=0)


def tolerance(stat_type: str, on: dt.date) -> dt.timedelta:
    """How far the time of a daily, monthly or yearly item may be off (table ``reading_quality``)."""
    rule = lookup("reading_quality", {"rule": _TOLERANCE[stat_type]}, on)
    assert rule.value is not None
    return dt.timedelta(seconds=float(convert(rule.value, rule.unit, "s")))


def period_of(stat_type: str, written: dt.datetime, seconds: int) -> StatPeriod:
    """The period that ``written`` begins. ``seconds``: length of a real-time period.

    A time that is off by what is tolerated is set to the beginning that was meant. ValueError when it is off by more,
    or ``stat_type`` is none of 0 real-time, 1 day, 2 month, 3 year.
    """
    if stat_type == REAL_TIME:
        return StatPeriod(written, written + dt.timedelta(seconds=seconds))
    if stat_type not in _TOLERANCE:
        raise ValueError(f"{stat_type!r} is no type of statistics")
    before = _beginning(stat_type, written)
    after = _following(stat_type, before)
    start = before if written - before <= after - written else after
    if abs(written - start) > tolerance(stat_type, written.date()):
        raise ValueError(f"{written:%Y-%m-%d %H:%M:%S} does not begin a period")
    return StatPeriod(start, _following(stat_type, start))


def _beginning(stat_type: str, moment: dt.datetime) -> dt.datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if stat_type == DAY:
        return day
    return day.replace(day=1) if stat_type == MONTH else day.replace(month=1, day=1)


def _following(stat_type: str, start: dt.datetime) -> dt.datetime:
    if stat_type == DAY:
        return start + dt.timedelta(days=1)
    if stat_type == YEAR:
        return start.replace(year=start.year + 1)
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def shortest(stat_type: str, seconds: int) -> int:
    """The shortest period of a type in seconds; a month has 28 days, so that none reaches into the one before."""
    days = {DAY: 1, MONTH: 28, YEAR: 365}
    return seconds if stat_type == REAL_TIME else int(dt.timedelta(days=days[stat_type]).total_seconds())
