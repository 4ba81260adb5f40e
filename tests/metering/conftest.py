"""A register of two units at Urumqi and Karamay, and a store of its own for every test."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from hengneng.readings.points import Points
from hengneng.readings.store import Store

ZONE = dt.timezone(dt.timedelta(hours=8))
UNITS = [
    {"identifier": "mill", "name_zh": "钢厂", "name_en": "Steel mill", "place": "650100", "industry": "31"},
    {"identifier": "bakery", "name_zh": "面包厂", "name_en": "Bakery", "place": "克拉玛依", "industry": "14"},
]
Rows = Iterable[Mapping[str, object]]
Write = Callable[[str, Rows], Path]
Register = Callable[..., object]


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here may use the database."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a CSV: ``write("meters.csv", rows)``; with every column that a row has."""

    def write(name: str, rows: Rows) -> Path:
        every = list(rows)
        file = tmp_path / name
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(dict.fromkeys(name for row in every for name in row)))
            writer.writeheader()
            writer.writerows(every)
        return file

    return write


@pytest.fixture
def register(write: Write) -> Register:
    """Imports meters, with the two units: ``register([meter("1", "mill")])``."""
    from hengneng.metering.register import import_meters

    def register(rows: Rows, **changes: object) -> object:
        return import_meters(write("meters.csv", rows), write("units.csv", UNITS), **changes)

    return register


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of files and a journal of its own."""
    with Store.open(tmp_path / "readings") as opened:
        yield opened


def meter(identifier: str, unit: str, **changes: object) -> dict[str, object]:
    """A row of a table of meters: an electricity meter unless the changes say otherwise."""
    row = {"identifier": identifier, "unit": unit, "carrier": "electricity", "unit_of_measure": "kWh"}
    return {**row, **changes}


def at(day: str, hour: float = 0) -> int:
    """Seconds since 1970 of an hour of a local day."""
    start = dt.datetime.fromisoformat(day).replace(tzinfo=ZONE)
    return int((start + dt.timedelta(hours=hour)).timestamp())


def send(store: Store, meter: int, readings: Sequence[tuple[int, float]]) -> None:
    """Put readings (seconds, value in units) into the inbox."""
    times = [when for when, _ in readings]
    store.append(Points.of([meter] * len(readings), times, [round(value * 1e6) for _, value in readings]))


def steady(day: str, days: int, hourly: float, start: float = 0) -> list[tuple[int, float]]:
    """Readings every quarter of an hour for so many days, of a meter that counts ``hourly`` an hour."""
    first = at(day)
    return [(first + 900 * step, start + hourly / 4 * step) for step in range(days * 96 + 1)]
