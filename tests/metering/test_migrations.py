"""What a register written by an earlier version becomes, in a home of its own on the chosen database."""

from __future__ import annotations

import subprocess
import sys

from support.homes import Home

# In a process of its own: migrations go back and forth outside a transaction, which the tables of a test do not.
PROGRAM = """
import datetime as dt, json
from hengneng.database.ready import prepare_database
prepare_database()
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from hengneng.registry.places import ensure_places

latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
early = [("metering", "0002_written_once")]
executor = MigrationExecutor(connection)
executor.migrate(early)
apps = executor.loader.project_state(early).apps
ensure_places(["650000"])
unit = apps.get_model("registry", "Organisation").objects.create(
    identifier="mill", kind="energy_using_unit", name_zh="厂", name_en="Mill", place_id="650000"
)
meter, version = apps.get_model("metering", "Meter"), apps.get_model("metering", "MeterVersion")
main = meter.objects.create(number=1, identifier="main", unit_id=unit.pk, carrier="33")
below = meter.objects.create(number=2, identifier="sub", unit_id=unit.pk, carrier="33", parent=main)
said = {"unit_of_measure": "kWh", "current_ratio": 1, "voltage_ratio": 1, "interval": 900, "source": "s", "act": "a"}
moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
for one, since in ((main, None), (below, None), (below, moment)):
    version.objects.create(meter=one, valid_from=since, recorded_at=moment, **said)
MigrationExecutor(connection).migrate(latest)
from hengneng.metering.models import MeterVersion
found = list(MeterVersion.objects.order_by("pk").values_list("meter__identifier", "parent__identifier"))
refused = ""
try:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE metering_meterversion SET interval = 60")
except DatabaseError as error:
    refused = str(error)
print(json.dumps([found, refused]))
"""


def test_the_parent_of_a_meter_becomes_that_of_its_versions_and_they_stay_written_once(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=home.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '[["main", null], ["sub", "main"], ["sub", "main"]]' in done.stdout
    assert "written once" in done.stdout
