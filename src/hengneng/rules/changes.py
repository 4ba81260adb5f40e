"""What changes in the rules on a day: rows that come into force, rows that end, and what takes whose place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from hengneng.rules.entry import RuleEntry, RuleTable

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class RuleChange:
    """What is different from ``day`` on: ``before`` is in force until the day before, ``after`` from the day on.

    Without ``before`` something begins, without ``after`` it ends. Both are of one key and one place.
    """

    table: RuleTable
    day: dt.date
    before: RuleEntry | None
    after: RuleEntry | None

    @property
    def entry(self) -> RuleEntry:
        """The later of the two."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def kind(self) -> str:
        """``begins``, ``ends``, ``replaced``, or ``restated`` where nothing but the edition and its source differ."""
        if self.before is None:
            return "begins"
        if self.after is None:
            return "ends"
        same = self.before.value == self.after.value and self.before.unit == self.after.unit
        return "restated" if same and not self.differing else "replaced"

    @property
    def difference(self) -> Decimal | None:
        """New value less old value, in their unit; None where there are not two numbers in one unit."""
        old, new = self.before, self.after
        if old is None or new is None or old.value is None or new.value is None or old.unit != new.unit:
            return None
        return new.value - old.value

    @property
    def ratio(self) -> Decimal | None:
        """The difference as a fraction of the old value [1]; None where there is none."""
        if self.difference is None or self.before is None or not self.before.value:
            return None
        return self.difference / abs(self.before.value)

    @property
    def differing(self) -> tuple[str, ...]:
        """Names of the columns besides the value in which the two differ (text of the value included)."""
        if self.before is None or self.after is None:
            return ()
        before, after = self.before.attributes, self.after.attributes
        names = [name for name in after if before.get(name, "") != after[name]]
        return (*(["value"] if self.before.text != self.after.text else []), *names)


def changes_of(table: RuleTable) -> list[RuleChange]:
    """Every change of a table through time, in order. A row without a first day has always been in force."""
    found = []
    for entries in table.by_key.values():
        for place in {entry.place for entry in entries}:
            found += _of_series(table, [entry for entry in entries if entry.place == place])
    return sorted(found, key=lambda change: (change.day, change.entry.row))


def _of_series(table: RuleTable, entries: Iterable[RuleEntry]) -> list[RuleChange]:
    """Changes of the rows of one key and place: what follows the next day replaces, what comes later begins."""
    ordered = sorted(entries, key=lambda entry: entry.valid_from or dt.date.min)
    found = []
    if ordered[0].valid_from:
        found.append(RuleChange(table, ordered[0].valid_from, None, ordered[0]))
    for before, after in pairwise(ordered):
        assert after.valid_from is not None  # rows of one key and place never overlap
        if before.valid_to is not None and before.valid_to + ONE_DAY < after.valid_from:
            found.append(RuleChange(table, before.valid_to + ONE_DAY, before, None))
            found.append(RuleChange(table, after.valid_from, None, after))
        else:
            found.append(RuleChange(table, after.valid_from, before, after))
    last = ordered[-1]
    if last.valid_to is not None and last.valid_to < dt.date.max:
        found.append(RuleChange(table, last.valid_to + ONE_DAY, last, None))
    return found


def changes_between(
    tables: Iterable[RuleTable], first: dt.date | None = None, last: dt.date | None = None
) -> list[RuleChange]:
    """Changes that take effect from ``first`` to ``last``, both included (None: without bound), by day and table."""
    found = [
        change
        for table in tables
        for change in changes_of(table)
        if (first is None or first <= change.day) and (last is None or change.day <= last)
    ]
    return sorted(found, key=lambda change: (change.day, change.table.name, change.entry.row))
