"""The register: places as a dated tree, editions of plans that nobody can change."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from hengneng.database.written_once import WrittenOnceError
from hengneng.registry.models import Place, PlaceVersion, PlanEdition, valid_on
from hengneng.registry.places import ensure_places, load_places
from hengneng.rules.divisions import UnknownPlaceError, divisions, subject_code

pytestmark = pytest.mark.django_db


def test_every_division_is_a_version_of_one_place() -> None:
    assert load_places() == len(divisions())
    assert PlaceVersion.objects.count() == len(divisions())
    assert Place.objects.count() == len({subject_code(one.code) for one in divisions()})


def test_loading_again_changes_nothing() -> None:
    load_places()
    before = sorted(PlaceVersion.objects.values_list("code", "place", "parent", "valid_from", "valid_to"))
    assert load_places() == 0
    assert sorted(PlaceVersion.objects.values_list("code", "place", "parent", "valid_from", "valid_to")) == before


@pytest.mark.parametrize(
    ("day", "code", "name"),
    [
        (dt.date(2014, 12, 31), "652100", "吐鲁番地区"),
        (dt.date(2015, 3, 31), "652100", "吐鲁番地区"),
        (dt.date(2015, 4, 1), "650400", "吐鲁番市"),
        (dt.date(2020, 1, 1), "650400", "吐鲁番市"),
    ],
)
def test_a_place_keeps_its_identity_through_a_change_of_code(day: dt.date, code: str, name: str) -> None:
    load_places()
    turpan = Place.objects.get(code="652100")
    version = turpan.version_on(day)
    assert version is not None
    assert (version.code, turpan.name_on(day).zh) == (code, name)


def test_the_tree_of_a_day_has_each_prefecture_once() -> None:
    load_places()
    for day in (dt.date(2014, 1, 1), dt.date(2015, 12, 31), dt.date(2020, 1, 1)):
        # Tacheng and Altay are prefectures under Ili Prefecture.
        under = PlaceVersion.objects.filter(valid_on(day), parent__in=["650000", "654000"], level="prefecture")
        assert under.count() == 14
        assert under.values("place").distinct().count() == 14


def test_no_place_has_two_versions_on_one_day() -> None:
    load_places()
    for place in Place.objects.prefetch_related("versions"):
        spans = sorted((one.valid_from or dt.date.min, one.valid_to or dt.date.max) for one in place.versions.all())
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans)), place.code


def test_what_a_place_leaves_out_is_kept() -> None:
    load_places()
    direct = PlaceVersion.objects.get(code="654000-direct")
    assert sorted(place.code for place in direct.excludes.all()) == ["654200", "654300"]


def test_missing_places_bring_the_table_and_wrong_codes_are_refused() -> None:
    ensure_places(["650400"])
    assert Place.objects.filter(code="652100").exists()
    with pytest.raises(UnknownPlaceError):
        ensure_places(["000000"])


def test_a_version_does_not_run_backwards() -> None:
    load_places()
    with pytest.raises(IntegrityError), transaction.atomic():
        PlaceVersion.objects.create(
            place_id="650000",
            code="x",
            name_zh="x",
            name_en="x",
            level="region",
            valid_from=dt.date(2015, 1, 2),
            valid_to=dt.date(2015, 1, 1),
            source="x",
            confidence="sourced",
        )


# Editions of plans


def edition(**changes: object) -> PlanEdition:
    """A plan edition of a few words."""
    given = {"identifier": "a", "edition": 1, "digest": "0" * 64, "content": {"n": 1}, "texts": {}}
    return PlanEdition.objects.create(**{**given, **changes})


@pytest.mark.parametrize(
    "statement", ["UPDATE registry_planedition SET digest = 'x'", "DELETE FROM registry_planedition"]
)
def test_the_database_itself_refuses_to_change_an_edition(statement: str) -> None:
    edition()
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert PlanEdition.objects.get().digest == "0" * 64


def test_query_sets_of_editions_refuse_early() -> None:
    edition()
    with pytest.raises(WrittenOnceError):
        PlanEdition.objects.all().update(digest="x")
    with pytest.raises(WrittenOnceError):
        PlanEdition.objects.all().delete()


def test_one_edition_has_one_content() -> None:
    edition()
    edition(edition=2, digest="1" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        edition(digest="2" * 64)
