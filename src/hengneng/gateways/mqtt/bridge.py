"""The bridge itself: each message judged in its order, given to the writer, and answered once it is on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol as Shape

from hengneng.devices.knowing import KnownDevice
from hengneng.devices.limits import limit as device_limit
from hengneng.devices.models import Protocol
from hengneng.devices.noticing import Knock
from hengneng.gateways.book import Book
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit as door_limit
from hengneng.gateways.metrics import Metrics
from hengneng.gateways.mqtt.messages import (
    ACKNOWLEDGED,
    READINGS,
    STATUS,
    Address,
    BadMessageError,
    Taken,
    acknowledgement,
    address_of,
    read_message,
    shown,
    take_items,
    topic_of,
)
from hengneng.gateways.mqtt.presence import Presence
from hengneng.metering.intake import KnownMeters
from hengneng.problems import Problem, RefusedError
from hengneng.readings.points import Points

MINUTE = 60
# The fault of the batch: it would be refused the next time too. Anything else may pass, and the message is kept.
_FINAL = ("M001", "M002", "M003", "M004", "M013")


class NotKeptError(Exception):
    """A batch did not reach the disk, for no fault of its own: the broker has to send it again."""


class Keeps(Shape):
    """Whatever takes batches in durably (:class:`hengneng.readings.writer.Writer`)."""

    def submit(self, points: Points, *, key: str = "", source: str = "") -> Future[int]:
        """Ask for a batch to be taken in; the future gives its arrival once it is on the disk."""


class Meters(Shape):
    """Whoever knows the meters of units (:class:`hengneng.gateways.meters.UnitMeters`)."""

    async def of(self, unit: int) -> KnownMeters:
        """The meters of a unit."""


@dataclass
class Pending:
    """A message under way. ``topic`` empty: nothing is said back. ``answer`` is known, or ``future`` gives it."""

    topic: str = ""
    answer: bytes = b""
    sequence: int | None = None
    taken: Taken | None = None
    future: Future[int] | None = None
    begun: float = 0.0


class Rate:
    """Messages of each device in the present minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[int, int] = {}

    def wait(self, device: int, now: float) -> int:
        """Count a message; seconds until the minute is over when there were too many, else 0."""
        if int(now // MINUTE) != self._minute:
            self._minute, self._counts = int(now // MINUTE), {}
        self._counts[device] = self._counts.get(device, 0) + 1
        return MINUTE - int(now % MINUTE) if self._counts[device] > door_limit("messages_a_minute") else 0


class Bridge:
    """Takes messages one after the other; knows nothing of the connection that they come over."""

    def __init__(
        self, prefix: str, book: Book, meters: Meters, writer: Keeps, metrics: Metrics, presence: Presence
    ) -> None:
        self.prefix, self.metrics, self.presence = prefix, metrics, presence
        self._book, self._meters, self._writer = book, meters, writer
        self._rate = Rate()

    async def take(self, topic: str, payload: bytes) -> Pending:
        """Judge a message and give its readings to the writer. NotKeptError when the register cannot be asked."""
        now = time.time()
        self.metrics.bytes.inc(len(payload))
        address = address_of(self.prefix, topic)
        if address is None:
            return Pending()
        if address.kind == STATUS:
            self._status(address, payload, now)
            return Pending()
        back = topic_of(self.prefix, address.unit, address.device, ACKNOWLEDGED)
        try:
            return await self._readings(address, payload, back, now)
        except BadMessageError as bad:
            self.metrics.refused(bad.problem.number)
            return Pending(back, acknowledgement(bad.sequence, problems=[(None, bad.problem)]))

    async def finish(self, pending: Pending) -> bytes:
        """What is said back, once what it says is on the disk. NotKeptError when it did not get there."""
        if pending.future is None or pending.taken is None:
            return pending.answer
        taken = pending.taken
        try:
            # Most of those that shared a commit are done when the first of them is.
            future = pending.future
            # Shielded: a connection that breaks does not take back what the writer may be writing.
            arrival = future.result() if future.done() else await asyncio.shield(asyncio.wrap_future(future))
        except RefusedError as refused:
            problem = refused.problems[0]
            if problem.number not in _FINAL:
                raise self._not_kept(refused) from refused
            self.metrics.refused(problem.number)
            return acknowledgement(
                pending.sequence, refused=len(taken.points) + taken.count, problems=[(None, problem), *taken.problems]
            )
        except Exception as error:
            raise self._not_kept(error) from error
        self.metrics.messages.inc()
        self.metrics.values.inc(len(taken.points))
        self.metrics.seconds.observe(time.time() - pending.begun)
        return acknowledgement(
            pending.sequence,
            taken=len(taken.points),
            refused=taken.count,
            arrival=arrival,
            problems=taken.problems,
        )

    def _not_kept(self, error: Exception) -> NotKeptError:
        self.metrics.failures.inc()
        log("commit.failed", level="error", found=str(error))
        return NotKeptError(str(error))

    async def _readings(self, address: Address, payload: bytes, back: str, now: float) -> Pending:
        device = self._book.find(address.device)
        if device is None:
            self._knock(address, payload, now)
        problem = _not_let_in(address, device)
        message = read_message(payload)
        if device is None or problem is not None:
            assert problem is not None
            raise BadMessageError(problem, message.sequence)
        self.presence.heard(device, now)
        again = self._rate.wait(device.id, now)
        if again:
            self.metrics.refused("G308")
            too_many = Problem("G308", READINGS, {"expected": door_limit("messages_a_minute")})
            return Pending(back, acknowledgement(message.sequence, problems=[(None, too_many)], again=again))
        try:
            meters = await self._meters.of(device.unit_id)
        except Exception as error:
            # Whatever the database says: the message is no worse for it.
            raise self._not_kept(error) from error
        taken = take_items(message, meters)
        self.metrics.refused("item", taken.count)
        if not len(taken.points):
            answer = acknowledgement(message.sequence, refused=taken.count, problems=taken.problems)
            return Pending(back, answer)
        # The readings are part of the key: a counter that begins again after a fault does not hide new ones.
        digest = hashlib.sha256(taken.points.pack()).hexdigest()
        key = f"mqtt:{device.id}:{message.sequence}:{digest}"
        future = self._writer.submit(taken.points, key=key, source=f"mqtt:{device.identifier}")
        return Pending(back, sequence=message.sequence, taken=taken, future=future, begun=now)

    def _status(self, address: Address, payload: bytes, now: float) -> None:
        device = self._book.find(address.device)
        if device is None or _not_let_in(address, device) is not None:
            return
        said = payload[: device_limit("bytes_of_a_sample")].decode("utf-8", "replace").strip().strip('"').lower()
        if not self.presence.said(device, said, now):
            log("status.unknown", level="warning", device=device.identifier, found=shown(said))

    def _knock(self, address: Address, payload: bytes, now: float) -> None:
        sample = payload[: device_limit("bytes_of_a_sample")]
        self._book.knock(Knock(Protocol.MQTT, address.device, "", datetime.fromtimestamp(now, UTC), sample))


def _not_let_in(address: Address, device: KnownDevice | None) -> Problem | None:
    """Why nothing is taken from whoever sends under this address: G306, G307, G311."""
    where = f"{address.unit}/{address.device}"
    if device is None:
        return Problem("G306", where, {"found": address.device[: device_limit("longest_identifier")]})
    if device.unit != address.unit:
        return Problem("G307", where, {"found": shown(address.unit), "device": device.identifier})
    if device.networks:
        # The broker hides where a device comes from: a promise that cannot be kept is not made.
        return Problem("G311", where, {"device": device.identifier})
    return None
