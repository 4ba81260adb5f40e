"""How a job says how far it is, and learns that it must stop."""

from __future__ import annotations

import time

from django.db import connection
from django.utils import timezone

from hengneng.jobs.limits import limit
from hengneng.language import Text


class CancelledError(Exception):
    """Somebody has asked to cancel the job, or it is no longer ours: stop, and leave nothing half-written."""


class StoppedError(CancelledError):
    """The worker is being stopped; the job is to be done by the next one."""


class _Worker:
    stopping = False


def stop_soon() -> None:
    """Make the job that this process works on stop at its next sign of progress."""
    _Worker.stopping = True


class Progress:
    """Called by the work with what is done of how much: ``progress(3, 15)``, ``progress(0, 15, phase=Text(…))``.

    The first call, a new phase, and from then on at most two calls a second are written, each by itself. Inside a
    transaction of the work nothing is written: another connection would wait for it, and with SQLite everybody.
    """

    def __init__(self, job: int) -> None:
        self.job = job
        self._level = _transaction_level()
        self._written = float("-inf")
        self._phase: Text | None = None
        self._total = 0

    def __call__(self, done: int, total: int, phase: Text | None = None) -> None:
        """Raises CancelledError when the work must stop."""
        if _Worker.stopping:
            raise StoppedError
        fresh = (phase is not None and phase != self._phase) or total != self._total
        now = time.monotonic()
        if not fresh and done < total and now - self._written < limit("seconds_between_progress"):
            return
        if _transaction_level() > self._level:
            return
        self._phase, self._total = phase or self._phase, total
        self._written = now
        self._write(done, total, fresh)

    def _write(self, done: int, total: int, fresh: bool) -> None:
        from hengneng.jobs.models import Job

        now = timezone.now()
        values: dict[str, object] = {"done": done, "total": total, "alive_at": now}
        if fresh:
            values["phase_at"] = now
            if self._phase is not None:
                values |= {"phase_zh": self._phase.zh, "phase_en": self._phase.en}
        mine = Job.objects.filter(pk=self.job, state=Job.State.RUNNING, cancel_asked_at=None)
        if not mine.update(**values):
            raise CancelledError


def _transaction_level() -> int:
    return len(connection.savepoint_ids) + connection.in_atomic_block
