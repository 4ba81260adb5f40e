"""The journal: inbox, batches and manifest as tables, with SQLite or PostgreSQL; all statements are common to both.

Numbers (arrivals, changes) come from one counter that is advanced inside the transaction that uses it. Its row stays
locked until the commit, so that numbers become visible in their own order, and no clock has a part in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hengneng.durable.tables import Row, Tables, whole
from hengneng.problems import Problem, RefusedError
from hengneng.readings.files import PointFile, ResultFile
from hengneng.readings.points import date_of, number_of

_BATCH = "id, first_id, key, digest, kind, source, received_at, points, first_at, last_at"
_FILE = (
    "id, day, name, decimals, row_count, superseded, byte_count, digest, first_arrival, last_arrival, change, meters"
)
_RESULT = "day, kind, name, row_count, byte_count, digest, arrival, edition"


class OvertakenError(Exception):
    """Somebody else has changed the manifest meanwhile; nothing was written, and the work may begin again."""


@dataclass(frozen=True)
class Submission:
    """A batch on its way into the inbox. ``numbers`` is how many arrivals it needs (see ordering.steps_back)."""

    payload: bytes
    digest: str
    key: str
    source: str
    points: int
    numbers: int
    first_at: int
    last_at: int


@dataclass(frozen=True)
class Batch:
    """Where readings came from: arrival, key, kind (inbox or bulk), source, time of receipt (seconds UTC), count.

    ``first_arrival``: a batch that corrects itself has rows under several numbers, from this one on.
    """

    arrival: int
    first_arrival: int
    key: str
    digest: str
    kind: str
    source: str
    received_at: int
    points: int
    first_at: int
    last_at: int


class Journal(Tables):
    """One connection to the journal. Not for two threads at once: the store and each writer have their own."""

    def versions(self) -> tuple[int, int, int]:
        """The counters of arrivals, of changes of the point files, and of changes of the results."""
        found = {str(name): whole(value) for name, value in self.execute("SELECT name, value FROM counter")}
        return found["arrival"], found["points"], found["results"]

    def _still(self, version: int) -> None:
        """Advance the version of the point files. OvertakenError when it is not ``version``."""
        if not self.count("UPDATE counter SET value = value + 1 WHERE name = 'points' AND value = ?", (version,)):
            raise OvertakenError

    # --- batches ------------------------------------------------------------------------------------------------

    def known(self, key: str, digest: str) -> int:
        """Arrival of the batch with ``key``; 0 when it is new, or was lost. RefusedError M004 for other content."""
        rows = self.execute("SELECT id, first_id, digest, kind, received_at FROM batch WHERE key = ?", (key,))
        if not rows:
            return 0
        arrival, first, found = whole(rows[0][0]), whole(rows[0][1]), str(rows[0][2])
        if found != digest:
            received = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(whole(rows[0][4])))
            raise RefusedError(
                Problem("M004", key, {"found": digest[:12], "expected": found[:12], "received": received})
            )
        lost = self.execute(
            "SELECT 1 FROM lost_file WHERE last_arrival >= ? AND first_arrival <= ? LIMIT 1", (first, arrival)
        )
        return 0 if lost else arrival

    def take_in(self, submissions: Sequence[Submission]) -> list[int | RefusedError]:
        """Put batches into the inbox in one transaction; the arrival of each, or why it was refused."""
        answers: list[int | RefusedError] = []
        now = int(time.time())
        with self.transaction():
            for one in submissions:
                answers.append(self._take_in(one, now))
        return answers

    def _take_in(self, one: Submission, now: int) -> int | RefusedError:
        if one.key:
            try:
                known = self.known(one.key, one.digest)
            except RefusedError as refused:
                return refused
            if known:
                return known
        arrival = self.advance("arrival", one.numbers)
        self._add_batch(one, arrival, arrival - one.numbers + 1, "inbox", now)
        self.execute("INSERT INTO inbox (id, points, payload) VALUES (?, ?, ?)", (arrival, one.points, one.payload))
        return arrival

    def _add_batch(self, one: Submission, arrival: int, first: int, kind: str, now: int) -> None:
        if one.key:
            # Only a batch that was lost comes again: its key goes to the new one.
            self.execute("UPDATE batch SET key = NULL WHERE key = ?", (one.key,))
        self.execute(
            "INSERT INTO batch (id, first_id, key, digest, kind, source, received_at, points, first_at, last_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (arrival, first, one.key or None, one.digest, kind, one.source, now, one.points, one.first_at, one.last_at),
        )

    def batch_of(self, arrival: int) -> Batch | None:
        """The batch that a reading of ``arrival`` came with."""
        rows = self.execute(
            f"SELECT {_BATCH} FROM batch WHERE id >= ? AND first_id <= ? ORDER BY id LIMIT 1", (arrival, arrival)
        )
        return _batch(rows[0]) if rows else None

    def batches_between(self, first: int, last: int) -> list[Batch]:
        """The batches of the arrivals ``first`` to ``last``."""
        rows = self.execute(f"SELECT {_BATCH} FROM batch WHERE id >= ? AND first_id <= ? ORDER BY id", (first, last))
        return [_batch(row) for row in rows]

    def inbox(self, after: int = 0, until: int | None = None) -> list[tuple[int, bytes]]:
        """Waiting batches with arrivals above ``after``, up to ``until``."""
        limit = (1 << 62) if until is None else until
        rows = self.execute("SELECT id, payload FROM inbox WHERE id > ? AND id <= ? ORDER BY id", (after, limit))
        return [(whole(row[0]), bytes(row[1])) for row in rows if isinstance(row[1], bytes | memoryview)]

    def inbox_sizes(self, until: int | None = None) -> list[tuple[int, int]]:
        """Arrival and number of readings of the waiting batches."""
        limit = (1 << 62) if until is None else until
        rows = self.execute("SELECT id, points FROM inbox WHERE id <= ? ORDER BY id", (limit,))
        return [(whole(row[0]), whole(row[1])) for row in rows]

    # --- manifest -----------------------------------------------------------------------------------------------

    def point_files(self) -> list[PointFile]:
        """The files of readings that the manifest names, by day and number."""
        return [self._point_file(row) for row in self.execute(f"SELECT {_FILE} FROM point_file ORDER BY day, id")]

    def predecessors(self, file: int) -> list[PointFile]:
        """The files that point file ``file`` was made from, as far as they are not removed yet."""
        found = self.execute(f"SELECT {_FILE} FROM replaced_file WHERE replaced_by = ? ORDER BY id", (file,))
        return [self._point_file(row) for row in found]

    def result_files(self) -> list[ResultFile]:
        """The files of results that the manifest names."""
        rows = self.execute(f"SELECT {_RESULT} FROM result_file ORDER BY day, kind")
        return [
            ResultFile(
                day=date_of(whole(row[0])),
                kind=str(row[1]),
                name=str(row[2]),
                rows=whole(row[3]),
                bytes=whole(row[4]),
                digest=str(row[5]),
                arrival=whole(row[6]),
                edition=str(row[7]),
            )
            for row in rows
        ]

    def publish_points(
        self,
        version: int,
        added: Sequence[PointFile],
        *,
        emptied: Sequence[int] = (),
        replaced: Mapping[int, int] | None = None,
        lost: Sequence[PointFile] = (),
        batch: tuple[Submission, int, int] | None = None,
    ) -> None:
        """Name new files, in one transaction with all that belongs to it.

        ``emptied`` inbox batches are in the files; ``replaced`` says which old file (id) went into which of ``added``
        (place in the sequence); ``lost`` files are named no longer; ``batch`` is a bulk import with its arrival and
        first number, whose files become visible under a new number of their own.
        OvertakenError when the manifest of points is not at ``version``, or a file has been removed meanwhile.
        """
        now = int(time.time())
        with self.transaction():
            self._still(version)
            if not all(file.path.exists() for file in added):
                raise OvertakenError
            change = 0
            if batch:
                change = self.advance("arrival")
                self._add_batch(batch[0], batch[1], batch[2], "bulk", now)
            last = self.advance("file", len(added)) if added else 0
            ids = range(last - len(added) + 1, last + 1)
            self.executemany(
                f"INSERT INTO point_file ({_FILE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [self._file_row(file, id, change) for id, file in zip(ids, added, strict=True)],
            )
            if emptied and self._empty(emptied) != len(emptied):
                raise OvertakenError
            for old, place in (replaced or {}).items():
                self._retire(old, now, ids[place] if place >= 0 else 0)
            for file in lost:
                self.execute("DELETE FROM point_file WHERE id = ?", (file.id,))
                self.execute(
                    "INSERT INTO lost_file VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        file.name,
                        number_of(file.day),
                        file.rows,
                        file.first_arrival,
                        file.last_arrival,
                        file.meters,
                        now,
                    ),
                )

    def _empty(self, emptied: Sequence[int]) -> int:
        first, last = min(emptied), max(emptied)
        between = whole(self.execute("SELECT count(*) FROM inbox WHERE id >= ? AND id <= ?", (first, last))[0][0])
        if between == len(emptied):
            return self.count("DELETE FROM inbox WHERE id >= ? AND id <= ?", (first, last))
        # Some could not be read, and stay.
        return sum(self.count("DELETE FROM inbox WHERE id = ?", (id,)) for id in emptied)

    def _retire(self, old: int, now: int, by: int) -> None:
        self.execute(
            f"INSERT INTO replaced_file ({_FILE}, replaced_at, replaced_by)"
            f" SELECT {_FILE}, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM point_file WHERE id = ?",
            (now, by, old),
        )
        if self.count("DELETE FROM point_file WHERE id = ?", (old,)) != 1:
            raise OvertakenError

    def publish_results(self, files: Sequence[ResultFile], days: Iterable[int]) -> None:
        """Name new results in one transaction; those of ``days`` (numbers), and of the same day and kind, go."""
        now = int(time.time())
        with self.transaction():
            self.advance("results")
            gone: list[tuple[str, Row]] = [("day = ?", (day,)) for day in days]
            gone += [("day = ? AND kind = ?", (number_of(file.day), file.kind)) for file in files]
            for condition, values in gone:
                self.execute(
                    "INSERT INTO replaced_file SELECT name, 0, day, 0, row_count, 0, byte_count, digest, arrival,"
                    f" arrival, arrival, 0, CAST(? AS BIGINT), 0 FROM result_file WHERE {condition}",
                    (now, *values),
                )
                self.execute(f"DELETE FROM result_file WHERE {condition}", values)
            self.executemany(
                f"INSERT INTO result_file ({_RESULT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (number_of(one.day), one.kind, one.name, one.rows, one.bytes, one.digest, one.arrival, one.edition)
                    for one in files
                ],
            )

    @contextmanager
    def only_named(self, before: int) -> Iterator[tuple[set[str], list[str]]]:
        """The names of the manifest, and replaced files from before ``before`` (seconds UTC), which are forgotten.

        Nobody can publish meanwhile: a file that is named by nobody stays so until the end.
        """
        with self.transaction():
            # A process that was killed in the middle of its commit may have left it whole in the log of SQLite, where
            # nobody sees it until the log is read anew. A commit of our own comes in its place: what is not named after
            # that will never be.
            self.advance("sweep")
        with self.transaction():
            self.advance("points", 0)
            self.advance("results", 0)
            rows = self.execute("SELECT name FROM replaced_file WHERE replaced_at < ?", (before,))
            self.execute("DELETE FROM replaced_file WHERE replaced_at < ?", (before,))
            yield self.named(), [str(row[0]) for row in rows]

    def named(self) -> set[str]:
        """Names of all files that are in use, or were until the time of grace ends."""
        rows = self.execute(
            "SELECT name FROM point_file UNION SELECT name FROM result_file UNION SELECT name FROM replaced_file"
        )
        return {str(row[0]) for row in rows}

    def _point_file(self, row: Row) -> PointFile:
        number, day, name, decimals, rows, superseded, size, digest, first, last, change, meters = row
        return PointFile(
            id=whole(number),
            day=date_of(whole(day)),
            name=str(name),
            path=self.folder / str(name),
            decimals=whole(decimals),
            rows=whole(rows),
            superseded=whole(superseded),
            bytes=whole(size),
            digest=str(digest),
            first_arrival=whole(first),
            last_arrival=whole(last),
            change=whole(change),
            meters=whole(meters),
        )

    @staticmethod
    def _file_row(file: PointFile, id: int, change: int) -> Row:
        return (
            id,
            number_of(file.day),
            file.name,
            file.decimals,
            file.rows,
            file.superseded,
            file.bytes,
            file.digest,
            file.first_arrival,
            file.last_arrival,
            change or file.change,
            file.meters,
        )


def _batch(row: Row) -> Batch:
    arrival, first_arrival, key, digest, kind, source, received, points, first, last = row
    return Batch(
        arrival=whole(arrival),
        first_arrival=whole(first_arrival),
        key=str(key or ""),
        digest=str(digest),
        kind=str(kind),
        source=str(source),
        received_at=whole(received),
        points=whole(points),
        first_at=whole(first),
        last_at=whole(last),
    )
