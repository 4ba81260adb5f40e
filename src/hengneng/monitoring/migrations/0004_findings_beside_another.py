import django.db.models.deletion
from django.db import migrations, models

import hengneng.database.fields
from hengneng.database.written_once import protect_again


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0003_marks_checks_and_substitutes"),
    ]

    operations = [
        migrations.AddField(
            model_name="outlet",
            name="gas_per_coal",
            field=hengneng.database.fields.ExactDecimalField(null=True, help_text="m3/kgce"),
        ),
        migrations.AddField(model_name="monitoredday", name="looked_at", field=models.DateTimeField(null=True)),
        migrations.RemoveConstraint(
            model_name="outletfinding",
            name="one_finding_a_day",
        ),
        migrations.AddField(
            model_name="outletfinding",
            name="other",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="monitoring.outlet"
            ),
        ),
        migrations.AddConstraint(
            model_name="outletfinding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("other", None)),
                fields=("outlet", "day", "number", "quantity", "severity"),
                name="one_finding_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="outletfinding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("other__isnull", False)),
                fields=("outlet", "other", "day", "number", "quantity", "severity"),
                name="one_finding_beside_another",
            ),
        ),
        protect_again("monitoring_outletfinding"),
    ]
