from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [protect("registry_planedition")]
