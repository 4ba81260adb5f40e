"""A day, week, month or year of a load curve: its slots, what comes before and after, and the same a year before."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

DAY, WEEK, MONTH, YEAR = "day", "week", "month", "year"
SPANS = (DAY, WEEK, MONTH, YEAR)
HOURS = 24
WEEKS_OF_A_YEAR = 52  # whole weeks, so that a Monday is compared with a Monday


@dataclass(frozen=True)
class Span:
    """``kind`` of time that contains a day; weeks begin on Monday."""

    kind: str
    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, kind: str, on: dt.date) -> Span:
        """The span of ``kind`` that contains ``on``. KeyError for another kind. ValueError beyond the calendar."""
        if kind == DAY:
            return cls(kind, on, on)
        if kind == WEEK:
            monday = _moved(on, -on.weekday())
            return cls(kind, monday, _moved(monday, 6))
        if kind == MONTH:
            return cls(kind, on.replace(day=1), on.replace(day=calendar.monthrange(on.year, on.month)[1]))
        if kind == YEAR:
            return cls(kind, dt.date(on.year, 1, 1), dt.date(on.year, 12, 31))
        raise KeyError(kind)

    @property
    def hourly(self) -> bool:
        """Whether its slots are hours."""
        return self.kind in (DAY, WEEK)

    @property
    def days(self) -> list[dt.date]:
        """Its days."""
        return [self.first + dt.timedelta(days=at) for at in range((self.last - self.first).days + 1)]

    @property
    def title(self) -> str:
        """The span as it is written: a day, first and last day, a month, a year."""
        if self.kind == WEEK:
            return f"{self.first} – {self.last}"
        return {DAY: f"{self.first}", MONTH: f"{self.first:%Y-%m}", YEAR: f"{self.first:%Y}"}[self.kind]

    def before(self) -> Span | None:
        """The span just before; None at the end of the calendar."""
        return self._beside(self.first, -1)

    def after(self) -> Span | None:
        """The span just after; None at the end of the calendar."""
        return self._beside(self.last, 1)

    def _beside(self, edge: dt.date, step: int) -> Span | None:
        try:
            return Span.of(self.kind, _moved(edge, step))
        except ValueError:
            return None

    def year_before(self) -> Span | None:
        """The same span a year before; of a week the one 52 weeks before; None at the end of the calendar."""
        try:
            if self.kind == WEEK:
                return Span.of(WEEK, _moved(self.first, -7 * WEEKS_OF_A_YEAR))
            year = self.first.year - 1
            leap_day = (self.first.month, self.first.day) == (2, 29)
            return Span.of(self.kind, dt.date(year, 2, 28) if leap_day else self.first.replace(year=year))
        except ValueError:
            return None


def days_until(last: dt.date, count: int) -> list[dt.date]:
    """So many days that end with ``last``, the newest first; fewer at the beginning of the calendar."""
    return [last - dt.timedelta(days=back) for back in range(min(count, last.toordinal()))]


def _moved(day: dt.date, days: int) -> dt.date:
    try:
        return day + dt.timedelta(days=days)
    except OverflowError as error:
        raise ValueError(str(error)) from None
