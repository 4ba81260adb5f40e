"""Commands in a home without waiting for the program to load each time: each is a process, forked from a loaded one."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.homes import Finished, Home

PATIENCE = 120.0
# Modules of commands are left to the child: their texts are made in the language that the command is given in. The
# child leaves the loop and ends as the program does, with its own exit status.
LOADED = """
import json, os, sys
from hengneng.database.ready import set_up_django
from hengneng.language import catalogue
set_up_django()
catalogue()
import hengneng.plans.checks, hengneng.standing.report
for line in sys.stdin:
    words, changes, files = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.environ.update(changes)
for number, file in enumerate(files):
    os.dup2(os.open(file, os.O_RDWR), number)
sys.stdin = open(0, encoding="utf-8", closefd=False)
sys.argv = ["hengneng", *words]
from hengneng.cli.main import main
main()
"""


class Forking:
    """Gives commands in ``home`` as :meth:`Home.run` does. No connection to a database is open while it forks."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._files = [folder / name for name in ("given", "output", "errors")]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOADED],
            env=home.environment(),
            cwd=home.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object, environment: Mapping[str, str] | None = None) -> Finished:
        """A command to its end; AssertionError when there is none."""
        assert self._process.stdin
        assert self._process.stdout
        for file in self._files:
            file.write_bytes(b"")
        asked = [[str(word) for word in words], dict(environment or {}), [str(file) for file in self._files]]
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            self._process.kill()
            raise AssertionError(f"no end within {PATIENCE:.0f} s: {words}")
        code = int(self._process.stdout.readline())
        return Finished(code, *(file.read_text("utf-8") for file in self._files[1:]))

    def close(self) -> None:
        """No more commands."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()
