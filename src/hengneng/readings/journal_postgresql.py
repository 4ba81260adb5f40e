"""The journal in PostgreSQL."""

from __future__ import annotations

from hengneng.durable.postgresql_tables import PostgresqlTables
from hengneng.readings.journal import Journal
from hengneng.readings.journal_tables import SCHEMA


class PostgresqlJournal(PostgresqlTables, Journal):
    """The journal in the database of ``url``, for files in ``folder``; made when it is not there."""

    schema = SCHEMA
