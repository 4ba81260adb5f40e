"""Files that cannot be read: set aside, rebuilt from the files they were made of, or reported with their sources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hengneng.durable.files import CorruptFileError, check_file, make_folder, sync_folder
from hengneng.problems import Problem
from hengneng.readings.files import ASIDE_FOLDER, PointFile, read_points, write_points
from hengneng.readings.journal import Journal
from hengneng.readings.ordering import Rows

if TYPE_CHECKING:
    from hengneng.readings.compactor import Sorting

_SOURCES = 5  # as many are named in a problem; the rest is counted


def mend(work: Sorting, file: PointFile, found: str) -> list[Problem]:
    """Set ``file`` aside and put what it was made of in its place; the holder of the lock calls this.

    Gives M006 where all of it could be rebuilt, M007 where readings are missing until their sources are imported again.
    """
    aside = work.folder / ASIDE_FOLDER / file.path.name
    make_folder(aside.parent)
    if file.path.exists():
        file.path.replace(aside)
        sync_folder(aside.parent)
        sync_folder(file.path.parent)
    parts = _origins(work.journal, file)
    rows = Rows.concat(parts).sorted().without_doubles()
    lost = len(rows) != file.rows
    added = [write_points(work.folder, file.day, rows, file.change)] if len(rows) else []
    work.publish(added, replaced={} if lost else {file.id: 0}, lost=[file] if lost else ())
    values = {
        "day": file.day.isoformat(),
        "found": found,
        "aside": aside.relative_to(work.folder).as_posix(),
        "rows": file.rows,
        "meters": file.meters,
    }
    if not lost:
        return [Problem("M006", file.name, values)]
    arrivals = f"{file.first_arrival}-{file.last_arrival}"
    return [Problem("M007", file.name, {**values, "range": arrivals, "sources": sources_of(work.journal, file)})]


def _origins(journal: Journal, file: PointFile) -> list[Rows]:
    """Rows of the files that ``file`` was made of, or of those that these were made of, as far as they can be read."""
    parts: list[Rows] = []
    for one in journal.predecessors(file.id):
        try:
            check_file(one.path, one.bytes, one.digest)
            parts.append(read_points(one))
        except CorruptFileError:
            parts += _origins(journal, one)
    return parts


def sources_of(journal: Journal, file: PointFile) -> str:
    """The sources of the batches whose readings may be in ``file``, with their times of receipt."""
    batches = journal.batches_between(file.first_arrival, file.last_arrival)
    said = [
        f"{batch.source or batch.kind} ({datetime.fromtimestamp(batch.received_at, UTC):%Y-%m-%d %H:%M:%S} UTC)"
        for batch in batches[:_SOURCES]
    ]
    return "; ".join(said) + (f"; + {len(batches) - _SOURCES}" if len(batches) > _SOURCES else "")
