"""What it costs to take in a table of facts, as a ratio to a floor in the same run.

The floor reads the same file with the csv module, makes Decimals, and puts the same columns into a bare SQLite table of
the same durability, with no check at all. The ratio is what checking, normalising, provenance and revisions cost.

    .venv/bin/python benchmarks/import_facts.py [rows]
"""

from __future__ import annotations

import csv
import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

MEASURE, UNIT = "electricity_consumption", "亿千瓦时"


def write_table(path: Path, rows: int) -> None:
    """Monthly electricity of every county-level place, as long as it takes."""
    from hengneng.rules.divisions import divisions

    chance = random.Random(2015)
    places = [one.code for one in divisions() if one.level == "county" and not (one.valid_from or one.valid_to)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["measure", "place", "period", "value", "unit"])
        for number in range(rows):
            month = number // len(places)
            period = f"{1900 + month // 12}-{month % 12 + 1:02d}"
            writer.writerow([MEASURE, places[number % len(places)], period, f"{chance.uniform(5, 20):.2f}", UNIT])


def floor(path: Path, database: Path) -> float:
    """CPU seconds of reading and storing without any check."""
    started = time.process_time()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    columns = "measure TEXT, place TEXT, period TEXT, value TEXT, unit TEXT, file TEXT, line INT"
    connection.execute(f"CREATE TABLE fact ({columns})")
    connection.execute("CREATE UNIQUE INDEX once ON fact (measure, place, period)")
    with path.open(encoding="utf-8", newline="") as file, connection:
        reader = csv.reader(file)
        next(reader)
        rows = ((m, p, t, str(Decimal(v)), u, path.name, line) for line, (m, p, t, v, u) in enumerate(reader, start=2))
        connection.executemany("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return time.process_time() - started


def ours(path: Path) -> tuple[float, int]:
    """CPU seconds of `hengneng facts import`, start-up apart, and how many facts it recorded."""
    from hengneng.database.ready import prepare_database

    prepare_database()
    from hengneng.facts.intake.recording import Intake, import_file

    started = time.process_time()
    result = import_file(path, Intake(recorded_by="benchmark", language="en"))
    return time.process_time() - started, len(result.recorded)


def main() -> None:
    """Measure once and print the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HENGNENG_HOME"] = folder
        os.environ.pop("HENGNENG_DATABASE_URL", None)
        table = Path(folder, "facts.csv")
        write_table(table, rows)
        least = floor(table, Path(folder, "floor.sqlite3"))
        cost, recorded = ours(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if recorded != rows:
        sys.exit(f"{recorded} of {rows} rows were recorded: the comparison would be of different work")
    print(f"rows {rows}  floor {least:.2f} s  import {cost:.2f} s (CPU)  ratio {cost / least:.1f}  peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
