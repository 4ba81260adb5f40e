"""TCP ports for what a test starts."""

from __future__ import annotations

import itertools
import os
import random
import re
import socket

# Below those that systems give to whoever connects (Linux from 32768, macOS and Windows from 49152): a port that is
# free when it is chosen would else be somebody's connection before a server listens on it.
_FIRST, _LAST = 12_000, 32_000
# Each worker of a run has ports of its own.
_WORKERS = 16
_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _WORKERS
_own = range(_FIRST + _worker, _LAST, _WORKERS)
# Runs beside each other begin at different places.
_numbers = itertools.count(random.SystemRandom().randrange(len(_own)))


def free_port() -> int:
    """A TCP port of this machine that nobody listens on, and that this process has not given yet."""
    for _ in _own:
        port = _own[next(_numbers) % len(_own)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free between {_FIRST} and {_LAST}")
