from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_fill_ancestry")]
    operations = [
        migrations.AddField(
            model_name="organisation",
            name="industry",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Division of GB/T 4754 (table industries); empty: not known.",
                max_length=4,
            ),
        ),
        migrations.AddField(
            model_name="organisation",
            name="industry_source",
            field=models.TextField(blank=True, default=""),
        ),
    ]
