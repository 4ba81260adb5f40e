"""A store of readings of each test's own, on the chosen database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import postgresql

from hengneng.readings.store import Store


@pytest.fixture
def journal_url(database: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Empty for SQLite, else the URL of an empty database of this test's own."""
    if database == "sqlite":
        yield ""
        return
    url = postgresql.create_database(request.getfixturevalue("postgresql_server"))
    yield url
    postgresql.drop_database(url)


@pytest.fixture
def open_store(tmp_path: Path, journal_url: str) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test, each time with a connection of its own."""
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(Store.open(tmp_path / "readings", journal_url))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return open_store()
