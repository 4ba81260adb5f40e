"""Manifest against files, every byte: missing, corrupt, wrong counts, files that nobody names, unreadable batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hengneng.durable.files import CorruptFileError, check_file
from hengneng.problems import Problem
from hengneng.readings import leftovers, mending
from hengneng.readings.compactor import Progress, Sorting, alone
from hengneng.readings.files import POINTS_FOLDER, RESULTS_FOLDER, PointFile, read_points
from hengneng.readings.journal import Journal
from hengneng.readings.ordering import Rows
from hengneng.readings.points import Points


def verify(
    journal: Journal, folder: Path, *, mend: bool = False, progress: Progress = lambda *_: None, wait: float = 0
) -> list[Problem]:
    """See Store.verify."""
    if mend:
        with alone(journal, wait):
            work = Sorting(journal, folder)
            return _verify(journal, folder, progress, work)
    return _verify(journal, folder, progress, None)


def _verify(journal: Journal, folder: Path, progress: Progress, work: Sorting | None) -> list[Problem]:
    problems: list[Problem] = []
    with journal.transaction(write=False):
        points, results = journal.point_files(), journal.result_files()
        named = journal.named()
        # Listed within the same view: what is named later is not taken for a leftover.
        unnamed = [path for part in (POINTS_FOLDER, RESULTS_FOLDER) for path in leftovers.unnamed(folder, named, part)]
        inbox = journal.inbox()
    total = len(points) + len(results)
    for done, file in enumerate(points):
        progress(done, total)
        found = _found(file)
        if isinstance(found, str):
            if work is not None:
                problems += mending.mend(work, file, found)
            else:
                values = {"day": file.day.isoformat(), "found": found, "rows": file.rows, "meters": file.meters}
                problems.append(Problem("M009", file.name, values))
        else:
            problems += found
    for done, result in enumerate(results, len(points)):
        progress(done, total)
        try:
            check_file(folder / result.name, result.bytes, result.digest)
        except CorruptFileError as problem:
            values = {"day": result.day.isoformat(), "found": str(problem), "rows": result.rows, "meters": "-"}
            problems.append(Problem("M009", result.name, values))
    for path in unnamed:
        if path.exists() and path.relative_to(folder).as_posix() not in journal.named():
            problems.append(Problem("M010", path.relative_to(folder).as_posix(), {"found": path.stat().st_size}))
    for arrival, payload in inbox:
        try:
            Points.unpack(payload)
        except ValueError as problem:
            problems.append(Problem("M014", str(folder), {"arrival": arrival, "found": str(problem)}))
    progress(total, total)
    return problems


def _found(file: PointFile) -> str | list[Problem]:
    """What makes a file unreadable, or which of its counts are wrong."""
    try:
        check_file(file.path, file.bytes, file.digest)
        rows = read_points(file)
    except CorruptFileError as problem:
        return str(problem)
    expected = {
        "rows": file.rows,
        "superseded": file.superseded,
        "meters": file.meters,
        "first_arrival": file.first_arrival,
        "last_arrival": file.last_arrival,
        "unsorted": 0,
    }
    counted = _counted(rows)
    return [
        Problem(
            "M011", file.name, {"day": file.day.isoformat(), "what": what, "expected": right, "found": counted[what]}
        )
        for what, right in expected.items()
        if counted[what] != right
    ]


def _counted(rows: Rows) -> dict[str, int]:
    place = rows.place
    rising = (place[1:] > place[:-1]) | ((place[1:] == place[:-1]) & (rows.arrival[1:] > rows.arrival[:-1]))
    return {
        "rows": len(rows),
        "superseded": rows.superseded(),
        "meters": len(np.unique(rows.meter)),
        "first_arrival": int(rows.arrival.min()),
        "last_arrival": int(rows.arrival.max()),
        "unsorted": int(np.count_nonzero(~rising)),
    }
