"""Requests kept byte for byte in the log of deliveries, packed, by a thread whose commits several requests share."""

from __future__ import annotations

import queue
import threading
import zlib
from concurrent.futures import Future

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.deliveries.limits import limit as deliveries_limit
from hengneng.gateways.journal import log
from hengneng.problems import RefusedError

_GZIP = zlib.MAX_WBITS | 16
_Waiting = tuple[Arrived, "Future[int]"]


def packed(content: bytes) -> bytes:
    """A body as it is kept: packed with gzip, since JSON of items packs ten times."""
    work = zlib.compressobj(wbits=_GZIP)
    return work.compress(content) + work.flush()


class Keeper:
    """Use it as a context; at the end, what was given is kept. How many wait is bounded by the door."""

    def __init__(self, deliveries: DeliveryLog) -> None:
        self._deliveries = deliveries
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._since_archive = 0
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def keep(self, arrived: Arrived) -> Future[int]:
        """Keep a request. The future gives its number once it is on the disk, or raises RefusedError M005, M015."""
        future: Future[int] = Future()
        self._queue.put((arrived, future))
        return future

    def _run(self) -> None:
        going_on = True
        while going_on:
            waiting, going_on = self._take()
            if waiting:
                self._commit(waiting)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What waits now, at least one; and whether there may be more."""
        waiting: list[_Waiting] = []
        one = self._queue.get()
        while one is not None:
            waiting.append(one)
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return waiting, True
        return waiting, False

    def _commit(self, waiting: list[_Waiting]) -> None:
        try:
            last = self._deliveries.append([arrived for arrived, _ in waiting])
        except Exception as problem:
            for _, future in waiting:
                future.set_exception(problem)
            return
        for place, (_, future) in enumerate(waiting):
            future.set_result(last - len(waiting) + 1 + place)
        self._archive(len(waiting))

    def _archive(self, more: int) -> None:
        self._since_archive += more
        if self._since_archive < deliveries_limit("deliveries_in_segment"):
            return
        self._since_archive = 0
        try:
            self._deliveries.archive()
        except RefusedError as refused:
            log("deliveries.archive_failed", level="error", found=str(refused))
