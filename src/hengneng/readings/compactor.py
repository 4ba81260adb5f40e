"""From the inbox to one sorted file a day: whoever holds the lock of the compactor works through a :class:`Sorting`.

Each step writes files first, brings them to the disk, and then changes the manifest in one transaction. A process that
ends anywhere leaves the manifest as it was before or after the step, and at most files that nobody names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from hengneng.durable.files import CorruptFileError, sync_folder, writing
from hengneng.problems import Problem, RefusedError
from hengneng.readings import leftovers, mending
from hengneng.readings.files import PointFile, read_points, write_points
from hengneng.readings.journal import Journal, OvertakenError, Submission
from hengneng.readings.limits import limit
from hengneng.readings.ordering import Rows, steps_back
from hengneng.readings.points import Points, date_of

LOCK = "compactor"
Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


class StoppedError(Exception):
    """The caller has asked to stop; nothing is half-written, and the same call goes on or begins again."""


@dataclass(frozen=True)
class Compaction:
    """What a compaction has done: batches and readings taken from the inbox, doubles dropped, days written and merged.

    ``stopped``: the caller asked to stop between two steps; the rest waits. ``problems``: batches and files that could
    not be read, with what became of them.
    """

    batches: int = 0
    points: int = 0
    doubles: int = 0
    days: tuple[date, ...] = ()
    merged: tuple[date, ...] = ()
    stopped: bool = False
    problems: tuple[Problem, ...] = ()


@contextmanager
def alone(journal: Journal, seconds: float) -> Iterator[None]:
    """Hold the lock of the compactor. RefusedError M008 when another has it for ``seconds``."""
    with journal.locked(LOCK, seconds) as mine:
        if not mine:
            raise RefusedError(Problem("M008", str(journal.folder), {"seconds": round(seconds)}))
        yield


def by_day(points: Points, arrivals: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[tuple[int, Rows]]:
    """The rows of each local day (its number) among ``points``, in the order that they have."""
    days, seconds = points.day, points.second
    if len(points) and days.min() == days.max():
        yield int(days[0]), Rows(points.meter, seconds, points.value, arrivals)
        return
    order = np.argsort(days, kind="stable")
    found, starts = np.unique(days[order], return_index=True)
    for day, which in zip(found, np.split(order, starts[1:]), strict=True):
        yield int(day), Rows(points.meter[which], seconds[which], points.value[which], arrivals[which])


@dataclass
class Sorting:
    """The work on the files of readings by the one who holds the lock."""

    journal: Journal
    folder: Path
    stop: Stop = lambda: False
    version: int = 0
    batches: int = 0
    points: int = 0
    doubles: int = 0
    days: set[date] = field(default_factory=set)
    merged: set[date] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = self.journal.counter("points")

    def publish(
        self,
        added: Sequence[PointFile],
        *,
        emptied: Sequence[int] = (),
        replaced: dict[int, int] | None = None,
        lost: Sequence[PointFile] = (),
        batch: tuple[Submission, int, int] | None = None,
    ) -> None:
        """Bring the names of ``added`` to the disk, then change the manifest (see Journal.publish_points)."""
        with writing(self.folder):
            for folder in {file.path.parent for file in added}:
                sync_folder(folder)
            # Where this fails, the commit may have happened all the same: the files stay, and whoever works next
            # removes them if the manifest does not name them.
            self.journal.publish_points(self.version, added, emptied=emptied, replaced=replaced, lost=lost, batch=batch)
        self.version += 1

    def empty_inbox(self, until: int | None = None, progress: Progress = lambda *_: None) -> bool:
        """Write all waiting batches up to number ``until`` into files of their days; false when stopped before."""
        sizes = self.journal.inbox_sizes(until)
        total, done, place = sum(points for _, points in sizes), 0, 0
        while place < len(sizes):
            if self.stop():
                return False
            start, points = place, 0
            while place < len(sizes) and (place == start or points + sizes[place][1] <= limit("points_in_compaction")):
                points += sizes[place][1]
                place += 1
            self._empty(sizes[start][0], sizes[place - 1][0])
            done += points
            progress(done, total)
        return True

    def _empty(self, first: int, last: int) -> None:
        parts: dict[int, list[Rows]] = {}
        emptied = []
        for arrival, payload in self.journal.inbox(first - 1, last):
            try:
                points = Points.unpack(payload)
            except ValueError as problem:
                # It stays where it is: somebody may still read something from it, and nothing else waits for it.
                self.problems.append(Problem("M014", str(self.folder), {"arrival": arrival, "found": str(problem)}))
                continue
            emptied.append(arrival)
            self.points += len(points)
            for day, rows in by_day(points, arrival - steps_back(points)):
                parts.setdefault(day, []).append(rows)
        if not emptied:
            return
        added: list[PointFile] = []
        with writing(self.folder):
            try:
                for day, pieces in sorted(parts.items()):
                    every = Rows.concat(pieces)
                    # All arrivals between those of these rows are here: equal neighbours are doubles.
                    rows = every.sorted().without_doubles()
                    self.doubles += len(every) - len(rows)
                    change = int(every.arrival.max())
                    added.append(write_points(self.folder, date_of(day), rows, change))
            except BaseException:
                discard(added)
                raise
        self.publish(added, emptied=emptied)
        self.batches += len(emptied)
        self.days.update(file.day for file in added)

    def files_by_day(self) -> dict[date, list[PointFile]]:
        """What the manifest names now."""
        files: dict[date, list[PointFile]] = {}
        for file in self.journal.point_files():
            files.setdefault(file.day, []).append(file)
        return files

    def merge(self, *, everything: bool = False, progress: Progress = lambda *_: None) -> bool:
        """Make one file of the days that have too many, or of all with ``everything``; false when stopped."""
        due = [files for files in self.files_by_day().values() if is_due(files, everything)]
        for done, files in enumerate(due):
            progress(done, len(due))
            if self.stop():
                return False
            self.merge_day(files)
        if due:
            progress(len(due), len(due))
        return True

    def merge_day(self, files: Sequence[PointFile]) -> None:
        """Make one file of all ``files`` of a day."""
        files, every = self.rows_of(files)
        if len(files) < 2:
            return
        rows = every.sorted().without_doubles()
        self.doubles += len(every) - len(rows)
        with writing(self.folder):
            added = write_points(self.folder, files[0].day, rows, max(file.change for file in files))
        self.publish([added], replaced={file.id: 0 for file in files})
        self.merged.add(added.day)

    def rows_of(self, files: Iterable[PointFile]) -> tuple[list[PointFile], Rows]:
        """All rows of a day's files; a file that cannot be read is mended before, so that others may stand for it."""
        files = list(files)
        parts = []
        for file in files:
            try:
                parts.append(read_points(file))
            except CorruptFileError as problem:
                self.problems += mending.mend(self, file, str(problem))
                return self.rows_of(self.files_by_day().get(file.day, []))
        return files, Rows.concat(parts)


def is_due(files: Sequence[PointFile], everything: bool) -> bool:
    """Whether the files of a day are to be merged."""
    if len(files) < 2:
        return False
    rows = [file.rows for file in files]
    small = sum(rows) - max(rows)
    return everything or len(files) > limit("files_a_day") or small * 100 >= max(rows) * limit("merge_share_per_cent")


def discard(files: Iterable[PointFile]) -> None:
    """Remove files that were not published."""
    for file in files:
        file.path.unlink(missing_ok=True)


def compact(
    journal: Journal,
    folder: Path,
    *,
    everything: bool = False,
    progress: Progress = lambda *_: None,
    stop: Stop = lambda: False,
    wait: float = 0,
) -> Compaction:
    """Remove leftovers, empty the inbox, merge the days that need it. See Store.compact."""
    with alone(journal, wait):
        leftovers.remove(journal, folder)
        work = Sorting(journal, folder, stop)
        try:
            finished = work.empty_inbox(progress=progress) and work.merge(everything=everything)
        except OvertakenError:
            raise RefusedError(Problem("M008", str(folder), {"seconds": round(wait)})) from None
        return Compaction(
            batches=work.batches,
            points=work.points,
            doubles=work.doubles,
            days=tuple(sorted(work.days)),
            merged=tuple(sorted(work.merged)),
            stopped=not finished,
            problems=tuple(work.problems),
        )
