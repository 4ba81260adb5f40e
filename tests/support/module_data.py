"""Data that the tests of a module share, inside one transaction that its end rolls back."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from django.db import connection, transaction

from support import postgresql
from support.homes import MADE_VARIABLE

Made = TypeVar("Made")


@contextmanager
def shared(blocker: Any, make: Callable[[], Made]) -> Iterator[Made]:
    """What ``make`` writes, for a fixture of a module: it is settled before the tests begin, and gone at the end."""
    with blocker.unblock(), transaction.atomic():
        made = make()
        _settle()
        yield made
        transaction.set_rollback(True)


@contextmanager
def copied(blocker: Any, name: str, make: Callable[[], object]) -> Iterator[None]:
    """What ``make`` writes, for a fixture that many modules have: made once a run under ``name``, and copied.

    As with ``shared``, everything is gone at the end of the module.
    """
    kept = Path(os.environ[MADE_VARIABLE]) / f"data-{name}"
    inside = _in_postgresql if connection.vendor == "postgresql" else _in_sqlite
    with blocker.unblock(), inside(kept, make), transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def _in_sqlite(kept: Path, make: Callable[[], object]) -> Iterator[None]:
    """The database of the tests is in memory: its pages are put aside, and back at the end."""
    connection.ensure_connection()
    with closing(sqlite3.connect(":memory:")) as before:
        connection.connection.backup(before)
        try:
            with _alone(kept):
                if not kept.exists():
                    make()
                    with closing(sqlite3.connect(kept)) as file:
                        connection.connection.backup(file)
                else:
                    with closing(sqlite3.connect(kept)) as file:
                        file.backup(connection.connection)
            yield
        finally:
            before.backup(connection.connection)


@contextmanager
def _in_postgresql(kept: Path, make: Callable[[], object]) -> Iterator[None]:
    """The connection goes to a copy of the database, and back to the one of the tests at the end."""
    known = kept.with_suffix(".json")
    own = connection.settings_dict["NAME"]
    with _alone(kept):
        if not known.exists():
            connection.close()
            url = postgresql.create_database(_url(), template=own)
            connection.settings_dict["NAME"] = _name(url)
            try:
                make()
                tell_planner()
            finally:
                connection.close()
                connection.settings_dict["NAME"] = own
            # The end of the run drops what is named in such a file.
            known.write_text(f'"{url}"', "utf-8")
        template = known.read_text("utf-8").strip('"')
        url = postgresql.create_database(_url(), template=_name(template))
    connection.close()
    connection.settings_dict["NAME"] = _name(url)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
        postgresql.drop_database(url)


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """The first worker that comes makes it, others wait."""
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _url() -> str:
    found = connection.settings_dict
    place = f"{quote(found['USER'])}:{quote(found['PASSWORD'])}@{found['HOST']}:{found['PORT'] or 5432}"
    return urlunsplit(("postgresql", place, f"/{found['NAME']}", "", ""))


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _settle() -> None:
    """Check now what PostgreSQL keeps for the end, since every test's own rollback would bring the checks back."""
    connection.check_constraints()
    tell_planner()


def tell_planner() -> None:
    """Tell the planner what is there: it takes tables that were just filled in the same transaction for empty ones."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Without names it would also lock the catalogues that all databases share, and other workers would wait.
            tables = connection.introspection.table_names(cursor)
            cursor.execute(f"ANALYZE {', '.join(map(connection.ops.quote_name, tables))}")
