"""How long a test waits for what must come. What is there already is not waited for; only a failure takes that long."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds. A machine that has much else to do, and a slow disk, are no failure of the program.
PATIENCE = 120.0
# A first start loads every plan and all facts.
FIRST_START = 600.0


def wait_until(holds: Callable[[], object], what: object, seconds: float = PATIENCE) -> None:
    """Wait until ``holds()``; AssertionError that names ``what`` when it does not within so many ``seconds``.

    ``what``: words, or a function that gives what there is instead.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"in vain waited for {what() if callable(what) else what}"
        time.sleep(0.02)
