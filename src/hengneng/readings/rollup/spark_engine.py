"""The same roll-up on a cluster of Apache Spark: one setting, the same template, results equal to the last integer.

Workers read the files of the manifest in the shared folder and work on all days of a run at once. What they write
stands in a folder of the run beside the readings; this process gives it the form and the names that results have.
Lost workers and executors are Spark's own business: their tasks are done again.
"""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from hengneng.problems import Problem, RefusedError
from hengneng.readings.files import PointFile
from hengneng.readings.limits import limit
from hengneng.readings.points import DAY, DECIMALS, date_of, number_of
from hengneng.readings.rollup.arrow import days_of_table, hours_of_table, intervals_of_table
from hengneng.readings.rollup.closing import SCHEMA as STATE_SCHEMA
from hengneng.readings.rollup.closing import State, advanced, ends_of
from hengneng.readings.rollup.days import begin_of, next_readings, opening_of
from hengneng.readings.rollup.dialects import SPARK, statement
from hengneng.readings.rollup.results import DAYS, FLAGS, HOURS, SCHEMAS
from hengneng.readings.validation.flags import DayFlags, of_day

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from hengneng.readings.rollup.engine import DayResult, Run

FOLDER = "spark"  # below the folder of the readings; nothing of it outlives a run
ROWS = "rows_of_run"
# What the workers write, for a stretch in which nothing is written at all.
_READINGS = pa.field("readings", pa.int32())
EMPTY = {
    "hours": SCHEMAS[HOURS].append(_READINGS),
    "days": SCHEMAS[DAYS],
    "states": STATE_SCHEMA,
    "intervals": pa.schema(
        [("meter", pa.int32())]
        + [(name, pa.int64()) for name in ("since", "until", "a", "b", "increment", "quantity")]
        + [("how", pa.int32()), ("estimated", pa.bool_()), ("spread", pa.bool_()), ("version", pa.int32())]
    ),
    "readings": pa.schema([("day", pa.int32()), ("readings", pa.int64())]),
}
PORTS = {"spark": "7077", "sc": "15002"}  # those that Spark itself uses when none is given
OF_SESSION = {
    "spark.sql.ansi.enabled": "true",  # overflow is an error
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "true",
}
# Over Spark Connect these belong to the server, which was started by somebody else.
OF_PROCESS = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_TOO_LARGE = ("ARITHMETIC_OVERFLOW", "CAST_OVERFLOW", "NUMERIC_VALUE_OUT_OF_RANGE", "long overflow")


class Cluster:
    """A cluster by its address: spark://HOST:PORT, sc://HOST:PORT (Spark Connect), or local[N]."""

    def __init__(self, address: str) -> None:
        self.address = address

    def made(self, run: Run) -> Iterator[DayResult]:
        """The days of the plan, in order; each stretch of days that follow each other is one job."""
        top = run.store.folder / FOLDER
        shutil.rmtree(top, ignore_errors=True)  # whoever holds the lock of the roll-up is alone here
        folder = top / secrets.token_hex(4)
        folder.mkdir(mode=0o700, parents=True)
        own = SparkSession.getActiveSession() is None  # one that is open already is used and left open
        spark = None
        try:
            spark = self._session()
            for place, days in enumerate(stretches(run.plan.due)):
                yield from _Job(spark, run, days, folder / str(place)).results()
        except PySparkException as problem:
            raise self._refusal(problem, run) from None
        finally:
            if spark is not None and own:
                spark.stop()
            shutil.rmtree(top, ignore_errors=True)

    def _session(self) -> SparkSession:
        self._knock()
        builder = SparkSession.builder
        settings = OF_SESSION
        if self.address.startswith("sc://"):
            builder = builder.remote(self.address)
        else:
            builder, settings = builder.appName("hengneng readings").master(self.address), OF_SESSION | OF_PROCESS
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            spark = builder.getOrCreate()
            spark.conf.set("spark.sql.ansi.enabled", "true")
            return spark
        except Exception as problem:  # Java missing, address unknown, packages of Spark Connect missing
            why = str(problem).splitlines()[0][:200]
            raise self._unreachable(why) from None

    def _knock(self) -> None:
        """Whether anybody is there: Spark itself would go on trying for minutes. RefusedError M044."""
        scheme, _, rest = self.address.partition("://")
        if scheme not in PORTS:
            return
        why: OSError | None = None
        for place in rest.split("/", 1)[0].split(";", 1)[0].split(","):
            host, _, port = place.rpartition(":") if ":" in place else (place, "", PORTS[scheme])
            try:
                with socket.create_connection((host.strip("[]"), int(port)), limit("seconds_until_engine_answers")):
                    return
            except ValueError:
                why = OSError(place)
            except OSError as problem:
                why = problem
        raise self._unreachable(str(why))

    def _unreachable(self, why: str) -> RefusedError:
        return RefusedError(Problem("M044", "HENGNENG_READINGS_ENGINE", {"found": self.address, "why": why}))

    def _refusal(self, problem: Exception, run: Run) -> RefusedError:
        text = str(problem)
        found = next((line for line in text.splitlines() if line.strip()), type(problem).__name__)[:200]
        if any(sign in text for sign in _TOO_LARGE):
            where = f"{date_of(run.plan.due[0]).isoformat()}/{date_of(run.plan.due[-1]).isoformat()}"
            return RefusedError(Problem("M042", where, {"found": found}))
        return self._unreachable(found)


def stretches(days: tuple[int, ...]) -> list[list[int]]:
    """Days that follow each other."""
    found: list[list[int]] = []
    for day in days:
        if found and found[-1][-1] == day - 1:
            found[-1].append(day)
        else:
            found.append([day])
    return found


class _Job:
    """The days of one stretch: context into the folder, SQL over all days, results out of the folder."""

    def __init__(self, spark: SparkSession, run: Run, days: list[int], folder: Path) -> None:
        self.spark = spark
        self.run = run
        self.days = days
        self.folder = folder
        self.start, self.end = begin_of(days[0]), begin_of(days[-1] + 1)
        self.opening = self._opening()
        folder.mkdir(mode=0o700)

    def results(self) -> Iterator[DayResult]:
        from hengneng.readings.rollup.engine import written

        self._compute()
        opening = self.opening
        counts = {row["day"]: row["readings"] for row in self._read_all("readings", EMPTY["readings"]).to_pylist()}
        for place, day in enumerate(self.days):
            hours = self._read("hours", place, ["meter", "hour"])
            days = self._read("days", place, ["meter"])
            closing = State.from_table(self._read("states", place, ["meter"]).select(STATE_SCHEMA.names))
            covered = hours.filter(pc.greater(hours["covered"], 0))
            kinds = [(HOURS, covered), (DAYS, days)]
            if self.run.flags:
                begin = begin_of(day)
                flags = DayFlags(begin, begin + DAY, self.run.rules, self.run.versions.columns)
                every = intervals_of_table(self._read("intervals", place, []))
                flags.look_at(of_day(every, begin, begin + DAY))
                kinds.append((FLAGS, flags.table(hours_of_table(covered), days_of_table(days))))
            yield written(self.run, day, opening, closing, kinds, counts.get(place, 0), "spark")
            opening = closing

    def _opening(self) -> State:
        """The closing state of the day before the stretch."""
        plan, source = self.run.plan, self.run.source
        made, first = source.made(), self.days[0]
        if first not in plan.walked or first in plan.starts:
            return opening_of(first, made, source)
        start = max(day for day in plan.starts if day < first)
        state = opening_of(start, made, source)
        for day in (day for day, _ in plan.steps if start <= day < first and day in plan.walked):
            if day in source.newest():
                state = advanced(state, ends_of(source.readings(day)))
        return state

    # --- computing ----------------------------------------------------------------------------------------------

    def _compute(self) -> None:
        versions = self.run.versions
        self._view("versions", self._context("versions", versions.table))
        self._view(ROWS, self._rows())
        self._view("neighbours", self._sql("neighbours")).persist()
        intervals = self._sql(
            "intervals",
            neighbours="neighbours",
            capacity_numerator=versions.capacity_numerator,
            capacity_denominator=versions.capacity_denominator,
        )
        kept = [self._view("intervals", intervals).persist(), self._view("window_hours", self._sql("hours")).persist()]
        self._view("window_days", self._sql("days"))
        by_day = "CAST(hour DIV 24 AS INT) AS day, meter, CAST(hour % 24 AS TINYINT) AS hour"
        self._write(
            "hours", f"SELECT {by_day}, quantity, covered, estimated, estimated_seconds, readings FROM window_hours"
        )
        self._write("days", "SELECT * FROM window_days")
        self._write("states", statement("states", SPARK, self.start, self.end))
        if self.run.flags:
            days = "sequence(CAST(first_hour DIV 24 AS INT), CAST(last_hour DIV 24 AS INT))"
            self._write("intervals", f"SELECT *, explode({days}) AS day FROM intervals")
        day = f"CAST((at - 1 - {self.start}) DIV 86400 AS INT)"
        within = f"at > {self.start} AND at <= {self.end}"
        counted = self.spark.sql(f"SELECT {day} AS day, COUNT(*) AS readings FROM {ROWS} WHERE {within} GROUP BY {day}")
        counted.coalesce(1).write.parquet(str(self.folder / "readings"))
        for frame in kept:
            frame.unpersist()

    def _sql(self, part: str, **words: object) -> DataFrame:
        return self.spark.sql(statement(part, SPARK, self.start, self.end, **words))

    @staticmethod
    def _view(name: str, frame: DataFrame) -> DataFrame:
        frame.createOrReplaceTempView(name)
        return frame

    def _write(self, name: str, text: str) -> None:
        """One folder for each day of the stretch, counted from 0, all rows of a day by one worker."""
        frame = self.spark.sql(text)
        frame.repartition(min(len(self.days), 64), "day").write.partitionBy("day").parquet(str(self.folder / name))

    def _context(self, name: str, table: pa.Table) -> DataFrame:
        """A small table that this process has, for the workers."""
        path = self.folder / f"{name}.parquet"
        pq.write_table(table, path)
        return self.spark.read.parquet(str(path))

    def _rows(self) -> DataFrame:
        """Opening states, current readings of the stretch, next readings of meters that are open at its end."""
        plan, source = self.run.plan, self.run.source
        following = next_readings(self.days[-1], plan, source.made(), source)
        names = ["meter", "at", "value"]
        beside = [self.opening.to_table().select(names).cast(pa.schema([STATE_SCHEMA.field(name) for name in names]))]
        beside.append(pa.table([following.meter, following.at, following.value], names=names).cast(beside[0].schema))
        context = self._context("beside", pa.concat_tables(beside))
        self._view("beside", context)
        self._view("current", self._current())
        return self.spark.sql("SELECT meter, at, value FROM beside UNION ALL SELECT meter, at, value FROM current")

    def _current(self) -> DataFrame:
        """Current readings of the files and of the inbox."""
        manifest = self.run.source.manifest
        days = [date_of(day) for day in self.days]
        files = [file for day in days for file in manifest.files.get(day, ())]
        rows = [(begin_of(day), manifest.inbox_rows(date_of(day))) for day in self.days]
        rows = [(begin, one) for begin, one in rows if len(one)]
        alone = (
            not rows and len(files) == len({file.day for file in files}) and not any(file.superseded for file in files)
        )
        waiting = pa.table(
            {
                "meter": pa.chunked_array([one.meter for _, one in rows], pa.int32()),
                "at": pa.chunked_array([one.second.astype("int64") + begin for begin, one in rows], pa.int64()),
                "value": pa.chunked_array([one.value for _, one in rows], pa.int64()),
                "arrival": pa.chunked_array([one.arrival for _, one in rows], pa.int64()),
            }
        )
        every = self._context("waiting", waiting)
        if files:
            every = self._of_files(files).unionByName(every)
        if alone:
            return every
        self._view("every", every)
        return self.spark.sql("SELECT meter, at, MAX_BY(value, arrival) AS value FROM every GROUP BY meter, at")

    def _of_files(self, files: list[PointFile]) -> DataFrame:
        """All rows of ``files``: what a file's day and decimals are, its name says, by a table that goes with it."""
        named = pa.table(
            {
                "file": [file.path.name for file in files],
                "begin": pa.array([begin_of(number_of(file.day)) for file in files], pa.int64()),
                "factor": pa.array([10 ** (DECIMALS - file.decimals) for file in files], pa.int64()),
            }
        )
        self._view("named", self._context("named", named))
        read = self.spark.read.parquet(*(str(file.path) for file in files))
        self._view("stored", read.select("meter", "second", "value", "arrival", "_metadata.file_name"))
        return self.spark.sql(
            "SELECT /*+ BROADCAST(n) */ s.meter, n.begin + s.second AS at, s.value * n.factor AS value, s.arrival"
            " FROM stored s JOIN named n ON s.file_name = n.file"
        )

    # --- reading what was computed -------------------------------------------------------------------------------

    def _read(self, name: str, place: int, order: list[str]) -> pa.Table:
        """The rows of one day, sorted; an empty table when there are none."""
        table = self._read_all(f"{name}/day={place}", EMPTY[name])
        return table.sort_by([(column, "ascending") for column in order]) if order else table

    def _read_all(self, name: str, schema: pa.Schema) -> pa.Table:
        paths = sorted((self.folder / name).glob("*.parquet"))
        tables = [pq.read_table(path, columns=schema.names, partitioning=None).cast(schema) for path in paths]
        return pa.concat_tables([schema.empty_table(), *tables])
