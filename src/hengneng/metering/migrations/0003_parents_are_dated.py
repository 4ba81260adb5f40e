from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from hengneng.database.written_once import lifted, protect_again


def give_to_versions(apps: Any, _: Any) -> None:
    """What a meter had for its parent so far, it has had in all its versions."""
    version = apps.get_model("metering", "MeterVersion")
    for meter, parent in apps.get_model("metering", "Meter").objects.exclude(parent=None).values_list("pk", "parent"):
        version.objects.filter(meter=meter).update(parent=parent)


def give_to_meters(apps: Any, _: Any) -> None:
    """The newest parent of each meter."""
    meter = apps.get_model("metering", "Meter")
    for one in apps.get_model("metering", "MeterVersion").objects.exclude(parent=None).order_by("valid_from"):
        meter.objects.filter(pk=one.meter_id).update(parent=one.parent_id)


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_written_once")]
    operations = [
        migrations.AddField(
            model_name="meterversion",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions_below",
                to="metering.meter",
            ),
        ),
        migrations.RunPython(lifted("metering_meterversion", give_to_versions), give_to_meters),
        migrations.AddConstraint(
            model_name="meterversion",
            constraint=models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("meter")), name="version_not_below_its_meter"
            ),
        ),
        protect_again("metering_meterversion"),
        migrations.RemoveConstraint(model_name="meter", name="meter_not_below_itself"),
        migrations.RemoveField(model_name="meter", name="parent"),
    ]
