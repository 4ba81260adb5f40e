"""The worker process: takes one job after the other until it is stopped."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from django.utils.crypto import get_random_string
from django_tasks_db.management.commands import db_worker

from hengneng.jobs.due import looking_for_due, start_due
from hengneng.jobs.limits import limit
from hengneng.jobs.progress import stop_soon
from hengneng.jobs.running import give_up_dead


class Worker(db_worker.Worker):
    """Stops at the next step of a job, which is then put back for the next worker."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """First signal: stop in order. Second: at once."""
        if not self.running:
            sys.exit(1)
        stop_soon()
        self.running = False
        if not self.running_task:
            sys.exit(0)

    def configure_signals(self) -> None:
        """The terminal sends its interrupt to server and worker; both stop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.shutdown)


def work_off(once: bool) -> None:
    """Do jobs until stopped by a signal; ``once``: until none waits."""
    give_up_dead()
    worker = Worker(
        queue_names=["*"],
        interval=limit("seconds_between_looks"),
        batch=once,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
        excluded_queue_names=[],
    )
    worker.configure_signals()
    if once:
        start_due()
        worker.run()
        return
    with looking_for_due():
        worker.run()
