from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_folder")]

    operations = [
        migrations.AddField(
            "device", "former_key", models.CharField(blank=True, default="", max_length=64), preserve_default=False
        ),
        migrations.AddField("device", "key_changed_at", models.DateTimeField(null=True)),
    ]
