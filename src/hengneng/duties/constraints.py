"""Revisions without gaps: the database itself refuses a revision whose predecessor is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def without_gaps(table: str, counter: str, of: Sequence[str]) -> migrations.RunPython:
    """A migration operation: ``counter`` of the rows of ``table`` that agree in ``of`` counts without gaps."""

    def apply(_: Any, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in _statements(table, counter, of, editor.connection.vendor):
            editor.execute(statement)

    def remove(_: Any, editor: BaseDatabaseSchemaEditor) -> None:
        on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_without_gaps{on}")

    return migrations.RunPython(apply, remove)


def _statements(table: str, counter: str, of: Sequence[str], vendor: str) -> list[str]:
    same = " AND ".join(f"{column} = NEW.{column}" for column in of)
    missing = (
        f"NEW.{counter} > 1 AND NOT EXISTS (SELECT 1 FROM {table} WHERE {same} AND {counter} = NEW.{counter} - 1)"
    )
    refusal = f"{table}: the {counter} before this one is missing"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_without_gaps BEFORE INSERT ON {table} WHEN {missing} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        ]
    if vendor == "postgresql":
        return [
            f"CREATE OR REPLACE FUNCTION {table}_without_gaps() RETURNS trigger AS $$ BEGIN IF {missing} THEN "
            f"RAISE EXCEPTION '{refusal}'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
            f"CREATE TRIGGER {table}_without_gaps BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_without_gaps()",
        ]
    raise NotImplementedError(f"no constraint written for {vendor}; expected sqlite or postgresql")
