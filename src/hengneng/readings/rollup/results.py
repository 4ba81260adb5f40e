"""Files of results: written durably under names of their own, published together by the store."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.parquet as pq

from hengneng.durable.files import partial_of
from hengneng.readings.files import ResultFile
from hengneng.readings.limits import limit
from hengneng.readings.points import date_of
from hengneng.readings.rollup.closing import SCHEMA as STATE_SCHEMA
from hengneng.readings.rollup.days import Made
from hengneng.readings.store import Store
from hengneng.readings.validation.flags import FLAGS as FLAGS_SCHEMA

HOURS, DAYS, STATE, FLAGS = "hours", "days", "state", "flags"
SCHEMAS = {
    HOURS: pa.schema(
        [
            ("meter", pa.int32()),
            ("hour", pa.int8()),
            ("quantity", pa.int64()),
            ("covered", pa.int32()),
            ("estimated", pa.int64()),
            ("estimated_seconds", pa.int32()),
        ]
    ),
    DAYS: pa.schema(
        [
            ("meter", pa.int32()),
            ("quantity", pa.int64()),
            ("covered", pa.int32()),
            ("estimated", pa.int64()),
            ("estimated_seconds", pa.int32()),
            ("readings", pa.int32()),
            ("expected", pa.int32()),
        ]
    ),
    STATE: STATE_SCHEMA,
    FLAGS: FLAGS_SCHEMA,
}
# Quantities differ from hour to hour: a dictionary of them would be as long as the column itself.
_PLAIN = {"quantity", "value", "next_value"}
_EDITION = re.compile(r"(?:^| )opening=(\w+) closing=(\w+)(?: |$)")


def write_result(store: Store, day: int, kind: str, table: pa.Table, seen: int, edition: str) -> ResultFile:
    """Write ``table`` as the results of ``kind`` of ``day`` (a number) to a new file of ``store``.

    ``seen`` is the newest change of the day's readings that went in. Nobody sees the file until it is published.
    RefusedError M005 when the disk is full; the part that was written goes with the next compaction.
    """
    when = date_of(day)
    name = store.new_result(when, kind, seen)
    table = table.select(SCHEMAS[kind].names).cast(SCHEMAS[kind])
    partial = partial_of(store.folder / name)
    try:
        pq.write_table(
            table,
            partial,
            compression="zstd",
            compression_level=limit("compression_level_of_results"),
            use_dictionary=[column for column in table.column_names if column not in _PLAIN],
            write_page_checksum=True,
            write_statistics=["meter"],
            row_group_size=limit("points_in_row_group"),
        )
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return store.finish_result(when, kind, name, rows=table.num_rows, arrival=seen, edition=edition)


def edition_text(opening: str, closing: str, rules: str, engine: str) -> str:
    """What results were made with, for the manifest: digests of the states before and after, engine, rules."""
    return f"opening={opening} closing={closing} engine={engine} rules={rules}"


def made_of(file: ResultFile) -> Made:
    """What :func:`edition_text` and the arrival say. ValueError for another text."""
    read = _EDITION.search(file.edition)
    if not read:
        raise ValueError(f"{file.name}: edition {file.edition!r} names no states")
    return Made(file.arrival, read[1], read[2])
