"""A door as a real process over loopback, with a register of two units, and requests to it."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.forking import Forked
from support.homes import Home
from support.ports import free_port
from support.waiting import PATIENCE

UNITS = "identifier,name_zh,name_en,place,industry\nmill,钢厂,Steel mill,650100,31\nbakery,面包厂,Bakery,650200,14\n"
METERS = (
    "identifier,unit,carrier,unit_of_measure\nHS-E-01,mill,electricity,kWh\nHS-E-02,mill,electricity,kWh\n"
    "BK-E-01,bakery,electricity,kWh\n"
)
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """Status, headers and JSON of an answer."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass
class OpenDoor:
    """A door that is open. ``log``: what it said."""

    process: Forked
    port: int
    metrics_port: int
    log: Path

    def post(self, path: str, body: bytes, patience: float = PATIENCE, **headers: str) -> Answer:
        """POST; headers with strokes instead of hyphens (``Content_Type``)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, named, method="POST")
        try:
            with _OPENER.open(request, timeout=patience) as found:
                return Answer(found.status, dict(found.headers), json.loads(found.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), json.loads(error.read()))

    def send(self, path: str, content: object, patience: float = PATIENCE) -> Answer:
        """POST JSON."""
        return self.post(path, json.dumps(content).encode(), patience, Content_Type="application/json")

    def metrics(self) -> str:
        """The figures of the door."""
        with _OPENER.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE) as found:
            return str(found.read().decode())

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.signal_all(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit status."""
        self.process.signal_all(sign)
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def opened(home: Home, *words: object, port: int = 0, **limits: float) -> Iterator[OpenDoor]:
    """``hengneng gateway http`` in ``home``, once it answers; killed at the end if it still runs.

    ``limits``: other numbers than those of the project, for what a test would wait for.
    """
    port, metrics_port = port or free_port(), free_port()
    log = Path(f"{home.folder}.door.log")
    with log.open("ab") as output:
        asked = ("gateway", "http", "--port", port, "--metrics-port", metrics_port, *words)
        process = home.start(*asked, output=output, errors=output, limits=limits)
    door = OpenDoor(process, port, metrics_port, log)
    try:
        _wait(door)
        yield door
    finally:
        if process.poll() is None:
            door.kill()


def _wait(door: OpenDoor) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if door.process.poll() is not None:
            raise RuntimeError(f"the door ended with {door.process.returncode}:\n{door.log.read_text('utf-8')}")
        try:
            door.post("/", b"")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the door is silent:\n{door.log.read_text('utf-8')}")


def registered(home: Home, devices: str) -> Home:
    """``home`` with two units, their meters and devices (rows of protocol, identifier, unit, addresses, …)."""
    for name, text in (("units.csv", UNITS), ("meters.csv", METERS), ("devices.csv", devices)):
        (home.folder / name).write_text(text, "utf-8")
    for words in (("meters", "import", "meters.csv", "--units", "units.csv"), ("devices", "import", "devices.csv")):
        done = home.run(*words)
        assert done.code == 0, done
    return home


def token_of(home: Home, device: str) -> str:
    """A new token."""
    done = home.run("devices", "token", device)
    assert done.code == 0, done
    return done.output.split("：")[-1].strip()
