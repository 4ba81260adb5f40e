"""What people say of an outlet: marks of operation, checks of analysers, and what stands in for missing masses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from monitoring.frames import BEGIN, MN, frame, group

from hengneng.access import PUBLIC, terminal_actor
from hengneng.access.deciding import RefusedAccessError
from hengneng.acts.models import Act
from hengneng.deliveries import DeliveryLog
from hengneng.devices.models import Device, Protocol
from hengneng.emissions.series import HOUR
from hengneng.metering.register import import_meters
from hengneng.metering.results import Hour
from hengneng.monitoring.days import add_up_days, due_days
from hengneng.monitoring.hours import outlet_hours
from hengneng.monitoring.load import fuel_of
from hengneng.monitoring.models import (
    AnalyserCheck,
    MonitoredDay,
    OperationMark,
    Outlet,
    OutletDay,
    OutletFinding,
    SubstitutedDay,
)
from hengneng.monitoring.records import records_of
from hengneng.monitoring.register import import_outlets
from hengneng.monitoring.saying import DUE_AGAIN, give_mark, import_checks, import_marks, withdraw_mark
from hengneng.monitoring.signs_beside import flow_beside_fuel, resolution_of, signs_beside
from hengneng.monitoring.substituting import Quarter, substitution_on
from hengneng.monitoring.taking import take_values
from hengneng.problems import RefusedError
from hengneng.readings.store import Store

Deliver = Callable[..., int]
START = int(BEGIN.timestamp())
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return put


def hours(first: int, last: int, value: float = 50.0, flow: float = 10.0) -> list[bytes]:
    """Frames of every fifteen minutes of the hours from ``first`` up to ``last`` of the test's time."""
    found = []
    for quarter in range(first * 4, last * 4):
        at = BEGIN + dt.timedelta(minutes=15 * quarter)
        found.append(frame("2051", at, group("a21026", Avg=value), group("a00000", Avg=flow)))
    return found


def moment(hour: float) -> dt.datetime:
    return BEGIN + dt.timedelta(hours=hour)


def mass(value: float = 50.0, flow: float = 10.0) -> float:
    """Kilograms of an hour: mg/m3 times m3/s times 3600."""
    return value * flow * 3600 * 1e-6


def test_a_stop_is_neither_missing_nor_emission(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*hours(0, 6), *hours(8, 24))
    take_values(log, store)
    give_mark(terminal_actor(), outlet, "stopped", moment(6), moment(8), "Unit 1 stands still")
    one = outlet_hours(store, outlet, START, START + 24 * HOUR).pollutants["SO2"]
    assert one.measured.reasons[5:9].tolist() == ["", "source-stopped", "source-stopped", ""]
    assert one.mass.values[5:9] == pytest.approx([mass(), 0, 0, mass()])
    assert one.mass.unverified
    add_up_days(store)
    day = OutletDay.objects.get(pollutant="SO2", day=BEGIN.date())
    assert day.mass == pytest.approx(22 * mass())
    assert day.silent_hours == 0
    assert not SubstitutedDay.objects.exists()


def test_values_that_come_while_it_is_said_to_stand_still_are_found(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """F6: the mark keeps the hours out of means and limits, and shows as a sign that it is not true."""
    deliver(*hours(0, 24))
    take_values(log, store)
    give_mark(terminal_actor(), outlet, "stopped", moment(6), moment(12), "Unit 1 stands still")
    assert not outlet_hours(store, outlet, START, START + 24 * HOUR).pollutants["SO2"].measured.valid[6:12].any()
    add_up_days(store)
    assert outlet.findings.filter(number="F6").count() == 1


def test_start_up_counts_and_is_not_judged(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    deliver(*hours(0, 4, value=5000.0))
    take_values(log, store)
    give_mark(terminal_actor(), outlet, "start-up", moment(1), moment(2.75), "Start of unit 1")
    one = outlet_hours(store, outlet, START, START + 4 * HOUR).pollutants["SO2"]
    assert one.measured.valid.all()
    outlet.standard = ""
    found = outlet_hours(store, outlet, START, START + 4 * HOUR)
    assert found.marks.tolist() == ["", "start-up", "start-up", ""]


def test_marks_do_not_overlap_and_are_withdrawn_not_changed(outlet: Outlet) -> None:
    actor = terminal_actor()
    first = give_mark(actor, outlet, "stopped", moment(6), None, "Stop")
    with pytest.raises(RefusedError) as refused:
        give_mark(actor, outlet, "fault", moment(8), moment(9), "Fault")
    assert refused.value.problems[0].number == "N107"
    withdraw_mark(actor, first, "Runs again", moment(8))
    give_mark(actor, outlet, "fault", moment(8), moment(9), "Fault")
    assert [(one.mark, one.begin, one.end) for one in records_of(outlet).marks] == [
        ("stopped", START + 6 * HOUR, START + 8 * HOUR), ("fault", START + 8 * HOUR, START + 9 * HOUR),
    ]  # fmt: skip
    with pytest.raises(RefusedError) as refused:
        withdraw_mark(actor, first, "Again")
    assert refused.value.problems[0].number == "N108"
    assert sorted(Act.objects.values_list("verb", flat=True))[-2:] == ["outlet.mark", "outlet.withdraw_mark"]
    with pytest.raises(DatabaseError), transaction.atomic():
        OperationMark.objects.filter(pk=first.pk)._raw_delete("default")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (("asleep", 1.0, 2.0, "why"), "N105"),
        (("stopped", 2.0, 1.0, "why"), "N106"),
        (("stopped", 1.0, 2.0, " "), "N106"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(outlet: Outlet, given: tuple, number: str) -> None:
    word, begin, end, reason = given
    with pytest.raises(RefusedError) as refused:
        give_mark(terminal_actor(), outlet, word, moment(begin), moment(end), reason)
    assert refused.value.problems[0].number == number


def test_the_public_may_not_mark(outlet: Outlet) -> None:
    with pytest.raises(RefusedAccessError):
        give_mark(PUBLIC, outlet, "stopped", moment(1), moment(2), "why")
    assert not OperationMark.objects.exists()


def test_days_that_a_mark_touches_are_due_again(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*hours(0, 72))
    take_values(log, store)
    add_up_days(store)
    give_mark(terminal_actor(), outlet, "stopped", moment(26), moment(30), "Stop")
    assert list(MonitoredDay.objects.filter(change=DUE_AGAIN).values_list("day", flat=True)) == [
        BEGIN.date() + dt.timedelta(days=1)
    ]
    add_up_days(store)
    assert not due_days(store)
    masses = OutletDay.objects.filter(pollutant="SO2").order_by("day").values_list("mass", flat=True)
    assert list(masses)[:3] == pytest.approx([24 * mass(), 20 * mass(), 24 * mass()])


CHECKS = """outlet,quantity,check,at,reading,reference,full_scale
DA001,SO2,span-drift,2026-06-01 06:00,159.0,160,200
DA001,SO2,span-drift,2026-06-01 10:00,134.0,160,200
DA001,SO2,span-drift,2026-06-01 12:30,159.4,160,200
"""


def test_hours_of_an_analyser_out_of_control_are_invalid(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, write: Write
) -> None:
    """Span drift -13 % of full scale, beyond 10 %: from the last passed check to the next passed one."""
    deliver(*hours(0, 24))
    take_values(log, store)
    result = import_checks(write("checks.csv", CHECKS))
    assert (len(result.new), result.refused) == (3, 0)
    one = outlet_hours(store, outlet, START, START + 24 * HOUR).pollutants["SO2"]
    out = [index for index, reason in enumerate(one.measured.reasons) if reason == "out-of-control"]
    assert out == [6, 7, 8, 9, 10, 11, 12]
    assert one.measured.unverified
    assert import_checks(write("checks.csv", CHECKS)).unchanged == 3
    # What was written down wrongly gets a revision; then nothing was out of control.
    again = import_checks(write("checks.csv", CHECKS.replace("134.0", "158.0")))
    assert len(again.new) == 1
    assert AnalyserCheck.objects.filter(revision=2).count() == 1
    assert outlet_hours(store, outlet, START, START + 24 * HOUR).pollutants["SO2"].measured.valid.all()


def test_a_zero_that_is_good_says_nothing_of_the_span(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, write: Write
) -> None:
    deliver(*hours(0, 24))
    take_values(log, store)
    zero = "DA001,SO2,zero-drift,2026-06-01 10:05,0.2,0,200\n"
    assert len(import_checks(write("checks.csv", CHECKS + zero)).new) == 4
    found = outlet_hours(store, outlet, START, START + 24 * HOUR)
    one = found.pollutants["SO2"].measured
    assert [index for index, reason in enumerate(one.reasons) if reason == "out-of-control"] == [6, 7, 8, 9, 10, 11, 12]
    assert found.records.last_passed("SO2", one.times).tolist() == [0] * 6 + [START + 6 * HOUR] * 7 + [0] * 11


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ("DA009,SO2,zero-drift,2026-06-01,1,0,200", "N104"),
        ("DA001,COD,zero-drift,2026-06-01,1,0,200", "E107"),
        ("DA001,SO2,shape,2026-06-01,1,0,200", "N109"),
        ("DA001,SO2,zero-drift,2026-06-01,1,0,", "N110"),
        ("DA001,SO2,zero-drift,,1,0,200", "E101"),
        ("DA001,SO2,zero-drift,2026-06-01,much,0,200", "E105"),
    ],
)
def test_a_bad_check_says_where_and_the_others_are_taken(outlet: Outlet, write: Write, row: str, number: str) -> None:
    result = import_checks(write("checks.csv", f"{CHECKS}{row}\n"))
    assert [one.number for one in result.problems] == [number]
    assert result.problems[0].where.startswith("checks.csv:5:")
    assert len(result.new) == 3


def test_marks_come_from_a_table_and_the_same_again_changes_nothing(outlet: Outlet, write: Write) -> None:
    text = (
        "outlet,mark,begin,end,reason\nDA001,stopped,2026-06-01 06:00,2026-06-01 08:00,repair\n"
        "DA001,fault,2026-06-01 07:00,2026-06-01 09:00,overlaps\nDA001,asleep,2026-06-02,,no such mark\n"
    )
    result = import_marks(write("marks.csv", text))
    assert (len(result.new), [one.number for one in result.problems]) == (1, ["N107", "E107"])
    assert import_marks(write("marks.csv", text)).unchanged == 1


def test_missing_masses_are_substituted_by_the_largest_of_the_last_valid_hours(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """HJ 75-2017: capture 90 % or more, gap up to 24 hours: the largest of the last 180 valid hours."""
    deliver(*hours(0, 30), *hours(30, 31, value=90.0), *hours(31, 100), *hours(104, 120))
    take_values(log, store)
    add_up_days(store)
    day = SubstitutedDay.objects.get(pollutant="SO2", day=BEGIN.date() + dt.timedelta(days=4))
    assert day.hours == 4
    assert day.mass == pytest.approx(20 * mass() + 4 * mass(90.0))
    assert day.capture_rate == pytest.approx(116 / 120)
    assert (day.standard, day.unverified, day.quarter_fails) == ("HJ 75-2017", True, False)
    measured = OutletDay.objects.get(pollutant="SO2", day=day.day)
    assert (measured.mass, measured.mass_reason) == (None, "periods-without-mass")
    found = substitution_on(outlet, "SO2", day.day)
    assert found is not None
    first = found[1].substitutions[0]
    assert first.time == START + 100 * HOUR
    assert len(first.source_hours) == 100
    # Late data: nothing stands in any more.
    deliver(*hours(100, 104))
    take_values(log, store)
    add_up_days(store)
    assert not SubstitutedDay.objects.exists()


def test_below_75_per_cent_the_quarter_fails_and_says_so(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*hours(0, 24), *hours(71, 72))
    take_values(log, store)
    add_up_days(store)
    rows = SubstitutedDay.objects.filter(pollutant="SO2").order_by("day")
    assert [(row.hours, row.quarter_fails) for row in rows] == [(24, True), (23, True)]


def test_nothing_stands_in_before_anything_was_known(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*hours(4, 24))
    take_values(log, store)
    add_up_days(store)
    row = SubstitutedDay.objects.get(pollutant="SO2")
    assert (row.hours, row.mass, row.reason) == (0, None, "no-substitute")


def test_quarters() -> None:
    one = Quarter.of(dt.date(2026, 6, 15))
    assert one == Quarter(dt.date(2026, 4, 1), dt.date(2026, 6, 30))
    assert one.before == Quarter(dt.date(2026, 1, 1), dt.date(2026, 3, 31))
    assert one.behind.behind == Quarter(dt.date(2026, 10, 1), dt.date(2026, 12, 31))


def test_gas_as_it_flows_takes_the_air_pressure_of_the_place(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """The example of annex D.2: 42.0 mg/m3 at 120 degrees, -150 Pa, 101 000 Pa, 8 % moisture are 66.029 mg/m3."""
    outlet.state = "as_flowing"
    said = (group("a21026", Avg=42.0), group("a01012", Avg=120), group("a01013", Avg=-0.15), group("a01014", Avg=8))
    deliver(*(frame("2051", BEGIN + dt.timedelta(minutes=number), *said) for number in range(60)))
    take_values(log, store)
    one = outlet_hours(store, outlet, START, START + HOUR).pollutants["SO2"].measured
    assert one.reasons.tolist() == ["missing-gas-state"]
    outlet.air_pressure = Decimal("101")
    one = outlet_hours(store, outlet, START, START + HOUR).pollutants["SO2"].measured
    assert one.values[0] == pytest.approx(66.029, abs=0.001)


def test_water_of_a_day_is_weighted_with_its_flow(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """The example of annex D.1: 22.3, 25.1, 19.8 mg/L in 53.8, 60.2, 41.0 m3 are 22.726 mg/L; each eight hours long."""
    outlet.medium, outlet.standard, outlet.flow_unit = "water", "", "L/s"
    outlet.save()
    example = ((22.3, 53.8), (25.1, 60.2), (19.8, 41.0))
    frames = []
    for part, (value, volume) in enumerate(example):
        for ten in range(48):
            at = BEGIN + dt.timedelta(minutes=480 * part + 10 * ten)
            frames.append(frame("2051", at, group("w01018", Avg=value), group("w00000", Avg=volume / 3.6)))
    deliver(*frames)
    take_values(log, store)
    add_up_days(store)
    day = OutletDay.objects.get(pollutant="COD")
    assert day.mean == pytest.approx(22.726, abs=0.001)
    assert day.mass == pytest.approx(8 * 3.52256, rel=1e-5)


def test_signs_beside_the_load(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    """F5: the concentration falls to a fifth while the load stays; F19: mass goes down whenever the load goes up."""
    deliver(*hours(0, 48, value=100.0), *hours(48, 96, value=20.0))
    take_values(log, store)
    of = outlet_hours(store, outlet, START, START + 96 * HOUR)
    steady, rising = np.full(96, 5.0), np.where(np.arange(96) < 48, 1.0, 5.0)
    one, on = of.pollutants["SO2"], BEGIN.date()
    assert [sign.number for sign in signs_beside(of, one, steady, on) if sign.number in ("F5", "F19")] == ["F5"]
    assert [sign.number for sign in signs_beside(of, one, rising, on) if sign.number in ("F5", "F19")] == ["F19"]
    assert not [sign for sign in signs_beside(of, one, None, on) if sign.number in ("F5", "F19")]


def test_signs_beside_checks_and_digits(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, write: Write
) -> None:
    """F16: readings beyond the full scale of the last check; F18: comparisons 50 % off; F20: even last digits."""
    outlet.medium, outlet.standard = "water", ""
    outlet.save()
    text = "outlet,quantity,check,at,reading,reference,full_scale\n" + "".join(
        f"DA001,COD,comparison,2026-06-01 0{hour}:30,60,40,80\n" for hour in range(4)
    )
    assert len(import_checks(write("checks.csv", text)).new) == 4
    even = [40 + number % 30 + 0.2 * (number % 5) for number in range(24 * 60)]
    even[100:104] = [95.0] * 4
    deliver(*(frame("2051", BEGIN + dt.timedelta(minutes=number), group("w01018", Avg=round(value, 1)))
              for number, value in enumerate(even)))  # fmt: skip
    take_values(log, store)
    add_up_days(store)
    found = dict(outlet.findings.filter(quantity="COD").values_list("number", "statistic"))
    assert found["F16"] == 4
    assert found["F18"] == pytest.approx(0.5)
    assert found["F20"] > 50


@pytest.mark.parametrize(("values", "step"), [([1.5, 2.0], 0.1), ([10.0, 20.0], 10.0), ([0.123456], None), ([], None)])
def test_the_step_of_the_last_digit(values: list[float], step: float | None) -> None:
    assert resolution_of(np.array(values)) == step


def test_outlets_of_two_units_that_go_up_and_down_as_one(
    unit: Any, outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """F12: both get the sign, each with its own values; a third one that differs gets none."""
    mill = type(unit).objects.create(
        identifier="mill", kind=unit.kind, name_zh="乙厂", name_en="Plant B", place_id="650100"
    )
    now = dt.datetime.now(dt.UTC)
    dice = np.random.default_rng(7)
    walk = 50 + np.cumsum(dice.normal(0, 1, 168))
    series = {"010000A8900016F000169DC1": 2 * walk + 3, "010000A8900016F000169DC2": 50 + dice.normal(0, 5, 168)}
    for number, mn in enumerate(series):
        device = Device.objects.create(protocol=Protocol.HJ212, identifier=mn, unit=mill, recorded_at=now, act="x")
        Outlet.objects.create(identifier=f"DB{number}", unit=mill, device=device, name_zh="二", name_en="Two",
                              medium="gas", source="test", flow_unit="m3/s", act="x")  # fmt: skip
    for mn, values in ((MN, walk), *series.items()):
        sent = ((BEGIN + dt.timedelta(minutes=15 * quarter), values[quarter // 4]) for quarter in range(168 * 4))
        frames = [frame("2051", at, group("a21026", Avg=round(value, 3)), mn=mn) for at, value in sent]
        deliver(*frames, mn=mn)
    take_values(log, store)
    add_up_days(store)
    found = OutletFinding.objects.filter(number="F12", day=BEGIN.date() + dt.timedelta(days=6))
    assert sorted(found.values_list("outlet__identifier", "other__identifier")) == [("DA001", "DB0"), ("DB0", "DA001")]
    assert found.get(outlet=outlet).evidence["values"][0] == pytest.approx(walk[0], abs=0.001)


@pytest.mark.parametrize("name", ["devices", "A/B"])
def test_an_outlet_that_could_have_no_page_is_refused(unit: Any, write: Write, name: str) -> None:
    result = import_outlets(write("outlets.csv", f"identifier,unit,medium\n{name},plant,gas\n"))
    assert [one.number for one in result.problems] == ["N111"]


def test_a_day_that_goes_on_is_looked_at_once_an_hour_and_again_when_it_is_over(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(hour: float) -> None:
        monkeypatch.setattr("hengneng.monitoring.days.timezone.now", lambda: moment(hour))
        add_up_days(store)

    deliver(*hours(0, 6, value=50.0))
    take_values(log, store)
    at(6)
    deliver(*hours(6, 7))
    take_values(log, store)
    at(6.5)
    day = MonitoredDay.objects.get(day=BEGIN.date())
    assert day.looked_at == moment(6)
    assert OutletDay.objects.get(pollutant="SO2").silent_hours == 17
    monkeypatch.setattr("hengneng.monitoring.days.timezone.now", lambda: moment(25))
    assert BEGIN.date() in due_days(store)
    at(25)
    assert MonitoredDay.objects.get(day=BEGIN.date()).looked_at == moment(25)
    assert BEGIN.date() not in due_days(store)


def test_flow_beside_what_the_fuel_makes(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    """F9: at 8.4 % oxygen, 100 kgce an hour and 10 m3/kgce at 6 %: 1 190.5 m3/h by theory; 2 000 m3/h are 68 % off."""
    sent = (group("a21026", Avg=50.0), group("a19001", Avg=8.4), group("a00000", Avg=2000 / 3600))
    deliver(*(frame("2051", BEGIN + dt.timedelta(minutes=15 * number), *sent) for number in range(4 * 48)))
    take_values(log, store)
    of = outlet_hours(store, outlet, START, START + 48 * HOUR)
    fuel, on = np.full(48, 100.0), BEGIN.date()
    assert flow_beside_fuel(of, fuel, on) == [], "the outlet says nothing of its fuel"
    outlet.gas_per_coal = Decimal("10")
    found = flow_beside_fuel(of, fuel, on)
    assert [(one.number, one.severity.name) for one in found] == [("F9", "GRAVE")]
    assert found[0].statistic == pytest.approx(2000 * (21 - 8.4) / (21 - 6) / 1000 - 1, abs=1e-5)  # sent in millionths
    assert flow_beside_fuel(of, fuel * 1.7, on) == []
    assert flow_beside_fuel(of, np.full(48, np.nan), on) == [], "what is not known is not held against anybody"


def test_one_outlet_of_several_is_not_held_against_the_load_of_its_unit(
    unit: Any, outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Electricity and fuel are of the whole unit: half of its gas is no sign of anything when it has two stacks."""
    asked: list[int] = []
    monkeypatch.setattr("hengneng.monitoring.days.electricity_of", lambda *given: asked.append(given[0]))
    monkeypatch.setattr("hengneng.monitoring.days.fuel_of", lambda *given: asked.append(given[0]))
    outlet.gas_per_coal = Decimal("10")
    outlet.save()
    deliver(*hours(0, 24))
    take_values(log, store)
    add_up_days(store)
    assert set(asked) == {unit.pk}
    asked.clear()
    Outlet.objects.create(identifier="DA002", unit=unit, name_zh="二", name_en="Two", medium="gas", source="t", act="x")
    deliver(*hours(24, 48))
    take_values(log, store)
    add_up_days(store)
    assert asked == []


def test_a_substitute_goes_with_the_mass_that_it_stood_in_for(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the process dies before the quarter is made anew: nothing is added to what is known."""
    deliver(*hours(0, 30), *hours(32, 48))
    take_values(log, store)
    add_up_days(store)
    assert SubstitutedDay.objects.count() == 1
    deliver(*hours(30, 32))
    take_values(log, store)
    monkeypatch.setattr("hengneng.monitoring.days.substitute", lambda *_, **__: 0)
    add_up_days(store)
    assert not SubstitutedDay.objects.exists()


def test_fuel_is_what_all_main_meters_of_fuel_have_counted(
    unit: Any, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "identifier,number,unit,carrier,unit_of_measure,own_coefficient,parent\n1,1,plant,02,t,800,\n2,2,plant,15,m3,1.2,\n"
        "3,3,plant,15,m3,1.2,2\n4,4,plant,33,kWh,,\n5,5,plant,32,GJ,,\n"
    )
    assert import_meters(write("meters.csv", text)).problems == []
    counted = {1: Hour(2_000_000, 3600, 0, 0, 1), 2: Hour(100_000_000, 3600, 0, 0, 1), 3: Hour(9, 3600, 0, 0, 1)}
    monkeypatch.setattr("hengneng.monitoring.load.readings_store", lambda: Mock())
    monkeypatch.setattr(
        "hengneng.monitoring.load.hours_of",
        lambda _, days, meters: {(days[0], hour): counted[number] for number in meters for hour in range(23)},
    )
    found = fuel_of(unit.pk, START, START + 24 * HOUR)
    assert found is not None
    assert found[:23] == pytest.approx([2 * 800 + 100 * 1.2] * 23)
    assert np.isnan(found[23])
