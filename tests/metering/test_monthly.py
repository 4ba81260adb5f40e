"""Facts from meters: beside what is reported, about the unit, and never about the place where it stands."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from hengneng.access import terminal_actor
from hengneng.acts.models import Act
from hengneng.facts.models import Fact, FactSource
from hengneng.facts.reader import DatabaseFacts
from hengneng.facts.reading import Wanted, find
from hengneng.facts.reading import compare as compare_moments
from hengneng.metering.models import MeterVersion
from hengneng.metering.monthly import compare, make_facts
from hengneng.metering.rolling import roll_up_readings
from hengneng.problems import RefusedError
from hengneng.readings.store import Store
from hengneng.registry.models import Organisation

from .conftest import Register, at, meter, send

FEBRUARY = 28
HOURS = FEBRUARY * 24


def month(hourly: float, days: float = FEBRUARY, step: int = 3600) -> list[tuple[int, float]]:
    """Readings of February 2026, every hour, from its first midnight on."""
    first = at("2026-02-01")
    return [(first + step * number, hourly * number * step / 3600) for number in range(round(days * 86400 / step) + 1)]


def hourly_meter(identifier: str, unit: str, **changes: object) -> dict[str, object]:
    return meter(identifier, unit, interval=3600, **changes)


def made(store: Store) -> object:
    roll_up_readings(store)
    return make_facts("2026-02", terminal_actor())


def test_a_whole_month_becomes_a_fact_about_the_unit(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill"), hourly_meter("2", "mill", carrier="heat", unit_of_measure="GJ")])
    send(store, 1, month(1000))
    send(store, 2, month(0))
    found = made(store)
    assert len(found.recorded) == 2
    power = Fact.of_units.get(measure="consumption_electricity")
    assert power.name == "consumption_electricity/mill/2026-02/metered#1"
    assert (power.state, power.series, power.place_id) == ("reported", "metered", "650100")
    assert power.value == Decimal(1000 * HOURS) / 10**8
    assert (Decimal(power.reported_value), power.reported_unit, power.unit) == (1000 * HOURS, "kWh", "10^8 kWh")
    assert power.standard_coal == Decimal("0.1229") * HOURS
    assert "GB/T 2589-2020" in power.standard_coal_edition
    assert power.source.kind == FactSource.Kind.METERS
    assert "100.00 %" in power.note
    heat = Fact.of_units.get(measure="consumption_heat")
    assert (heat.state, heat.value) == ("reported-zero", 0)
    assert Act.objects.filter(verb="metering.facts", identifier=power.act).exists()


def test_an_incomplete_month_is_missing_with_the_reason(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill"), hourly_meter("2", "bakery")])
    send(store, 1, month(1000, days=25))  # 25 of 28 days are 89.3 %
    found = made(store)
    assert found.missing == 2
    mill = Fact.of_units.get(organisation__identifier="mill")
    assert (mill.state, mill.value, mill.standard_coal) == ("missing", None, None)
    assert "600" in mill.note
    assert "672" in mill.note
    assert "89.29 %" in mill.note
    bakery = Fact.of_units.get(organisation__identifier="bakery")
    assert (bakery.state, bakery.value) == ("missing", None)


def test_what_is_not_wholly_covered_is_estimated_and_says_so(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    send(store, 1, month(1000, days=27))
    made(store)
    fact = Fact.of_units.get()
    assert (fact.state, fact.value) == ("estimated", Decimal(1000 * 27 * 24) / 10**8)
    assert "96.43 %" in fact.note


def test_the_same_again_records_nothing_and_a_change_is_a_revision(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    every = month(1000)
    send(store, 1, every[:-24])
    made(store)
    again = make_facts("2026-02", terminal_actor())
    assert (again.unchanged, again.recorded, again.revised) == (1, [], [])
    send(store, 1, every[-24:])
    later = made(store)
    assert len(later.revised) == 1
    first, second = Fact.of_units.order_by("revision")
    assert (second.revises, second.value) == (first, Decimal(1000 * HOURS) / 10**8)
    assert second.reason
    assert first.source != second.source
    assert Fact.of_units.known_at(None).get() == second
    assert Fact.of_units.known_at(first.recorded_at).get() == first


def test_two_units_at_one_place_have_a_fact_each(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill"), hourly_meter("2", "bakery")])
    Organisation.objects.filter(identifier="bakery").update(place_id="650100")
    send(store, 1, month(1000))
    send(store, 2, month(10))
    made(store)
    current = Fact.of_units.known_at(None).order_by("organisation__identifier")
    assert [fact.organisation.identifier for fact in current] == ["bakery", "mill"]


def test_a_fact_about_a_unit_is_never_one_about_its_place(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    send(store, 1, month(1000))
    made(store)
    fact = Fact.of_units.get()
    # As bad as it can be: reported by the unit under the name of a measure that standings ask for.
    copy = {one.attname: getattr(fact, one.attname) for one in Fact._meta.fields if one.name != "id"}
    reported = Fact(**{**copy, "series": "reported", "measure": "electricity_consumption", "period": "2026"})
    reported.save(force_insert=True)
    actor = terminal_actor()
    assert Fact.objects.count() == 0
    assert Fact.objects.known_at(None).count() == 0
    assert DatabaseFacts(["650100"]).periods(["electricity_consumption"], ["650100"]) == set()
    assert find(actor, Wanted()).count() == 0
    start = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    assert compare_moments(actor, Wanted(), start, timezone.now()).facts.count() == 0
    assert fact.source.facts.count() == 0
    # Nor does it stand in the way of one about the place.
    place = Fact(**{**copy, "series": "reported", "organisation_id": None, "act": None})
    place.save(force_insert=True)
    assert Fact.objects.known_at(None).get() == place
    assert Fact.of_units.known_at(None).count() == 2


def test_the_database_keeps_facts_of_units_once_and_unchanged(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    send(store, 1, month(1000))
    made(store)
    fact = Fact.of_units.get()
    copy = {one.attname: getattr(fact, one.attname) for one in Fact._meta.fields if one.name != "id"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Fact(**copy).save(force_insert=True)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        Fact.of_units.filter(pk=fact.pk)._raw_delete("default")


def test_metered_and_reported_are_compared_by_the_rule(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    send(store, 1, month(1000))
    made(store)
    metered = Fact.of_units.get()
    copy = {one.attname: getattr(metered, one.attname) for one in Fact._meta.fields if one.name != "id"}
    mill = Organisation.objects.get(identifier="mill")
    for number, (share, passes) in enumerate((("1.04", True), ("1.06", False)), start=1):
        before = Fact.of_units.filter(series="reported").order_by("revision").last()
        values = {"series": "reported", "revision": number, "revises_id": before.pk if before else None}
        Fact(**{**copy, **values, "value": metered.value * Decimal(share)}).save(force_insert=True)
        (found,) = compare("2026-02", [mill])
        assert found.judged.passes is passes
        assert float(found.judged.share) == pytest.approx(1 - 1 / float(share))
        assert found.metered == metered


def test_without_a_report_the_gap_is_unknown(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill")])
    send(store, 1, month(1000))
    made(store)
    (found,) = compare("2026-02", [Organisation.objects.get(identifier="mill")])
    assert (found.reported, found.judged.share, found.judged.passes) == (None, None, None)
    assert found.judged.unknown.code == "month-without-value"


@pytest.mark.parametrize("written", ["2026", "2026Q1", "June", "2026-13"])
def test_only_a_month_is_a_month(written: str) -> None:
    with pytest.raises(RefusedError) as refused:
        make_facts(written, terminal_actor())
    assert refused.value.problems[0].number == "E301"


def test_examples_stay_examples(store: Store, register: Register) -> None:
    register([hourly_meter("1", "mill", example="yes")])
    send(store, 1, month(1000))
    made(store)
    assert Fact.of_units.get().example
    assert MeterVersion.objects.count() == 1
