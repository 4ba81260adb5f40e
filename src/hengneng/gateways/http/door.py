"""The door itself: routes, what every request passes through, opening and closing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiohttp import web
from django.db import close_old_connections

from hengneng.gateways.book import Book
from hengneng.gateways.http import batches
from hengneng.gateways.http.answers import OK, PARTLY, TurnedAwayError, answer, refusal
from hengneng.gateways.http.bodies import Body, Room, busy, is_packed, unpacked
from hengneng.gateways.http.limits import limit
from hengneng.gateways.http.senders import Noticing, Rate, device_of
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit as door_limit
from hengneng.gateways.metrics import Metrics
from hengneng.metering.intake import KnownMeters
from hengneng.problems import Problem, RefusedError
from hengneng.readings.writer import Writer

Result = TypeVar("Result")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Remembered:
    """Answers of the database for as long as the register of devices is remembered too."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable) -> Any:
        """What was kept under ``key``, None when it is too old or was never there."""
        since, value = self._kept.get(key, (0.0, None))
        return value if time.monotonic() - since < door_limit("seconds_between_looks") else None

    def keep(self, key: Hashable, value: Any) -> None:
        """Keep an answer."""
        self._kept[key] = (time.monotonic(), value)

    def forget(self, key: Hashable) -> None:
        """Ask again next time."""
        self._kept.pop(key, None)


class Work:
    """Threads for what would hold up the loop: the database, and reading bodies. One body is unpacked at a time."""

    def __init__(self) -> None:
        self._database = ThreadPoolExecutor(1, "database")
        self._bodies = ThreadPoolExecutor(1, "bodies")

    async def ask(self, function: Callable[..., Result], *words: Any) -> Result:
        """Run ``function`` with the database."""

        def run() -> Result:
            close_old_connections()
            return function(*words)

        return await asyncio.get_running_loop().run_in_executor(self._database, run)

    async def read(self, function: Callable[..., Result], *words: Any) -> Result:
        """Run ``function`` over a body."""
        return await asyncio.get_running_loop().run_in_executor(self._bodies, function, *words)

    def close(self) -> None:
        """Finish what was begun."""
        from django.db import connections

        self._database.submit(connections.close_all).result()
        self._database.shutdown()
        self._bodies.shutdown()


class Door:
    """Batches of readings over HTTP. ``room`` says how much may be under way."""

    def __init__(self, book: Book, writer: Writer, metrics: Metrics) -> None:
        self.book, self.writer, self.metrics = book, writer, metrics
        self.room, self.rate, self.work = Room(), Rate(), Work()
        self.noticing = Noticing(book)
        self._meters = Remembered()

    def app(self) -> web.Application:
        """The routes of the door."""
        app = web.Application(middlewares=[self._through], client_max_size=limit("bytes_of_body"))
        app.router.add_post("/readings", self.take_readings)
        return app

    @web.middleware
    async def _through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What every request passes: figures, and an answer of ours for everything that goes wrong."""
        self.metrics.connections.inc()
        try:
            return await handler(request)
        except TurnedAwayError as away:
            self.metrics.refused(away.problem.number)
            return refusal(away)
        except web.HTTPException as error:
            found = f"{request.method} {request.path}"[:200]
            self.metrics.refused("G114")
            return refusal(TurnedAwayError(error.status, Problem("G114", "/", {"found": found})))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            log("request.failed", level="error", path=request.path, found=f"{type(error).__name__}: {error}"[:500])
            self.metrics.failures.inc()
            return refusal(busy())
        finally:
            self.metrics.connections.dec()

    async def take_readings(self, request: web.Request) -> web.Response:
        """A batch: who, what, durable, answer."""
        device = device_of(request, self.book, self.noticing)
        self.rate.count(device)
        kind, key = batches.kind_of(request), batches.key_of(request)
        begun = time.perf_counter()
        with Body(self.room) as body:
            self.metrics.waiting.set(self.room.batches)
            content = await body.read(request)
            self.metrics.bytes.inc(len(content))
            meters = await self._meters_of(device.unit_id)
            read = await self._read(content, request, kind, meters)
            arrival = 0
            if len(read.points):
                source = f"http:{device.identifier}"
                arrival = await self.durable(read.points, f"http:{device.id}:{key}" if key else "", source)
        self.metrics.waiting.set(self.room.batches)
        self.metrics.seconds.observe(time.perf_counter() - begun)
        self.metrics.messages.inc()
        self.metrics.values.inc(len(read.points))
        self.metrics.refused("reading", read.refused.count)
        content_of_answer = {
            "taken": len(read.points),
            "refused": read.refused.count,
            "arrival": arrival or None,
            "problems": read.refused.told,
        }
        status = OK if not read.refused.count else PARTLY if len(read.points) else 422
        return answer(content_of_answer, status)

    async def _read(
        self, content: bytes, request: web.Request, kind: str, meters: KnownMeters
    ) -> batches.ReadBatch:
        """What a body says. TurnedAwayError when it says nothing that can be used."""
        # How much comes out of a packed body is known only afterwards.
        if len(content) <= limit("bytes_read_at_once") and not is_packed(request):
            return batches.read_batch(content, kind, meters)
        return await self.work.read(_read, content, request, kind, meters)

    async def durable(self, points: Any, key: str, source: str) -> int:
        """The arrival of readings once they are on the disk. TurnedAwayError when the store refuses."""
        try:
            # Shielded: a client that goes away does not take back what the writer may be writing.
            return await asyncio.shield(asyncio.wrap_future(self.writer.submit(points, key=key, source=source)))
        except RefusedError as refused:
            away = TurnedAwayError.of_store(refused, limit("seconds_until_retry"))
            if away.retry:
                self.metrics.failures.inc()
                log("commit.failed", level="error", found=str(refused))
            raise away from None

    async def _meters_of(self, unit: int) -> KnownMeters:
        found = self._meters.get(unit)
        if found is None:
            found = await self.work.ask(batches.meters_of, unit)
            self._meters.keep(unit, found)
        known: KnownMeters = found
        return known


def _read(content: bytes, request: web.Request, kind: str, meters: KnownMeters) -> batches.ReadBatch:
    return batches.read_batch(unpacked(content, request), kind, meters)
