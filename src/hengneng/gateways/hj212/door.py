"""The door itself: every frame of every connection is judged, kept, answered."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import EventKind, Protocol
from hengneng.devices.noticing import Knock
from hengneng.gateways.book import Book
from hengneng.gateways.hj212.answering import ANSWERS, answer_to_stranger, answer_when_kept
from hengneng.gateways.hj212.committing import Committer
from hengneng.gateways.hj212.connection import Connection, Why
from hengneng.gateways.hj212.requesting import Requests
from hengneng.gateways.hj212.watching import Watch
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit
from hengneng.gateways.metrics import Metrics
from hengneng.hj212 import STANDARD, Assembly, Frame, Verdict, frame_of, opened, parse_frame
from hengneng.hj212.building import INTERACTION
from hengneng.hj212.escapes import escaped
from hengneng.hj212.frame import TAIL
from hengneng.hj212.relaxations import profile_of

NAME = "hj212"
MINUTE = 60.0


class Line(NamedTuple):
    """Over which connection a device has last sent, and how it speaks: requests are made in that dialect.

    ``kind``: its ST, as far as it has sent anything else than interaction; ``password``: its PW.
    """

    connection: Connection
    edition: str
    kind: str
    password: str


class Door:
    """One listening port. ``run`` works until SIGTERM or SIGINT; what was received by then is kept and answered."""

    def __init__(self, book: Book, deliveries: DeliveryLog, metrics: Metrics) -> None:
        self.book, self.deliveries, self.metrics = book, deliveries, metrics
        self.watch = Watch(book)
        self.frames_a_minute = limit("messages_a_minute")
        self.requests = Requests(self.line_of)
        self._assembly = Assembly(most=limit("packets_in_assembly"))
        self._connections: set[Connection] = set()
        self._lines: dict[str, Line] = {}
        self._committer = Committer(deliveries, metrics, self._on_full)
        self._full = False
        self._pace: Counter[str] = Counter()
        self._minute = time.time()

    # --- connections --------------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A peer has connected."""
        self._connections.add(connection)
        self.metrics.connections.inc()
        if self._full:
            connection.hold(Why.FULL, True)

    def closed(self, connection: Connection) -> None:
        """A peer has gone."""
        self._connections.discard(connection)
        self.metrics.connections.dec()
        for sender in connection.senders:
            line = self._lines.get(sender)
            if line is not None and line.connection is connection:
                del self._lines[sender]

    def line_of(self, sender: str) -> Line | None:
        """The connection over which a device has last sent, if it is open."""
        return self._lines.get(sender)

    def give_up(self, connection: Connection, now: float) -> None:
        """A peer that does not speak HJ 212 is shown out."""
        device = self.book.find(connection.sender)
        if device is not None:
            self.watch.refused(device, EventKind.BAD_FRAMES, connection.address, now, "")
        self.metrics.refused("hopeless")
        log("connection.hopeless", level="warning", peer=connection.peer, sender=connection.sender)
        connection.close()

    def failed(self, connection: Connection, raw: bytes, error: Exception) -> None:
        """Something that nobody has thought of: neither kept nor answered, but said."""
        self.metrics.refused("error")
        found, frame = f"{type(error).__name__}: {error}", escaped(raw[: limit("bytes_in_journal")])
        log("frame.failed", level="error", peer=connection.peer, found=found, frame=frame)

    def _on_full(self, full: bool) -> None:
        self._full = full
        for connection in self._connections:
            connection.hold(Why.FULL, full)

    # --- frames -------------------------------------------------------------------------------------------------

    def take(self, connection: Connection, frame: Frame, now: float) -> None:
        """A frame, or a piece that is none, has come."""
        sender = frame.get("MN") or connection.sender
        device = self.book.find(sender)
        frame = self._second_look(connection, frame, device, now)
        if not frame.accepted:
            self._count(connection, connection.peer)
            self._refuse(connection, frame, device, now)
            return
        if device is None:
            self._count(connection, connection.peer)
            self._stranger(connection, frame, sender, now)
            return
        if not device.may_come_from(connection.address):
            self.metrics.refused("address")
            self.watch.refused(device, EventKind.REFUSED_ADDRESS, connection.address, now, "")
            connection.close()
            return
        self._count(connection, sender)
        self._on_line(connection, sender, frame)
        self.watch.frame(device, connection.address, frame, now)
        flag = frame.flag
        if flag is not None and flag.split:
            self._assembly.add(frame, now)
        # What a key has opened is kept in plain below what came: keys are exchanged, and the log outlives them.
        content = frame.raw if not frame.encrypted else frame.raw + TAIL + frame_of(frame.segment)
        arrived = Arrived(int(now * 1e6), NAME, connection.peer, sender, content)
        self._committer.submit(arrived, connection, answer_when_kept(frame))
        if frame.get("CN") in ANSWERS:
            self.requests.answered(sender, frame)

    def _count(self, connection: Connection, key: str) -> None:
        """Whoever sends too much is not read until the minute is over; the others of its connection wait with it.

        ``key``: the device, or the peer for what is not taken, so that nobody uses up what is another's.
        """
        self._pace[key] += 1
        if self._pace[key] == self.frames_a_minute + 1:
            self.metrics.refused("too_many")
        if self._pace[key] > self.frames_a_minute:
            connection.hold(Why.TOO_MANY, True)

    def _on_line(self, connection: Connection, sender: str, frame: Frame) -> None:
        before = self._lines.get(sender)
        kind = frame.get("ST") or ""
        if kind == INTERACTION and before is not None:
            # Answers and heartbeats say nothing about what the device measures.
            kind = before.kind
        line = Line(connection, frame.edition, kind, frame.get("PW") or "")
        connection.sender = sender
        if line != before:
            self._lines[sender] = line
            connection.senders.add(sender)

    def _second_look(
        self, connection: Connection, frame: Frame, device: KnownDevice | None, now: float
    ) -> Frame:
        """Whose piece this is, only its header says: what is forgiven depends on that device, and so does its key.

        One connection may carry several devices, and the register may have changed since the last frame.
        """
        if frame.verdict is Verdict.ENCRYPTED:
            return opened(frame, device.keys(now)) if device is not None else frame
        reader = connection.reader
        if frame.accepted and not frame.forgiven:
            return frame
        profile = profile_of(device.relaxations) if device is not None else STANDARD
        if profile == STANDARD and reader.profile == STANDARD:
            return frame
        found = parse_frame(frame.raw, profile)
        if device is not None and reader.profile != profile:
            connection.read_as(profile)
        if found.accepted:
            reader.pardon()
        elif found.verdict is Verdict.ENCRYPTED and device is not None:
            return opened(found, device.keys(now))
        return found

    def _refuse(self, connection: Connection, frame: Frame, device: KnownDevice | None, now: float) -> None:
        reason = "encrypted" if frame.verdict is Verdict.ENCRYPTED else str(frame.reason)
        self.metrics.refused(reason)
        # From anywhere else it is not the device that sends bad frames.
        if device is None or not device.may_come_from(connection.address):
            return
        self.watch.refused(device, EventKind.BAD_FRAMES, connection.address, now, reason)
        if frame.encrypted:
            # Kept for whoever finds the key, and not acknowledged: nobody has seen what it says.
            arrived = Arrived(int(now * 1e6), NAME, connection.peer, device.identifier, frame.raw)
            self._committer.submit(arrived, connection, b"")

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
        others = (asyncio.create_task(self._look()), asyncio.create_task(self.requests.run()))
        stopping = asyncio.create_task(stop.wait())
        if ready is not None:
            ready.set_result(server.sockets[0].getsockname()[1])
        try:
            # A door that cannot commit any more must end: whoever looks after it starts it again.
            await asyncio.wait({stopping, committing, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.close()
            for task in (stopping, *others):
                task.cancel()
            for connection in list(self._connections):
                connection.hold(Why.ENDING, True)
            self._committer.end()
            await asyncio.wait({committing, *others})
            await self._leave()
        for task in (committing, *others):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _leave(self) -> None:
        """Close every connection; what was written has some time to go out."""
        for connection in list(self._connections):
            connection.close()
        until = time.monotonic() + limit("seconds_to_leave")
        while self._connections and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    async def _look(self) -> None:
        """Once a second, everything that depends on the time that passes."""
        while True:
            await asyncio.sleep(1)
            try:
                self.look(time.time())
            except Exception as error:
                log("look.failed", level="error", found=f"{type(error).__name__}: {error}")

    def look(self, now: float) -> None:
        """What the time that passes brings about. ``now``: seconds since 1970 UTC."""
        over = not 0 <= now - self._minute < MINUTE
        if over:
            self._minute = now
            self._pace.clear()
        for connection in list(self._connections):
            if over:
                connection.hold(Why.TOO_MANY, False)
            connection.look(now)
        self.watch.look(now)
        self.metrics.devices.set(self.watch.online)
        for packet in self._assembly.expired(now):
            device = self.book.find(packet.key[0])
            if device is not None:
                missing = ", ".join(map(str, packet.missing))
                found = f"CN {packet.key[1]}, DataTime {packet.key[2]}: {missing} / {packet.count}"
                self.watch.refused(device, EventKind.INCOMPLETE, "", now, found)
