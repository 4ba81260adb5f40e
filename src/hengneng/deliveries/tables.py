"""The tables of the log of deliveries."""

from __future__ import annotations

from hengneng.durable.sqlite_tables import SqliteTables
from hengneng.durable.tables import Schema

_STATEMENTS = (
    "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    # A batch is what one commit took in; its deliveries have the numbers from ``first_id`` to ``id``.
    """CREATE TABLE IF NOT EXISTS inbox (
        id BIGINT PRIMARY KEY, first_id BIGINT NOT NULL, payload BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS segment (
        first_id BIGINT PRIMARY KEY, last_id BIGINT NOT NULL, name TEXT NOT NULL UNIQUE, byte_count BIGINT NOT NULL,
        digest TEXT NOT NULL)""",
)
SCHEMA = Schema("deliveries", "deliveries.sqlite", 1, _STATEMENTS, ("delivery", "segments"))


class SqliteDeliveries(SqliteTables):
    """The tables in one SQLite file of ``folder``."""

    schema = SCHEMA
