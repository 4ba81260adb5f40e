"""A view of all readings at one moment: the files that the manifest names, and the batches of the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from hengneng.readings.compactor import by_day
from hengneng.readings.files import PointFile, ResultFile, table_of
from hengneng.readings.ordering import Rows, steps_back
from hengneng.readings.points import Int64Array, Points, date_of


@dataclass(frozen=True)
class InboxBatch:
    """A batch that is not in a file yet; its readings are sorted by meter and time."""

    arrival: int
    points: Points

    @cached_property
    def arrivals(self) -> Int64Array:
        """Arrival of each reading: smaller ones for values that the same batch corrects further on."""
        return self.arrival - steps_back(self.points)

    @cached_property
    def days(self) -> Mapping[date, Rows]:
        """The rows by local day."""
        return {date_of(day): rows for day, rows in by_day(self.points, self.arrivals)}


@dataclass(frozen=True)
class Manifest:
    """A snapshot. Its files stay readable for the time of grace, whatever is sorted and merged meanwhile."""

    folder: Path
    files: Mapping[date, tuple[PointFile, ...]]
    inbox: tuple[InboxBatch, ...]
    results: Mapping[tuple[date, str], ResultFile]
    arrival: int  # the highest number that was given out
    _days: dict[date, int] = field(default_factory=dict, repr=False, compare=False)

    def days_of_points(self) -> dict[date, int]:
        """Local days with readings, and the number of the last change of each.

        A result whose ``arrival`` is this number has seen all readings of the day. Take the number from here, not from
        the rows: a bulk import becomes visible under a higher number than its rows carry.
        """
        if not self._days:
            self._days.update({day: max(file.change for file in files) for day, files in self.files.items()})
            self._add(self.inbox)
        return dict(self._days)

    def with_more(self, batches: tuple[InboxBatch, ...], arrival: int) -> Manifest:
        """The same a moment later: nothing but ``batches`` has come."""
        more = replace(self, inbox=self.inbox + batches, arrival=arrival, _days=self.days_of_points())
        more._add(batches)
        return more

    def _add(self, batches: tuple[InboxBatch, ...]) -> None:
        for batch in batches:
            for day in batch.days:
                self._days[day] = max(self._days.get(day, 0), batch.arrival)

    def inbox_rows(self, day: date) -> Rows:
        """Rows of ``day`` that are in no file yet, in the order of their arrival."""
        return Rows.concat([batch.days[day] for batch in self.inbox if day in batch.days])

    def inbox_of(self, day: date) -> pa.Table | None:
        """The same as a table with the columns of a file of 6 decimals; None when there are none."""
        rows = self.inbox_rows(day)
        return table_of(rows) if len(rows) else None
