"""Tables in one SQLite file: write-ahead log, synchronous=FULL, a commit is on the disk when it returns."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hengneng.durable.files import make_folder, sync_folder
from hengneng.durable.limits import limit
from hengneng.durable.tables import Row, Schema, Tables
from hengneng.problems import Problem, RefusedError

_LOOK = 0.02  # seconds between two tries for a lock


class SqliteTables(Tables):
    """The tables of ``folder``; made when they are not there."""

    def __init__(self, folder: Path, schema: Schema | None = None) -> None:
        self.schema = schema or self.schema
        self.folder = folder
        self.path = folder / self.schema.file
        make_folder(folder)
        self._connection = sqlite3.connect(
            self.path, timeout=limit("seconds_waiting_for_lock"), isolation_level=None, check_same_thread=False
        )
        with self._translated():
            self._connection.execute("PRAGMA synchronous = FULL")
        if not self._is_ready():
            self._make()
        self.check_version()

    def _make(self) -> None:
        # Two processes that begin at once: the change to the write-ahead log does not wait for others by itself.
        with held(self.folder / "make.lock", limit("seconds_waiting_for_lock")):
            with self._translated():
                # Kept in the file: those who open it later find it so.
                self._connection.execute("PRAGMA journal_mode = WAL")
            with self.transaction():
                for statement in self.schema.statements:
                    self._connection.execute(statement)
                self.prepare()
            self.path.chmod(0o600)
            sync_folder(self.folder)

    def _is_ready(self) -> bool:
        with self._translated():
            return bool(self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'counter'").fetchall())

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        with self._translated():
            return self._connection.execute(statement, values).fetchall()

    def count(self, statement: str, values: Sequence[object] = ()) -> int:
        with self._translated():
            return self._connection.execute(statement, values).rowcount

    def executemany(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        with self._translated():
            self._connection.executemany(statement, values)

    @contextmanager
    def locked(self, name: str, seconds: float) -> Iterator[bool]:
        with held(self.folder / f"{name}.lock", seconds) as mine:
            yield mine

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as problem:
            code = getattr(problem, "sqlite_errorname", "")
            # Where there is no room even for the shared memory of the log, SQLite speaks of an error of the disk.
            starved = code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and not shutil.disk_usage(self.folder).free
            if code == "SQLITE_FULL" or starved:
                raise RefusedError(Problem("M005", str(self.folder), {"found": str(problem)})) from problem
            raise RefusedError(Problem("M015", str(self.path), {"found": f"{problem} ({code})"})) from problem
        except sqlite3.DatabaseError as problem:
            raise RefusedError(Problem("M015", str(self.path), {"found": str(problem)})) from problem


@contextmanager
def held(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock of a file among all processes of this machine; false when another keeps it for ``seconds``.

    The system gives it back when the process ends, however it ends.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    until = time.monotonic() + seconds
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    yield False
                    return
                time.sleep(_LOOK)
        yield True
    finally:
        os.close(handle)
