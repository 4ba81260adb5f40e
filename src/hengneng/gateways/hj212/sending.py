"""A client of HJ 212: sends frames as a data logger does, waits for answers, sends again what is not answered.

Source: HJ 212-2017, table 1: 10 s and three more tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from hengneng.hj212 import Frame, FrameReader
from hengneng.hj212.frame import TAIL

ACKNOWLEDGING = frozenset({"9011", "9012", "9013", "9014"})
_READ = 1 << 16


@dataclass(frozen=True)
class Sent:
    """What became of a frame: ``answer`` is the frame that answered it, None where none came or none was wanted.

    ``tries``: how often it was sent; ``seconds`` from the last sending to the answer.
    """

    frame: Frame
    wanted: bool
    answer: Frame | None
    tries: int
    seconds: float

    @property
    def acknowledged(self) -> bool:
        """Whether the answer says that the frame was taken; 9011 may say that it was not."""
        answer = self.answer
        if answer is None or answer.get("CN") != "9011":
            return answer is not None
        return answer.content is not None and answer.content.fields.get("QnRtn") == "1"


async def send_frames(
    host: str, port: int, frames: Iterable[Frame], *, seconds: float, tries: int
) -> AsyncIterator[Sent]:
    """Send frames over one connection, one after the other; each is sent ``tries`` times at most.

    OSError when nobody listens there at the beginning. A connection that breaks later is made again at the next try.
    """
    client = _Client(host, port)
    try:
        await client.open()
        for frame in frames:
            yield await client.deliver(frame, seconds, tries)
    finally:
        await client.close()


class _Client:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._reader = FrameReader(rejected_in_a_row=None)
        self._come: list[Frame] = []

    async def deliver(self, frame: Frame, seconds: float, tries: int) -> Sent:
        loop = asyncio.get_running_loop()
        wanted = frame.flag is not None and frame.flag.ack
        begun = loop.time()
        for attempt in range(1, tries + 1):
            begun = loop.time()
            try:
                reader, writer = await self.open()
                writer.write(frame.raw + TAIL)
                await writer.drain()
                answer = await asyncio.wait_for(self._answer(reader, frame), seconds) if wanted else None
            except (TimeoutError, OSError):
                await self.close()
                if attempt < tries:
                    # Whoever is refused at once waits as long as whoever is not answered: the door may be starting.
                    await asyncio.sleep(max(begun + seconds - loop.time(), 0))
                continue
            return Sent(frame, wanted, answer, attempt, loop.time() - begun)
        return Sent(frame, wanted, None, tries, loop.time() - begun)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
            self._reader, self._come = FrameReader(rejected_in_a_row=None), []
        return self._streams

    async def _answer(self, reader: asyncio.StreamReader, asked: Frame) -> Frame:
        while True:
            while self._come:
                found = self._come.pop(0)
                if found.accepted and _answers(found, asked):
                    return found
            data = await reader.read(_READ)
            if not data:
                raise ConnectionResetError("closed by the other side")
            self._come += self._reader.feed(data)

    async def close(self) -> None:
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()


def _answers(found: Frame, asked: Frame) -> bool:
    """Whether ``found`` acknowledges ``asked``: by QN, in the header or (2005) among the parameters."""
    if found.get("CN") not in ACKNOWLEDGING:
        return False
    number = found.get("QN") or (found.content.fields.get("QN") if found.content else None)
    return number is None or number == asked.get("QN")
