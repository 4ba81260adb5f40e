"""The door of HJ 212 as an operator starts it: a process of its own, in a home, on loopback."""

from __future__ import annotations

import os
import re
import signal
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from hengneng.deliveries import Delivery, DeliveryLog
from support.forking import Forked
from support.homes import Finished, Home
from support.ports import free_port
from support.waiting import PATIENCE


class Operator:
    """Somebody who gives commands in a home, in English unless told otherwise: ``run`` is that of the home."""

    def __init__(self, home: Home, language: str = "en") -> None:
        self.home, self.language = home, language

    def run(self, *words: object) -> Finished:
        """A command to its end."""
        return self.home.run(*words, environment={"HENGNENG_LANG": self.language})


class DoorProcess:
    """``start`` waits until it listens; ``said`` is what it has written to standard error."""

    def __init__(self, home: Home, **limits: float) -> None:
        self.home, self.limits = home, limits
        self.port, self.metrics_port = free_port(), free_port()
        self.process: Forked | None = None
        self.said: list[str] = []
        self._reading: threading.Thread | None = None
        self._streams: list[TextIO] = []

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it; AssertionError with what it said when it ends instead."""
        words = ["gateway", "hj212", "--port", str(self.port), "--metrics-port", str(self.metrics_port)]
        (output, into_output), (errors, into_errors) = os.pipe(), os.pipe()
        self.process = self.home.start(
            *words, output=into_output, errors=into_errors, environment=environment, limits=self.limits
        )
        os.close(into_output)
        os.close(into_errors)
        self._streams = [os.fdopen(one, encoding="utf-8") for one in (output, errors)]
        self._reading = threading.Thread(target=self.said.extend, args=(self._streams[1],), daemon=True)
        self._reading.start()
        line = self._streams[0].readline()
        assert re.search(rf":{self.port}\b", line), f"{line}{''.join(self.said)}"

    def end(self, how: signal.Signals | None = signal.SIGTERM) -> int:
        """End it; its code. Without a signal it has been told already, and is waited for."""
        assert self.process
        assert self._reading
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=PATIENCE)
        self._reading.join(PATIENCE)
        for stream in self._streams:
            stream.close()
        self.process = None
        return code

    def figures(self) -> str:
        """What /metrics says."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
        return text

    def kept(self, sender: str = "") -> list[Delivery]:
        """What is in the log of deliveries, of one sender or of all."""
        found: list[Delivery] = []
        with DeliveryLog.open(Path(self.home.folder) / "deliveries", self.home.database_url) as log:
            while part := log.read(found[-1].number if found else 0):
                found += part
        return [one for one in found if sender in ("", one.sender)]
