"""The register of meters: taken in, dated, refused row by row, and unable to hold what cannot be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from hengneng.access import PUBLIC
from hengneng.acts.models import Act
from hengneng.metering.engine import EVER, OPEN, engine_meters
from hengneng.metering.lines import Lines
from hengneng.metering.models import Calibration, Meter, MeterVersion
from hengneng.metering.register import import_meters
from hengneng.problems import RefusedError
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places

from .conftest import Register, Write, at, meter

HEAD = ("meter_id", "enterprise_id", "carrier", "unit", "kgce_factor", "register_max", "anomaly")
GENERATED_METERS = [
    dict(zip(HEAD, cells, strict=True))
    for cells in (
        (1, 1, "electricity", "kWh", "0.1229", 1000000, "rollover"),
        (2, 1, "natural_gas", "m3", "1.33", 1000000, ""),
        (3, 2, "heat", "GJ", "34.12", 1000000, ""),
    )
]
GENERATED_UNITS = [
    {"enterprise_id": 1, "name": "ENT0001", "prefecture": "Kashgar"},
    {"enterprise_id": 2, "name": "ENT0002", "prefecture": "Ili"},
]


def numbers(problems: list) -> list[str]:
    return [problem.number for problem in problems]


def test_a_generated_load_is_read_as_it_is(write: Write) -> None:
    result = import_meters(write("meters.csv", GENERATED_METERS), write("enterprises.csv", GENERATED_UNITS))
    assert not result.problems
    found = Meter.objects.order_by("number").values_list("number", "identifier", "unit__identifier", "carrier")
    assert list(found) == [
        (1, "1", "1", "33"), (2, "2", "1", "15"), (3, "3", "2", "32"),
    ]  # fmt: skip
    assert dict(Organisation.objects.filter(kind="energy_using_unit").values_list("identifier", "place_id")) == {
        "1": "653100",
        "2": "654000",
    }
    assert MeterVersion.objects.get(meter__number=2).own_coefficient == Decimal("1.33")
    assert engine_meters().to_pylist()[0] == {
        "meter": 1, "valid_from": EVER, "valid_to": OPEN, "kind": "register", "modulus": 10**12, "multiplier": 1000,
        "capacity": None, "interval": 900, "parent": None, "calibrated_until": None,
    }  # fmt: skip


def test_the_same_file_again_changes_nothing_and_is_no_act(write: Write) -> None:
    files = write("meters.csv", GENERATED_METERS), write("enterprises.csv", GENERATED_UNITS)
    import_meters(*files)
    acts, versions = Act.objects.count(), MeterVersion.objects.count()
    again = import_meters(*files)
    assert (again.unchanged, again.meters_new, again.meters_changed, again.act) == (3, [], [], None)
    assert (Act.objects.count(), MeterVersion.objects.count()) == (acts, versions)


def test_ratios_and_units_become_one_whole_multiplier(register: Register) -> None:
    register(
        [
            meter("a", "mill", current_ratio="2000/5", voltage_ratio="100"),
            meter("b", "mill", unit_of_measure="MWh"),
            meter("c", "mill", carrier="热力", unit_of_measure="MJ"),
            meter("d", "mill", carrier="15", unit_of_measure="10^4 m3", capacity="0.5"),
        ]
    )
    rows = {row["meter"]: row for row in engine_meters().to_pylist()}
    by_name = {one.identifier: rows[one.number] for one in Meter.objects.all()}
    assert [by_name[name]["multiplier"] for name in "abcd"] == [40_000_000, 1_000_000, 1, 10_000_000]
    assert by_name["d"]["capacity"] == 5000 * 10**6


def test_a_factor_finer_than_a_thousandth_is_refused(register: Register) -> None:
    result = register([meter("a", "mill", carrier="heat", unit_of_measure="kWh"), meter("b", "mill")])
    assert numbers(result.problems) == ["E112"]
    assert "0.0036" in result.problems[0].text("en")
    assert result.meters_new == ["b"]


@pytest.mark.parametrize(
    ("changes", "number", "column"),
    [
        ({"unit": "mil"}, "E102", "unit"),
        ({"carrier": "electrcity"}, "E103", "carrier"),
        ({"unit_of_measure": "t"}, "E104", "unit_of_measure"),
        ({"unit_of_measure": "furlong"}, "E104", "unit_of_measure"),
        ({"current_ratio": "0"}, "E105", "current_ratio"),
        ({"current_ratio": "400/0"}, "E105", "current_ratio"),
        ({"current_ratio": "100/3"}, "E112", "current_ratio"),
        ({"interval": "900.5"}, "E105", "interval"),
        ({"own_coefficient": "-0.1"}, "E105", "own_coefficient"),
        ({"register_maximum": "1e20"}, "E105", "register_maximum"),
        ({"valid_from": "June"}, "E106", "valid_from"),
        ({"calibrated_until": "2026-01-01"}, "E106", "calibrated_until"),
        ({"kind": "clock"}, "E107", "kind"),
        ({"identifier": "good"}, "E108", "identifier"),
        ({"parent": "nobody"}, "E109", "parent"),
        ({"parent": "bad"}, "E109", "parent"),
        ({"identifier": ""}, "E101", "identifier"),
        ({"identifier": "x" * 61}, "E119", "identifier"),
    ],
)
def test_a_bad_row_says_where_and_what_and_the_others_are_taken(
    register: Register, changes: dict[str, str], number: str, column: str
) -> None:
    good = meter("good", "mill")
    bad = meter("bad", "mill") | changes
    result = register([good, bad])
    assert numbers(result.problems) == [number]
    assert result.problems[0].where == f"meters.csv:3:{column}"
    assert "good" in result.meters_new
    for language in ("zh", "en"):
        assert result.problems[0].text(language)


def test_a_change_needs_its_moment_and_becomes_a_version(register: Register) -> None:
    register([meter("a", "mill", current_ratio="10", process="rolling")])
    refused = register([meter("a", "mill", current_ratio="20", process="rolling")])
    assert numbers(refused.problems) == ["E110"]
    changed = register([meter("a", "mill", current_ratio="20", process="rolling", valid_from="2026-06-03 14:00")])
    assert changed.meters_changed == ["a"]
    rows = engine_meters().to_pylist()
    moment = at("2026-06-03", 14)
    assert [(row["valid_from"], row["valid_to"], row["multiplier"]) for row in rows] == [
        (EVER, moment, 10_000), (moment, OPEN, 20_000),
    ]  # fmt: skip
    act = Act.objects.get(identifier=changed.act)
    assert act.verb == "meter.import"
    assert act.details["meters"]["changed"] == ["a"]


def test_a_wrong_entry_is_corrected_by_a_revision_of_the_same_moment(register: Register) -> None:
    register([meter("a", "mill", current_ratio="10", valid_from="2026-06-01")])
    register([meter("a", "mill", current_ratio="12", valid_from="2026-06-01")])
    assert [row["multiplier"] for row in engine_meters().to_pylist()] == [12_000]
    assert list(MeterVersion.objects.order_by("revision").values_list("revision", flat=True)) == [1, 2]


def test_a_meter_that_is_taken_away_ends(register: Register) -> None:
    register([meter("a", "mill")])
    register([meter("a", "mill", in_service="no", valid_from="2026-07-01")])
    assert [row["valid_to"] for row in engine_meters().to_pylist()] == [at("2026-07-01")]


def test_what_a_meter_is_does_not_change(register: Register) -> None:
    register([meter("a", "mill")])
    assert numbers(register([meter("a", "bakery")]).problems) == ["E111"]
    assert numbers(register([meter("a", "mill", carrier="heat", unit_of_measure="GJ")]).problems) == ["E111"]


def test_parents_may_stand_below_and_may_not_run_in_circles(register: Register) -> None:
    register([meter("sub", "mill", parent="main"), meter("main", "mill", parent="")])
    assert MeterVersion.objects.get(meter__identifier="sub").parent == Meter.objects.get(identifier="main")
    circle = register([meter("main", "mill", parent="sub", valid_from="2026-07-01")])
    assert numbers(circle.problems) == ["E109"]
    assert MeterVersion.objects.filter(meter__identifier="main").count() == 1


def test_a_parent_holds_from_a_moment_on(register: Register) -> None:
    register([meter("sub", "mill"), meter("main", "mill")])
    undated = register([meter("sub", "mill", parent="main")])
    assert numbers(undated.problems) == ["E110"]
    assert {"column": "parent", "found": "main", "expected": "—"}.items() <= undated.problems[0].values.items()
    register([meter("sub", "mill", parent="main", valid_from="2026-07-01")])
    main = Meter.objects.get(identifier="main").number
    rows = [row for row in engine_meters().to_pylist() if row["meter"] != main]
    assert [(row["valid_from"], row["parent"]) for row in rows[1:]] == [(at("2026-07-01"), main)]
    assert rows[0]["parent"] is None
    assert rows[0]["valid_to"] == at("2026-07-01")
    again = register([meter("sub", "mill", parent="main", valid_from="2026-08-01")])
    assert again.unchanged == 1
    register([meter("sub", "mill", parent="", valid_from="2026-09-01")])
    assert [row["parent"] for row in engine_meters().to_pylist() if row["meter"] != main] == [None, main, None]


def test_who_was_above_may_stand_below_later(register: Register) -> None:
    register([meter("a", "mill", parent="b"), meter("b", "mill")])
    swapped = [
        meter("a", "mill", parent="", valid_from="2026-07-01"),
        meter("b", "mill", parent="a", valid_from="2026-07-01"),
    ]
    assert register(swapped).problems == []
    before = [meter("b", "mill", parent="a", valid_from="2026-06-01")]
    assert numbers(register(before).problems) == ["E109"]


def test_a_meter_below_one_that_is_refused_is_not_taken(register: Register) -> None:
    rows = [
        meter("c", "mill", parent="b"),
        meter("b", "mill", parent="a"),
        meter("a", "mill", interval="-1"),
        meter("d", "mill"),
    ]
    result = register(rows)
    assert result.meters_new == ["d"]
    assert sorted(numbers(result.problems)) == ["E105", "E109", "E109"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(0, 4)), max_size=12))
def test_no_line_ever_leads_back(steps: list[tuple[str, str, int]]) -> None:
    lines, held = Lines(), dict[str, dict[int, str]]()
    for revision, (meter_name, parent, since) in enumerate(steps, start=1):
        version = MeterVersion(valid_from=dt.datetime.fromtimestamp(since, dt.UTC), revision=revision)
        if lines.would_circle(meter_name, version, parent):
            continue
        lines.put(meter_name, version, parent)
        held.setdefault(meter_name, {})[since] = parent
        for moment in range(5):
            for start in "abcd":
                seen, at_now = {start}, start
                while at_now in held and (begun := [one for one in held[at_now] if one <= moment]):
                    at_now = held[at_now][max(begun)]
                    assert at_now not in seen
                    seen.add(at_now)


def test_calibrations_are_kept_and_reach_the_engine(register: Register) -> None:
    row = meter("a", "mill", calibration_on="2026-01-10", calibrated_until="2026-12-31")
    register([row])
    assert Calibration.objects.count() == 1
    assert engine_meters().to_pylist()[0]["calibrated_until"] == at("2027-01-01")
    other = register([row | {"calibrated_until": "2027-12-31"}])
    assert numbers(other.problems) == ["E117"]


def test_a_workbook_is_read_and_an_uncomputed_formula_named(tmp_path: Path, write: Write, register: Register) -> None:
    register([meter("z", "mill")])
    book = Workbook()
    book.active.append(["identifier", "unit", "carrier", "unit_of_measure", "interval"])
    book.active.append(["a", "mill", "电力", "千瓦时", 900])
    book.save(tmp_path / "meters.xlsx")
    assert import_meters(tmp_path / "meters.xlsx").meters_new == ["a"]
    book.active.append(["b", "mill", "电力", "千瓦时", "=15*60"])
    book.save(tmp_path / "meters.xlsx")
    with pytest.raises(RefusedError) as refused:
        import_meters(tmp_path / "meters.xlsx")
    assert numbers(refused.value.problems) == ["E004"]
    assert "E3" in refused.value.problems[0].where


def test_wrong_columns_are_refused_as_a_whole(write: Write) -> None:
    with pytest.raises(RefusedError) as refused:
        import_meters(write("meters.csv", [{"identifier": "a", "colour": "red"}]))
    assert numbers(refused.value.problems) == ["E001"]
    assert {"missing": "unit, unit_of_measure", "unknown": "colour"}.items() <= refused.value.problems[0].values.items()


def test_units_are_found_by_any_name_of_their_place(write: Write) -> None:
    rows = [
        {"identifier": str(number), "name": "x", "place": place}
        for number, place in enumerate(("Turpan", "吐鲁番市", "652100", "博州", "Atlantis"))
    ]
    result = import_meters(write("meters.csv", [meter("a", "0")]), write("units.csv", rows))
    assert numbers(result.problems) == ["E114"]
    places = Organisation.objects.filter(kind="energy_using_unit").order_by("identifier")
    assert list(places.values_list("place_id", flat=True)) == ["652100", "652100", "652100", "652700"]


def test_the_industry_is_a_code_of_the_classification(write: Write) -> None:
    rows = [
        {"identifier": "a", "name": "x", "place": "650100", "industry": "C31"},
        {"identifier": "b", "name": "x", "place": "650100", "industry": "99"},
    ]
    result = import_meters(write("meters.csv", [meter("1", "a")]), write("units.csv", rows))
    assert numbers(result.problems) == ["E115"]
    unit = Organisation.objects.get(identifier="a")
    assert (unit.industry, unit.industry_source) == ("31", "units.csv")


def test_the_database_itself_refuses_what_cannot_be(register: Register) -> None:
    register([meter("a", "mill"), meter("b", "mill")])
    a, b = Meter.objects.get(identifier="a"), Meter.objects.get(identifier="b")
    first = a.versions.get()
    same = {field.attname: getattr(first, field.attname) for field in MeterVersion._meta.fields if field.name != "id"}
    wrong = [
        lambda: MeterVersion.objects.create(**{**same, "revision": 2, "parent_id": a.pk}),
        lambda: Meter.objects.filter(pk=a.pk).update(replaced_by=a),
        lambda: Meter.objects.filter(pk=a.pk).update(number=0),
        lambda: Meter.objects.filter(pk=a.pk).update(carrier=""),
        lambda: MeterVersion.objects.create(**same),
        lambda: MeterVersion.objects.create(**{**same, "revision": 2, "own_coefficient": Decimal(1)}),
        lambda: Calibration.objects.create(meter=b, on=dt.date(2026, 1, 2), valid_until=dt.date(2026, 1, 1), act="x"),
    ]
    for act in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    with pytest.raises(DatabaseError), transaction.atomic():
        MeterVersion.objects.filter(pk=first.pk)._raw_delete("default")


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meters.xlsx").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(RefusedError) as refused:
        import_meters(tmp_path / "meters.xlsx")
    assert numbers(refused.value.problems) == ["E003"]


def test_a_meter_takes_the_place_of_one_only(register: Register) -> None:
    old = [meter("old", "mill", replaced_by="new"), meter("older", "mill", replaced_by="new")]
    result = register([meter("new", "mill"), *old])
    assert numbers(result.problems) == ["E120"]
    assert Meter.objects.get(identifier="new").replaces.identifier == "old"


def test_the_identifier_of_another_body_is_not_taken(write: Write) -> None:
    ensure_places({"650100"})
    Organisation.objects.create(
        identifier="office", kind="department", name_zh="处", name_en="Office", place_id="650100"
    )
    units = [{"identifier": "office", "name": "x", "place": "650100"}]
    result = import_meters(write("meters.csv", [meter("a", "office")]), write("units.csv", units))
    assert numbers(result.problems) == ["E118", "E102"]
    assert Organisation.objects.get().kind == "department"


def test_who_may_not_report_there_registers_nothing_there(write: Write, register: Register) -> None:
    register([meter("1", "mill")])
    units = [{"identifier": "plant", "name": "x", "place": "650100"}]
    result = import_meters(write("meters.csv", [meter("2", "mill")]), write("units.csv", units), actor=PUBLIC)
    assert numbers(result.problems) == ["E116", "E116"]
    assert Meter.objects.count() == 1
