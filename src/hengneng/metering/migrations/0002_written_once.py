from django.db import migrations

from hengneng.database.written_once import protect


class Migration(migrations.Migration):
    dependencies = [("metering", "0001_initial")]
    operations = [
        protect("metering_meterversion"),
        protect("metering_calibration"),
        protect("metering_coefficientset"),
        protect("metering_readingsimport"),
    ]
