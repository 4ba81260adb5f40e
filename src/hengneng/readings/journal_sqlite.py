"""The journal in one SQLite file."""

from __future__ import annotations

from hengneng.durable.sqlite_tables import SqliteTables
from hengneng.readings.journal import Journal
from hengneng.readings.journal_tables import SCHEMA


class SqliteJournal(SqliteTables, Journal):
    """The journal of ``folder``; made when it is not there."""

    schema = SCHEMA
