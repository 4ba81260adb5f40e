"""Data that the tests of a module share, inside one transaction that its end rolls back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection, transaction

Made = TypeVar("Made")


@contextmanager
def shared(blocker: Any, make: Callable[[], Made]) -> Iterator[Made]:
    """What ``make`` writes, for a fixture of a module: it is settled before the tests begin, and gone at the end."""
    with blocker.unblock(), transaction.atomic():
        made = make()
        _settle()
        yield made
        transaction.set_rollback(True)


def _settle() -> None:
    """Check now what PostgreSQL keeps for the end, since every test's own rollback would bring the checks back."""
    connection.check_constraints()
    tell_planner()


def tell_planner() -> None:
    """Tell the planner what is there: it takes tables that were just filled in the same transaction for empty ones."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Without names it would also lock the catalogues that all databases share, and other workers would wait.
            tables = connection.introspection.table_names(cursor)
            cursor.execute(f"ANALYZE {', '.join(map(connection.ops.quote_name, tables))}")
