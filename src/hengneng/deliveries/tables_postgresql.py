"""The tables of the log of deliveries in PostgreSQL."""

from __future__ import annotations

from hengneng.deliveries.tables import SCHEMA
from hengneng.durable.postgresql_tables import PostgresqlTables


class PostgresqlDeliveries(PostgresqlTables):
    """The tables in the database of ``url``."""

    schema = SCHEMA
