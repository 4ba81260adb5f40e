"""The store of readings that belongs to this installation: files in its data folder, beside its database."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

from django.db import connection

from hengneng.home import home_folder
from hengneng.readings.store import FOLDER, Store

_CONNECTION = ("user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")

_opened: dict[tuple[object, ...], Store] = {}
_lock = threading.Lock()


def open_store() -> Store:
    """A store of the caller's own, to be closed; inbox and manifest in the database that Django is connected to.

    RefusedError M012, M015 when it cannot be opened.
    """
    return Store.open(home_folder() / FOLDER, database_address())


def readings_store() -> Store:
    """The one open store of this process, for those who read again and again. RefusedError M012, M015."""
    key = (home_folder(), database_address())
    with _lock:
        if key not in _opened:
            _opened[key] = open_store()
        return _opened[key]


def database_address() -> str:
    """URL of the database that Django is connected to, empty for SQLite: in tests it is not the one of the setting."""
    if connection.vendor != "postgresql":
        return ""
    given = connection.get_connection_params()
    named = {"dbname": given.get("dbname"), **{name: given.get(name) for name in _CONNECTION}}
    return f"postgresql:///?{urlencode({name: value for name, value in named.items() if value})}"
