"""Commands without waiting for the program to load each time: each is a process, forked from one that has loaded it.

A process that has never seen any home is kept by every worker of a run. What a command reads of its surroundings at
its start (settings, database, language, folder) it reads in the fork, as a process of its own would.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

# Modules of commands are left to the fork: their texts are made in the language that the command is given in.
# A supervisor for each command waits for it, so that commands run at once where tests ask for that.
LOADED = """
import json, os, select, signal, socket, sys
from hengneng.database.ready import set_up_django
from hengneng.language import catalogue
set_up_django()
catalogue()
import hengneng.metering.rolling, hengneng.monitoring.running, hengneng.plans.checks, hengneng.standing.report
listener = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    ready = select.select([sys.stdin, listener], [], [])[0]
    if sys.stdin in ready:
        sys.exit()
    connection = listener.accept()[0]
    if not os.fork():
        break
    connection.close()
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
listener.close()
asked, files, _, _ = socket.recv_fds(connection, 8, 3)
size = int.from_bytes(asked, "big")
words, environment, folder = json.loads(connection.recv(size, socket.MSG_WAITALL))
child = os.fork()
if child:
    connection.sendall(child.to_bytes(8, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(code.to_bytes(8, "big", signed=True))
    os._exit(0)
connection.close()
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
sys.path.remove("")
sys.argv = ["hengneng", *words]
from hengneng.cli.main import main
main()
"""


def run_forked(
    words: Sequence[str], *, given: str, environment: Mapping[str, str], folder: Path, patience: float
) -> tuple[int, str, str]:
    """``hengneng *words`` in ``folder`` with this whole ``environment``: exit status, output and errors.

    subprocess.TimeoutExpired when it has not ended after ``patience`` seconds; it is killed then.
    """
    with tempfile.TemporaryFile() as put_in, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        put_in.write(given.encode())
        put_in.seek(0)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_loaded())
            connection.settimeout(patience)
            asked = json.dumps([list(words), dict(environment), str(folder)]).encode()
            files = [one.fileno() for one in (put_in, output, errors)]
            socket.send_fds(connection, [len(asked).to_bytes(8, "big")], files)
            connection.sendall(asked)
            child = int.from_bytes(_read(connection), "big")
            try:
                code = int.from_bytes(_read(connection), "big", signed=True)
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(words), patience) from None
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode().replace("\r\n", "\n"))
    return code, said[0], said[1]


def _read(connection: socket.socket) -> bytes:
    number = connection.recv(8, socket.MSG_WAITALL)
    assert len(number) == 8, "the process that commands are forked from has ended"
    return number


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
