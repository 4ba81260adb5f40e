"""The statements that find flags give on Spark what they give on DuckDB, to the last integer."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING

import pytest
from readings.made_day import END, LOAD, MICRO, RULES, SCHEMAS, SLOTS, START, Meter, Row, Tables, with_slots
from support.missing import cannot

from hengneng.readings.validation.statement import SPARK, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession


# One cluster at a time, and once: Spark knows nothing of the database.
pytestmark = [pytest.mark.sqlite, pytest.mark.xdist_group("spark")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        cannot("needs pyspark (requirements/spark.txt) and Java 17")
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()


def on_spark(spark: SparkSession, tables: Tables) -> list[Row]:
    """The findings of the statements as written for Spark, over the tables that DuckDB has."""
    for name, columns in SCHEMAS.items():
        rows = [tuple(row.values()) for row in tables.connection.sql(f"FROM {name}").to_arrow_table().to_pylist()]
        spark.createDataFrame(rows, columns.replace("VARCHAR", "STRING")).createOrReplaceTempView(name)
    found: list[Row] = []
    for step in steps(RULES, START, END, SPARK):
        if step.sieve is None or spark.sql(step.sieve).collect():
            found += [
                (row["meter"], row["rule"], row["since"], row["until"], row["found"], row["bound"])
                for row in spark.sql(step.find).collect()
            ]
    return sorted(found, key=lambda row: row[:3])


def test_equal_findings(spark: SparkSession) -> None:
    tables = Tables()
    on_duckdb = tables.flags(
        [
            Meter(1, (3 * LOAD,) * SLOTS),
            Meter(2, with_slots(dict.fromkeys(range(40, 56), 0)), parent=1),
            Meter(4, parent=1),
            Meter(5, (0,) * SLOTS),
            Meter(6, with_slots({20: 800 * MICRO}), calibrated_until=START + 5),
            Meter(7, with_slots({20: -5}), lost=frozenset({40, 41})),
            Meter(8, how=((20, 1), (30, 2)), began=4 * 86_400),
            Meter(9, (2 * LOAD,) * SLOTS, parent=8),
        ]
    )
    assert {row[1] for row in on_duckdb} == {"V3", "V4", "V5", "V6", "V7", "V13", "V16", "V17", "V21", "V22"}
    assert on_spark(spark, tables) == on_duckdb
