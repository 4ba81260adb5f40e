from django.db import migrations, models

CHOICES = [
    ("hj212", "Hj212"), ("key_unit", "Key Unit"), ("mqtt", "Mqtt"), ("http", "Http"), ("folder", "Folder"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_written_once")]

    operations = [
        migrations.AlterField("device", "protocol", models.CharField(choices=CHOICES, max_length=10)),
        migrations.AlterField("stranger", "protocol", models.CharField(choices=CHOICES, max_length=10)),
    ]
