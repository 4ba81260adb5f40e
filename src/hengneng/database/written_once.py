"""Tables whose rows are written once: the database itself refuses to change or delete them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import migrations, models, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class WrittenOnceError(Exception):
    """Somebody tried to change or delete a record that is written once."""


Row = TypeVar("Row", bound=models.Model, covariant=True)


class WrittenOnceQuerySet(models.QuerySet[Row]):
    """A query set that refuses early what the trigger would refuse late."""

    def update(self, **_: Any) -> int:
        raise WrittenOnceError(f"{self.model.__name__} is written once; record a new revision instead")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise WrittenOnceError(f"{self.model.__name__} is written once; record a new revision instead")


class _OnTable(migrations.RunPython):
    """A migration operation that asks for no model: rendering all of them for each table is a third of a first start.

    What it is given in the place of the models is None.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label, **self.hints):
            self.code(cast(Any, None), schema_editor)


def protect(table: str) -> migrations.RunPython:
    """A migration operation that makes ``table`` written once on SQLite and PostgreSQL."""

    def apply(_: Any, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in _statements(table, editor.connection.vendor):
            editor.execute(statement)

    def remove(_: Any, editor: BaseDatabaseSchemaEditor) -> None:
        for act in ("update", "delete"):
            on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
            editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}{on}")

    return _OnTable(apply, remove)


def protect_again(table: str) -> migrations.RunPython:
    """A migration operation for after a change that makes SQLite build ``table`` anew, which loses its triggers."""

    def apply(_: Any, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "sqlite":
            for act in ("update", "delete"):
                editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
            for statement in _statements(table, "sqlite"):
                editor.execute(statement)

    return _OnTable(apply, apply)


def lifted(table: str, change: Callable[[Any, BaseDatabaseSchemaEditor], None]) -> Callable[..., None]:
    """``change`` of a data migration, with the protection of ``table`` lifted while it runs.

    Only for what a new column of written records has to hold so that they say what they said before.
    """

    def apply(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            change(apps, editor)
            editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            editor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        for act in ("update", "delete"):
            editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
        change(apps, editor)
        for statement in _statements(table, editor.connection.vendor):
            editor.execute(statement)

    return apply


def _statements(table: str, vendor: str) -> list[str]:
    refusal = f"{table} is written once: record a new revision instead"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for act in ("update", "delete")
        ]
    if vendor == "postgresql":
        function = (
            f"CREATE OR REPLACE FUNCTION {table}_written_once() RETURNS trigger AS $$ "
            f"BEGIN RAISE EXCEPTION '{refusal}'; END $$ LANGUAGE plpgsql"
        )
        triggers = [
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_written_once()"
            for act in ("update", "delete")
        ]
        truncate = (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_written_once()"
        )
        return [function, *triggers, truncate]
    raise NotImplementedError(f"no protection written for {vendor}; expected sqlite or postgresql")
