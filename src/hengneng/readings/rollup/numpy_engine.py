"""The roll-up of a day with NumPy, in this process: the same as template.sql, to the last integer."""

from __future__ import annotations

from collections.abc import Sequence

from hengneng.readings.columns import Days, Hours
from hengneng.readings.points import DAY
from hengneng.readings.rollup.adding import added_up
from hengneng.readings.rollup.arrow import table_of_days, table_of_hours
from hengneng.readings.rollup.counting import TooWideError, intervals_of, pieces
from hengneng.readings.rollup.days import begin_of
from hengneng.readings.rollup.duckdb_engine import DuckdbEngine
from hengneng.readings.rollup.tables import DayInput, DayTables
from hengneng.readings.rollup.versions import Versions
from hengneng.readings.validation.flags import DayFlags
from hengneng.readings.validation.rules import Rules


class NumpyEngine:
    """Rolls days up. A day whose numbers may not fit into 64 bits is DuckDB's, which has wider ones."""

    def __init__(self, versions: Versions, rules: Rules, flags: bool) -> None:
        self.versions = versions
        self.rules = rules
        self.flags = flags

    def roll_up(self, window: Sequence[DayInput]) -> list[DayTables]:
        """The results of days. RefusedError M042 when a number does not fit into 64 bits."""
        return [self._roll_up(given) for given in window]

    def _roll_up(self, given: DayInput) -> DayTables:
        start = begin_of(given.day)
        end = start + DAY
        versions = self.versions.columns
        flags = DayFlags(start, end, self.rules, versions) if self.flags else None
        found: list[tuple[Hours, Days]] = []
        try:
            for rows in pieces(given):
                intervals = intervals_of(rows, given.opening, versions, self.rules, start, end)
                found.append(added_up(intervals, versions, start, end))
                if flags:
                    flags.look_at(intervals)
        except TooWideError:
            return DuckdbEngine(self.versions, self.rules, self.flags).roll_up([given])[0]
        hours = Hours.concat([one for one, _ in found])
        days = Days.concat([one for _, one in found])
        return DayTables(table_of_hours(hours), table_of_days(days), flags.table(hours, days) if flags else None)
