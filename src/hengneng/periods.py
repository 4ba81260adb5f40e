"""Periods of time as people write them in plans and tables, and the days they cover.

Five written forms, one canonical: ``2015`` (year), ``2015H1`` (half), ``2015Q3`` (quarter), ``2015-07`` (month),
``2015M1-7`` (from January on, cumulated), ``2011-2015`` (several whole years).
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from hengneng.language import Text

_FORMS = {
    "year": re.compile(r"(?P<year>\d{4})", re.ASCII),
    "half": re.compile(r"(?P<year>\d{4})H(?P<half>[12])", re.ASCII),
    "quarter": re.compile(r"(?P<year>\d{4})Q(?P<quarter>[1-4])", re.ASCII),
    "month": re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])", re.ASCII),
    "cumulated": re.compile(r"(?P<year>\d{4})M1-(?P<month>1[0-2]|[2-9])", re.ASCII),
    "years": re.compile(r"(?P<year>\d{4})-(?P<last>\d{4})", re.ASCII),
}


@dataclass(frozen=True, order=True)
class Period:
    """The days from ``start`` to ``end``, both included."""

    start: dt.date
    end: dt.date
    written: str

    @classmethod
    def parse(cls, written: str) -> Period:
        """Read one of the written forms. ValueError for anything else; it names the forms."""
        written = written.strip()
        for form, pattern in _FORMS.items():
            found = pattern.fullmatch(written)
            if found:
                return cls._build(form, {name: int(value) for name, value in found.groupdict().items()}, written)
        raise ValueError(f"{written!r} is not a period; write 2015, 2015H1, 2015Q3, 2015-07, 2015M1-7 or 2011-2015")

    @classmethod
    def _build(cls, form: str, part: dict[str, int], written: str) -> Period:
        year = part["year"]
        first, last_year, last = 1, year, 12
        if form == "half":
            first, last = 6 * part["half"] - 5, 6 * part["half"]
        elif form == "quarter":
            first, last = 3 * part["quarter"] - 2, 3 * part["quarter"]
        elif form == "month":
            first = last = part["month"]
        elif form == "cumulated":
            last = part["month"]
        elif form == "years":
            last_year = part["last"]
            if last_year <= year:
                raise ValueError(f"{written!r}: the last year must come after the first")
        end = dt.date(last_year, last, calendar.monthrange(last_year, last)[1])
        return cls(dt.date(year, first, 1), end, written)

    @classmethod
    def of_year(cls, year: int) -> Period:
        """The whole calendar year."""
        return cls.parse(f"{year:04d}")

    @property
    def year(self) -> int:
        """The calendar year in which the period ends."""
        return self.end.year

    @property
    def is_year(self) -> bool:
        """Whether it is exactly one calendar year."""
        return _FORMS["year"].fullmatch(self.written) is not None

    def overlaps(self, start: dt.date | None, end: dt.date | None) -> bool:
        """Whether any day lies within ``start``..``end`` (None: without bound)."""
        return (start is None or start <= self.end) and (end is None or end >= self.start)

    def label(self) -> Text:
        """The period in words."""
        form, part = next((f, m.groupdict()) for f, p in _FORMS.items() if (m := p.fullmatch(self.written)))
        year = part["year"]
        if form == "half":
            half = part["half"]
            return Text(zh=f"{year}年{'上' if half == '1' else '下'}半年", en=f"{year}, half {half}")
        if form == "quarter":
            return Text(
                zh=f"{year}年第{'一二三四'[int(part['quarter']) - 1]}季度",
                en=f"{year}, quarter {part['quarter']}",
            )
        if form == "month":
            month = int(part["month"])
            return Text(zh=f"{year}年{month}月", en=f"{calendar.month_name[month]} {year}")
        if form == "cumulated":
            month = int(part["month"])
            return Text(zh=f"{year}年1–{month}月", en=f"January to {calendar.month_name[month]} {year}")
        if form == "years":
            return Text(zh=f"{year}–{part['last']}年", en=f"{year} to {part['last']}")
        return Text(zh=f"{year}年", en=year)

    def __str__(self) -> str:
        return self.written
