from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("facts", "0001_initial")]
    operations = [protect("facts_fact"), protect("facts_factsource")]
