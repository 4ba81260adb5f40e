"""Files that are whole under their names, whenever the power fails."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hengneng.problems import Problem, RefusedError

PARTIAL = ".partial"


class CorruptFileError(Exception):
    """A file is not as it was written; the text says what was found."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes. OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def partial_of(path: Path) -> Path:
    """Where a file is written before it has its name."""
    return path.with_name(f".{path.name}{PARTIAL}")


def give_name(path: Path) -> None:
    """Bring the finished partial file of ``path`` to the disk and give it its name; the caller syncs the folder."""
    partial = partial_of(path)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(path)


def check_file(path: Path, size: int, digest: str) -> None:
    """CorruptFileError when the file is missing or its bytes are not those of ``digest``."""
    try:
        found = path.stat().st_size
        if found != size:
            raise CorruptFileError(f"{found} bytes, {size} expected")
        if digest_of(path) != digest:
            raise CorruptFileError("other content than was written (SHA-256)")
    except FileNotFoundError:
        raise CorruptFileError("missing") from None
    except OSError as problem:
        raise CorruptFileError(problem.strerror or str(problem)) from None


def is_full(problem: OSError) -> bool:
    """Whether a write has failed because the disk, or the share of this user, is full."""
    return problem.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(problem)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Files are written below ``folder``. RefusedError M005 when the disk is full."""
    try:
        yield
    except OSError as problem:
        if is_full(problem):
            raise RefusedError(Problem("M005", str(folder), {"found": problem.strerror or str(problem)})) from problem
        raise
