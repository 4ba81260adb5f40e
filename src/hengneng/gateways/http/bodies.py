"""Bodies of requests: bounded while they come, bounded when they are unpacked."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress

from aiohttp import web

from hengneng.gateways.http.answers import TurnedAwayError
from hengneng.gateways.http.limits import limit
from hengneng.problems import Problem

_GZIP = zlib.MAX_WBITS | 16


class Room:
    """How much may wait for the disk: batches and bytes. Whoever finds no room is asked to come again."""

    def __init__(self) -> None:
        self.batches = 0
        self.bytes = 0
        self.closing = False
        self._empty = asyncio.Event()

    def enter(self) -> None:
        """Take a place. TurnedAwayError 503 (G109) when there is none."""
        if self.closing or self.batches >= limit("batches_waiting"):
            raise busy()
        self.batches += 1

    def grow(self, size: int) -> None:
        """Take room for bytes. TurnedAwayError 503 (G109) when there is none."""
        if self.bytes + size > limit("bytes_waiting"):
            raise busy()
        self.bytes += size

    def leave(self, size: int) -> None:
        """Give place and bytes back."""
        self.batches -= 1
        self.bytes -= size
        if self.closing and not self.batches:
            self._empty.set()

    async def emptied(self, seconds: float) -> None:
        """Let nobody in any more, and wait until all have left, ``seconds`` at most."""
        self.closing = True
        if self.batches:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)


def busy() -> TurnedAwayError:
    """Come again later."""
    return TurnedAwayError(503, Problem("G109", "/"), limit("seconds_until_retry"))


class Body:
    """The body of one request, read into the room that it takes."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.size = 0

    def __enter__(self) -> Body:
        self.room.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.room.leave(self.size)

    async def read(self, request: web.Request) -> bytes:
        """The bytes as they came. TurnedAwayError 408 (G112), 413 (G105), 415 (G104), 503 (G109)."""
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            raise TurnedAwayError(415, Problem("G104", "Content-Encoding", {"found": encoding[:40]}))
        most, seconds = limit("bytes_of_body"), limit("seconds_for_body")
        if (request.content_length or 0) > most:
            raise TurnedAwayError(413, Problem("G105", "body", {"expected": most}))
        parts = []
        try:
            async with asyncio.timeout(seconds):
                async for part in request.content.iter_any():
                    self.room.grow(len(part))
                    self.size += len(part)
                    if self.size > most:
                        raise TurnedAwayError(413, Problem("G105", "body", {"expected": most}))
                    parts.append(part)
        except TimeoutError:
            raise TurnedAwayError(408, Problem("G112", "body", {"expected": seconds})) from None
        return b"".join(parts)


def is_packed(request: web.Request) -> bool:
    """Whether a body is packed with gzip."""
    return request.headers.get("Content-Encoding", "").strip().lower() == "gzip"


def unpacked(content: bytes, request: web.Request) -> bytes:
    """The body without its compression. TurnedAwayError 413 (G106) when it is too large, 400 (G107) when broken."""
    if not is_packed(request):
        return content
    most = limit("bytes_unpacked")
    parts, size = [], 0
    while content:
        member = zlib.decompressobj(_GZIP)
        try:
            part = member.decompress(content, most - size + 1)
        except zlib.error as error:
            raise TurnedAwayError(400, Problem("G107", "body", {"found": str(error)})) from None
        size += len(part)
        if size > most:
            raise TurnedAwayError(413, Problem("G106", "body", {"expected": most}))
        if not member.eof:
            raise TurnedAwayError(400, Problem("G107", "body", {"found": "cut off"}))
        parts.append(part)
        content = member.unused_data
    return b"".join(parts)
