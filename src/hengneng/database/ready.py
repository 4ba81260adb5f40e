"""Making the database ready: Django set up, every migration applied."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path


@cache
def set_up_django() -> None:
    """Load the settings and apps, once per process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hengneng.web.settings")
    import django

    django.setup()


def prepare_database() -> bool:
    """Apply the migrations that are missing; whether there were any. Raises DatabaseError when it cannot be reached."""
    set_up_django()
    if _all_applied():
        return False
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", verbosity=0, interactive=False)
    return True


def _all_applied() -> bool:
    """Whether the database has recorded every migration that there is.

    Every command asks. Names are enough for the answer that nearly all of them get; reading every migration and
    putting them in order takes longer than what most commands do.
    """
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    for app in apps.get_app_configs():
        folder = Path(app.path, "migrations")
        there = (file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
        if any((app.label, name) not in applied for name in there):
            return False
    return True
