"""Places in the database, from the table of administrative divisions."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from hengneng.database.inserting import insert
from hengneng.registry.models import Ancestry, Place, PlaceVersion
from hengneng.rules.divisions import Division, divisions, register, subject_code


@transaction.atomic
def load_places() -> int:
    """Bring every place of the table, with its dated names and parents, into the database; how many versions are new.

    A version that is there is brought up to date with the table, which is the authority; places are never removed.
    """
    subjects = {subject_code(one.code) for one in divisions()}
    Place.objects.bulk_create([Place(code=code) for code in sorted(subjects)], ignore_conflicts=True)
    known = set(PlaceVersion.objects.values_list("code", flat=True))
    # A few statements for all: one by one they take longer than everything else that is done for a plan.
    PlaceVersion.objects.bulk_create(
        [PlaceVersion(code=one.code, **_fields(one)) for one in divisions()],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=list(_fields(divisions()[0])),
    )
    _leave_out()
    rebuild_ancestry()
    return sum(one.code not in known for one in divisions())


def _leave_out() -> None:
    """Write which places a version leaves out, as the table says."""
    kept = PlaceVersion.excludes.through
    versions = dict(PlaceVersion.objects.values_list("code", "pk"))
    said = {(versions[one.code], subject_code(code)) for one in divisions() for code in one.excludes}
    theirs = kept.objects.filter(placeversion__code__in=[one.code for one in divisions()])
    there = {(version, place): pk for pk, version, place in theirs.values_list("pk", "placeversion_id", "place_id")}
    kept.objects.filter(pk__in=[pk for pair, pk in there.items() if pair not in said]).delete()
    kept.objects.bulk_create(
        [kept(placeversion_id=version, place_id=place) for version, place in sorted(said - there.keys())]
    )


@transaction.atomic
def rebuild_ancestry() -> None:
    """Derive anew which place lies within which, from the parent in the newest version of each."""
    parents: dict[str, str | None] = {}
    for place, parent in PlaceVersion.objects.order_by(F("valid_from").asc(nulls_first=True)).values_list(
        "place_id", "parent_id"
    ):
        parents[place] = parent
    rows = []
    for place in Place.objects.values_list("code", flat=True):
        above: str | None = place
        distance = 0
        seen: set[str] = set()
        while above is not None and above not in seen:
            seen.add(above)
            rows.append(Ancestry(ancestor_id=above, descendant_id=place, distance=distance))
            above, distance = parents.get(above), distance + 1
    Ancestry.objects.all().delete()
    insert(rows)


def _fields(one: Division) -> dict[str, object]:
    return {
        "place_id": subject_code(one.code),
        "name_zh": one.name.zh,
        "name_en": one.name.en,
        "level": one.level,
        "parent_id": subject_code(one.parent) if one.parent else None,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "source": one.entry.source,
        "confidence": one.entry.confidence,
    }


def ensure_places(subjects: Iterable[str]) -> None:
    """Make sure that the places are in the database: load the table when one is not. UnknownPlaceError: wrong code."""
    wanted = {register().subject_code(code) for code in subjects}
    if Place.objects.filter(code__in=wanted).count() < len(wanted):
        load_places()
