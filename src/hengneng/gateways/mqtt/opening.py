"""Opening the bridge: store, book, connection; connecting again whenever it breaks, until the process is to end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import aiomqtt

from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit as door_limit
from hengneng.gateways.loops import quickest_loop
from hengneng.gateways.meters import UnitMeters
from hengneng.gateways.metrics import Metrics
from hengneng.gateways.mqtt.bridge import Bridge, NotKeptError, Pending
from hengneng.gateways.mqtt.broker import Broker, Line, new_client
from hengneng.gateways.mqtt.limits import limit
from hengneng.gateways.mqtt.presence import Presence, last_states
from hengneng.metering.storing import open_store

DOOR = "mqtt"
_Waiting = asyncio.Queue[tuple[aiomqtt.Message, Pending]]


def open_bridge(broker: Broker, host: str, metrics_port: int, on_open: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; what was taken is finished. ``on_open``: told once connected for the first time.

    A broker that is not there is asked again, after growing pauses. OSError when the port of the figures cannot be
    had; RefusedError M012, M015 when the store cannot be opened.
    """
    metrics = Metrics(DOOR)
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        writer = stack.enter_context(store.writer())
        book = stack.enter_context(Book(Protocol.MQTT))
        meters = stack.enter_context(UnitMeters())
        presence = Presence(book, last_states())
        stack.enter_context(metrics.served(host, metrics_port))
        bridge = Bridge(broker.prefix, book, meters, writer, metrics, presence)
        with asyncio.Runner(loop_factory=quickest_loop()) as runner:
            runner.run(Connections(bridge, broker, on_open).run())
    log("door.closed", door=DOOR)


class Connections:
    """One connection after the other."""

    def __init__(self, bridge: Bridge, broker: Broker, on_open: Callable[[], None]) -> None:
        self._bridge, self._broker, self._on_open = bridge, broker, on_open
        self._end = asyncio.Event()
        self._opened = False
        self._pause = 0

    async def run(self) -> None:
        """Until somebody asks the process to end."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._end.set)
        looking = loop.create_task(self._look())
        while not self._end.is_set():
            try:
                await self._connect()
            except (aiomqtt.MqttError, NotKeptError, OSError) as error:
                self._pause = min(max(2 * self._pause, limit("seconds_of_first_pause")),
                                  limit("seconds_of_longest_pause"))  # fmt: skip
                log("broker.lost", level="error", found=str(error), seconds=self._pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._end.wait(), self._pause)
        looking.cancel()

    async def _ended(self) -> None:
        await self._end.wait()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(door_limit("seconds_between_looks"))
            self._bridge.presence.look(time.time())

    async def _connect(self) -> None:
        """One connection, until it breaks or the process is to end."""
        client, metrics = new_client(self._broker), self._bridge.metrics
        waiting: _Waiting = asyncio.Queue(limit("messages_waiting"))
        async with client:
            line = Line(client, self._broker)
            await line.begin()
            metrics.connections.set(1)
            log("door.open", door=DOOR, host=self._broker.host, port=self._broker.port)
            if not self._opened:
                self._opened = True
                self._on_open()
            reading = asyncio.create_task(self._read(client, waiting))
            answering = asyncio.create_task(self._answer(line, waiting))
            ending = asyncio.create_task(self._ended())
            try:
                await asyncio.wait((reading, answering, ending), return_when=asyncio.FIRST_COMPLETED)
                if not reading.done() and not answering.done():
                    await self._finish(line, reading, waiting)
                for task in (reading, answering):
                    if task.done() and not task.cancelled():
                        task.result()
            finally:
                metrics.connections.set(0)
                metrics.waiting.set(0)
                for each in (reading, answering, ending):
                    each.cancel()
                await asyncio.gather(reading, answering, ending, return_exceptions=True)

    async def _read(self, client: aiomqtt.Client, waiting: _Waiting) -> None:
        """Take messages in their order. The broker sends no more than may wait; one that does is left."""
        messages = client.messages
        async for message in messages:
            if len(messages) > 2 * limit("messages_waiting"):
                raise NotKeptError(f"{len(messages)} messages at once")
            payload = message.payload if isinstance(message.payload, bytes) else b""
            pending = await self._bridge.take(message.topic.value, payload)
            self._bridge.metrics.waiting.set(waiting.qsize() + 1)
            await waiting.put((message, pending))

    async def _answer(self, line: Line, waiting: _Waiting) -> None:
        """First durable, then said to the device, then to the broker; in the order in which they came."""
        while True:
            message, pending = await waiting.get()
            answer = await self._bridge.finish(pending)
            if pending.topic:
                line.say(pending.topic, answer)
            line.acknowledge(message)
            # Something was taken over this connection: the next pause is a short one again.
            self._pause = 0
            self._bridge.metrics.waiting.set(waiting.qsize())
            waiting.task_done()

    async def _finish(self, line: Line, reading: asyncio.Task[None], waiting: _Waiting) -> None:
        log("door.closing", door=DOOR, waiting=waiting.qsize())
        reading.cancel()
        with suppress(TimeoutError, aiomqtt.MqttError):
            async with asyncio.timeout(limit("seconds_for_stopping")):
                await waiting.join()
                await line.end()
