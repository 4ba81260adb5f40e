"""The door of HJ 212 as an operator starts it: a process of its own, in a home, on loopback."""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from hengneng.deliveries import Delivery, DeliveryLog
from support.homes import Finished, Home, command_with
from support.postgresql import free_port

PATIENCE = 120.0

# Commands one after the other in one process, which is quicker by far than one process for each.
OPERATOR = """
import contextlib, io, json, sys
from hengneng.cli.main import main
asked, answers = sys.stdin, sys.stdout
for line in asked:
    sys.argv = ["hengneng", *json.loads(line)]
    code, output, errors = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, output.getvalue(), errors.getvalue()]), file=answers, flush=True)
"""


class Operator:
    """Somebody who gives commands in a home, in English unless told otherwise: ``run`` is that of the home."""

    def __init__(self, home: Home, language: str = "en") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", OPERATOR],
            env=home.environment({"HENGNENG_LANG": language}),
            cwd=home.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object) -> Finished:
        """A command to its end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(word) for word in words]) + "\n")
        self._process.stdin.flush()
        # A command that does not end is a fault like others: without this the whole run would wait for it.
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            self._process.kill()
            raise AssertionError(f"no end within {PATIENCE:.0f} s: {words}")
        return Finished(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Go home."""
        assert self._process.stdin
        self._process.stdin.close()
        assert self._process.stdout
        self._process.stdout.close()
        self._process.wait(timeout=20)


class DoorProcess:
    """``start`` waits until it listens; ``said`` is what it has written to standard error."""

    def __init__(self, home: Home, **limits: float) -> None:
        self.home, self.limits = home, limits
        self.port, self.metrics_port = free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        self._reading: threading.Thread | None = None

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it; AssertionError with what it said when it ends instead."""
        words = ["gateway", "hj212", "--port", str(self.port), "--metrics-port", str(self.metrics_port)]
        self.process = subprocess.Popen(
            command_with(self.limits, *words),
            env=self.home.environment(environment),
            cwd=self.home.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        assert self.process.stderr
        self._reading = threading.Thread(target=self.said.extend, args=(self.process.stderr,), daemon=True)
        self._reading.start()
        line = self.process.stdout.readline()
        assert re.search(rf":{self.port}\b", line), f"{line}{''.join(self.said)}"

    def end(self, how: signal.Signals | None = signal.SIGTERM) -> int:
        """End it; its code. Without a signal it has been told already, and is waited for."""
        assert self.process
        assert self._reading
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self._reading.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()
        self.process = None
        return code

    def figures(self) -> str:
        """What /metrics says."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
        return text

    def kept(self, sender: str = "") -> list[Delivery]:
        """What is in the log of deliveries, of one sender or of all."""
        found: list[Delivery] = []
        with DeliveryLog.open(Path(self.home.folder) / "deliveries", self.home.database_url) as log:
            while part := log.read(found[-1].number if found else 0):
                found += part
        return [one for one in found if sender in ("", one.sender)]
