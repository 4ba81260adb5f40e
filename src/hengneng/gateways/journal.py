"""What doors say to the log of the system: one JSON object a line on standard error, for programs that read logs."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

_lock = threading.Lock()


def log(event: str, /, *, level: str = "info", **values: object) -> None:
    """One line: ``event`` names what happened as ``noun.word``, ``values`` are its circumstances, as JSON has them."""
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event, **values}
    text = json.dumps(line, ensure_ascii=False, default=str)
    # Nobody who reads the log any more is no reason to stop taking data in.
    with _lock, suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
