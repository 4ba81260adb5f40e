"""Jobs that nobody asks for: kinds that say themselves when there is something to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections

from hengneng.jobs.kinds import kinds
from hengneng.jobs.limits import limit
from hengneng.jobs.starting import start_following
from hengneng.language import message
from hengneng.problems import RefusedError

WHO = "worker"
_log = logging.getLogger(__name__)


def start_due() -> list[str]:
    """Start the jobs whose kinds are due, unless the same waits or runs already; their names."""
    started = []
    for name, kind in sorted(kinds().items()):
        if kind.due is not None and kind.due():
            label = message(f"jobs.label.{name.rpartition('.')[2]}")
            start_following(WHO, name, {}, label, running_will_do=True)
            started.append(name)
    return started


@contextmanager
def looking_for_due() -> Iterator[None]:
    """Look for due jobs now and again meanwhile, in a thread of its own."""
    end = threading.Event()

    def look() -> None:
        while True:
            try:
                close_old_connections()
                start_due()
            except (DatabaseError, RefusedError) as error:
                # The next look may find the database, or the disk, better.
                _log.warning("due jobs could not be looked for: %s", error)
            if end.wait(limit("seconds_between_due")):
                close_old_connections()
                return

    thread = threading.Thread(target=look, name="due", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
