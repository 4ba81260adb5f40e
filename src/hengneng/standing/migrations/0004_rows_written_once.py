from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from hengneng.database.written_once import protect

TABLE = "standing_standingrow"
REFUSAL = "rows of a publication are written once: publish again instead"


def apply(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    # The current rows of the same table are replaced whenever verdicts are stored, so the guard looks at the row.
    for act in ("update", "delete"):
        if editor.connection.vendor == "sqlite":
            editor.execute(
                f"CREATE TRIGGER {TABLE}_no_{act} BEFORE {act.upper()} ON {TABLE} WHEN OLD.publication_id IS NOT NULL "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        else:
            if act == "update":
                editor.execute(
                    f"CREATE OR REPLACE FUNCTION {TABLE}_written_once() RETURNS trigger AS $$ "
                    f"BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$ LANGUAGE plpgsql"
                )
            editor.execute(
                f"CREATE TRIGGER {TABLE}_no_{act} BEFORE {act.upper()} ON {TABLE} FOR EACH ROW "
                f"WHEN (OLD.publication_id IS NOT NULL) EXECUTE FUNCTION {TABLE}_written_once()"
            )


def remove(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    for act in ("update", "delete"):
        on = f" ON {TABLE}" if editor.connection.vendor == "postgresql" else ""
        editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_{act}{on}")


class Migration(migrations.Migration):
    dependencies = [("standing", "0003_rows")]
    operations = [
        protect("standing_publication"),
        protect("standing_publishedfigure"),
        migrations.RunPython(apply, remove),
    ]
