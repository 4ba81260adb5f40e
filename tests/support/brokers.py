"""A real mosquitto that keeps what it has, doors as processes, and devices that send until they are answered."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from support.homes import Home
from support.missing import cannot
from support.ports import free_port
from support.waiting import PATIENCE, wait_until

# Debian puts it where only root looks for programs.
PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


@dataclass
class Mosquitto:
    """A broker of our own, with a configuration and a port of its own: Debian runs another one on 1883."""

    folder: Path
    port: int
    more: str = "allow_anonymous true"
    saves: str = "autosave_on_changes true\nautosave_interval 1"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with whatever it kept before."""
        if PROGRAM is None:
            cannot("no mosquitto here: apt-get install mosquitto")
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\n{self.more}\npersistence true\npersistence_location {self.folder}/\n"
            f"{self.saves}\nmax_queued_messages 0\n"
            + (f"user {'root' if os.geteuid() == 0 else 'mosquitto'}\n"),
            "utf-8",
        )
        with (self.folder / "mosquitto.log").open("ab") as output:
            self.process = subprocess.Popen([PROGRAM, "-c", configuration], stdout=output, stderr=output)
        wait_until(self._listens, "mosquitto")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End it; it writes down what it has."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None


@contextmanager
def running_mosquitto(
    folder: Path, more: str = "allow_anonymous true", saves: str = Mosquitto.saves
) -> Iterator[Mosquitto]:
    """A broker, stopped at the end."""
    broker = Mosquitto(folder, free_port(), more, saves)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Program:
    """A door that runs as a process and says so in its log; with ``limits`` in place of the project's."""

    def __init__(
        self, home: Home, *words: object, limits: Mapping[str, float] = MappingProxyType({}), **environment: str
    ) -> None:
        self.log = Path(f"{home.folder}.door.log")
        before = self.said("door.open")
        with self.log.open("ab") as output:
            self.process = home.start(
                "gateway", *words, output=output, errors=output, environment=environment, limits=limits
            )
        wait_until(lambda: self.said("door.open") > before or self.process.poll() is not None, "the door")
        assert self.process.poll() is None, self.log.read_text("utf-8")

    def said(self, event: str) -> int:
        """How often an event stands in the log."""
        return self.log.read_text("utf-8").count(f'"event": "{event}"') if self.log.exists() else 0

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.signal_all(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@dataclass
class Device:
    """A device that sends again what was not acknowledged, ``window`` messages at a time."""

    port: int
    unit: str
    name: str
    window: int = 8
    again: float = 4.0
    user: str = ""
    password: str = ""
    will: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)
    _waiting: dict[int, tuple[float, bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Device:
        name = f"device-{self.unit}-{self.name}"
        self.client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda *_: self.client.subscribe(self.topic("acknowledged"), 1)
        if self.user:
            self.client.username_pw_set(self.user, self.password)
        if self.will:
            self.client.will_set(self.topic("status"), "offline", 1, True)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        wait_until(self.client.is_connected, "a device to connect")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def topic(self, kind: str, unit: str = "") -> str:
        """A topic of this device."""
        return f"hengneng/{unit or self.unit}/{self.name}/{kind}"

    def _on_message(self, client: object, data: object, message: paho.MQTTMessage) -> None:
        answer = json.loads(message.payload)
        with self._lock:
            self.answers.append(answer)
            if "again" not in answer:
                self._waiting.pop(answer["sequence"], None)

    def publish(self, content: object, kind: str = "readings", unit: str = "", retain: bool = False) -> None:
        """Send once, whatever becomes of it."""
        payload = content if isinstance(content, bytes | str) else json.dumps(content)
        self.client.publish(self.topic(kind, unit), payload, 1, retain)

    def ask(self, content: object, unit: str = "", patience: float = PATIENCE) -> dict[str, Any]:
        """Send once and wait for the next answer; of another unit's topic nothing comes here."""
        before = len(self.answers)
        self.publish(content, unit=unit)
        wait_until(lambda: len(self.answers) > before, f"an answer to {content!r}"[:200], patience)
        return self.answers[before]

    def send(self, sequence: int, content: object, *, wait: bool = True) -> None:
        """Send until it is acknowledged, once there is room for it; without ``wait`` whether there is room or not."""
        if wait:
            wait_until(lambda: self.pending() < self.window, "acknowledgements")
        with self._lock:
            self._waiting[sequence] = (time.monotonic(), json.dumps(content).encode())
        self.client.publish(self.topic("readings"), json.dumps(content), 1)

    def pending(self) -> int:
        """How many messages are not acknowledged; those that have waited for long are sent again."""
        now = time.monotonic()
        with self._lock:
            late = [(n, payload) for n, (at, payload) in self._waiting.items() if now - at > self.again]
            for sequence, payload in late:
                self._waiting[sequence] = (now, payload)
            count = len(self._waiting)
        for _, payload in late:
            self.client.publish(self.topic("readings"), payload, 1)
        return count

    def drop(self) -> None:
        """Vanish without a word: the broker speaks the last will."""
        self.client.loop_stop()
        found = self.client.socket()
        if found is not None:
            found.shutdown(socket.SHUT_RDWR)
            found.close()
