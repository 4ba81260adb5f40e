"""A door of HJ 212 within this process, without a database: who is registered is said, what it keeps is seen."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.devices.knowing import KnownDevice, networks_of
from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.hj212.door import Door
from hengneng.gateways.hj212.requesting import Requests
from hengneng.gateways.metrics import Metrics
from hengneng.hj212 import Message, frame_of, new_message, written_qn
from support.waiting import PATIENCE

HOST = "127.0.0.1"
MN = "010000A8900016F000169DC0"
OTHER = "010000A8900016F000169DC1"
QUIET = 0.15  # seconds: what has not happened by then does not happen


def loops() -> list[Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of Python, and the quicker one where it is installed."""
    found: list[Any] = [asyncio.new_event_loop]
    with suppress(ImportError):
        import uvloop

        found.append(uvloop.new_event_loop)
    return found


def known(identifier: str = MN, row: int = 1, **changes: Any) -> KnownDevice:
    """A device as the register gives it."""
    values: dict[str, Any] = {
        "id": row, "identifier": identifier, "unit_id": 1, "unit": "plant", "place": "650100", "networks": (),
        "relaxations": frozenset(), "interval": 60, "key": b"", "secret": "", "example": False,
    }  # fmt: skip
    values |= changes
    if isinstance(values["networks"], str):
        values["networks"] = networks_of(values["networks"])
    return KnownDevice(**values)


def qn(number: int = 0, at: dt.datetime | None = None) -> str:
    """A number of a request: the present, and so many milliseconds more."""
    return written_qn((at or dt.datetime.now(dt.UTC)) + dt.timedelta(milliseconds=number))


def said(
    number: str | None = "", edition: str = "2017", *, mn: str = MN, cn: str = "2011", st: str = "31", ack: bool = True,
    pw: str = "123456", extra: Iterable[tuple[str, str]] = (), value: str = "1.0",
) -> Message:  # fmt: skip
    """What a data logger says: one value, with its QN (None: without; empty: of now)."""
    parameters = [[("DataTime", "20260601000000")], [("a21026-Rtd", value), ("a21026-Flag", "N")]]
    number = qn() if number == "" else number
    return new_message(
        edition, qn=number, st=st, cn=cn, mn=mn, pw=pw, ack=ack, extra=extra, parameters=parameters
    )


def frame(*given: Any, **changes: Any) -> bytes:
    """The same as a frame."""
    return said(*given, **changes).frame()


def modbus(segment: bytes, counted: int = 0) -> bytes:
    """A frame whose checksum is that of Modbus, and whose length counts so many bytes more."""
    crc = 0xFFFF
    for byte in segment:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return b"##%04d%b%04X\r\n" % (len(segment) + counted, segment, crc)


def counting_more(segment: bytes) -> bytes:
    """A frame whose length counts checksum and line end."""
    right = frame_of(segment)
    return b"##%04d%b" % (len(segment) + 6, right[6:])


class Kept:
    """Stands for the log of deliveries. ``gate`` closed: the disk takes its time. ``error``: what it refuses with."""

    def __init__(self) -> None:
        self.deliveries: list[Arrived] = []
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.tried = 0

    def append(self, arrived: Sequence[Arrived]) -> int:
        """As that of the log."""
        self.tried += 1
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        self.deliveries += arrived
        self.batches.append(len(arrived))
        return len(self.deliveries)

    @property
    def contents(self) -> list[bytes]:
        """What has been kept."""
        return [one.content for one in self.deliveries]


@dataclass
class Client:
    """A data logger over a real connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    come: bytes = b""

    def send(self, *data: bytes) -> None:
        """Send bytes."""
        self.writer.write(b"".join(data))

    async def lines(self, count: int) -> list[bytes]:
        """So many lines of answers."""
        read = self.reader.readuntil
        return [(await asyncio.wait_for(read(b"\r\n"), PATIENCE)).removesuffix(b"\r\n") for _ in range(count)]

    async def quiet(self, seconds: float = QUIET) -> bool:
        """Whether nothing comes for a while."""
        with suppress(TimeoutError):
            return not await asyncio.wait_for(self.reader.read(1), seconds)
        return True

    async def closed(self) -> bool:
        """Whether the other side closes; what comes before is passed over."""
        with suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                pass
        return True


@dataclass
class Opened:
    """A door that is open. ``book``: what it noticed; ``kept``: what it kept."""

    door: Door
    book: Book
    kept: Kept
    port: int
    task: asyncio.Task[None]
    clients: list[Client] = field(default_factory=list)

    async def client(self, address: str = HOST) -> Client:
        """Somebody connects from an address of this machine."""
        streams = await asyncio.open_connection(HOST, self.port, local_addr=(address, 0))
        self.clients.append(Client(*streams))
        return self.clients[-1]

    def events(self, *but: str) -> list[tuple[str, str, str]]:
        """Kind, address and finding of what was noticed, but for these kinds."""
        return [(str(one.kind), one.address, one.found) for one in self.book._events if one.kind not in but]

    def figure(self, name: str, **labels: str) -> float:
        """A figure as Prometheus reads it."""
        return self.door.metrics.registry.get_sample_value(name, {"door": "hj212", **labels}) or 0.0

    async def until(self, found: Callable[[], object]) -> None:
        """Wait until something is so."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not found():
            assert asyncio.get_running_loop().time() < end, "it does not come about"
            await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(*devices: KnownDevice, kept: Kept | None = None, requests: bool = False) -> AsyncIterator[Opened]:
    """A door at which these devices are known."""
    kept, book = kept or Kept(), Book(Protocol.HJ212)
    book.devices = {one.identifier: one for one in devices or (known(),)}
    door = Door(book, cast(DeliveryLog, kept), Metrics("hj212"))
    if not requests:
        door.requests = cast(Requests, _NoRequests())
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(door.run(HOST, 0, ready))
    one = Opened(door, book, kept, await ready, task)
    try:
        yield one
    finally:
        kept.gate.set()
        for client in one.clients:
            client.writer.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _NoRequests:
    """Requests of nobody."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    def answered(self, sender: str, frame: object) -> None:
        pass


def run(work: Callable[[], Awaitable[None]], loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Run a test that works asynchronously."""

    async def bounded() -> None:
        await asyncio.wait_for(work(), PATIENCE)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(bounded())
