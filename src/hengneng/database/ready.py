"""Making the database ready: Django set up, every migration applied."""

from __future__ import annotations

import os
from functools import cache


@cache
def set_up_django() -> None:
    """Load the settings and apps, once per process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hengneng.web.settings")
    import django

    django.setup()


def prepare_database() -> bool:
    """Apply the migrations that are missing; whether there were any. Raises DatabaseError when it cannot be reached."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    set_up_django()
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", verbosity=0, interactive=False)
    return True
