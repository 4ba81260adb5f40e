"""Facts in the database: written once, read as known at a past moment, all digits kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from support.tables import row, years

from hengneng.database.written_once import WrittenOnceError
from hengneng.evaluation.facts import SeriesKey
from hengneng.facts.models import Fact, FactSource
from hengneng.facts.reader import DatabaseFacts
from hengneng.registry.places import load_places
from hengneng.trace import Mark, Quality

TakeIn = Callable[..., Any]
KEY = SeriesKey("energy_consumption_equivalent", "650100", "2014")


def at(hour: int) -> dt.datetime:
    """A moment of one day."""
    return dt.datetime(2015, 7, 10, hour, tzinfo=dt.UTC)


@pytest.fixture
def source() -> FactSource:
    """A source, with the places there."""
    load_places()
    return FactSource.objects.create(kind="document", title="年报")


def fact(source: FactSource, **changes: Any) -> Fact:
    """A fact written straight into the table."""
    given: dict[str, Any] = {
        "measure": KEY.measure,
        "place_id": KEY.subject,
        "period": KEY.period,
        "period_start": dt.date(2014, 1, 1),
        "period_end": dt.date(2014, 12, 31),
        "revision": 1,
        "state": "reported",
        "value": Decimal("500"),
        "unit": "10^4 tce",
        "edition": "x",
        "source": source,
        "confidence": "sourced",
        "recorded_at": at(8),
        "recorded_by": "tester",
    }
    return Fact.objects.create(**{**given, **changes})


# Written once


@pytest.mark.parametrize("table", ["facts_fact", "facts_factsource"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_a_fact(source: FactSource, table: str, statement: str) -> None:
    fact(source)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert (Fact.objects.count(), FactSource.objects.count()) == (1, 1)


@pytest.mark.postgresql
@pytest.mark.parametrize("table", ["facts_fact", "facts_factsource"])
def test_postgresql_refuses_to_empty_the_table(source: FactSource, table: str) -> None:
    fact(source)
    with connection.cursor() as cursor:
        # Foreign keys are looked at when a transaction ends; what waits for that forbids TRUNCATE by itself.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert Fact.objects.count() == 1


def test_saving_a_fact_again_is_refused(source: FactSource) -> None:
    one = fact(source)
    one.value = Decimal(1)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        one.save()
    assert Fact.objects.get().value == 500


def test_query_sets_refuse_early(source: FactSource) -> None:
    fact(source)
    with pytest.raises(WrittenOnceError):
        Fact.objects.all().update(value=1)
    with pytest.raises(WrittenOnceError):
        Fact.objects.all().delete()


# Constraints


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "missing"},
        {"value": None},
        {"revision": 2},
        {"period_end": dt.date(2013, 1, 1)},
    ],
    ids=["missing with a value", "reported without one", "a revision of nothing", "a period backwards"],
)
def test_what_contradicts_itself_is_not_stored(source: FactSource, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        fact(source, **changes)


def test_missing_without_a_value_is_stored(source: FactSource) -> None:
    assert fact(source, state="missing", value=None).pk


def test_a_first_revision_revises_nothing(source: FactSource) -> None:
    first = fact(source)
    with pytest.raises(IntegrityError), transaction.atomic():
        fact(source, period="2013", revises=first)


def test_one_revision_occurs_once(source: FactSource) -> None:
    fact(source)
    with pytest.raises(IntegrityError), transaction.atomic():
        fact(source)


def test_a_fact_is_revised_once(source: FactSource) -> None:
    first = fact(source)
    fact(source, revision=2, revises=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        fact(source, revision=3, revises=first)


@pytest.mark.parametrize(
    "written",
    ["0.1", "123456789012345678901234567890.123456789", "-0.000000000000000000000001", "1E+3", "100.00", "0"],
)
def test_a_decimal_comes_back_with_all_its_digits(source: FactSource, written: str) -> None:
    fact(source, value=Decimal(written), state="reported")
    value = Fact.objects.get().value
    assert value == Decimal(written)
    assert format(value, "f") == format(Decimal(written), "f")


# As known at a past moment


def test_facts_are_read_as_known_at_any_moment(source: FactSource) -> None:
    first = fact(source)
    second = fact(source, revision=2, revises=first, value=Decimal(505), recorded_at=at(10), reason="核减")
    third = fact(source, revision=3, revises=second, value=None, state="missing", recorded_at=at(12), reason="撤回")
    known = {
        hour: [one.pk for one in Fact.objects.known_at(None if hour is None else at(hour))]
        for hour in (7, 8, 9, 10, 11, 12, 13, None)
    }
    assert known == {
        7: [],
        8: [first.pk],
        9: [first.pk],
        10: [second.pk],
        11: [second.pk],
        12: [third.pk],
        13: [third.pk],
        None: [third.pk],
    }


def test_series_of_different_reporters_stand_beside_each_other(source: FactSource) -> None:
    fact(source)
    fact(source, series="metered", value=Decimal(480))
    assert Fact.objects.known_at(None).count() == 2
    assert DatabaseFacts({KEY.subject}).read(KEY).value == 500  # type: ignore[union-attr]


def test_the_reader_gives_the_state_the_marks_and_where_it_came_from(take: TakeIn) -> None:
    take(
        [
            row("500", state="estimated", confidence="memory-low", source="回忆", cell="A1"),
            row("500", period="2013", example="yes", confidence="memory-low"),
            row("", period="2012", state="missing", note="未公布"),
            row("500", period="2011"),
        ]
    )
    facts = DatabaseFacts({"650100"})
    found = {year: facts.read(SeriesKey(KEY.measure, KEY.subject, year)) for year in ("2014", "2013", "2012", "2011")}
    assert found["2014"] is not None
    assert found["2013"] is not None
    assert found["2012"] is not None
    assert found["2011"] is not None
    assert (found["2014"].quality, found["2014"].marks) == (Quality.ESTIMATED, {Mark.UNVERIFIED})
    assert found["2014"].reference["cell"] == "table.csv:2 (A1)"
    assert found["2013"].marks == {Mark.EXAMPLE}
    assert (found["2012"].value, found["2012"].reason) == (None, "未公布")
    assert found["2011"].marks == frozenset()
    assert facts.read(SeriesKey(KEY.measure, KEY.subject, "2010")) is None
    assert facts.periods([KEY.measure], ["650100"]) == {"2014", "2013", "2011"}


def test_a_moment_before_a_correction_reads_the_old_value(take: TakeIn) -> None:
    take([row("500")])
    between = timezone.now()
    take([row("505", reason="核减")])
    assert DatabaseFacts({"650100"}, between).read(KEY).value == 500  # type: ignore[union-attr]
    assert DatabaseFacts({"650100"}).read(KEY).value == 505  # type: ignore[union-attr]


def test_facts_of_one_file_share_their_sources(take: TakeIn) -> None:
    take([*years("500", "501", source="年报"), row("500", period="2014", source="公报")])
    assert sorted(FactSource.objects.values_list("title", flat=True)) == ["公报", "年报"]
    assert FactSource.objects.values_list("sha256", flat=True).distinct().count() == 1
