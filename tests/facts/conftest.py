"""A fresh database for every test of this room, and tables taken in through the real import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from support.tables import COLUMNS, take_in, write_table

TakeIn = Callable[..., Any]


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here may use the database; what it records is rolled back."""


@pytest.fixture
def take(tmp_path: Path) -> TakeIn:
    """Writes rows into ``table.csv`` (or ``name``) and imports it: ``take([row("1")], plan=…)``."""

    def take(
        rows: Iterable[dict[str, str]],
        name: str = "table.csv",
        columns: Iterable[str] = COLUMNS,
        encoding: str = "utf-8",
        **changes: Any,
    ) -> Any:
        return take_in(write_table(tmp_path / name, rows, columns, encoding), **changes)

    return take
