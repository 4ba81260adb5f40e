"""Files that nobody names any more: what interrupted work has left, and what was replaced long enough ago."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from hengneng.readings.files import POINTS_FOLDER, RESULTS_FOLDER, files_below
from hengneng.readings.journal import Journal
from hengneng.readings.limits import limit

SPOOL_FOLDER = "spool"


def unnamed(folder: Path, named: set[str], part: str) -> list[Path]:
    """Files of ``folder/part`` that are not in ``named``, also partial ones."""
    return [path for path in files_below(folder, part) if path.relative_to(folder).as_posix() not in named]


def remove(journal: Journal, folder: Path) -> int:
    """Remove leftovers, for the holder of the compactor's lock; gives how many.

    Files of readings that nobody names go at once: only the holder of the lock makes such files. Those of results go
    when they are older than the time of grace, because a roll-up may be about to name them.
    """
    shutil.rmtree(folder / SPOOL_FOLDER, ignore_errors=True)
    now = time.time()
    grace = limit("seconds_of_grace")
    removed = 0
    with journal.only_named(int(now - grace)) as (named, _):
        for path in unnamed(folder, named, POINTS_FOLDER):
            path.unlink(missing_ok=True)
            removed += 1
        for path in unnamed(folder, named, RESULTS_FOLDER):
            if now - path.stat().st_mtime > grace:
                path.unlink(missing_ok=True)
                removed += 1
    return removed
