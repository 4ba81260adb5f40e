from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("standing", "0001_initial")]
    operations = [
        protect("standing_run"),
        protect("standing_storedfigure"),
        protect("standing_storedverdict"),
        protect("standing_publishedverdict"),
    ]
