"""The store as one run of the roll-up sees it: one snapshot, days as numbers, only current readings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import pyarrow.parquet as pq

from hengneng.readings.files import PointFile, ResultFile, read_points
from hengneng.readings.limits import limit
from hengneng.readings.ordering import Rows
from hengneng.readings.points import DECIMALS, Points, date_of, number_of
from hengneng.readings.rollup.closing import State
from hengneng.readings.rollup.days import Made, begin_of
from hengneng.readings.rollup.results import DAYS, HOURS, STATE, made_of
from hengneng.readings.store import Store

# Closing states of this process by the name of their file, which never changes its content.
_states: OrderedDict[str, State] = OrderedDict()


class Snapshot:
    """Readings and results at one moment. Implements days.Source."""

    def __init__(self, store: Store) -> None:
        self.folder = store.folder
        self.manifest = store.manifest()
        self._newest = {number_of(day): change for day, change in self.manifest.days_of_points().items()}
        self._kept: dict[int, Points] = {}
        self._states: dict[int, ResultFile] = {}
        self._made: dict[int, Made] = {}
        results = self.manifest.results
        for (day, kind), file in results.items():
            # A day that has lost a file (it was corrupt, and set aside) has no results until it is rolled up again.
            if kind == STATE and (day, HOURS) in results and (day, DAYS) in results:
                self._made[number_of(day)] = made_of(file)
                self._states[number_of(day)] = file

    def newest(self) -> Mapping[int, int]:
        """Day -> number of its newest change."""
        return self._newest

    def made(self) -> Mapping[int, Made]:
        """Day -> what is known of its results."""
        return self._made

    def closing(self, day: int) -> State:
        """The closing state that was published for ``day``."""
        file = self._states[day]
        if file.name not in _states:
            path = self.folder / file.name
            table = pq.read_table(path, page_checksum_verification=True, partitioning=None, use_threads=False)
            _states[file.name] = State.from_table(table)
            while len(_states) > limit("closing_states_kept"):
                _states.popitem(last=False)
        return _states[file.name]

    def readings(self, day: int, keep: bool = False) -> Points:
        """The current readings of a day, sorted by meter and time; kept until they are asked for again, if few are."""
        if day in self._kept:
            return self._kept[day] if keep else self._kept.pop(day)
        found = self._read(day)
        if keep and len(found) + sum(map(len, self._kept.values())) <= limit("readings_kept"):
            self._kept[day] = found
        return found

    def _read(self, day: int) -> Points:
        when = date_of(day)
        files = self.manifest.files.get(when, ())
        waiting = self.manifest.inbox_rows(when)
        begin = begin_of(day)
        if len(files) == 1 and not len(waiting) and not files[0].superseded:
            return self._read_alone(files[0], begin)
        parts = [read_points(file) for file in files]
        if len(waiting):
            parts.append(waiting)
        rows = _in_order(parts)
        return Points(rows.meter, rows.second.astype(np.int64) + begin, rows.value)

    @staticmethod
    def _read_alone(file: PointFile, begin: int) -> Points:
        """A file whose rows are all current: nobody needs to know when they came."""
        table = pq.read_table(
            file.path,
            columns=["meter", "second", "value"],
            page_checksum_verification=True,
            partitioning=None,
            use_threads=False,
        )
        meter, second, value = (table.column(place).to_numpy() for place in range(3))
        at = second.astype(np.int64)
        at += begin
        return Points(meter, at, value if file.decimals == DECIMALS else value * 10 ** (DECIMALS - file.decimals))


def _in_order(parts: list[Rows]) -> Rows:
    """Current rows of all parts, by meter and second."""
    rows = Rows.concat(parts)
    if not len(rows):
        return rows
    arrival = rows.arrival
    place = rows.place
    if bool((arrival[1:] >= arrival[:-1]).all()):
        order = np.argsort(place, kind="stable")  # runs that are sorted already are merged
    else:
        order = np.lexsort((arrival, place))
    place = place[order]
    current = np.append(place[1:] != place[:-1], True)
    return rows.take(order[current])
