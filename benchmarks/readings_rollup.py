"""Rolling up readings: against a DuckDB job written by hand that does the same on the same files in the same run.

    .venv/bin/python benchmarks/readings_rollup.py [--meters 1000] [--days 30] [--growth] [--spark] [--hours 120]

Prints the ratio of times, CPU of a million readings, peak memory; each side runs in a process of its own. With
``--growth`` also a tenth of the days, and what ten times as many cost; with ``--hours`` hour by hour, each hour's batch
through the inbox and rolled up; with ``--spark`` the same on a cluster of two workers, compared to the last integer;
with ``--kill`` one of the two is killed in mid-job.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import duckdb
import pyarrow.parquet as pq
from readings_load import FIRST_DAY, MODULUS, days_of_load, meters_of

from hengneng.readings.files import PointFile
from hengneng.readings.points import DAY, DECIMALS, Points, start_of
from hengneng.readings.rollup.engine import roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on

# The peer: what somebody writes who knows DuckDB and needs this once. Day by day, with the last reading of each meter
# carried on; the same rules (rollover, reset, even spread, hours and local days), sums in whole numbers. What an
# interval over midnight leaves to earlier days is kept and added to them at the end, as files of their own.
PEER_INTERVALS = """
CREATE OR REPLACE TEMP TABLE intervals AS
WITH readings AS (
  SELECT meter, stamp, value FROM carry
  UNION ALL
  SELECT meter, {begin} + second AS stamp, value * {factor} AS value FROM read_parquet('{file}')
), beside AS (
  SELECT meter, lag(stamp) OVER w AS since, stamp AS until, lag(value) OVER w AS a, value AS b
  FROM readings WINDOW w AS (PARTITION BY meter ORDER BY stamp)
)
SELECT
  meter, since, until, until - since > 1350 AS estimated,
  CASE
    WHEN b >= a THEN b - a
    WHEN {modulus} - a + b <= {modulus} // 20 THEN {modulus} - a + b
    ELSE b
  END AS quantity
FROM beside WHERE since IS NOT NULL
"""
PEER_CARRY = """
CREATE OR REPLACE TEMP TABLE carry AS
SELECT meter, max(stamp) AS stamp, max_by(value, stamp) AS value
FROM (SELECT * FROM carry UNION ALL SELECT meter, {begin} + second, value * {factor} FROM read_parquet('{file}'))
GROUP BY meter
"""
PEER_HOURS = """
CREATE OR REPLACE TEMP TABLE parts AS
SELECT
  meter, hour, sum(quantity)::BIGINT AS quantity, sum(covered)::INTEGER AS covered,
  coalesce(sum(quantity) FILTER (estimated), 0)::BIGINT AS estimated,
  coalesce(sum(covered) FILTER (estimated), 0)::INTEGER AS estimated_seconds
FROM (
  SELECT meter, since // 3600 AS hour, quantity, until - since AS covered, estimated
  FROM intervals WHERE since // 3600 = (until - 1) // 3600
  UNION ALL
  SELECT
    meter, hour,
    quantity // seconds * (upto - since) + quantity % seconds * (upto - since) // seconds
      - quantity // seconds * (start - since) - quantity % seconds * (start - since) // seconds,
    upto - start, estimated
  FROM (
    SELECT *, until - since AS seconds, greatest(since, hour * 3600) AS start, least(until, hour * 3600 + 3600) AS upto
    FROM (
      SELECT *, unnest(range(since // 3600, (until - 1) // 3600 + 1)) AS hour
      FROM intervals WHERE since // 3600 <> (until - 1) // 3600
    )
  )
)
GROUP BY meter, hour
"""
PEER_WRITE = (
    "COPY (SELECT meter, hour, quantity, covered, estimated, estimated_seconds FROM parts"
    " WHERE hour * 3600 >= {begin} ORDER BY meter, hour)"
    " TO '{out}/hours-{day}.parquet' (FORMAT parquet, COMPRESSION zstd)",
    "COPY (SELECT meter, sum(quantity)::BIGINT AS quantity, sum(covered)::INTEGER AS covered,"
    " sum(estimated)::BIGINT AS estimated, sum(estimated_seconds)::INTEGER AS estimated_seconds"
    " FROM parts WHERE hour * 3600 >= {begin} GROUP BY meter ORDER BY meter)"
    " TO '{out}/days-{day}.parquet' (FORMAT parquet, COMPRESSION zstd)",
    "INSERT INTO spilled SELECT * FROM parts WHERE hour * 3600 < {begin}",
)


def by_hand(files: list[tuple[int, int, Path]], out: Path, memory: str) -> None:
    """The peer. ``files``: begin of the day (seconds UTC), factor to micro-units, path."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": memory, "preserve_insertion_order": False})
    connection.execute("CREATE TEMP TABLE carry (meter INTEGER, stamp BIGINT, value BIGINT)")
    connection.execute(
        "CREATE TEMP TABLE spilled (meter INTEGER, hour BIGINT, quantity BIGINT, covered INTEGER, estimated BIGINT,"
        " estimated_seconds INTEGER)"
    )
    for begin, factor, path in files:
        words = {"begin": begin, "factor": factor, "file": path, "modulus": MODULUS, "out": out, "day": begin}
        for text in (PEER_INTERVALS, PEER_HOURS, *PEER_WRITE, PEER_CARRY):
            connection.execute(text.format(**words))
    connection.execute(
        "CREATE TEMP VIEW days_spilled AS SELECT *, (hour * 3600 + 28800) // 86400 * 86400 - 28800 AS day FROM spilled"
    )
    for (day,) in connection.execute("SELECT DISTINCT day FROM days_spilled WHERE day >= ?", [files[0][0]]).fetchall():
        for name, hour in (("hours", "hour,"), ("days", "")):
            sums = ", ".join(f"sum({one})::{kind} AS {one}" for one, kind in SUMS)
            old = f"{out}/{name}-{day}.parquet"
            spilled = f"SELECT meter, {hour} {', '.join(one for one, _ in SUMS)} FROM days_spilled WHERE day = {day}"
            connection.execute(
                f"COPY (SELECT meter, {hour} {sums} FROM (FROM read_parquet('{old}') UNION ALL {spilled})"
                f" GROUP BY ALL ORDER BY ALL) TO '{old}.new' (FORMAT parquet, COMPRESSION zstd)"
            )
            Path(f"{old}.new").rename(old)


SUMS = (("quantity", "BIGINT"), ("covered", "INTEGER"), ("estimated", "BIGINT"), ("estimated_seconds", "INTEGER"))


def peer_files(files: list[PointFile]) -> list[tuple[int, int, Path]]:
    """What the peer is told about the files."""
    return [(start_of(file.day), 10 ** (DECIMALS - file.decimals), file.path) for file in files]


def measured(label: str, words: list[str]) -> dict[str, float]:
    """Run this program again for one side; its seconds, CPU seconds and peak MB."""
    command = [sys.executable, __file__, "--side", label, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def side(label: str, folder: Path, meters: int, days: int, memory: str) -> None:
    """One side, in a process of its own."""
    store = Store.open(folder / "readings")
    files = [file for day in sorted(store.manifest().files) for file in store.manifest().files[day]]
    last = FIRST_DAY + timedelta(days=days - 1)
    files = [file for file in files if file.day <= last]
    work: Callable[[], object]
    if label == "peer":
        out = folder / "peer"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        work = partial(by_hand, peer_files(files), out, memory)
    else:
        table, rules = meters_of(meters), rules_on(date(2026, 6, 1))
        engine = label.removeprefix("ours ") if label.startswith("ours ") else "numpy"
        wanted = range((FIRST_DAY - date(1970, 1, 1)).days - 1, (last - date(1970, 1, 1)).days + 1)
        flags = label == "flags"
        work = partial(roll_up, store, table, rules, days=wanted, recompute=True, engine=engine, flags=flags)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak, "rows": sum(file.rows for file in files)}))


def same_as_peer(store: Store, folder: Path) -> int:
    """Compare all days of our results with the peer's; how many rows there are. SystemExit when one differs."""
    rows = 0
    results = store.manifest().results
    for path in sorted((folder / "peer").glob("days-*.parquet")):
        day = date(1970, 1, 1) + timedelta(days=(int(path.stem.split("-")[1]) + 28_800) // DAY)
        ours = pq.read_table(store.folder / results[day, "days"].name, partitioning=None)
        ours = ours.filter(ours["covered"].to_numpy() > 0).select(["meter", *(name for name, _ in SUMS)])
        theirs = pq.read_table(path)
        if ours.to_pydict() != theirs.to_pydict():
            raise SystemExit(f"{day}: the peer has other results")
        rows += len(ours)
    return rows


def hour_by_hour(meters: int, hours: int, flags: bool) -> None:
    """Each hour's batch through the inbox, then rolled up."""
    with tempfile.TemporaryDirectory(prefix="hengneng-hours-") as name:
        store = Store.open(Path(name))
        table, rules = meters_of(meters), rules_on(date(2026, 6, 1))
        points = Points.concat(days_of_load(meters, -(-hours // 24)))
        begin = start_of(FIRST_DAY)
        cpu, total = 0.0, 0
        for hour in range(hours):
            first = begin + hour * 3600 - (hour == 0)
            batch = points.take((points.at > first) & (points.at <= begin + (hour + 1) * 3600))
            start = time.process_time()
            store.append(batch, key=f"hour {hour}")
            roll_up(store, table, rules, flags=flags)
            cpu += time.process_time() - start
            total += len(batch)
        print(
            f"hour by hour, {meters} meters, {hours} hours, {'with' if flags else 'without'} flags: "
            f"{cpu / hours * 1000:.1f} ms CPU an hour, {cpu / total * 1e6:.1f} CPU-s per million readings"
        )


def compare(label: str, folder: Path, meters: int, days: int, memory: str, flags: bool) -> dict[str, float]:
    """Both sides on the first ``days``; prints and gives ours."""
    words = ["--folder", str(folder), "--meters", str(meters), "--days", str(days), "--memory", memory]
    theirs = measured("peer", words)
    ours = measured("ours", words)
    shown = {"by hand": theirs, "ours": ours}
    if flags:
        shown["ours with flags"] = measured("flags", words)
        shown["ours on DuckDB"] = measured("ours duckdb", words)
    for name, one in shown.items():
        print(
            f"{label} {name:16} {one['wall']:7.2f} s, {one['cpu'] / one['rows'] * 1e6:.3f} CPU-s per million, "
            f"peak {one['peak']:.0f} MB, {one['wall'] / theirs['wall']:.2f} times by hand"
        )
    return ours


def main() -> None:
    """Read the arguments, make the load, measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--meters", type=int, default=1000)
    arguments.add_argument("--days", type=int, default=30)
    arguments.add_argument("--hours", type=int, default=0)
    arguments.add_argument("--growth", action="store_true")
    arguments.add_argument("--spark", action="store_true")
    arguments.add_argument("--kill", action="store_true")
    arguments.add_argument("--no-flags", action="store_true")
    arguments.add_argument("--memory", default="256MB")
    arguments.add_argument("--side", default="")
    arguments.add_argument("--folder", type=Path, default=None)
    given = arguments.parse_args()
    os.environ["HENGNENG_READINGS_MEMORY"] = given.memory
    if given.side:
        side(given.side, given.folder, given.meters, given.days, given.memory)
        return
    names = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "numpy"))
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {names}")
    if given.hours:
        hour_by_hour(given.meters, given.hours, not given.no_flags)
        return
    with tempfile.TemporaryDirectory(prefix="hengneng-rollup-") as name:
        folder = Path(name)
        with Store.open(folder / "readings") as store:
            store.import_bulk(days_of_load(given.meters, given.days), source="benchmark")
            status = store.status()
        print(f"{status.points:,} readings, {status.bytes / status.points:.2f} bytes each on disk")
        label = f"{given.meters} meters x {given.days} days"
        ours = compare(label, folder, given.meters, given.days, given.memory, not given.no_flags)
        with Store.open(folder / "readings") as store:
            print(f"equal to the last integer: {same_as_peer(store, folder):,} meter-days")
        if given.growth:
            small = compare("a tenth", folder, given.meters, max(1, given.days // 10), given.memory, False)
            grown = (ours["wall"] / ours["rows"]) / (small["wall"] / small["rows"])
            print(f"growth: a reading costs {grown:.2f} times as much with ten times as many")
        if given.spark or given.kill:
            on_spark(folder, given.meters, given.days, given.memory, given.kill)


def on_spark(folder: Path, meters: int, days: int, memory: str, kill: bool) -> None:
    """The same on a master and two workers; with ``kill`` one of them dies when the first hours have been written."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from support.spark_cluster import HOST, missing, spark_cluster

    if missing():
        raise SystemExit(missing())
    os.environ |= {
        "SPARK_LOCAL_IP": HOST,
        "PYSPARK_SUBMIT_ARGS": "--conf spark.executor.memory=2g --conf spark.sql.shuffle.partitions=8 pyspark-shell",
    }
    words = ["--folder", str(folder), "--meters", str(meters), "--days", str(days), "--memory", memory]
    done, killed = threading.Event(), threading.Event()

    def watch() -> None:
        while kill and not done.wait(0.02):
            if any((folder / "readings").glob("spark/*/0/hours/**/*.parquet")):
                cluster.kill_worker(0)
                killed.set()
                return

    with spark_cluster(folder / "cluster", memory="2g") as cluster:
        watcher = threading.Thread(target=watch)
        watcher.start()
        found = measured(f"ours {cluster.address}", words)
        done.set()
        watcher.join()
    if kill and not killed.is_set():
        raise SystemExit("the job had ended before a worker could be killed: give it more days")
    with Store.open(folder / "readings") as store:
        rows = same_as_peer(store, folder)
    workers = "two workers, one of them killed in mid-job" if kill else "two workers"
    print(f"Spark, master and {workers}: {found['wall']:.1f} s, equal to the last integer: {rows:,} meter-days")


if __name__ == "__main__":
    main()
