"""The program served for the browser tests: the command that people use, on a free port of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.homes import Home, command
from support.ports import free_port
from support.waiting import FIRST_START


@contextmanager
def served(home: Home, *words: object) -> Iterator[str]:
    """Run ``hengneng run`` in ``home`` and give the address once it answers; stop it at the end.

    Raises RuntimeError with what it said when it ends early or stays silent.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = Path(f"{home.folder}.log")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command("run", "--port", port, *words),
            cwd=home.folder,
            env=home.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(address, process, log)
        yield address
    finally:
        _stop(process)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + FIRST_START
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        if process.poll() is not None:
            said = log.read_text("utf-8")
            raise RuntimeError(f"hengneng run ended with code {process.returncode}:\n{said}")
        try:
            with opener.open(address, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            raise RuntimeError(f"{address} answers {answer.code}:\n{log.read_text('utf-8')}") from answer
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} is silent after {FIRST_START:.0f} s:\n{log.read_text('utf-8')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Its own session, so the group holds this server and its workers and nothing else.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
