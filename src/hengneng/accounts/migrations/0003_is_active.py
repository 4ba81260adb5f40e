from django.db import migrations, models


class Migration(migrations.Migration):
    """Whether somebody may sign in bears the name by which Django asks for it."""

    dependencies = [("accounts", "0002_written_once")]
    operations = [
        migrations.RenameField("person", "active", "is_active"),
        migrations.AlterField(
            "person", "is_active", models.BooleanField(default=True, help_text="Whether they may sign in.")
        ),
    ]
