"""Opening the door: everything it needs is made ready, then it listens."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress

from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.hj212.door import NAME, Door
from hengneng.gateways.journal import log
from hengneng.gateways.loops import quickest_loop
from hengneng.gateways.metrics import Metrics
from hengneng.monitoring.running import open_deliveries


def open_door(host: str, port: int, metrics_port: int, on_open: Callable[[int], None]) -> None:
    """Listen on ``host:port`` until a signal says to stop; ``on_open`` gets the port. OSError: it cannot be had."""
    _many_connections()
    metrics = Metrics(NAME)
    with (
        metrics.served(host, metrics_port),
        Book(Protocol.HJ212) as book,
        open_deliveries() as deliveries,
        asyncio.Runner(loop_factory=quickest_loop()) as runner,
    ):
        runner.run(_run(Door(book, deliveries, metrics), host, port, on_open))
    log("door.closed", door=NAME)


async def _run(door: Door, host: str, port: int, on_open: Callable[[int], None]) -> None:
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ready.add_done_callback(lambda one: None if one.cancelled() else on_open(one.result()))
    await door.run(host, port, ready)


def _many_connections() -> None:
    """Shells allow 1024 open files, thousands of devices want more: take what the system grants without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
