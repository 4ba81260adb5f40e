from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial")]
    operations = [protect("monitoring_outletfinding")]
