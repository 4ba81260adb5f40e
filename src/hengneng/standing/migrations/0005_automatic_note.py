from django.db import migrations, models


class Migration(migrations.Migration):
    # The field may be null and has no default: SQLite then adds the column and leaves the table with its guards alone.
    dependencies = [("standing", "0004_rows_written_once")]
    operations = [
        migrations.AddField(
            "publication",
            "note_texts",
            models.JSONField(help_text="A note that the program wrote, in both languages, instead of one.", null=True),
        ),
    ]
