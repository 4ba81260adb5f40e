import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from hengneng.database.written_once import protect_again


class Migration(migrations.Migration):
    dependencies = [("facts", "0003_acts_and_imports"), ("registry", "0005_industry")]
    operations = [
        migrations.AddField(
            model_name="fact",
            name="organisation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="facts",
                to="registry.organisation",
            ),
        ),
        migrations.AlterField(
            model_name="factsource",
            name="kind",
            field=models.CharField(
                choices=[("document", "Document"), ("file", "File"), ("call", "Call"), ("meters", "Meters")],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="fact", name="one_fact_a_revision"),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.UniqueConstraint(
                fields=["measure", "place", "period", "series", "revision"],
                condition=Q(organisation=None),
                name="one_fact_a_revision",
            ),
        ),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.UniqueConstraint(
                fields=["organisation", "measure", "period", "series", "revision"],
                condition=Q(organisation__isnull=False),
                name="one_unit_fact_a_revision",
            ),
        ),
        protect_again("facts_fact"),
    ]
