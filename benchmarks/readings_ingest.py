"""Durable ingest in batches of 200 readings, as a ratio to a floor in the same run.

The floor is the sqlite3 module putting the same bytes into a bare table with the same durability (write-ahead log,
synchronous=FULL), one commit for each batch. Against it: the store one batch at a time, and its writer with batches of
several senders waiting, which share commits. Each batch is acknowledged only after its commit is on the disk. With
--database URL the inbox is in PostgreSQL; the floor stays SQLite on this machine.

    .venv/bin/python benchmarks/readings_ingest.py [--batches 3000] [--senders 16] [--folder FOLDER] [--database URL]
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from hengneng.readings.points import Points
from hengneng.readings.store import Store

READINGS = 200
START = 1_780_272_000
GOAL = 100_000


def batch(number: int) -> Points:
    """One reading of each of 200 meters at a time of their own."""
    meter = np.arange(READINGS, dtype=np.int32)
    value = np.random.default_rng(number).integers(0, 10**12, READINGS, np.int64) * 1000
    return Points(meter, np.full(READINGS, START + number, np.int64), value)


def floor(folder: Path, payloads: list[bytes]) -> list[float]:
    """Seconds of each commit of a bare table."""
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
    took = []
    for payload in payloads:
        started = time.perf_counter()
        connection.execute("INSERT INTO inbox (payload) VALUES (?)", (payload,))
        took.append(time.perf_counter() - started)
    connection.close()
    return took


def one_at_a_time(store: Store, batches: list[Points]) -> list[float]:
    """Seconds until each acknowledgement, of a sender that waits for it before it sends the next."""
    took = []
    for number, points in enumerate(batches):
        started = time.perf_counter()
        store.append(points, key=f"one-{number}", source="benchmark")
        took.append(time.perf_counter() - started)
    return took


def together(store: Store, batches: list[Points], senders: int) -> list[float]:
    """The same with several senders, each of which waits for its own acknowledgements."""
    took: list[float] = []
    with store.writer() as writer:

        def send(part: int) -> None:
            for number in range(part, len(batches), senders):
                started = time.perf_counter()
                writer.submit(batches[number], key=f"many-{number}", source="benchmark").result()
                took.append(time.perf_counter() - started)

        threads = [threading.Thread(target=send, args=(part,)) for part in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return took


def measured(name: str, work: Callable[[], list[float]], bare: float | None) -> float:
    """Run ``work`` and print its line; gives its readings a second."""
    started, burnt = time.perf_counter(), time.process_time()
    took = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - burnt
    rate = len(took) * READINGS / seconds
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    ratio = f"{bare / rate:.2f} times the floor's time" if bare else "floor"
    per_million = cpu / (len(took) * READINGS) * 1e6
    print(
        f"{name:28} {rate:9,.0f} readings/s  acknowledged p50 {p50:.2f} ms, p99 {p99:.2f} ms"
        f"  {per_million:.2f} CPU-s per million  {ratio}"
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=3000)
    parser.add_argument("--senders", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the disk is that is to be measured")
    parser.add_argument("--database", default="", help="URL of a PostgreSQL database")
    chosen = parser.parse_args()
    batches = [batch(number) for number in range(chosen.batches)]
    payloads = [points.pack() for points in batches]
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        bare = measured("bare table, one at a time", lambda: floor(Path(temporary), payloads), None)
        rates = []
        with Store.open(Path(temporary, "one"), chosen.database) as store:
            rates.append(measured("store, one at a time", lambda: one_at_a_time(store, batches), bare))
        with Store.open(Path(temporary, "many"), chosen.database) as store:
            name = f"writer, {chosen.senders} senders"
            rates.append(measured(name, lambda: together(store, batches, chosen.senders), bare))
    print(f"goal: {GOAL:,} readings/s: {'reached' if min(rates) >= GOAL else 'missed'}")
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, pyarrow {pa.__version__}, numpy {np.__version__}"
    )


if __name__ == "__main__":
    main()
