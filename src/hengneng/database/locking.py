"""Writers that must come one after the other."""

from __future__ import annotations

from django.db import connection


def one_writer(table: str) -> None:
    """Make other writers of ``table`` wait until this transaction ends. Readers go on.

    SQLite has one writer at a time anyway: its transactions here begin as writers.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN SHARE ROW EXCLUSIVE MODE")
