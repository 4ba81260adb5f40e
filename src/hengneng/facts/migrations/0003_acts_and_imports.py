from django.db import migrations, models

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("facts", "0002_written_once"), ("registry", "0004_fill_ancestry")]
    operations = [
        migrations.CreateModel(
            name="FactImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("act", models.CharField(max_length=32, unique=True)),
                ("file_name", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("imported_at", models.DateTimeField()),
                ("imported_by", models.CharField(max_length=100)),
                ("recorded", models.PositiveIntegerField()),
                ("corrected", models.PositiveIntegerField()),
                ("unchanged", models.PositiveIntegerField()),
                ("refused", models.PositiveIntegerField()),
                ("problems", models.JSONField(help_text="The first of them; the returned file has every one.")),
                ("notes", models.JSONField()),
                ("returned", models.TextField(blank=True, help_text="The refused rows as CSV, with what is wrong.")),
            ],
        ),
        # Null, not empty: so the column is added in place, and the table keeps its triggers on SQLite.
        migrations.AddField(
            model_name="fact",
            name="act",
            field=models.CharField(
                max_length=32, null=True, help_text="Id of the act in the log; none where nobody signed in."
            ),
        ),
        migrations.AddIndex("fact", models.Index(fields=["recorded_at"], name="facts_by_moment")),
        migrations.AddIndex("fact", models.Index(fields=["period_end", "id"], name="facts_by_period")),
        migrations.AddIndex("fact", models.Index(fields=["act"], name="facts_by_act")),
        migrations.AddIndex("factimport", models.Index(fields=["imported_by", "id"], name="imports_of_a_person")),
        protect("facts_factimport"),
    ]
