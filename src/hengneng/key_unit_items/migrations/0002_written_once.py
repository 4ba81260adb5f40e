from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("key_unit_items", "0001_initial")]
    operations = [protect("key_unit_items_unitconfiguration")]
