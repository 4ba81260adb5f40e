"""Opening the folder door: store, book, one look after the other; until somebody asks the process to end."""

from __future__ import annotations

import fcntl
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.db import close_old_connections

from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.folder.door import FolderDoor, prepare
from hengneng.gateways.folder.limits import limit
from hengneng.gateways.journal import log
from hengneng.gateways.metrics import Metrics
from hengneng.language import Language
from hengneng.metering.storing import open_store
from hengneng.problems import Problem, RefusedError

DOOR = "folder"
LOCK = ".lock"


def open_folder(
    folder: Path, only: frozenset[str], language: Language, host: str, metrics_port: int, on_open: Callable[[], None]
) -> None:
    """Look until SIGTERM or SIGINT; the file under way is finished. OSError when the port cannot be had.

    RefusedError G401 (folder), G405 (another door looks after it), M012, M015 (store).
    """
    end = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: end.set())
    metrics = Metrics(DOOR)
    prepare(folder)
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        store = stack.enter_context(open_store())
        book = stack.enter_context(Book(Protocol.FOLDER))
        stack.enter_context(metrics.served(host, metrics_port))
        door = FolderDoor(folder, book, store, metrics, language, only)
        log("door.open", door=DOOR, folder=str(folder))
        on_open()
        while not end.is_set():
            close_old_connections()
            try:
                door.look(time.monotonic())
            except OSError as error:
                # A folder of the network that is away for a while.
                metrics.failures.inc()
                log("folder.unreachable", level="error", found=str(error))
            end.wait(limit("milliseconds_between_looks") / 1000)
    log("door.closed", door=DOOR)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(Problem("G405", str(folder))) from None
        yield
