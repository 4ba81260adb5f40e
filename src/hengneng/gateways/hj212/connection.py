"""One connection: bytes in, frames to the door, answers out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, cast

from hengneng.hj212 import FrameReader
from hengneng.hj212.limits import limit as frame_limit

if TYPE_CHECKING:
    from hengneng.gateways.hj212.door import Door

MINUTE = 60.0


class Connection(asyncio.Protocol):
    """What the door knows of one peer. Kept small: thousands are open at a time.

    ``edition`` and ``kind`` (ST) are those of its last frame: requests are made in that dialect. ``sender``: its MN.
    """

    __slots__ = (
        "_begun", "_begun_since", "_frames", "_held", "_minute", "_transport", "address", "door", "edition", "kind",
        "peer", "reader", "sender",
    )  # fmt: skip

    def __init__(self, door: Door) -> None:
        self.door = door
        self.reader = FrameReader()
        self.address = self.peer = self.sender = self.edition = self.kind = ""
        self._transport: asyncio.Transport | None = None
        self._begun, self._begun_since = 0, 0.0
        self._minute, self._frames = 0.0, 0
        self._held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop is one by its methods, not by its classes.
        self._transport = cast(asyncio.Transport, transport)
        name = self._transport.get_extra_info("peername") or ("", 0)
        self.address, self.peer = str(name[0]), f"{name[0]}:{name[1]}"
        self.door.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.door.closed(self)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        frames = self.reader.feed(data)
        self.door.metrics.bytes.inc(len(data))
        for frame in frames:
            self.door.take(self, frame, now)
        if frames:
            self._count(len(frames), now)
        if self.reader.hopeless:
            self.door.give_up(self, now)

    def send(self, answer: bytes) -> None:
        """Write to the peer, if it is still there."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    def close(self) -> None:
        """End the connection after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def _count(self, frames: int, now: float) -> None:
        if now - self._minute >= MINUTE:
            self._minute, self._frames = now, 0
        self._frames += frames
        if self._frames > self.door.frames_a_minute and not self._held:
            self._held = True
            self.door.metrics.refused("too_many", 1)
            self.hold(True)

    def look(self, now: float, full: bool) -> None:
        """Once a second: give up a half frame that does not grow; read on when the minute of a quick one is over."""
        if self._held and now - self._minute >= MINUTE:
            self._held = False
            self.hold(full)
        reader = self.reader
        if not reader.pending:
            self._begun_since = now
        elif reader.begun != self._begun:
            self._begun, self._begun_since = reader.begun, now
        elif now - self._begun_since >= frame_limit("seconds_of_half_frame"):
            for frame in reader.expire():
                self.door.take(self, frame, now)
            self._begun_since = now

    def hold(self, still: bool) -> None:
        """Read no more from the peer, or go on; what a minute allows is over is not changed by that."""
        if self._transport is None or self._transport.is_closing():
            return
        if still:
            self._transport.pause_reading()
        elif not self._held:
            self._transport.resume_reading()
