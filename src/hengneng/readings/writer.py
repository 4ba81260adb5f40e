"""The one writer of a process: a thread that takes waiting batches together into the inbox, and then acknowledges."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType

from hengneng.problems import RefusedError
from hengneng.readings.journal import Journal, Submission
from hengneng.readings.limits import limit
from hengneng.readings.points import Points
from hengneng.readings.submitting import submission_of

_Waiting = tuple[Submission, "Future[int]"]


class Writer:
    """Group commit: batches that wait while another commit goes to the disk share the next one.

    Use it as a context, or call :meth:`close`: what was submitted before is still taken in.
    """

    def __init__(self, open_journal: Callable[[], Journal]) -> None:
        self._open = open_journal
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="readings-writer", daemon=True)
        self._thread.start()

    def submit(self, points: Points, *, key: str = "", source: str = "") -> Future[int]:
        """Ask for a batch to be taken in. The future gives its arrival once it is on the disk, and not before.

        The same ``key`` with the same readings gives the arrival that it had. The future raises RefusedError: M001 to
        M004 and M013 for the batch, M005 when the disk is full, M015 when the database cannot be reached; nothing of
        the batch is taken in then, and the next may succeed. RuntimeError after :meth:`close`.
        """
        future: Future[int] = Future()
        try:
            submission = submission_of(points, key, source)
        except RefusedError as refused:
            future.set_exception(refused)
            return future
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("the writer is closed")
            self._queue.put((submission, future))
        return future

    def close(self) -> None:
        """Take in what was submitted, and end the thread."""
        with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        journal: Journal | None = None
        going_on = True
        while going_on:
            waiting, going_on = self._take()
            # A request that its asker has given up is not written.
            waiting = [one for one in waiting if one[1].set_running_or_notify_cancel()]
            if not waiting:
                continue
            try:
                journal = journal or self._open()
                answers = journal.take_in([submission for submission, _ in waiting])
            except Exception as problem:
                for _, future in waiting:
                    future.set_exception(problem)
                continue
            for (_, future), answer in zip(waiting, answers, strict=True):
                if isinstance(answer, RefusedError):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
        if journal:
            journal.close()

    def _take(self) -> tuple[list[_Waiting], bool]:
        waiting: list[_Waiting] = []
        one = self._queue.get()
        while one is not None:
            waiting.append(one)
            if len(waiting) >= limit("submissions_in_commit"):
                return waiting, True
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return waiting, True
        return waiting, False
