"""Opening the HTTP door: store, log of deliveries, books, server; until somebody asks the process to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import ExitStack

from aiohttp import web

from hengneng.deliveries import FOLDER, DeliveryLog
from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.http.door import Door
from hengneng.gateways.http.keeping import Keeper
from hengneng.gateways.http.key_units import KeyUnits
from hengneng.gateways.http.limits import limit
from hengneng.gateways.journal import log
from hengneng.gateways.loops import quickest_loop
from hengneng.gateways.metrics import Metrics
from hengneng.home import home_folder
from hengneng.metering.storing import database_address, open_store

DOOR = "http"


def open_door(host: str, port: int, metrics_port: int, public: str, on_open: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT; what was accepted is finished. ``on_open`` is told the port.

    ``public``: address under which end devices reach the door, empty when it is the one they ask. OSError when the port
    cannot be had; RefusedError M012, M015 when the store cannot be opened.
    """
    metrics = Metrics(DOOR)
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        deliveries = stack.enter_context(DeliveryLog.open(home_folder() / FOLDER, database_address()))
        keeper = stack.enter_context(Keeper(deliveries))
        writer = stack.enter_context(store.writer())
        programs = stack.enter_context(Book(Protocol.HTTP))
        units = stack.enter_context(Book(Protocol.KEY_UNIT))
        stack.enter_context(metrics.served(host, metrics_port))
        door = Door(programs, writer, metrics)
        stack.callback(door.work.close)
        key_units = KeyUnits(door, units, keeper, public)
        with asyncio.Runner(loop_factory=quickest_loop()) as runner:
            runner.run(_serve(door, key_units, host, port, on_open))
    log("door.closed", door=DOOR)


async def _serve(door: Door, key_units: KeyUnits, host: str, port: int, on_open: Callable[[int], None]) -> None:
    app = door.app()
    key_units.add_routes(app)
    end = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, end.set)
    # Bodies stay packed until they are unpacked with a bound, and addresses are not looked up by name.
    runner = web.AppRunner(
        app, auto_decompress=False, access_log=None, shutdown_timeout=limit("seconds_for_stopping")
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        found = runner.addresses[0][1]
        log("door.open", door=DOOR, host=host, port=found)
        on_open(found)
        await end.wait()
        log("door.closing", door=DOOR, waiting=door.room.batches)
        await site.stop()
        # The server would drop what is still to come of a body: whoever was let in is waited for here.
        await door.room.emptied(limit("seconds_for_stopping"))
    finally:
        await runner.cleanup()
