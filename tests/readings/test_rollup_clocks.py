"""Clocks that are off are flagged from live batches, and from nothing else."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pyarrow.parquet as pq
import pytest
from readings.reference import Version
from readings.rollup_cases import meters_table

from hengneng.readings.points import Points, date_of, day_number
from hengneng.readings.rollup.engine import roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on

NOW = int(dt.datetime(2026, 6, 10, 4, 0, tzinfo=dt.UTC).timestamp())  # noon, local
RULES = rules_on(dt.date(2026, 6, 10))
METERS = meters_table([Version(number, interval=900) for number in (1, 2, 3, 4, 5)])


@pytest.fixture
def live(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sends readings of several meters as one batch that is received at NOW: ``live({1: NOW})``."""

    def send(newest: dict[int, int], received: int = NOW) -> None:
        monkeypatch.setattr(time, "time", lambda: float(received))
        rows = [(meter, at - back) for meter, at in newest.items() for back in (900, 0)]
        store.append(Points.of([m for m, _ in rows], [at for _, at in rows], [at * 1000 for _, at in rows]))
        monkeypatch.undo()

    return send


def flags(store: Store, at: int = NOW) -> list[tuple[int, str]]:
    roll_up(store, METERS, RULES)
    day = date_of(int(day_number(at)))
    file = store.manifest().results[day, "flags"]
    rows = pq.read_table(store.folder / file.name, partitioning=None).to_pylist()
    return [(row["meter"], row["rule"]) for row in rows if row["rule"] in ("V1", "V23")]


def test_clocks_before_behind_and_two_hours_off(store: Store, live: Any) -> None:
    live({1: NOW - 60, 2: NOW + 300, 3: NOW - 7200, 4: NOW - 1800, 5: NOW - 40_000})
    # One is right; one is ahead; one is on the local time of Xinjiang; one is behind; one sends what it had kept.
    assert flags(store) == [(2, "V1"), (3, "V23"), (4, "V1")]


def test_the_same_from_files_as_from_the_inbox(store: Store, live: Any) -> None:
    live({1: NOW - 60, 2: NOW + 300, 3: NOW - 7200})
    store.compact(everything=True)
    assert store.manifest().inbox == ()
    assert flags(store) == [(2, "V1"), (3, "V23")]


def test_history_says_nothing_about_clocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    store.import_bulk([Points.of([2, 2], [NOW - 900, NOW + 300], [1000, 2000])], source="history.parquet")
    monkeypatch.undo()
    assert flags(store) == []


def test_each_batch_is_judged_by_its_own_receipt(store: Store, live: Any) -> None:
    live({1: NOW - 3600}, received=NOW - 3600)
    live({1: NOW}, received=NOW)
    live({2: NOW - 5000}, received=NOW - 3600)
    assert flags(store) == [(2, "V1")]
