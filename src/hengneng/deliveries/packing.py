"""Deliveries as bytes of one row of the inbox, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hengneng.deliveries.limits import limit


class Arrived(NamedTuple):
    """What a door took in.

    ``at``: microseconds since 1970 UTC when its last byte came. ``door``: the protocol. ``peer``: address and port.
    ``sender``: what the sender calls itself, empty where it does not say. ``content``: the bytes as they came.
    """

    at: int
    door: str
    peer: str
    sender: str
    content: bytes


class Delivery(NamedTuple):
    """The same with its number: deliveries are numbered from 1 in the order in which they were kept."""

    number: int
    at: int
    door: str
    peer: str
    sender: str
    content: bytes


_FIELDS: list[tuple[str, Any]] = [
    ("at", pa.int64()),
    ("door", pa.string()),
    ("peer", pa.string()),
    ("sender", pa.string()),
    ("content", pa.binary()),
]
ARRIVED = pa.schema([pa.field(name, kind, nullable=False) for name, kind in _FIELDS])
STORED = pa.schema([pa.field("number", pa.int64(), nullable=False), *ARRIVED])
_IPC = pa.ipc.IpcWriteOptions(compression="zstd")


def pack(arrived: Sequence[Arrived]) -> bytes:
    """Some deliveries as bytes (an Arrow stream, compressed, with its schema)."""
    columns = list(zip(*arrived, strict=True))
    batch = pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, ARRIVED, strict=True)], schema=ARRIVED)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ARRIVED, options=_IPC) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(packed: bytes, first: int) -> list[Delivery]:
    """The deliveries that :func:`pack` wrote, numbered from ``first``. ValueError when the bytes are not whole."""
    return deliveries_of(table_of(packed, first))


def table_of(packed: bytes, first: int) -> pa.Table:
    """The same as a table of the columns of a file. ValueError when the bytes are not whole."""
    try:
        with pa.ipc.open_stream(packed) as reader:
            table = reader.read_all()
    except pa.ArrowException as problem:
        raise ValueError(str(problem).splitlines()[0]) from problem
    numbers = pa.array(range(first, first + table.num_rows), pa.int64())
    return table.add_column(0, STORED.field("number"), numbers)


def deliveries_of(table: pa.Table) -> list[Delivery]:
    """The rows of a table of stored deliveries."""
    columns = [table.column(name).to_pylist() for name in STORED.names]
    return [Delivery(*row) for row in zip(*columns, strict=True)]


def write_file(path: Path, table: pa.Table) -> None:
    """Write a file of deliveries; bytes of pages carry checksums."""
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=limit("compression_level"),
        row_group_size=limit("deliveries_in_group"),
        use_dictionary=["door", "peer", "sender"],
        write_page_checksum=True,
        write_statistics=["number", "at"],
    )


def read_file(path: Path, first: int, last: int) -> list[Delivery]:
    """Deliveries ``first`` to ``last`` of a file. OSError or ArrowException when it is not whole."""
    table = pq.read_table(
        path,
        columns=STORED.names,
        filters=[("number", ">=", first), ("number", "<=", last)],
        page_checksum_verification=True,
        partitioning=None,
        use_threads=False,
    )
    return deliveries_of(table)
