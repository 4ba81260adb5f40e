"""The store of measured values: files of days like those of meters, in a folder and tables of their own."""

from __future__ import annotations

import threading

from hengneng.home import home_folder
from hengneng.metering.storing import database_address
from hengneng.readings.store import Store

FOLDER = "monitoring"  # below the home, and the schema in PostgreSQL

_opened: dict[tuple[object, ...], Store] = {}
_lock = threading.Lock()


def open_values() -> Store:
    """A store of the caller's own, to be closed. RefusedError M012, M015 when it cannot be opened."""
    return Store.open(home_folder() / FOLDER, database_address(), FOLDER)


def measured_values() -> Store:
    """The one open store of this process, for those who read again and again. RefusedError M012, M015."""
    key = (home_folder(), database_address())
    with _lock:
        if key not in _opened:
            _opened[key] = open_values()
        return _opened[key]
