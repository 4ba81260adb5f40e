"""Tables in PostgreSQL, in a schema of their own; synchronous_commit is on, whatever the server says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import psycopg

from hengneng.durable.files import make_folder
from hengneng.durable.sqlite_tables import held
from hengneng.durable.tables import Row, Schema, Tables
from hengneng.problems import Problem, RefusedError

_LOOK = 0.02  # seconds between two tries for a lock


class PostgresqlTables(Tables):
    """The tables in the database of ``url``, for files in ``folder``; they are made when they are not there."""

    def __init__(self, folder: Path, url: str, schema: Schema | None = None) -> None:
        self.schema = schema or self.schema
        self.folder = folder
        self.url = url
        make_folder(folder)
        self._connection = self._connect()
        if self.execute("SELECT to_regclass(?)", (f"{self.schema.name}.counter",))[0][0] is None:
            with self.transaction():
                # Two processes that begin at once would both make the tables.
                self.execute("SELECT pg_advisory_xact_lock(?)", (self._number("make"),))
                self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema.name}")
                for statement in self.schema.statements:
                    self.execute(statement.replace("BLOB", "BYTEA"))
                self.prepare()
        self.check_version()

    def _connect(self) -> psycopg.Connection[Row]:
        options = f"-c synchronous_commit=on -c search_path={self.schema.name}"
        with self._translated():
            return psycopg.connect(self.url, autocommit=True, options=options)

    def _ready(self) -> psycopg.Connection[Row]:
        if self._connection.closed:
            self._connection = self._connect()
        return self._connection

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        with self._translated():
            connection = self._ready()
            if not write:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                try:
                    yield
                finally:
                    if not connection.closed:
                        connection.execute("ROLLBACK")
                return
            with connection.transaction():
                yield

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        with self._translated():
            cursor = self._ready().execute(_query(statement), values)
            return cursor.fetchall() if cursor.description else []

    def count(self, statement: str, values: Sequence[object] = ()) -> int:
        with self._translated():
            return self._ready().execute(_query(statement), values).rowcount

    def executemany(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        with self._translated(), self._ready().cursor() as cursor:
            cursor.executemany(_query(statement), values)

    @contextmanager
    def locked(self, name: str, seconds: float) -> Iterator[bool]:
        # The file says it to this machine even when a connection breaks, the database to all machines.
        with held(self.folder / f"{name}.lock", seconds) as mine:
            if not mine:
                yield False
                return
            with self._translated():
                holder = self._connect()
            try:
                yield _locked(holder, self._number(name), seconds)
            finally:
                holder.close()

    def close(self) -> None:
        self._connection.close()

    def _number(self, name: str) -> int:
        return crc32(f"hengneng.{self.schema.name}.{name}".encode())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.DiskFull as problem:
            raise RefusedError(Problem("M005", str(self.folder), {"found": str(problem)})) from problem
        except psycopg.Error as problem:
            said = (str(problem) or type(problem).__name__).splitlines()[0]
            raise RefusedError(Problem("M015", f"PostgreSQL, {self.schema.name}", {"found": said})) from problem


def _locked(connection: psycopg.Connection[Row], number: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        rows = connection.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchall()
        if rows[0][0]:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK)


def _query(statement: str) -> bytes:
    # All statements stand in the code; values are never put into them.
    return statement.replace("?", "%s").encode()
