"""Homes that are made once a run for all workers."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.homes import Home
from support.waiting import FIRST_START


@dataclass(frozen=True)
class MadeOnce:
    """Makes homes in ``folder``, on the server at ``server_url`` (empty: SQLite)."""

    folder: Path
    server_url: str

    def __call__(self, name: str, make: Callable[[Home], object], of: Home | None = None) -> Home:
        """The home called ``name``. The first that asks makes it, others wait."""
        place, known = self.folder / name, self.folder / f"{name}.json"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not known.exists():
                shutil.rmtree(place, ignore_errors=True)
                home = of.copy(place) if of else Home.make(place, self.server_url)
                make(home)
                known.write_text(json.dumps(home.database_url), "utf-8")
            return Home(place, json.loads(known.read_text("utf-8")))


def tables_made(home: Home) -> None:
    """Have the program make its tables."""
    done = home.run("plan", "list", anew=True)
    assert done.code == 0, done


def everything_made(home: Home) -> None:
    """Have `hengneng run` load plans, facts and examples, as at its first start."""
    done = home.run("run", "--no-serve", patience=FIRST_START, anew=True)
    assert done.code == 0, done
