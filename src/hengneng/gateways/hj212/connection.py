"""One connection: bytes in, frames to the door, answers out."""

from __future__ import annotations

import asyncio
import time
from enum import IntFlag
from typing import TYPE_CHECKING, cast

from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, FrameReader, Profile
from hengneng.hj212.limits import limit as frame_limit

if TYPE_CHECKING:
    from hengneng.gateways.hj212.door import Door


class Why(IntFlag):
    """Why a connection is not read for the time being."""

    FULL = 1  # too many frames of all devices wait for the disk
    TOO_MANY = 2  # more than a device may send in a minute
    UNREAD = 4  # the peer does not read its answers
    ENDING = 8


class Connection(asyncio.Protocol):
    """What the door knows of one peer. Kept small: thousands are open at a time.

    ``sender``: the MN of its last frame; ``senders``: of all of them.
    """

    __slots__ = (
        "_begun", "_begun_since", "_careful", "_heard", "_still", "_transport", "address", "door", "peer", "reader",
        "sender", "senders",
    )  # fmt: skip

    def __init__(self, door: Door) -> None:
        self.door = door
        self.reader = FrameReader()
        self.address = self.peer = self.sender = ""
        self.senders: set[str] = set()
        self._transport: asyncio.Transport | None = None
        self._heard = self._begun_since = time.time()
        self._begun = 0
        self._careful = True
        self._still = Why(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop is one by its methods, not by its classes.
        self._transport = cast(asyncio.Transport, transport)
        name = self._transport.get_extra_info("peername") or ("", 0)
        self.address, self.peer = str(name[0]), f"{name[0]}:{name[1]}"
        # Not before the loop has begun to read: beginning, it would forget that it was told not to.
        asyncio.get_running_loop().call_soon(self.door.opened, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        asyncio.get_running_loop().call_soon(self.door.closed, self)

    def data_received(self, data: bytes) -> None:
        self._heard = now = time.time()
        self.door.metrics.bytes.inc(len(data))
        try:
            # Line by line until it is clear how its frames are to be read: what the first one tells counts for the
            # second, and a connection of many frames is not given up before its device is known.
            for part in data.splitlines(keepends=True) if self._careful else (data,):
                self._read(part, now)
        except Exception as error:
            self.door.failed(self, b"", error)
            self.close()
        if self.reader.hopeless:
            self.door.give_up(self, now)

    def _read(self, part: bytes, now: float) -> None:
        frames = self.reader.feed(part)
        while frames:
            profile, self._careful = self.reader.profile, False
            for frame in frames:
                self._take(frame, now)
            # Another profile may find a frame in what is pending.
            frames = self.reader.feed(b"") if self.reader.profile != profile else []

    def _take(self, frame: Frame, now: float) -> None:
        try:
            self.door.take(self, frame, now)
        except Exception as error:
            # What nobody has thought of costs one frame, not the connection: it would come again and again.
            self.door.failed(self, frame.raw, error)

    def read_as(self, profile: Profile) -> None:
        """Read what comes with the profile of the device that has just sent."""
        self.reader.profile = profile
        self._careful = True

    def pause_writing(self) -> None:
        """The peer does not read its answers: it gets no more until it does."""
        self.hold(Why.UNREAD, True)

    def resume_writing(self) -> None:
        """The peer has read its answers."""
        self.hold(Why.UNREAD, False)

    def send(self, answer: bytes) -> None:
        """Write to the peer, if it is still there."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    def close(self) -> None:
        """End the connection after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def look(self, now: float) -> None:
        """Once a second: give up a half frame that does not grow, and a peer that has long been silent."""
        reader = self.reader
        if self._still:
            # Whoever is not listened to is not late.
            self._heard = self._begun_since = now
        elif now - self._heard >= limit("seconds_until_closed"):
            self.close()
        elif not reader.pending:
            self._begun_since = now
        elif reader.begun != self._begun:
            self._begun, self._begun_since = reader.begun, now
        elif now - self._begun_since >= frame_limit("seconds_of_half_frame"):
            self._begun_since = now
            for frame in reader.expire():
                self._take(frame, now)
            self._read(b"", now)
            if reader.hopeless:
                self.door.give_up(self, now)

    def hold(self, why: Why, still: bool) -> None:
        """Read no more from the peer for that reason, or no longer for that reason."""
        before = self._still
        self._still = before | why if still else before & ~why
        if bool(before) is bool(self._still) or self._transport is None or self._transport.is_closing():
            return
        if self._still:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
