"""The log of deliveries: an inbox in tables, and files of finished stretches named by those tables."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hengneng.deliveries.limits import limit
from hengneng.deliveries.packing import Arrived, Delivery, pack, read_file, table_of, unpack, write_file
from hengneng.deliveries.tables import SqliteDeliveries
from hengneng.durable.files import (
    CorruptFileError,
    check_file,
    digest_of,
    give_name,
    make_folder,
    partial_of,
    sync_folder,
    writing,
)
from hengneng.durable.tables import Tables, whole
from hengneng.problems import Problem, RefusedError

FOLDER = "deliveries"  # below the home of an installation
_FILES = "segments"
_SEGMENT = "first_id, last_id, name, byte_count, digest"


@dataclass(frozen=True)
class Segment:
    """A file of finished deliveries as the tables name it; ``name`` is below the folder."""

    first: int
    last: int
    name: str
    bytes: int
    digest: str


class DeliveryLog:
    """All deliveries of an installation. For several threads: each call has the connection to itself."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self._url = database_url
        self._lock = threading.RLock()
        self._tables = self._connect()

    @classmethod
    def open(cls, folder: Path, database_url: str = "") -> DeliveryLog:
        """The log in ``folder`` (HOME/deliveries), made when it is not there; tables in PostgreSQL if that is the URL.

        RefusedError M012, M015.
        """
        return cls(folder, database_url)

    def _connect(self) -> Tables:
        with writing(self.folder):
            if self._url.startswith(("postgresql:", "postgres:")):
                from hengneng.deliveries.tables_postgresql import PostgresqlDeliveries

                return PostgresqlDeliveries(self.folder, self._url)
            return SqliteDeliveries(self.folder)

    def close(self) -> None:
        """Give the connection back."""
        self._tables.close()

    def __enter__(self) -> DeliveryLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- in -----------------------------------------------------------------------------------------------------

    def append(self, arrived: Sequence[Arrived]) -> int:
        """Keep deliveries, all or none; the number of the last one, once all are on the disk.

        RefusedError M005 when the disk is full, M015 when the tables cannot be reached; nothing is kept then.
        ValueError without deliveries.
        """
        if not arrived:
            raise ValueError("no deliveries")
        payload = pack(arrived)
        with self._lock, self._tables.transaction():
            last = self._tables.advance("delivery", len(arrived))
            values = (last, last - len(arrived) + 1, payload)
            self._tables.execute("INSERT INTO inbox (id, first_id, payload) VALUES (?, ?, ?)", values)
        return last

    # --- out ----------------------------------------------------------------------------------------------------

    def last(self) -> int:
        """Number of the last delivery; 0 before the first."""
        with self._lock:
            return self._tables.counter("delivery")

    def read(self, after: int, most: int | None = None) -> list[Delivery]:
        """Deliveries with numbers above ``after`` in their order, ``most`` at most (by default the limit).

        RefusedError M045 names a file that is missing or not as it was written, M046 a batch of the inbox.
        """
        most = limit("deliveries_at_once") if most is None else most
        found: list[Delivery] = []
        while len(found) < most:
            part = self._part(found[-1].number if found else after, most - len(found))
            if not part:
                break
            found += part
        return found

    def _part(self, after: int, most: int) -> list[Delivery]:
        with self._lock, self._tables.transaction(write=False):
            segment = self._segment_after(after)
            rows = [] if segment else self._tables.execute(
                "SELECT id, first_id, payload FROM inbox WHERE id > ? ORDER BY id LIMIT 64", (after,)
            )  # fmt: skip
        if segment:
            return self._of_file(segment, max(after + 1, segment.first), min(segment.last, after + most))
        found: list[Delivery] = []
        for row in rows:
            found += (one for one in self._of_batch(whole(row[0]), whole(row[1]), row[2]) if one.number > after)
            if len(found) >= most:
                break
        return found[:most]

    def _segment_after(self, after: int) -> Segment | None:
        rows = self._tables.execute(
            f"SELECT {_SEGMENT} FROM segment WHERE last_id > ? ORDER BY first_id LIMIT 1", (after,)
        )
        return _segment(rows[0]) if rows else None

    def _of_file(self, segment: Segment, first: int, last: int) -> list[Delivery]:
        try:
            return read_file(self.folder / segment.name, first, last)
        except (OSError, pa.ArrowException) as problem:
            found = str(problem).splitlines()[0]
            raise RefusedError(Problem("M045", segment.name, {"found": found})) from problem

    def _of_batch(self, last: int, first: int, payload: object) -> list[Delivery]:
        try:
            return unpack(bytes(payload) if isinstance(payload, bytes | memoryview) else b"", first)
        except ValueError as problem:
            where = f"{self.folder.name}: {first}-{last}"
            raise RefusedError(Problem("M046", where, {"found": str(problem)})) from problem

    # --- who has worked through what ----------------------------------------------------------------------------

    def position(self, reader: str) -> int:
        """Number of the last delivery that ``reader`` has worked through; 0 before the first."""
        with self._lock:
            rows = self._tables.execute("SELECT value FROM counter WHERE name = ?", (f"read by {reader}",))
            return whole(rows[0][0]) if rows else 0

    def move(self, reader: str, to: int) -> None:
        """Note that ``reader`` has worked through everything up to number ``to``, whatever was noted before."""
        with self._lock, self._tables.transaction():
            self._tables.execute(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (f"read by {reader}", to),
            )

    # --- looking after ------------------------------------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """The files that the tables name."""
        with self._lock:
            return [_segment(row) for row in self._tables.execute(f"SELECT {_SEGMENT} FROM segment ORDER BY first_id")]

    def archive(self, *, everything: bool = False, stop: Callable[[], bool] = lambda: False) -> int:
        """Move full stretches of the inbox into files (with ``everything``: all of it); gives how many deliveries.

        File first, then one transaction that names it and empties the inbox: whoever dies in between leaves a file
        that nobody names, which the next one removes. Only one process at a time does it; another gives 0.
        """
        moved = 0
        with self._lock, self._tables.locked("archive", 0) as mine:
            if not mine:
                return 0
            self._remove_unnamed()
            while not stop():
                rows = self._next_stretch(everything)
                if not rows:
                    break
                moved += self._move(rows)
        return moved

    def _next_stretch(self, everything: bool) -> list[tuple[int, int]]:
        most = limit("deliveries_in_segment")
        rows: list[tuple[int, int]] = []
        for id, first in self._tables.execute("SELECT id, first_id FROM inbox ORDER BY id"):
            rows.append((whole(id), whole(first)))
            if rows[-1][0] - rows[0][1] + 1 >= most:
                return rows
        return rows if everything else []

    def _move(self, rows: list[tuple[int, int]]) -> int:
        first, last = rows[0][1], rows[-1][0]
        tables = []
        for id, begin in rows:
            payload = self._tables.execute("SELECT payload FROM inbox WHERE id = ?", (id,))[0][0]
            try:
                tables.append(table_of(bytes(payload) if isinstance(payload, bytes | memoryview) else b"", begin))
            except ValueError as problem:
                raise RefusedError(Problem("M046", f"{begin}-{id}", {"found": str(problem)})) from problem
        name = f"{_FILES}/{first:012d}-{secrets.token_hex(4)}.parquet"
        path = self.folder / name
        with writing(self.folder):
            make_folder(path.parent)
            write_file(partial_of(path), pa.concat_tables(tables))
            size, digest = partial_of(path).stat().st_size, digest_of(partial_of(path))
            give_name(path)
            sync_folder(path.parent)
        with self._tables.transaction():
            self._tables.advance("segments")
            self._tables.execute(
                f"INSERT INTO segment ({_SEGMENT}) VALUES (?, ?, ?, ?, ?)", (first, last, name, size, digest)
            )
            self._tables.execute("DELETE FROM inbox WHERE id <= ?", (last,))
        return last - first + 1

    def _remove_unnamed(self) -> None:
        with self._tables.transaction():
            # A commit of our own first: see Journal.only_named of the readings.
            self._tables.advance("segments")
            named = {str(row[0]) for row in self._tables.execute("SELECT name FROM segment")}
        folder = self.folder / _FILES
        for path in folder.iterdir() if folder.is_dir() else ():
            if f"{_FILES}/{path.name}" not in named:
                path.unlink(missing_ok=True)

    def verify(self) -> list[Problem]:
        """Compare every file and batch with what was written: M045, M046; M047 where numbers are missing."""
        problems = []
        with self._lock, self._tables.transaction(write=False):
            segments = self.segments()
            batches = self._tables.execute("SELECT id, first_id, payload FROM inbox ORDER BY id")
            last = self._tables.counter("delivery")
        following = 1
        for segment in segments:
            try:
                check_file(self.folder / segment.name, segment.bytes, segment.digest)
            except CorruptFileError as problem:
                problems.append(Problem("M045", segment.name, {"found": str(problem)}))
            problems += _gap(following, segment.first)
            following = segment.last + 1
        for id, first, payload in batches:
            try:
                self._of_batch(whole(id), whole(first), payload)
            except RefusedError as refused:
                problems += refused.problems
            problems += _gap(following, whole(first))
            following = whole(id) + 1
        return problems + _gap(following, last + 1)


def _gap(expected: int, found: int) -> list[Problem]:
    return [] if found == expected else [Problem("M047", str(expected), {"found": found, "expected": expected})]


def _segment(row: tuple[object, ...]) -> Segment:
    first, last, name, size, digest = row
    return Segment(whole(first), whole(last), str(name), whole(size), str(digest))



