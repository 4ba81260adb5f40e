from typing import Any

from django.db import migrations
from django.db.models import F


def fill(apps: Any, _: Any) -> None:
    """Which place lies within which, for places loaded before there was a table of it."""
    ancestry = apps.get_model("registry", "Ancestry")
    versions = apps.get_model("registry", "PlaceVersion").objects.order_by(F("valid_from").asc(nulls_first=True))
    parents = dict(versions.values_list("place_id", "parent_id"))
    rows = []
    for place in apps.get_model("registry", "Place").objects.values_list("code", flat=True):
        above, distance, seen = place, 0, set()
        while above is not None and above not in seen:
            seen.add(above)
            rows.append(ancestry(ancestor_id=above, descendant_id=place, distance=distance))
            above, distance = parents.get(above), distance + 1
    ancestry.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_ancestry_and_more_organisations")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
