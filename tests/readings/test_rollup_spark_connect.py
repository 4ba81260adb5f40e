"""The roll-up over Spark Connect gives what DuckDB gives, to the last integer, by the one setting of the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import spark_cluster
from support.missing import cannot
from support.ports import free_port

# In a process of its own: a session of Spark Connect and one of a cluster do not go together.
PROGRAM = """
import json, sys
from datetime import date
from pathlib import Path
from readings.rollup_cases import load, meters_table, points_of, read, results_of
from hengneng.readings.rollup.engine import roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on
versions, readings = load(21, days=3)
found = []
for name in ("setting", "duckdb"):
    with Store.open(Path(sys.argv[1]) / name) as store:
        store.append(points_of(readings))
        store.compact()
        done = roll_up(store, meters_table(versions), rules_on(date(2026, 6, 1)),
                       engine=None if name == "setting" else name)
        flags = {str(day): read(store.folder / file.name).to_pylist()
                 for (day, kind), file in store.manifest().results.items() if kind == "flags"}
        found.append((len(done.days), results_of(store), flags))
print(json.dumps({"days": [one[0] for one in found], "equal": found[0] == found[1], "flags": len(found[0][2])}))
"""
pytestmark = [pytest.mark.sqlite, pytest.mark.xdist_group("spark")]


def test_equal_over_spark_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = spark_cluster.missing() or spark_cluster.missing_for_connect()
    if reason:
        cannot(reason)
    monkeypatch.setenv(*spark_cluster.LITTLE_WORK)
    with spark_cluster.connect_server(tmp_path / "server") as address:
        environment = {
            **os.environ,
            "HENGNENG_READINGS_ENGINE": address,
            "SPARK_LOCAL_IP": spark_cluster.HOST,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["equal"]
    assert found["flags"] > 0
    assert found["days"][0] == found["days"][1] > 0


@pytest.mark.parametrize("address", ["sc://127.0.0.1:{port}", "spark://127.0.0.1:{port}", "sc://nobody.invalid"])
def test_nobody_there_is_said_at_once(tmp_path: Path, address: str) -> None:
    reason = spark_cluster.missing()
    if reason:
        cannot(reason)
    from hengneng.problems import RefusedError
    from hengneng.readings.rollup.spark_engine import Cluster

    engine = Cluster(address.format(port=free_port()))
    with pytest.raises(RefusedError) as refused:
        engine._session()
    assert [problem.number for problem in refused.value.problems] == ["M044"]
