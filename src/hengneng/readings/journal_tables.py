"""The tables of the journal, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from hengneng.durable.tables import Schema

# Days are numbers of days from 1970-01-01, times are seconds since 1970 UTC.
_TABLES = (
    "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    # ``id`` is the arrival; a batch with several values for one meter and time has all numbers from ``first_id``.
    """CREATE TABLE IF NOT EXISTS batch (
        id BIGINT PRIMARY KEY, first_id BIGINT NOT NULL, key TEXT UNIQUE, digest TEXT NOT NULL, kind TEXT NOT NULL,
        source TEXT NOT NULL, received_at BIGINT NOT NULL, points BIGINT NOT NULL, first_at BIGINT, last_at BIGINT)""",
    "CREATE TABLE IF NOT EXISTS inbox (id BIGINT PRIMARY KEY, points BIGINT NOT NULL, payload BLOB NOT NULL)",
    """CREATE TABLE IF NOT EXISTS point_file (
        id BIGINT PRIMARY KEY, day BIGINT NOT NULL, name TEXT NOT NULL UNIQUE, decimals BIGINT NOT NULL,
        row_count BIGINT NOT NULL, superseded BIGINT NOT NULL, byte_count BIGINT NOT NULL, digest TEXT NOT NULL,
        first_arrival BIGINT NOT NULL, last_arrival BIGINT NOT NULL, change BIGINT NOT NULL, meters BIGINT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS result_file (
        day BIGINT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, row_count BIGINT NOT NULL,
        byte_count BIGINT NOT NULL, digest TEXT NOT NULL, arrival BIGINT NOT NULL, edition TEXT NOT NULL,
        PRIMARY KEY (day, kind))""",
    # Files that the manifest has named before. ``replaced_by`` is the point file made from it, 0 for none.
    """CREATE TABLE IF NOT EXISTS replaced_file (
        name TEXT PRIMARY KEY, id BIGINT NOT NULL, day BIGINT NOT NULL, decimals BIGINT NOT NULL,
        row_count BIGINT NOT NULL, superseded BIGINT NOT NULL, byte_count BIGINT NOT NULL, digest TEXT NOT NULL,
        first_arrival BIGINT NOT NULL, last_arrival BIGINT NOT NULL, change BIGINT NOT NULL, meters BIGINT NOT NULL,
        replaced_at BIGINT NOT NULL, replaced_by BIGINT NOT NULL)""",
    # Files that were corrupt and could not be rebuilt; batches of these arrivals may be imported again.
    """CREATE TABLE IF NOT EXISTS lost_file (
        name TEXT PRIMARY KEY, day BIGINT NOT NULL, row_count BIGINT NOT NULL, first_arrival BIGINT NOT NULL,
        last_arrival BIGINT NOT NULL, meters BIGINT NOT NULL, lost_at BIGINT NOT NULL)""",
)

SCHEMA = Schema("readings", "journal.sqlite", 1, _TABLES, ("arrival", "file", "points", "results", "sweep"))
