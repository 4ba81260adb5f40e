from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import hengneng.database.fields
from hengneng.database.written_once import protect


def due_again(apps: Any, _: Any) -> None:
    """Days that were added up before have no masses of hours."""
    apps.get_model("monitoring", "MonitoredDay").objects.update(change=-1)


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0002_written_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="outlet",
            name="air_pressure",
            field=hengneng.database.fields.ExactDecimalField(help_text="kPa", null=True),
        ),
        migrations.AddField(
            model_name="outletday",
            name="above_limit_of_day",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="outletday",
            name="hour_masses",
            field=models.JSONField(default=list, help_text="kg of each of the 24 hours, null where it is unknown."),
        ),
        migrations.AddField(
            model_name="outletday",
            name="limit_of_day",
            field=hengneng.database.fields.ExactDecimalField(null=True),
        ),
        migrations.CreateModel(
            name="OperationMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=30)),
                ("begin", models.DateTimeField()),
                ("end", models.DateTimeField(null=True)),
                ("reason", models.TextField()),
                ("source", models.TextField(blank=True)),
                ("said_by", models.CharField(max_length=60)),
                ("act", models.CharField(max_length=32)),
                ("recorded_at", models.DateTimeField()),
                (
                    "outlet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="marks", to="monitoring.outlet"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MarkWithdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_moment", models.DateTimeField(null=True)),
                ("reason", models.TextField()),
                ("said_by", models.CharField(max_length=60)),
                ("act", models.CharField(max_length=32)),
                ("recorded_at", models.DateTimeField()),
                (
                    "mark",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawal",
                        to="monitoring.operationmark",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubstitutedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("pollutant", models.CharField(max_length=20)),
                ("mass", models.FloatField(null=True)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("hours", models.PositiveSmallIntegerField()),
                ("standard", models.CharField(max_length=40)),
                ("capture_rate", models.FloatField(null=True)),
                ("quarter_fails", models.BooleanField()),
                ("unverified", models.BooleanField()),
                (
                    "outlet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="substituted_days",
                        to="monitoring.outlet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AnalyserCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.CharField(max_length=20)),
                ("check_kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("reading", hengneng.database.fields.ExactDecimalField()),
                ("reference", hengneng.database.fields.ExactDecimalField()),
                ("full_scale", hengneng.database.fields.ExactDecimalField(null=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("source", models.TextField()),
                ("act", models.CharField(max_length=32)),
                ("recorded_at", models.DateTimeField()),
                (
                    "outlet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="monitoring.outlet"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("outlet", "quantity", "check_kind", "at", "revision"), name="one_check_a_moment"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("full_scale", None), ("full_scale__gt", 0), _connector="OR"),
                        name="full_scale_above_zero",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="operationmark",
            index=models.Index(fields=["outlet", "begin"], name="marks_of_an_outlet"),
        ),
        migrations.AddConstraint(
            model_name="operationmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("end", None), ("end__gt", models.F("begin")), _connector="OR"), name="mark_forward"
            ),
        ),
        migrations.AddConstraint(
            model_name="operationmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="mark_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="substitutedday",
            constraint=models.UniqueConstraint(fields=("outlet", "pollutant", "day"), name="one_substituted_day"),
        ),
        migrations.AddConstraint(
            model_name="substitutedday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mass", None), ("reason__gt", "")),
                    models.Q(("mass__isnull", False), ("reason", "")),
                    _connector="OR",
                ),
                name="substituted_mass_or_its_reason",
            ),
        ),
        protect("monitoring_operationmark"),
        protect("monitoring_markwithdrawal"),
        protect("monitoring_analysercheck"),
        migrations.RunPython(due_again, migrations.RunPython.noop),
    ]
