"""The whole way of readings, from the file to daily standard coal of the units, as the commands go it.

    .venv/bin/python benchmarks/readings_path.py [--meters 1000] [--days 30] [--data FOLDER] [--hours 120]

Import, roll-up with energy, export: each in a process of its own; CPU of a million readings without the start-up of the
processes, and their peak memory. ``--data``: a load in files (readings.parquet, meters.csv, enterprises.csv) instead of
one made here. With ``--hours`` also hour by hour: each hour's batch through the inbox, rolled up and added up at once.
Beside each stands the floor of the same run (``readings_floor.py``): machines differ by more than the code does.
``--database-url`` runs it on PostgreSQL; the database must be empty.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from readings_floor import hours as floor_of_hours
from readings_floor import whole as floor_of_whole
from readings_load import FIRST_DAY, days_of_load

from hengneng.readings.points import MICRO, Points, start_of
from hengneng.readings.store import Store

PER_UNIT = 10
HOUR = 3600
CARRIERS = (("electricity", "kWh", "0.1229"), ("natural_gas", "m3", "1.33"), ("heat", "GJ", "34.12"))
PLACES = ("Urumqi", "Karamay", "Turpan", "Hami", "Changji", "Aksu", "Kashgar", "Hotan", "Tacheng", "Altay")


FLOORS = {"floor": floor_of_whole, "floor of hours": floor_of_hours}


def write_register(folder: Path, meters: int) -> None:
    """The register as two CSV files: nine of ten meters measure electricity."""
    with (folder / "enterprises.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["enterprise_id", "name", "prefecture"])
        units = -(-meters // PER_UNIT)
        writer.writerows([unit, f"UNIT{unit:05d}", PLACES[unit % len(PLACES)]] for unit in range(1, units + 1))
    with (folder / "meters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["meter_id", "enterprise_id", "carrier", "unit", "kgce_factor", "register_max", "anomaly"])
        for meter in range(1, meters + 1):
            carrier = CARRIERS[max(0, meter % 20 - 17)]
            writer.writerow([meter, (meter - 1) // PER_UNIT + 1, *carrier, 1_000_000, ""])


def write_load(folder: Path, meters: int, days: int) -> None:
    """Readings as a Parquet file in the order in which they come: by time, then meter."""
    schema = pa.schema([("meter_id", pa.int32()), ("ts", pa.timestamp("s", tz="UTC")), ("value", pa.float64())])
    with pq.ParquetWriter(folder / "readings.parquet", schema, compression="zstd") as writer:
        for points in days_of_load(meters, days):
            order = np.lexsort((points.meter, points.at))
            table = {
                "meter_id": pa.array(points.meter[order]),
                "ts": pa.array(points.at[order]).cast(schema.field("ts").type),
                "value": pa.array(points.value[order] / MICRO),
            }
            writer.write_table(pa.table(table, schema=schema))


def started() -> None:
    """Everything that a command loads before its work begins."""
    from hengneng.database.ready import prepare_database

    prepare_database()
    from hengneng.metering.rolling import spare_memory

    spare_memory()
    # Arrow looks for pandas at its first array. The program has none; here it came with Spark, and takes half a second.
    pa.array([0])


def step(name: str, folder: Path) -> dict[str, float]:
    """One step in this process: CPU seconds and wall without the start, peak memory in MB."""
    if name in FLOORS:
        spent, rows = FLOORS[name](folder)
        return {"cpu": spent, "readings": rows}
    started()
    from hengneng.access import terminal_actor
    from hengneng.metering.exporting import export_daily, export_hourly
    from hengneng.metering.importing import import_readings
    from hengneng.metering.register import import_meters
    from hengneng.metering.rolling import roll_up_readings
    from hengneng.metering.storing import open_store

    cpu, wall = time.process_time(), time.perf_counter()
    found: dict[str, float] = {}
    if name == "register":
        assert not import_meters(folder / "meters.csv", folder / "enterprises.csv").refused
    else:
        with open_store() as store:
            if name == "import":
                result = import_readings(store, folder / "readings.parquet", terminal_actor(), "en")
                found["readings"] = result.read
            elif name == "rollup":
                roll_up_readings(store)
            elif name == "export":
                export_hourly(store, folder / "hourly.parquet")
                export_daily(folder / "daily.csv")
            else:
                found["readings"] = hour_by_hour(store, folder)
    found |= {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def hour_by_hour(store: Store, folder: Path) -> int:
    """Send the load an hour at a time; each hour is in the daily energy before the next one comes."""
    from hengneng.metering.rolling import Roller

    roller = Roller(store)
    table = pq.read_table(folder / "readings.parquet")
    meter = table["meter_id"].to_numpy()
    at = table["ts"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
    value = np.rint(table["value"].to_numpy() * MICRO).astype(np.int64)
    hour = (at - start_of(FIRST_DAY) - 1) // HOUR
    sent = 0
    for number in np.unique(hour):
        chosen = hour == number
        store.append(Points(meter[chosen], at[chosen], value[chosen]), source="hour")
        roller.run()
        sent += int(chosen.sum())
    return sent


def run(name: str, folder: Path, home: Path, database_url: str) -> dict[str, float]:
    """The step in a process of its own."""
    environment = {**os.environ, "HENGNENG_HOME": str(home)} | (
        {"HENGNENG_DATABASE_URL": database_url} if database_url else {}
    )
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, "--folder", str(folder)],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Make the load, go the way, print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--hours", type=int, default=0)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--step")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(step(given.step, given.folder)))
        return
    print(f"Python {platform.python_version()}, duckdb {version('duckdb')}, pyarrow {version('pyarrow')}")
    with tempfile.TemporaryDirectory(prefix="hengneng-path-") as temporary:
        folder = given.data or Path(temporary)
        if not given.data and given.days:
            write_register(folder, given.meters)
            write_load(folder, given.meters, given.days)
        if given.days:
            whole(folder, Path(temporary) / "home", given.database_url)
        if given.hours:
            hourly = Path(temporary) / "hourly"
            hourly.mkdir()
            write_register(hourly, given.meters)
            write_load(hourly, given.meters, given.hours // 24)
            home = Path(temporary) / "home-hourly"
            run("register", hourly, home, given.database_url)
            found = run("hours", hourly, home, given.database_url)
            by_hand = run("floor of hours", hourly, home, given.database_url)
            floor, readings = by_hand["cpu"], by_hand["readings"]
            print(f"hour by hour: {found['cpu'] / found['readings'] * 1e6:.1f} CPU-s per million readings, "
                  f"peak {found['peak']:.0f} MB; {found['cpu'] / floor:.2f} times the arithmetic by hand "
                  f"({floor / readings * 1e6:.1f})")  # fmt: skip


def whole(folder: Path, home: Path, database_url: str) -> None:
    """Register, import, roll-up, export."""
    run("register", folder, home, database_url)
    found = {name: run(name, folder, home, database_url) for name in ("import", "rollup", "export")}
    readings = found["import"]["readings"]
    for name, one in found.items():
        print(f"{name}: {one['cpu'] / readings * 1e6:.3f} CPU-s per million, {one['wall']:.2f} s, "
              f"peak {one['peak']:.0f} MB")  # fmt: skip
    cpu = sum(one["cpu"] for one in found.values())
    print(f"whole way: {cpu / readings * 1e6:.3f} CPU-s per million of {readings:,.0f} readings, "
          f"peak {max(one['peak'] for one in found.values()):.0f} MB")  # fmt: skip
    floor = run("floor", folder, home, database_url)["cpu"]
    print(f"the arithmetic alone, with NumPy: {floor / readings * 1e6:.3f} CPU-s per million; the whole way is "
          f"{cpu / floor:.1f} times that")  # fmt: skip


if __name__ == "__main__":
    main()
