"""Places in the database, from the table of administrative divisions."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from hengneng.registry.models import Place, PlaceVersion
from hengneng.rules.divisions import Division, divisions, register, subject_code


@transaction.atomic
def load_places() -> int:
    """Bring every place of the table, with its dated names and parents, into the database; how many versions are new.

    A version that is there is brought up to date with the table, which is the authority; places are never removed.
    """
    subjects = {subject_code(one.code) for one in divisions()}
    Place.objects.bulk_create([Place(code=code) for code in sorted(subjects)], ignore_conflicts=True)
    known = set(PlaceVersion.objects.values_list("code", flat=True))
    for one in divisions():
        version, _ = PlaceVersion.objects.update_or_create(code=one.code, defaults=_fields(one))
        version.excludes.set([subject_code(code) for code in one.excludes])
    return sum(one.code not in known for one in divisions())


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
