"""Tables in SQLite or PostgreSQL whose commits are on the disk when they return; all statements are common to both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hengneng.problems import Problem, RefusedError

Row = tuple[object, ...]


@dataclass(frozen=True)
class Schema:
    """What is made when it is not there: statements, and counters that begin at 0.

    ``name`` is the schema in PostgreSQL, ``file`` the file of SQLite below the folder. BLOB is BYTEA with PostgreSQL.
    One of the statements makes table ``counter`` (name, value). A later ``version`` is not read by an older program.
    """

    name: str
    file: str
    version: int
    statements: tuple[str, ...]
    counters: tuple[str, ...]


class Tables(ABC):
    """One connection. Not for two threads at once."""

    schema: Schema
    folder: Path

    @abstractmethod
    def transaction(self, *, write: bool = True) -> AbstractContextManager[None]:
        """All or nothing, on the disk at the end. RefusedError M005 when the disk is full, M015 when unreachable."""

    @abstractmethod
    def execute(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement (with ``?`` for values) and give its rows, if any."""

    @abstractmethod
    def count(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run one statement and give how many rows it has changed."""

    @abstractmethod
    def executemany(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of ``values``."""

    @abstractmethod
    def locked(self, name: str, seconds: float) -> AbstractContextManager[bool]:
        """Hold the lock ``name`` of this store among all processes; false when another has had it for ``seconds``."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def prepare(self) -> None:
        """Rows that must be there."""
        self.executemany(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            [("schema", self.schema.version), *((name, 0) for name in self.schema.counters)],
        )

    def check_version(self) -> None:
        """RefusedError M012 for tables of a later version."""
        found = self.counter("schema")
        if found > self.schema.version:
            raise RefusedError(Problem("M012", str(self.folder), {"found": found, "expected": self.schema.version}))

    def counter(self, name: str) -> int:
        """Value of a counter."""
        return whole(self.execute("SELECT value FROM counter WHERE name = ?", (name,))[0][0])

    def advance(self, name: str, by: int = 1) -> int:
        """Advance a counter and give its new value; inside a transaction that others wait for."""
        return whole(
            self.execute("UPDATE counter SET value = value + ? WHERE name = ? RETURNING value", (by, name))[0][0]
        )


def whole(cell: object) -> int:
    """A cell that is a whole number. TypeError when it is not."""
    if not isinstance(cell, int):
        raise TypeError(f"a number was expected in the tables, not {cell!r}")
    return cell
