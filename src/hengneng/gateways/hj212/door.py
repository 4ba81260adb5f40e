"""The door itself: every frame of every connection is judged, kept, answered."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import time
from contextlib import suppress

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import EventKind, Protocol
from hengneng.devices.noticing import Knock
from hengneng.gateways.book import Book
from hengneng.gateways.hj212.answering import ANSWERS_TO_REQUESTS, answer_to_stranger, answer_when_kept
from hengneng.gateways.hj212.committing import Committer
from hengneng.gateways.hj212.connection import Connection
from hengneng.gateways.hj212.requesting import Requests
from hengneng.gateways.hj212.watching import Watch
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit
from hengneng.gateways.metrics import Metrics
from hengneng.hj212 import STANDARD, Assembly, Frame, Verdict, decrypted, frame_of, parse_frame
from hengneng.hj212.frame import TAIL
from hengneng.hj212.relaxations import profile_of

NAME = "hj212"


class Door:
    """One listening port. ``run`` works until SIGTERM or SIGINT; what was received by then is kept and answered."""

    def __init__(self, book: Book, deliveries: DeliveryLog, metrics: Metrics) -> None:
        self.book, self.deliveries, self.metrics = book, deliveries, metrics
        self.watch = Watch(book)
        self.frames_a_minute = limit("messages_a_minute")
        self.requests = Requests(self.connection_of)
        self._assembly = Assembly()
        self._connections: set[Connection] = set()
        self._by_sender: dict[str, Connection] = {}
        self._committer = Committer(deliveries, metrics, self._on_full)
        self._full = False

    # --- connections --------------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A peer has connected."""
        self._connections.add(connection)
        self.metrics.connections.inc()
        if self._full:
            connection.hold(True)

    def closed(self, connection: Connection) -> None:
        """A peer has gone."""
        self._connections.discard(connection)
        self.metrics.connections.dec()
        if self._by_sender.get(connection.sender) is connection:
            del self._by_sender[connection.sender]

    def connection_of(self, sender: str) -> Connection | None:
        """The connection over which a device has last sent."""
        return self._by_sender.get(sender)

    def give_up(self, connection: Connection, now: float) -> None:
        """A peer that does not speak HJ 212 is shown out."""
        device = self.book.find(connection.sender)
        if device is not None:
            self.watch.refused(device, EventKind.BAD_FRAMES, connection.address, now, "")
        self.metrics.refused("hopeless")
        log("connection.hopeless", level="warning", peer=connection.peer, sender=connection.sender)
        connection.close()

    def _on_full(self, full: bool) -> None:
        self._full = full
        for connection in self._connections:
            connection.hold(full)

    # --- frames -------------------------------------------------------------------------------------------------

    def take(self, connection: Connection, frame: Frame, now: float) -> None:
        """A frame, or a piece that is none, has come."""
        sender = frame.get("MN") or connection.sender
        device = self.book.find(sender)
        if not frame.accepted:
            frame, known = self._second_look(connection, frame, device), device
            if not frame.accepted:
                self._refuse(connection, frame, known, now)
                return
        if device is None:
            self._stranger(connection, frame, sender, now)
            return
        if not device.may_come_from(connection.address):
            self.metrics.refused("address")
            self.watch.refused(device, EventKind.REFUSED_ADDRESS, connection.address, now, "")
            connection.close()
            return
        if connection.sender != sender or self._by_sender.get(sender) is not connection:
            connection.sender = sender
            self._by_sender[sender] = connection
        connection.edition, connection.kind = frame.edition, frame.get("ST") or ""
        self.watch.frame(device, connection.address, frame, now)
        flag = frame.flag
        if flag is not None and flag.split:
            self._assembly.add(frame, now)
        if frame.get("CN") in ANSWERS_TO_REQUESTS:
            self.requests.answered(sender, frame)
        # What a key has opened is kept in plain below what came: keys are exchanged, and the log outlives them.
        content = frame.raw if not frame.encrypted else frame.raw + TAIL + frame_of(frame.segment)
        arrived = Arrived(int(now * 1e6), NAME, connection.peer, sender, content)
        self._committer.submit(arrived, connection, answer_when_kept(frame))

    def _second_look(self, connection: Connection, frame: Frame, device: KnownDevice | None) -> Frame:
        """Whose piece this is, only its header says: with the key of that device, or what it is forgiven, it may do."""
        if device is None:
            return frame
        if frame.verdict is Verdict.ENCRYPTED:
            return decrypted(frame, device.key) if device.key else frame
        profile = profile_of(device.relaxations)
        if profile == STANDARD or connection.reader.profile == profile:
            return frame
        connection.reader.profile = profile
        return parse_frame(frame.raw, profile)

    def _refuse(self, connection: Connection, frame: Frame, device: KnownDevice | None, now: float) -> None:
        reason = "encrypted" if frame.verdict is Verdict.ENCRYPTED else str(frame.reason)
        self.metrics.refused(reason)
        if device is not None:
            self.watch.refused(device, EventKind.BAD_FRAMES, connection.address, now, reason)

    def _stranger(self, connection: Connection, frame: Frame, sender: str, now: float) -> None:
        self.metrics.refused("stranger")
        moment = dt.datetime.fromtimestamp(now, dt.UTC)
        self.book.knock(Knock(Protocol.HJ212, sender, connection.address, moment, frame.raw))
        answer = answer_to_stranger(frame)
        if answer:
            connection.send(answer)

    # --- running ------------------------------------------------------------------------------------------------

    async def run(self, host: str, port: int, ready: asyncio.Future[int] | None = None) -> None:
        """Listen until a signal says to stop; ``ready`` gets the port. OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, stop.set)
        server = await loop.create_server(lambda: Connection(self), host, port, backlog=limit("connections_in_backlog"))
        committing = asyncio.create_task(self._committer.run())
        looking = asyncio.create_task(self._look())
        tasks = (looking, asyncio.create_task(self.requests.run()))
        if ready is not None:
            ready.set_result(server.sockets[0].getsockname()[1])
        try:
            await stop.wait()
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            for connection in list(self._connections):
                connection.hold(True)
            self._committer.end()
            await committing
            for connection in list(self._connections):
                connection.close()
            await asyncio.sleep(0)

    async def _look(self) -> None:
        """Once a second, everything that depends on the time that passes."""
        while True:
            await asyncio.sleep(1)
            now = time.time()
            for connection in list(self._connections):
                connection.look(now, self._full)
            self.watch.look(now)
            for packet in self._assembly.expired(now):
                device = self.book.find(packet.key[0])
                if device is not None:
                    missing = ", ".join(map(str, packet.missing))
                    found = f"CN {packet.key[1]}, DataTime {packet.key[2]}: {missing} / {packet.count}"
                    self.watch.refused(device, EventKind.INCOMPLETE, "", now, found)
