"""Group commit of frames: what comes while one commit goes to the disk shares the next one; then all are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit
from hengneng.gateways.metrics import Metrics


class Answered(Protocol):
    """Whoever waits to be told that a frame is on the disk."""

    def send(self, answer: bytes) -> None:
        """Pass an answer on."""


Waiting = tuple[Arrived, Answered, bytes]


class Committer:
    """One commit at a time. ``on_full(True)`` asks the door to read no more, ``on_full(False)`` to go on."""

    def __init__(self, deliveries: DeliveryLog, metrics: Metrics, on_full: Callable[[bool], None]) -> None:
        self._deliveries, self._metrics, self._on_full = deliveries, metrics, on_full
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "deliveries")
        self._most = limit("frames_in_commit")
        self._full_at = limit("frames_waiting")
        self._worth, self._pause = limit("frames_worth_a_commit"), limit("milliseconds_between_commits") / 1000
        self._full = False
        self._ending = False

    def submit(self, arrived: Arrived, sender: Answered, answer: bytes) -> None:
        """Keep a frame; ``sender`` gets ``answer`` (unless it is empty) once the frame is on the disk, and not before.

        When it cannot be kept nothing is answered: the device sends it again.
        """
        self._waiting.append((arrived, sender, answer))
        if len(self._waiting) == 1:
            self._wake.set()
        elif len(self._waiting) >= self._full_at and not self._full:
            self._full = True
            self._on_full(True)

    async def run(self) -> None:
        """Work until :meth:`end`, and then until nothing waits."""
        loop = asyncio.get_running_loop()
        while not (self._ending and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if self._full and len(self._waiting) < self._full_at // 2:
                    self._full = False
                    self._on_full(False)
                self._metrics.waiting.set(len(batch) + len(self._waiting))
                try:
                    await loop.run_in_executor(self._thread, self._deliveries.append, [one[0] for one in batch])
                except Exception as error:
                    # Whatever it was: nothing of the batch counts as kept, and the door stays open.
                    self._failed(batch, error)
                    # A full disk is not empty the next moment; devices wait seconds before they send again.
                    await asyncio.sleep(limit("milliseconds_after_failure") / 1000)
                    continue
                self._answer(batch)
                if len(self._waiting) < self._worth and not self._ending:
                    # What a commit costs is shared by its frames; a few more are worth a moment.
                    await asyncio.sleep(self._pause)
        self._metrics.waiting.set(0)
        self._thread.shutdown()

    def end(self) -> None:
        """Finish what waits, and stop."""
        self._ending = True
        self._wake.set()

    def _answer(self, batch: list[Waiting]) -> None:
        now = time.time()
        # One write for each connection, however many of its frames were in the batch.
        answers: dict[int, tuple[Answered, list[bytes]]] = {}
        for arrived, sender, answer in batch:
            self._metrics.seconds.observe(now - arrived.at / 1e6)
            if answer:
                answers.setdefault(id(sender), (sender, []))[1].append(answer)
        for sender, every in answers.values():
            try:
                sender.send(b"".join(every))
            except Exception as error:
                # One peer that cannot be written to must not keep the others from their answers.
                log("answer.failed", level="error", found=f"{type(error).__name__}: {error}")
        self._metrics.messages.inc(len(batch))

    def _failed(self, batch: list[Waiting], error: Exception) -> None:
        self._metrics.failures.inc()
        log("frames.not_kept", level="error", frames=len(batch), found=str(error))
