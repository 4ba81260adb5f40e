"""The calendar of duties: by month, as a grid of days, and as an iCalendar file."""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.urls import reverse
from django.utils import timezone

from hengneng.duties.reading import Entry
from hengneng.web.speech import Speech

SHOWN_A_DAY = 4
LINE = 75  # octets of a line of an iCalendar file (RFC 5545, 3.1)


@dataclass(frozen=True)
class Month:
    """The entries of one month."""

    first: dt.date
    days: list[tuple[dt.date, list[Entry]]]

    @property
    def written(self) -> str:
        """``2015-12``."""
        return f"{self.first:%Y-%m}"

    @property
    def total(self) -> int:
        """How many entries."""
        return sum(len(entries) for _, entries in self.days)


def by_month(entries: Iterable[Entry]) -> list[Month]:
    """Months in which anything falls due, with their days."""
    found = []
    for first, of_month in groupby(entries, key=lambda entry: entry.day.replace(day=1)):
        days = [(day, list(of_day)) for day, of_day in groupby(of_month, key=lambda entry: entry.day)]
        found.append(Month(first, days))
    return found


@dataclass(frozen=True)
class GridDay:
    """A day of the grid; ``more``: entries that are not shown."""

    day: dt.date
    within: bool
    today: bool
    entries: Sequence[Entry]
    more: int


def month_grid(entries: Iterable[Entry], first: dt.date, day: dt.date) -> list[list[GridDay]]:
    """The weeks of a month, Monday first."""
    on: dict[dt.date, list[Entry]] = {}
    for entry in entries:
        on.setdefault(entry.day, []).append(entry)
    return [
        [
            GridDay(
                one,
                one.month == first.month,
                one == day,
                on.get(one, [])[:SHOWN_A_DAY],
                max(len(on.get(one, [])) - SHOWN_A_DAY, 0),
            )
            for one in week
        ]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]


def month_to_show(entries: Sequence[Entry], day: dt.date, asked: dt.date | None) -> dt.date:
    """The month asked for; else that of the next entry from ``day`` on, or of the last one there is."""
    if asked is not None:
        return asked
    coming = [entry.day for entry in entries if entry.day >= day]
    if coming:
        return min(coming).replace(day=1)
    return (entries[-1].day if entries else day).replace(day=1)


def next_month(first: dt.date, by: int) -> dt.date:
    """The first day of the month before or after."""
    at = first.year * 12 + first.month - 1 + by
    return dt.date(at // 12, at % 12 + 1, 1)


def icalendar(entries: Iterable[Entry], name: str, host: str, origin: str, speech: Speech) -> str:
    """The entries as an iCalendar file: whole days, whose identity stays the same when they are moved."""
    stamp = timezone.now().astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hengneng//duties//ZH", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{_escaped(name)}")
    for entry in entries:
        one = entry.one
        lead = speech.said(one.lead.label) if one.lead else speech.words("duties.state.unassigned")
        person = one.person.name if one.person else speech.words("web.duties.nobody")
        words = speech.words(f"duties.state.{'done' if entry.done else one.state}")
        part = f"-{entry.number}" if entry.number is not None else ""
        lines += [
            "BEGIN:VEVENT",
            f"UID:duty-{one.key}{part}@{host}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{entry.day + dt.timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(f'{one.duty.clause} {speech.said(entry.title)}')}",
            f"DESCRIPTION:{_escaped(chr(10).join((speech.said(one.action), lead, person, words)))}",
            f"URL:{origin}{reverse('duty', args=[one.key])}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A line cut after at most 75 octets, never within a character."""
    parts, part = list[bytes](), b""
    for sign in line:
        octets = sign.encode()
        if len(part) + len(octets) > (LINE if not parts else LINE - 1):
            parts.append(part)
            part = b""
        part += octets
    return "\r\n ".join(each.decode() for each in [*parts, part])
