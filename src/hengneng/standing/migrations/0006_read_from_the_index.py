from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("standing", "0005_automatic_note")]
    operations = [
        migrations.RemoveIndex(model_name="standingrow", name="standing_ranked"),
        migrations.AddIndex(
            model_name="standingrow",
            index=models.Index(
                fields=[
                    "plan", "publication", "period", "indicator_key", "severity", "rank", "position",
                    "place", "place_zh", "place_en", "target_value", "achieved", "due", "gap", "progress",
                    "yearly", "remaining", "warning",
                ],
                name="standing_read",
            ),
        ),
    ]  # fmt: skip
