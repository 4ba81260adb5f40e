"""A data folder for the program under test, with its database, and the command line run inside it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from support import postgresql
from support.forking import Forked, run_forked
from support.waiting import PATIENCE

NOT_PASSED_ON = ("HENGNENG_", "DJANGO_", "PYTEST_", "LC_", "LANG")
# Names the folder in which the workers of a run find what is made once for all of them.
MADE_VARIABLE = "PYTEST_MADE_FOLDER"
PROGRAM = Path(sys.executable).parent / "hengneng"


@dataclass(frozen=True)
class Finished:
    """What one call of the command line gave back."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """Standard output read as JSON; an AssertionError with everything that was said when it is none."""
        try:
            return json.loads(self.output)
        except ValueError as problem:
            raise AssertionError(f"not JSON ({problem}); {self}") from None

    def __str__(self) -> str:
        return f"code {self.code}\n--- output\n{self.output}\n--- errors\n{self.errors}"


@dataclass(frozen=True)
class Home:
    """``folder`` is HENGNENG_HOME; ``database_url`` is empty for the SQLite file inside it."""

    folder: Path
    database_url: str

    @classmethod
    def make(cls, folder: Path, server_url: str) -> Home:
        """A new home in ``folder``, with a new empty database when ``server_url`` names a server."""
        folder.mkdir(mode=0o700, parents=True)
        return cls(folder, postgresql.create_database(server_url) if server_url else "")

    def copy(self, folder: Path) -> Home:
        """The same home again, for a test that changes it. Nothing may be running in this one."""
        shutil.copytree(self.folder, folder)
        if not self.database_url:
            return Home(folder, "")
        template = urlsplit(self.database_url).path.lstrip("/")
        return Home(folder, postgresql.create_database(self.database_url, template=template))

    def remove(self) -> None:
        """Drop the database and delete the folder."""
        if self.database_url:
            postgresql.drop_database(self.database_url)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment for the program: this process's without what tests have set, Chinese by default."""
        taken = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        taken |= {"HENGNENG_HOME": str(self.folder), "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
        if self.database_url:
            taken["HENGNENG_DATABASE_URL"] = self.database_url
        return taken | dict(changes or {})

    def start(
        self,
        *words: object,
        output: IO[bytes] | int,
        errors: IO[bytes] | int,
        environment: Mapping[str, str] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> Forked:
        """Start ``hengneng *words`` and go on; ``limits``: other numbers than those of the project."""
        with open(os.devnull, "rb") as nothing:
            return Forked(
                [str(word) for word in words],
                files=(nothing, output, errors),
                environment=self.environment(environment),
                folder=self.folder,
                limits=limits,
            )

    def run(
        self,
        *words: object,
        given: str | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        patience: float = PATIENCE,
        anew: bool = False,
    ) -> Finished:
        """Run ``hengneng *words`` as a process, ``given`` as its standard input, started in ``folder``.

        The process is forked from one in which the program is loaded; ``anew``: it starts as from a shell.
        """
        if not anew:
            return Finished(
                *run_forked(
                    [str(word) for word in words],
                    given=given or "",
                    environment=self.environment(environment),
                    folder=folder or self.folder,
                    patience=patience,
                )
            )
        done = subprocess.run(
            command(*words),
            input=given or "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment(environment),
            cwd=folder or self.folder,
            timeout=patience,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def command(*words: object) -> list[str]:
    """The command line with ``words``; RuntimeError when the program is not installed beside this Python."""
    if not PROGRAM.is_file():
        raise RuntimeError(f"{PROGRAM} is missing: run make setup")
    return [str(PROGRAM), *(str(word) for word in words)]


def new_name(folder: Path) -> Path:
    """A path inside ``folder`` that nothing has yet."""
    return folder / f"home-{secrets.token_hex(4)}"
