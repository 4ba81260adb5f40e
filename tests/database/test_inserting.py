"""Many rows at once: the same rows as ``bulk_create`` writes, all or none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from hengneng.database.inserting import insert
from hengneng.database.limits import limit
from hengneng.facts.models import Fact, FactSource
from hengneng.registry.models import Ancestry, Place, PlanEdition
from hengneng.registry.places import load_places
from hengneng.standing.models import StoredFigure

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> FactSource:
    """A source, with the places there."""
    load_places()
    return FactSource.objects.create(kind="document", title="年报")


def facts(number: int, source: FactSource) -> list[Fact]:
    """Facts of many kinds of values: numbers with their zeros, none at all, quotes, times of two zones."""
    east = dt.timezone(dt.timedelta(hours=8))
    values = (Decimal("1"), Decimal("1.0"), Decimal("1.00"), None, Decimal("-0"), Decimal("0"), Decimal("1E+3"))
    return [
        Fact(
            measure="gdp",
            place_id="650100",
            period=str(1000 + one),
            period_start=dt.date(1000 + one, 1, 1),
            period_end=dt.date(1000 + one, 12, 31),
            revision=1,
            state="missing" if values[one % len(values)] is None else "estimated",
            value=values[one % len(values)],
            unit="10^8 yuan",
            edition="x" if one % 2 else "%s ' \"",
            source=source,
            confidence="sourced",
            example=bool(one % 3),
            recorded_at=dt.datetime(2015, 7, 10, 8, tzinfo=(dt.UTC, east)[one % 2]),
            recorded_by="tester",
        )
        for one in range(number)
    ]


def rows(model: Any) -> list[dict[str, Any]]:
    """Everything in the table but the keys, with what decimals look like."""
    found = list(model.objects.order_by("pk").values())
    return [{name: str(value) if isinstance(value, Decimal) else value for name, value in one.items() if name != "id"}
            for one in found]  # fmt: skip


def test_the_same_rows_as_bulk_create(source: FactSource) -> None:
    number = limit("rows_at_once") + 7
    with transaction.atomic():
        Fact.objects.bulk_create(facts(number, source))
        expected = rows(Fact)
        transaction.set_rollback(True)
    insert(facts(number, source))
    assert len(expected) == number
    assert rows(Fact) == expected


def test_fields_of_every_kind_are_prepared() -> None:
    traces: tuple[Any, ...] = ({"a": [1, None, "年"]}, [], {"b": 1.5}, {"b": 1.5})
    values = (0.0, 0.1, 1.0, None)
    given = [
        StoredFigure(
            digest=str(one), indicator="x", subject="650100", period="2014", unit="%", value=value, trace=traces[one]
        )
        for one, value in enumerate(values)
    ]
    insert(given)
    found = {one.digest: one for one in StoredFigure.objects.all()}
    assert [found[one.digest].trace for one in given] == list(traces)
    assert [str(found[one.digest].value) for one in given] == ["0.0", "0.1", "1.0", "None"]


def test_times_that_fill_themselves() -> None:
    before = timezone.now()
    named = {one.name for one in PlanEdition._meta.concrete_fields if getattr(one, "auto_now_add", False)}
    assert named == {"loaded_at"}
    insert([PlanEdition(identifier="a", edition=1, digest="d", content={}, texts={})])
    assert before <= PlanEdition.objects.get().loaded_at <= timezone.now()


def test_nothing_is_nothing() -> None:
    insert([])
    insert(iter(()))


def test_all_or_none(source: FactSource) -> None:
    given = facts(limit("rows_at_once") + 2, source)
    given[-1].period = given[0].period
    with pytest.raises(IntegrityError):
        insert(given)
    assert not Fact.objects.exists()


def test_a_key_that_the_database_is_to_give_is_not_passed_over() -> None:
    Place.objects.create(code="1")
    with pytest.raises(ValueError, match="Ancestry: the database gives the keys"):
        insert([Ancestry(pk=7, ancestor_id="1", descendant_id="1", distance=0)])
    assert not Ancestry.objects.exists()


def test_doubles_are_left_out_where_that_is_asked() -> None:
    Place.objects.create(code="1")
    given = [Ancestry(ancestor_id="1", descendant_id="1", distance=0) for _ in range(2)]
    insert(given, ignore_known=True)
    insert(given, ignore_known=True)
    assert Ancestry.objects.count() == 1
