from django.db import migrations

from hengneng.database.written_once import protect
from hengneng.duties.constraints import without_gaps

ONCE = (
    "assignment", "assignment_cooperating", "milestone", "progressreport", "review", "evidence", "evidencewithdrawal",
    "reminder", "acknowledgement",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("duties", "0001_initial")]
    operations = [
        *(protect(f"duties_{table}") for table in ONCE),
        without_gaps("duties_assignment", "revision", ["duty_id"]),
        without_gaps("duties_milestone", "revision", ["duty_id", "number"]),
        without_gaps("duties_progressreport", "number", ["duty_id"]),
    ]
