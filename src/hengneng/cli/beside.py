"""The worker beside the server: a process that keeps one running for as long as the server lives.

Run as a program of its own, so that it imports nothing of Django and costs next to nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from hengneng.jobs.limits import limit

WORKER = "from hengneng.cli.main import main; main()"
KEEPER = "from hengneng.cli.beside import keep; keep({parent})"
LOOK = 0.2  # seconds between looks at the two processes; what is noticed later than that, somebody waits for


def start_beside() -> subprocess.Popen[bytes]:
    """Start a worker for the server that this process is about to become."""
    return subprocess.Popen([sys.executable, "-c", KEEPER.format(parent=os.getpid())], stdin=subprocess.DEVNULL)


def stop_beside(keeper: subprocess.Popen[bytes]) -> None:
    """Stop the worker and wait for it; what does not stop in time is ended."""
    with suppress(ProcessLookupError):
        keeper.send_signal(signal.SIGTERM)
    try:
        keeper.wait(timeout=limit("seconds_to_stop") + limit("seconds_between_looks"))
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def keep(parent: int) -> None:
    """Keep a worker running until the process ``parent`` ends or this one is told to stop."""
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while not stopped and os.getppid() == parent:
        worker = subprocess.Popen([sys.executable, "-c", WORKER, "worker"], stdin=subprocess.DEVNULL)
        while worker.poll() is None and not stopped and os.getppid() == parent:
            time.sleep(LOOK)
        if worker.poll() is None:
            _stop(worker)
            return
        _pause(parent, lambda: stopped)


def _stop(worker: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(timeout=limit("seconds_to_stop"))
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _pause(parent: int, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + limit("seconds_until_worker_again")
    while time.monotonic() < end and not stopped() and os.getppid() == parent:
        time.sleep(LOOK)
