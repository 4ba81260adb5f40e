"""Commands without waiting for the program to load each time: each is a process, forked from one that has loaded it.

A process that has never seen any home is kept by every worker of a run. What a command reads of its surroundings at
its start (settings, database, language, folder) it reads in the fork, as a process of its own would.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

# Modules of commands are left to the fork: their texts are made in the language that the command is given in.
# A supervisor for each command waits for it, so that commands run at once where tests ask for that.
LOADED = """
import atexit, gc, importlib, json, os, select, signal, socket, sys, threading, traceback
from hengneng.database.ready import set_up_django
from hengneng.language import catalogue
set_up_django()
catalogue()
import rich.console, rich.progress, rich.table
import hengneng.metering.rolling, hengneng.monitoring.running, hengneng.plans.checks, hengneng.standing.report
gc.collect()
gc.freeze()
listener = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    ready = select.select([sys.stdin, listener], [], [])[0]
    if sys.stdin in ready:
        os._exit(0)
    connection = listener.accept()[0]
    if not os.fork():
        break
    connection.close()
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
listener.close()
asked, files, _, _ = socket.recv_fds(connection, 8, 3)
size = int.from_bytes(asked, "big")
words, environment, folder, limits = json.loads(connection.recv(size, socket.MSG_WAITALL))
child = os.fork()
if child:
    connection.sendall(child.to_bytes(8, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(code.to_bytes(8, "big", signed=True))
    os._exit(0)
connection.close()
os.setsid()
for number, file in enumerate(files):
    os.dup2(file, number)
    os.close(file)
sys.stdin = open(0, encoding="utf-8", closefd=False)
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
import django.conf, django.db
from django.utils import timezone
django.conf.settings._wrapped = django.conf.empty
del sys.modules["hengneng.web.settings"]
for one in django.db.connections.all(initialized_only=True):
    del django.db.connections[one.alias]
django.db.connections._settings = None
vars(django.db.connections).pop("settings", None)
timezone.get_default_timezone.cache_clear()
set_up_django.cache_clear()
sys.path[:] = [one for one in sys.path if one]
for room in ("gateways", "hj212", "gateways.http", "gateways.mqtt", "gateways.folder") if limits else ():
    values = importlib.import_module(f"hengneng.{room}.limits").limit.values
    values |= {name: limits.pop(name) for name in values.keys() & limits.keys()}
assert not limits, limits
sys.argv = ["hengneng", *words]
from hengneng.cli.main import main
code = 1
try:
    main()
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
    if end.code is not None and not isinstance(end.code, int):
        print(end.code, file=sys.stderr)
except BaseException:
    traceback.print_exc()
# As at the end of every process, but for taking apart what the loaded one still needs.
threading._shutdown()
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""


class Forked:
    """A command that runs: leader of a group of processes of its own. As ``subprocess.Popen`` where it has the name."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        files: Sequence[IO[Any] | int],
        environment: Mapping[str, str],
        folder: Path,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        """Run ``hengneng *words`` in ``folder`` with this whole ``environment``, other numbers in its ``limits``.

        ``files``: standard input, output and errors.
        """
        self.args = list(words)
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_loaded())
        asked = json.dumps([list(words), dict(environment), str(folder), dict(limits or {})]).encode()
        numbers = [one if isinstance(one, int) else one.fileno() for one in files]
        socket.send_fds(self._connection, [len(asked).to_bytes(8, "big")], numbers)
        self._connection.sendall(asked)
        self.pid = int.from_bytes(self._read(), "big")

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; subprocess.TimeoutExpired after ``timeout`` seconds."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int.from_bytes(self._read(), "big", signed=True)
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def signal_all(self, number: int) -> None:
        """Send a signal to it and to those that it has started, as far as they have not ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _read(self) -> bytes:
        number = self._connection.recv(8, socket.MSG_WAITALL)
        assert len(number) == 8, "the process that commands are forked from has ended"
        return number


def run_forked(
    words: Sequence[str], *, given: str, environment: Mapping[str, str], folder: Path, patience: float
) -> tuple[int, str, str]:
    """A command to its end: exit status, output and errors.

    subprocess.TimeoutExpired when it has not ended after ``patience`` seconds; it is killed then.
    """
    with tempfile.TemporaryFile() as put_in, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        put_in.write(given.encode())
        put_in.seek(0)
        running = Forked(words, files=(put_in, output, errors), environment=environment, folder=folder)
        try:
            code = running.wait(patience)
        except subprocess.TimeoutExpired:
            running.signal_all(signal.SIGKILL)
            running.wait()
            raise
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode().replace("\r\n", "\n"))
    return code, said[0], said[1]


@cache
def _loaded() -> str:
    """Address of the loaded process of this worker, which ends with the worker."""
    home = Path(tempfile.mkdtemp(prefix="hengneng-loaded-"))
    address = str(home / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HENGNENG_")}
        process = subprocess.Popen(
            [sys.executable, "-c", LOADED, str(listener.fileno())],
            env=environment | {"HENGNENG_HOME": str(home), "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
            cwd=home,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        process.communicate()
        for path in sorted(home.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        home.rmdir()

    atexit.register(end)
    return address
