"""The one door to the readings: taken in durably, kept in files of days, read as a snapshot."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import TracebackType

from hengneng.durable.files import digest_of, give_name, make_folder, partial_of, sync_folder, writing
from hengneng.durable.limits import limit as durable_limit
from hengneng.problems import Problem, RefusedError
from hengneng.readings import bulk, compactor, verifying
from hengneng.readings.bulk import Bulk
from hengneng.readings.compactor import Compaction, Progress, Stop, StoppedError
from hengneng.readings.files import RESULTS_FOLDER, PointFile, ResultFile, new_name
from hengneng.readings.journal import Batch, Journal
from hengneng.readings.journal_sqlite import SqliteJournal
from hengneng.readings.journal_tables import SCHEMA
from hengneng.readings.manifest import InboxBatch, Manifest
from hengneng.readings.points import Points, number_of
from hengneng.readings.submitting import submission_of
from hengneng.readings.writer import Writer

FOLDER = "readings"  # below the home of an installation

__all__ = [
    "FOLDER",
    "Batch",
    "Bulk",
    "Compaction",
    "Manifest",
    "PointFile",
    "ResultFile",
    "Status",
    "StoppedError",
    "Store",
]


@dataclass(frozen=True)
class Status:
    """How much there is: files and their readings, what waits in the inbox, results, bytes on disk, days."""

    files: int
    points: int
    superseded: int
    meters_in_largest_day: int
    inbox_batches: int
    inbox_points: int
    results: int
    bytes: int
    first_day: date | None
    last_day: date | None
    arrival: int


class Store:
    """All readings of an installation. May be used by several threads; opens a new connection after a fork."""

    def __init__(self, folder: Path, database_url: str = "", schema: str = SCHEMA.name) -> None:
        self.folder = folder
        self.database_url = database_url
        self._schema = replace(SCHEMA, name=schema)
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._journal = self._new_journal()
        self._seen: tuple[int, int, int] | None = None
        self._manifest: Manifest | None = None

    @classmethod
    def open(cls, folder: Path, database_url: str = "", schema: str = SCHEMA.name) -> Store:
        """The store in ``folder`` (HOME/readings), made when it is not there.

        With ``database_url`` of PostgreSQL, inbox and manifest are its tables; any other, and none, means SQLite in the
        folder. ``schema``: where its tables stand in PostgreSQL; each store has one of its own. RefusedError M012,
        M015.
        """
        return cls(folder, database_url, schema)

    def close(self) -> None:
        """Give the connection back."""
        if self._process == os.getpid():
            self._journal.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _new_journal(self) -> Journal:
        with writing(self.folder):
            if self.database_url.startswith(("postgresql:", "postgres:")):
                from hengneng.readings.journal_postgresql import PostgresqlJournal

                return PostgresqlJournal(self.folder, self.database_url, self._schema)
            return SqliteJournal(self.folder, self._schema)

    @contextmanager
    def _mine(self) -> Iterator[Journal]:
        with self._lock:
            if self._process != os.getpid():
                # A connection must not be shared with the process that we were forked from.
                self._process, self._journal = os.getpid(), self._new_journal()
            yield self._journal

    @contextmanager
    def _own(self) -> Iterator[Journal]:
        journal = self._new_journal()
        try:
            yield journal
        finally:
            journal.close()

    # --- in -----------------------------------------------------------------------------------------------------

    def append(self, points: Points, *, key: str = "", source: str = "") -> int:
        """Take a batch in and give its arrival, once it is on the disk.

        The same ``key`` with the same readings gives the arrival that it had, and nothing is stored. RefusedError: see
        Writer.submit.
        """
        submission = submission_of(points, key, source)
        with self._mine() as journal:
            answer = journal.take_in([submission])[0]
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def writer(self) -> Writer:
        """A thread with a connection of its own that takes in what waits in one commit."""
        return Writer(self._new_journal)

    def import_bulk(
        self,
        batches: Iterable[Points],
        *,
        source: str,
        key: str = "",
        progress: Progress = lambda *_: None,
        stop: Stop = lambda: False,
        wait: float | None = None,
    ) -> Bulk:
        """Take in history in any order, all of it or nothing, with the memory of one day and a small buffer.

        ``progress(readings read, 0)`` while the source is read, ``progress(readings sorted in, all)`` then. The same
        ``key`` with the same readings stores nothing. Raises StoppedError when ``stop`` says so, with nothing taken in;
        RefusedError M001, M003 to M005, M008 (another compactor works for ``wait`` seconds), M013, M015.
        """
        seconds = durable_limit("seconds_waiting_for_lock") if wait is None else wait
        with self._own() as journal:
            return bulk.import_bulk(
                journal, self.folder, batches, source=source, key=key, progress=progress, stop=stop, wait=seconds
            )

    def compact(
        self,
        *,
        everything: bool = False,
        progress: Progress = lambda *_: None,
        stop: Stop = lambda: False,
        wait: float = 0,
    ) -> Compaction:
        """Move the inbox into files of days and merge the days that have too many (with ``everything``: more than one).

        Leftovers of interrupted work and replaced files after the time of grace are removed. RefusedError M005, M008
        when another compactor works for ``wait`` seconds, M015. Stops between two steps when ``stop`` says so.
        """
        with self._own() as journal:
            return compactor.compact(
                journal, self.folder, everything=everything, progress=progress, stop=stop, wait=wait
            )

    @contextmanager
    def locked(self, name: str, wait: float = 0) -> Iterator[bool]:
        """Hold the lock ``name`` among all processes of this store; false when another has it for ``wait`` seconds."""
        with self._own() as journal, journal.locked(name, wait) as mine:
            yield mine

    # --- out ----------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """A snapshot of files and inbox; cheap when little has changed since the last one."""
        with self._mine() as journal, journal.transaction(write=False):
            seen = journal.versions()
            old, before = self._manifest, self._seen
            if old is None or before is None:
                files, results = _by_day(journal.point_files()), _by_kind(journal.result_files())
                now = Manifest(self.folder, files, _batches(journal.inbox()), results, seen[0])
            elif seen == before:
                return old
            elif seen[1:] == before[1:]:
                now = old.with_more(_batches(journal.inbox(old.arrival)), seen[0])
            else:
                files = old.files if seen[1] == before[1] else _by_day(journal.point_files())
                results = old.results if seen[2] == before[2] else _by_kind(journal.result_files())
                now = Manifest(self.folder, files, self._inbox(journal, old), results, seen[0])
            self._manifest, self._seen = now, seen
            return now

    @staticmethod
    def _inbox(journal: Journal, old: Manifest) -> tuple[InboxBatch, ...]:
        waiting = {id for id, _ in journal.inbox_sizes()}
        return tuple(batch for batch in old.inbox if batch.arrival in waiting) + _batches(journal.inbox(old.arrival))

    def days_of_points(self) -> dict[date, int]:
        """Local days with readings, and the number of the last change of each (see Manifest.days_of_points)."""
        return self.manifest().days_of_points()

    def batch_of(self, arrival: int) -> Batch | None:
        """The batch that a reading of ``arrival`` came with: source, key, time of receipt."""
        with self._mine() as journal:
            return journal.batch_of(arrival)

    def batches_between(self, first: int, last: int) -> list[Batch]:
        """The batches of the arrivals from ``first`` to ``last``, in their order."""
        with self._mine() as journal:
            return journal.batches_between(first, last)

    def status(self) -> Status:
        """How much there is."""
        now = self.manifest()
        files = [file for day in now.files.values() for file in day]
        days = sorted(now.days_of_points())
        return Status(
            files=len(files),
            points=sum(file.rows for file in files),
            superseded=sum(file.superseded for file in files),
            meters_in_largest_day=max((file.meters for file in files), default=0),
            inbox_batches=len(now.inbox),
            inbox_points=sum(len(batch.points) for batch in now.inbox),
            results=len(now.results),
            bytes=sum(file.bytes for file in files) + sum(one.bytes for one in now.results.values()),
            first_day=days[0] if days else None,
            last_day=days[-1] if days else None,
            arrival=now.arrival,
        )

    # --- results ------------------------------------------------------------------------------------------------

    def new_result(self, day: date, kind: str, arrival: int) -> str:
        """A name for a new file of results, below the folder; its own folder is made."""
        name = new_name(RESULTS_FOLDER, day, f"{kind}.{arrival}")
        with writing(self.folder):
            make_folder((self.folder / name).parent)
        return name

    def finish_result(self, day: date, kind: str, name: str, *, rows: int, arrival: int, edition: str) -> ResultFile:
        """Bring a result to the disk that was written to ``partial_of(folder / name)``, and give it its name."""
        path = self.folder / name
        with writing(self.folder):
            partial = partial_of(path)
            size, digest = partial.stat().st_size, digest_of(partial)
            give_name(path)
        return ResultFile(day, kind, name, rows, size, digest, arrival, edition)

    def publish_results(self, files: Sequence[ResultFile], replaces: Iterable[date] = ()) -> None:
        """Name finished results in one transaction.

        They take the place of results of the same day and kind, and of all results of the days in ``replaces``. Files
        must be complete under their names; they and their folders are brought to the disk. RefusedError M005, M015.
        """
        with writing(self.folder):
            for file in files:
                with (self.folder / file.name).open("rb") as handle:
                    os.fsync(handle.fileno())
            for folder in {(self.folder / file.name).parent for file in files}:
                sync_folder(folder)
        with self._mine() as journal:
            journal.publish_results(files, [number_of(day) for day in replaces])

    # --- looking after ------------------------------------------------------------------------------------------

    def verify(self, *, mend: bool = False, progress: Progress = lambda *_: None, wait: float = 0) -> list[Problem]:
        """Compare manifest, files and inbox, every byte. With ``mend``, corrupt files are set aside and rebuilt.

        M006 and M007 (mended), M009 (missing or corrupt), M010 (named by nobody), M011 (counts), M014 (inbox).
        """
        with self._own() as journal:
            return verifying.verify(journal, self.folder, mend=mend, progress=progress, wait=wait)


def _batches(rows: Iterable[tuple[int, bytes]]) -> tuple[InboxBatch, ...]:
    found = []
    for arrival, payload in rows:
        try:
            found.append(InboxBatch(arrival, Points.unpack(payload)))
        except ValueError:
            # Compaction and verification report it (M014); all other readings go on.
            continue
    return tuple(found)


def _by_day(files: Iterable[PointFile]) -> Mapping[date, tuple[PointFile, ...]]:
    days: dict[date, list[PointFile]] = {}
    for file in files:
        days.setdefault(file.day, []).append(file)
    return {day: tuple(every) for day, every in days.items()}


def _by_kind(files: Iterable[ResultFile]) -> Mapping[tuple[date, str], ResultFile]:
    return {(one.day, one.kind): one for one in files}
