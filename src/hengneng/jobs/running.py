"""Doing jobs, in the worker: from waiting to its end, whatever that is."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from hengneng.jobs.kinds import Result, kind
from hengneng.jobs.limits import limit
from hengneng.jobs.models import Job
from hengneng.jobs.progress import CancelledError, Progress, StoppedError
from hengneng.problems import RefusedError

logger = logging.getLogger("hengneng.jobs")


def run(pk: int) -> None:
    """Do the job, unless somebody has cancelled it or another worker does it."""
    job = _claim(pk)
    if job is None:
        return
    try:
        found = kind(job.kind).function(Progress(pk), **job.parameters)
    except StoppedError:
        _put_back(pk)
    except CancelledError:
        _end(pk, Job.State.CANCELLED)
    except RefusedError as refused:
        problems = [problem.to_json() for problem in refused.problems]
        _end(pk, Job.State.FAILED, failure=Job.Failure.REFUSED, problems=problems)
    except (SystemExit, KeyboardInterrupt):
        _put_back(pk)
        raise
    except Exception:
        error_id = secrets.token_hex(4)
        logger.exception("failure %s in job %s (%s)", error_id, pk, job.kind)
        _end(pk, Job.State.FAILED, failure=Job.Failure.ERROR, error_id=error_id)
    else:
        result = found if isinstance(found, Result) else Result(found)
        _end(pk, Job.State.DONE, result=result.content, address=result.address)


def _claim(pk: int) -> Job | None:
    now = timezone.now()
    waiting = Job.objects.filter(pk=pk, state=Job.State.WAITING)
    if not waiting.update(state=Job.State.RUNNING, started_at=now, alive_at=now, phase_at=now, done=0, total=0):
        return None
    return Job.objects.get(pk=pk)


def _end(pk: int, state: str, **values: object) -> None:
    """A job that was given up meanwhile (its worker seemed dead) stays as it is."""
    Job.objects.filter(pk=pk, state=Job.State.RUNNING).update(state=state, finished_at=timezone.now(), **values)


@transaction.atomic
def _put_back(pk: int) -> None:
    """The next worker is to do it."""
    from hengneng.jobs.tasks import work

    mine = Job.objects.filter(pk=pk, state=Job.State.RUNNING)
    if mine.filter(cancel_asked_at__isnull=False).update(state=Job.State.CANCELLED, finished_at=timezone.now()):
        return
    if mine.update(state=Job.State.WAITING, started_at=None, alive_at=None, done=0, total=0, phase_zh="", phase_en=""):
        Job.objects.filter(pk=pk).update(task=str(work.enqueue(pk).id))


@contextmanager
def signs_of_life(pk: int) -> Iterator[None]:
    """While the block runs, note on the job that its worker is alive, from a thread with a connection of its own."""
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(limit("seconds_between_heartbeats")):
                try:
                    Job.objects.filter(pk=pk, state=Job.State.RUNNING).update(alive_at=timezone.now())
                except DatabaseError:
                    # Another writer holds the database for long; the next beat comes soon.
                    logger.info("no sign of life for job %s could be written", pk)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"signs of life of job {pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def give_up_dead() -> int:
    """Mark as failed the running jobs whose worker has died; how many there were. Anybody may call it at any time."""
    now = timezone.now()
    dead = Job.objects.filter(
        state=Job.State.RUNNING, alive_at__lt=now - dt.timedelta(seconds=limit("seconds_until_dead"))
    )
    if not dead.exists():
        return 0
    return dead.update(state=Job.State.FAILED, failure=Job.Failure.WORKER_GONE, finished_at=now)
