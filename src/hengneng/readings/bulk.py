"""History in bulk: days are collected from an unsorted source, sorted one at a time, and named in one transaction."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from hengneng.durable.files import writing
from hengneng.problems import Problem, RefusedError
from hengneng.readings import leftovers
from hengneng.readings.compactor import (
    Progress,
    Sorting,
    Stop,
    StoppedError,
    alone,
    by_day,
    discard,
)
from hengneng.readings.files import PointFile, write_points
from hengneng.readings.journal import Journal, OvertakenError, Submission
from hengneng.readings.limits import limit
from hengneng.readings.ordering import Rows
from hengneng.readings.points import Points, date_of, start_of
from hengneng.readings.submitting import check_ranges

_LENGTH = 8  # bytes before each piece of a spool file


@dataclass(frozen=True)
class Bulk:
    """What a bulk import has done.

    ``points`` were read; ``doubles`` of them said what was known already, ``revisions`` say something else about a
    meter and time than what was known. ``days`` have new readings. ``known``: the same import had been done before.
    """

    arrival: int
    points: int
    doubles: int
    revisions: int
    days: tuple[date, ...]
    known: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass
class Spool:
    """Readings of a source by local day: in memory as long as they are few, then in a temporary file for each day."""

    folder: Path
    parts: dict[int, list[Points]] = field(default_factory=dict)
    buffered: int = 0
    points: int = 0
    first_at: int = 0
    last_at: int = 0
    written: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        # One for each column, so that the digest does not depend on how the source is cut into pieces.
        self._hashes = [hashlib.sha256() for _ in range(3)]

    def add(self, points: Points) -> None:
        """Take ``points`` in. RefusedError M003 when a time or meter cannot be."""
        if not len(points):
            return
        first, last = check_ranges(points)
        self.first_at = min(self.first_at, first) if self.points else first
        self.last_at = max(self.last_at, last) if self.points else last
        columns = (points.meter.astype("<i4", copy=False), points.at.astype("<i8", copy=False), points.value)
        for hashed, column in zip(self._hashes, columns, strict=True):
            hashed.update(np.ascontiguousarray(column).tobytes())
        self.points += len(points)
        self.buffered += len(points)
        days = points.day
        if days[0] == days[-1] and days.min() == days.max():
            self.parts.setdefault(int(days[0]), []).append(points)
        else:
            order = np.argsort(days, kind="stable")
            found, starts = np.unique(days[order], return_index=True)
            for day, which in zip(found, np.split(order, starts[1:]), strict=True):
                self.parts.setdefault(int(day), []).append(points.take(which))
        if self.buffered > limit("points_in_buffer"):
            self.spill()

    def spill(self) -> None:
        """Write what is in memory to the temporary files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for day in list(self.parts):
            packed = Points.concat(self.parts.pop(day)).pack()
            with (self.folder / str(day)).open("ab") as file:
                file.write(len(packed).to_bytes(_LENGTH, "little"))
                file.write(packed)
            self.written.add(day)
        self.buffered = 0

    @property
    def digest(self) -> str:
        """Of all readings in the order that they came."""
        return hashlib.sha256(b"".join(hashed.digest() for hashed in self._hashes)).hexdigest()

    @property
    def days(self) -> list[int]:
        """Numbers of the days that have readings."""
        return sorted(self.written | self.parts.keys())

    def take(self, day: int) -> Points:
        """All readings of ``day`` in the order that they came; they are forgotten."""
        pieces: list[Points] = []
        path = self.folder / str(day)
        if day in self.written:
            with path.open("rb") as file:
                while length := file.read(_LENGTH):
                    pieces.append(Points.unpack(file.read(int.from_bytes(length, "little"))))
            path.unlink()
        return Points.concat([*pieces, *self.parts.pop(day, [])])

    def remove(self) -> None:
        """Remove the temporary files."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                path.unlink(missing_ok=True)
            self.folder.rmdir()


def import_bulk(
    journal: Journal,
    folder: Path,
    batches: Iterable[Points],
    *,
    source: str,
    key: str,
    progress: Progress = lambda *_: None,
    stop: Stop = lambda: False,
    wait: float = 0,
) -> Bulk:
    """Take a whole source in. See Store.import_bulk."""
    with alone(journal, wait):
        leftovers.remove(journal, folder)
        spool = Spool(folder / leftovers.SPOOL_FOLDER / secrets.token_hex(8))
        try:
            with writing(folder):
                for points in batches:
                    if stop():
                        raise StoppedError
                    spool.add(points)
                    progress(spool.points, 0)
            return _sort_in(journal, folder, spool, source=source, key=key, progress=progress, stop=stop)
        except OvertakenError:
            raise RefusedError(Problem("M008", str(folder), {"seconds": round(wait)})) from None
        finally:
            spool.remove()


def _sort_in(
    journal: Journal, folder: Path, spool: Spool, *, source: str, key: str, progress: Progress, stop: Stop
) -> Bulk:
    if not spool.points:
        raise RefusedError(Problem("M001", source))
    digest, points = spool.digest, spool.points
    if key and (known := journal.known(key, digest)):
        return Bulk(known, points, 0, 0, (), known=True)
    work = Sorting(journal, folder, stop)
    numbers = limit("revisions_in_one_source")
    with journal.transaction():
        arrival = journal.advance("arrival", numbers)
    # Whatever has a smaller number comes before: then the files alone say what is current.
    if not work.empty_inbox(until=arrival):
        raise StoppedError
    known_files = work.files_by_day()
    added: list[PointFile] = []
    doubles = revisions = done = 0
    try:
        for day in spool.days:
            if stop():
                raise StoppedError
            taken = spool.take(day)
            rows, again = _new_rows(work, known_files.get(date_of(day), []), taken, day, arrival)
            doubles += len(taken) - len(rows)
            revisions += again
            if len(rows):
                with writing(folder):
                    added.append(write_points(folder, date_of(day), rows, arrival))
            done += len(taken)
            progress(done, points)
    except BaseException:
        discard(added)
        raise
    batch = Submission(b"", digest, key, source, points, numbers, spool.first_at, spool.last_at)
    work.publish(added, batch=(batch, arrival, arrival - numbers + 1))
    try:
        work.merge()
    except RefusedError as refused:
        # The import is done; merging is only for those who read, and the next compaction does it.
        work.problems += refused.problems
    days = tuple(file.day for file in added)
    return Bulk(arrival, points, doubles, revisions, days, problems=tuple(work.problems))


def _new_rows(work: Sorting, files: list[PointFile], points: Points, day: int, arrival: int) -> tuple[Rows, int]:
    """What ``points`` of a day say that its ``files`` do not, sorted; and how many of them are revisions."""
    ((_, rows),) = by_day(points, np.full(len(points), arrival, np.int64))
    rows = rows.sorted().without_doubles()
    rows = _numbered(rows, day, arrival)
    if not files:
        return rows, rows.superseded()
    _, known = work.rows_of(files)
    every = Rows.concat([known, rows]).sorted().without_doubles()
    new = every.arrival > arrival - limit("revisions_in_one_source")
    place = every.place
    again = np.zeros(len(every), np.bool_)
    again[1:] = place[1:] == place[:-1]
    return every.take(new), int(np.count_nonzero(again & new))


def _numbered(rows: Rows, day: int, arrival: int) -> Rows:
    """``rows`` with smaller arrivals for values that the same source corrects further on. RefusedError M013."""
    place = rows.place
    repeats = np.flatnonzero(place[1:] == place[:-1])
    if not len(repeats):
        return rows
    back = np.zeros(len(rows), np.int64)
    for one in repeats[::-1]:
        back[one] = back[one + 1] + 1
    check_revisions(int(back.max()) + 1, int(rows.meter[back.argmax()]), day, int(rows.second[back.argmax()]))
    return Rows(rows.meter, rows.second, rows.value, rows.arrival - back)


def check_revisions(found: int, meter: int, day: int, second: int) -> None:
    """RefusedError M013 when a source says too many different things about one meter and second of a day."""
    if found > limit("revisions_in_one_source"):
        at = datetime.fromtimestamp(start_of(date_of(day)) + second, UTC)
        values = {"meter": meter, "at": f"{at:%Y-%m-%d %H:%M:%S} UTC", "found": found}
        raise RefusedError(Problem("M013", f"{meter}", {**values, "expected": limit("revisions_in_one_source")}))
