"""The roll-up against the reference results of the shared load generator, cell by cell with its own comparison."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from readings.reference import OFFSET
from readings.rollup_cases import RULES, read
from support.waiting import PATIENCE

from hengneng.readings.points import DAY, MICRO, Points, micro_from_float, number_of
from hengneng.readings.rollup.engine import roll_up
from hengneng.readings.rollup.versions import SCHEMA
from hengneng.readings.store import Store

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
METERS, DAYS = 40, 6


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (BENCH / "gen.py").is_file():
        pytest.skip(f"{BENCH}/gen.py is not here: the load generator and its reference are not part of the project")
    folder = tmp_path_factory.mktemp("load")
    words = ["--meters", str(METERS), "--days", str(DAYS), "--missing", "0.03", "--out", str(folder)]
    subprocess.run([sys.executable, str(BENCH / "gen.py"), *words], check=True, capture_output=True, timeout=PATIENCE)
    return folder


def points_of(load: Path) -> Points:
    table = pq.read_table(load / "readings.parquet")
    value, wrong = micro_from_float(table["value"].to_numpy())
    assert not wrong.any()
    at = np.asarray(table["ts"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy())
    return Points(table["meter_id"].to_numpy(), at, value)


def meters_of(load: Path) -> pa.Table:
    with (load / "meters.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    one = {"valid_from": 0, "valid_to": 1 << 62, "kind": "register", "multiplier": 1000, "interval": 900}
    meters = [{**one, "meter": int(row["meter_id"]), "modulus": int(row["register_max"]) * MICRO} for row in rows]
    return pa.Table.from_pylist(meters, schema=SCHEMA)


def test_every_cell_is_the_reference(load: Path, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "readings")
    store.import_bulk([points_of(load)], source="test")
    roll_up(store, meters_of(load), RULES)
    tables = []
    for (day, kind), file in sorted(store.manifest().results.items()):
        if kind == "hours":
            table = read(store.folder / file.name)
            hours = number_of(day) * DAY - OFFSET + table["hour"].to_numpy().astype(np.int64) * 3600
            tables.append(
                pa.table(
                    {
                        "meter_id": table["meter"],
                        "hour_utc": pa.array(hours).cast(pa.timestamp("s", tz="UTC")),
                        "quantity": table["quantity"].to_numpy() / MICRO,
                    }
                )
            )
    pq.write_table(pa.concat_tables(tables), tmp_path / "hourly.parquet")
    words = [str(BENCH / "compare.py"), "--data", str(load), "--hourly", str(tmp_path / "hourly.parquet")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"cells": {METERS * DAYS * 24}, "missing": 0, "wrong": 0' in done.stdout
