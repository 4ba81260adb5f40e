"""Parquet files of one local day, sorted by meter, second and arrival: written durably, read with their checksums."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hengneng.durable.files import CorruptFileError, digest_of, give_name, make_folder, partial_of
from hengneng.readings.limits import limit
from hengneng.readings.ordering import Rows
from hengneng.readings.points import DECIMALS, start_of

POINTS_FOLDER = "points"
RESULTS_FOLDER = "results"
ASIDE_FOLDER = "aside"
SCHEMA = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("second", pa.int32(), nullable=False),
        pa.field("value", pa.int64(), nullable=False),
        pa.field("arrival", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class PointFile:
    """A file of readings as the manifest names it.

    ``value`` in the file is in 10^-``decimals`` of the unit. ``superseded`` rows have a later value in the same file.
    ``first_arrival`` and ``last_arrival`` are of its rows; ``change`` is the number under which it became visible, not
    smaller than any of its arrivals: a roll-up that has seen this number has seen the file.
    """

    id: int
    day: date
    name: str  # below the folder of the readings
    path: Path
    decimals: int
    rows: int
    superseded: int
    bytes: int
    digest: str
    first_arrival: int
    last_arrival: int
    change: int
    meters: int


@dataclass(frozen=True)
class ResultFile:
    """A file made from readings: ``kind`` hours, state, days or flags; ``arrival`` is the number that it has seen."""

    day: date
    kind: str
    name: str  # below the folder of the readings
    rows: int
    bytes: int
    digest: str
    arrival: int
    edition: str


def new_name(folder: str, day: date, label: str) -> str:
    """A name that no file had before: ``folder/YYYY/YYYY-MM-DD.<label>-<eight digits at random>.parquet``."""
    return f"{folder}/{day.year}/{day.isoformat()}.{label}-{secrets.token_hex(4)}.parquet"


def decimals_of(rows: Rows) -> int:
    """The fewest decimals in which all values of ``rows`` are exact."""
    for decimals in range(DECIMALS):
        if not (rows.value % 10 ** (DECIMALS - decimals)).any():
            return decimals
    return DECIMALS


def table_of(rows: Rows, decimals: int = DECIMALS) -> pa.Table:
    """``rows`` as a table of the columns of a file."""
    value = rows.value if decimals == DECIMALS else rows.value // 10 ** (DECIMALS - decimals)
    return pa.Table.from_arrays(
        [pa.array(rows.meter), pa.array(rows.second), pa.array(value), pa.array(rows.arrival)], schema=SCHEMA
    )


def write_points(folder: Path, day: date, rows: Rows, change: int = 0) -> PointFile:
    """Write sorted ``rows`` of ``day`` to a new file below ``folder``, durably but for the folder's own sync.

    ``change`` 0 stands for the last arrival. OSError when the disk is full; then no file is left.
    """
    first, last = int(rows.arrival.min()), int(rows.arrival.max())
    name = new_name(POINTS_FOLDER, day, str(first))
    path = folder / name
    make_folder(path.parent)
    decimals = decimals_of(rows)
    partial = partial_of(path)
    try:
        pq.write_table(
            table_of(rows, decimals),
            partial,
            compression="zstd",
            compression_level=limit("compression_level"),
            use_dictionary=["meter", "second", "arrival"],
            # Registers grow: their high bytes are alike, and bytes of one place side by side pack best. Measured
            # against differences (DELTA_BINARY_PACKED): a third smaller, because each meter begins anew.
            column_encoding={"value": "BYTE_STREAM_SPLIT"},
            write_page_checksum=True,
            write_statistics=["meter"],
            row_group_size=limit("points_in_row_group"),
        )
        digest = digest_of(partial)
        size = partial.stat().st_size
        give_name(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return PointFile(
        id=0,
        day=day,
        name=name,
        path=path,
        decimals=decimals,
        rows=len(rows),
        superseded=rows.superseded(),
        bytes=size,
        digest=digest,
        first_arrival=first,
        last_arrival=last,
        change=change or last,
        meters=int(np.count_nonzero(np.diff(rows.meter))) + 1,
    )


def read_points(file: PointFile, meter: int | Sequence[int] | None = None) -> Rows:
    """The rows of a file in micro-units, all or those of one meter, or of several.

    CorruptFileError when it is missing, cut off or a page has another checksum.
    """
    try:
        table = pq.read_table(
            file.path,
            columns=SCHEMA.names,
            filters=None if meter is None else [("meter", "in", [meter] if isinstance(meter, int) else list(meter))],
            page_checksum_verification=True,
            partitioning=None,
            use_threads=False,
        )
    except FileNotFoundError:
        raise CorruptFileError("missing") from None
    except (OSError, pa.ArrowException) as problem:
        raise CorruptFileError(str(problem).splitlines()[0][:200]) from None
    if meter is None and table.num_rows != file.rows:
        raise CorruptFileError(f"{table.num_rows} rows, {file.rows} expected")
    columns = [table.column(name).to_numpy() for name in SCHEMA.names]
    value = columns[2] if file.decimals == DECIMALS else columns[2] * 10 ** (DECIMALS - file.decimals)
    return Rows(columns[0], columns[1], value, columns[3])


def seconds_of(day: date, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Seconds since 1970 UTC of rows of ``day``."""
    return rows.second.astype(np.int64) + start_of(day)


def files_below(folder: Path, part: str) -> Iterator[Path]:
    """All files of ``folder/part/YYYY/``, finished and partial."""
    top = folder / part
    if top.is_dir():
        for year in sorted(top.iterdir()):
            if year.is_dir():
                yield from (path for path in year.iterdir() if path.is_file())
