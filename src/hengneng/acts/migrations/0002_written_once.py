from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("acts", "0001_initial")]
    operations = [protect("acts_act")]
