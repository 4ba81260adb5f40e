"""The roll-up on a Spark cluster of several processes gives what DuckDB gives, to the last integer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from readings.reference import Version, rolled_up
from readings.rollup_cases import (
    BEGIN,
    FIRST,
    RULES,
    flags_of,
    load,
    meters_table,
    points_of,
    results_of,
    same_as_reference,
)
from support import spark_cluster
from support.missing import cannot
from support.spark_cluster import SparkCluster

from hengneng.problems import RefusedError
from hengneng.readings.rollup.engine import engine_of, roll_up
from hengneng.readings.store import Store
from hengneng.readings.validation.rules import rules_on

# One cluster at a time, and once: Spark knows nothing of the database.
pytestmark = [pytest.mark.sqlite, pytest.mark.xdist_group("spark")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    reason = spark_cluster.missing()
    if reason:
        cannot(reason)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv(*spark_cluster.LITTLE_WORK)
        running = stack.enter_context(spark_cluster.spark_cluster(tmp_path_factory.mktemp("spark")))
        patch.setenv("SPARK_LOCAL_IP", spark_cluster.HOST)
        patch.setenv(
            "PYSPARK_SUBMIT_ARGS",
            # Little data: compiling the queries would take longer than running them.
            "--conf spark.executor.memory=512m --conf spark.sql.shuffle.partitions=2"
            " --conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"
            " --conf spark.sql.adaptive.enabled=false pyspark-shell",
        )
        from pyspark.sql import SparkSession

        # One session for all tests: each of its own would start executors again.
        session = SparkSession.builder.master(running.address).config("spark.ui.enabled", "false").getOrCreate()
        yield running
        session.stop()


def test_equal_with_all_defects_in_files_and_inbox(cluster: SparkCluster, tmp_path: Path) -> None:
    versions, readings = load(21, days=3)
    table = meters_table(versions)
    rules = rules_on(date(2026, 6, 1))
    stores = []
    for name, engine in (("spark", cluster.address), ("numpy", "numpy"), ("duckdb", "duckdb")):
        store = Store.open(tmp_path / name)
        half = len(readings) // 2
        store.append(points_of(readings[:half]))
        store.compact()
        roll_up(store, table, rules, engine="numpy")
        store.append(points_of(readings[half:]))  # reaches back over midnight into days that have results
        done = roll_up(store, table, rules, engine=engine)
        assert done.days
        stores.append(store)
    spark, *others = stores
    for other in others:
        assert results_of(spark) == results_of(other)
        assert flags_of(spark) == flags_of(other)
    assert any(flags_of(spark).values())
    assert not list(spark.folder.glob("spark/*"))


def test_equal_with_a_worker_killed_in_mid_job(cluster: SparkCluster, tmp_path: Path) -> None:
    versions, readings = load(22, days=3)
    store = Store.open(tmp_path / "readings")
    store.append(points_of(readings))
    store.compact()
    killed = threading.Event()

    def kill() -> None:
        # The first hours that are written say that the job is in its middle.
        while not killed.is_set():
            if list(store.folder.glob("spark/*/0/hours/**/*.parquet")):
                cluster.kill_worker(0)
                killed.set()
            time.sleep(0.02)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    roll_up(store, meters_table(versions), RULES, engine=cluster.address, flags=False)
    was_killed = killed.is_set()
    killed.set()
    killer.join(10)
    assert was_killed
    same_as_reference(store, rolled_up(readings, versions))


def test_too_large_is_an_error_with_a_number(cluster: SparkCluster, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "readings")
    store.append(points_of([(1, BEGIN + 900, 0), (1, BEGIN + 1800, 1 << 61)]))
    table = meters_table([Version(1, multiplier=1_000_000)])
    with pytest.raises(RefusedError) as refused:
        roll_up(store, table, RULES, engine=cluster.address, days=range(FIRST, FIRST + 1), flags=False)
    assert [problem.number for problem in refused.value.problems] == ["M042"]


def test_an_engine_that_is_none() -> None:
    with pytest.raises(RefusedError) as refused:
        engine_of("mysql://here")
    assert [problem.number for problem in refused.value.problems] == ["M044"]
