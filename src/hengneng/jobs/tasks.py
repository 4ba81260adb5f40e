"""The one task of the queue: a job."""

from __future__ import annotations

from django_tasks import task

from hengneng.jobs.running import run, signs_of_life


@task()
def work(job: int) -> None:
    """Do the job."""
    with signs_of_life(job):
        run(job)
