"""``POST /readings``: batches of a device's own unit, durable before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
from aiohttp import web

from hengneng.gateways.http.answers import TurnedAwayError, told
from hengneng.gateways.http.limits import limit
from hengneng.metering.intake import KnownMeters, ReadingsFile
from hengneng.metering.models import Meter
from hengneng.problems import Problem, RefusedError
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.points import Points

KINDS = {
    "application/x-ndjson": "json",
    "application/jsonl": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}


@dataclass
class RefusedReadings:
    """Readings of one body that cannot be taken; the first of them one by one."""

    count: int = 0
    told: list[dict[str, object]] = field(default_factory=list)

    def add(self, line: int, cells: Sequence[str], number: str, **values: object) -> None:
        """Note one: its line and the check that refuses it."""
        self.count += 1
        if len(self.told) < limit("problems_in_answer"):
            problem = Problem(number, f"body:{line}", {"count": 1, **values})
            self.told.append({"line": line, **told(problem)})


@dataclass(frozen=True)
class ReadBatch:
    """What a body says: readings, and those refused."""

    points: Points
    refused: RefusedReadings


def kind_of(request: web.Request) -> str:
    """The kind of a body by its Content-Type. TurnedAwayError 415 (G103)."""
    kind = KINDS.get(request.content_type)
    if kind is None:
        values = {"found": request.content_type[:80], "expected": ", ".join(KINDS)}
        raise TurnedAwayError(415, Problem("G103", "Content-Type", values))
    return kind


def key_of(request: web.Request) -> str:
    """The Idempotency-Key, empty without one. TurnedAwayError 400 (G111)."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > limit("characters_in_key") or not (key.isascii() and key.isprintable()):
        values = {"found": len(key), "expected": limit("characters_in_key")}
        raise TurnedAwayError(400, Problem("G111", "Idempotency-Key", values))
    return key


def meters_of(unit: int) -> KnownMeters:
    """The meters of a unit: a device sends for its own unit only."""
    return KnownMeters(dict(Meter.objects.filter(unit=unit).values_list("identifier", "number")))


def read_batch(content: bytes, kind: str, meters: KnownMeters) -> ReadBatch:
    """Read a body. TurnedAwayError 413 (G106), 422 (E001, E204 or no readings, G113)."""
    if kind == "parquet":
        _check_size(content)
    refused = RefusedReadings()
    file = ReadingsFile(content, meters, refused, kind=kind)
    try:
        points = Points.concat(file.batches())
    except RefusedError as error:
        raise TurnedAwayError(422, error.problems[0]) from None
    if not len(points) and not refused.count:
        raise TurnedAwayError(422, Problem("G113", "body"))
    return ReadBatch(points, refused)


def _check_size(content: bytes) -> None:
    """What a Parquet file says of itself, before anything of it is unpacked."""
    try:
        said = pq.read_metadata(pa.BufferReader(content))
        size = sum(said.row_group(place).total_byte_size for place in range(said.num_row_groups))
    except (pa.ArrowException, OSError) as error:
        found = str(error).strip().splitlines()[0][:200]
        raise TurnedAwayError(422, Problem("E204", "body", {"found": found})) from None
    if said.num_rows > readings_limit("points_in_batch") or size > limit("bytes_unpacked"):
        raise TurnedAwayError(413, Problem("G106", "body", {"expected": limit("bytes_unpacked")}))
