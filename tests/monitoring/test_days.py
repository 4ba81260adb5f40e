"""Hours and days of outlets: validity, reference oxygen, masses, limits, findings; only what changed is made again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from monitoring.frames import BEGIN, frame, group

from hengneng.deliveries import DeliveryLog
from hengneng.emissions.series import HOUR
from hengneng.monitoring.days import add_up_days, due_days
from hengneng.monitoring.hours import day_of, outlet_hours
from hengneng.monitoring.models import MonitoredDay, Outlet, OutletDay, OutletFinding
from hengneng.monitoring.register import import_outlets
from hengneng.monitoring.taking import take_values
from hengneng.readings.store import Store

Deliver = Callable[..., int]
START = int(BEGIN.timestamp())


def minutes(count: int, first: int = 0, valid: int | None = None, step: int = 1, **factors: float) -> list[bytes]:
    """Frames of ``count`` minutes (or steps of several); behind ``valid`` of them the flag says maintenance."""
    found = []
    for number in range(count):
        at = BEGIN + dt.timedelta(minutes=(first + number) * step)
        flag = "N" if valid is None or number < valid else "M"
        groups = [group(factor, flag, Avg=value) for factor, value in factors.items()]
        found.append(frame("2051", at, *groups))
    return found


def test_47_valid_minutes_make_an_hour_and_44_none(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*minutes(60, valid=47, a21026=50.0), *minutes(60, first=60, valid=44, a21026=50.0))
    take_values(log, store)
    hours = outlet_hours(store, outlet, START, START + 3 * HOUR)
    one = hours.pollutants["SO2"].measured
    assert one.valid.tolist() == [True, False, False]
    assert one.values[0] == 50.0
    assert one.reasons.tolist() == ["", "too-few-valid-values", "no-values"]
    assert (one.counts.tolist(), one.least.tolist()) == ([47, 44, 0], [45, 45, 45])


def test_the_numbers_of_the_worked_example_come_out(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """The example of annex D (dry standard 66.029 mg/m3, 8.4 % oxygen, 373 943 m3/h): 78.605 mg/m3, 24.691 kg/h."""
    deliver(*minutes(60, a21026=66.029, a19001=8.4, a00000=373_943 / 3600))
    take_values(log, store)
    one = outlet_hours(store, outlet, START, START + HOUR).pollutants["SO2"]
    assert one.judged.values[0] == pytest.approx(78.605, abs=0.002)
    assert one.mass.values[0] == pytest.approx(24.691, abs=0.002)


def test_the_flow_of_a_device_that_sends_cubic_metres_an_hour(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    outlet.flow_unit = "m3/h"
    deliver(*minutes(60, a21026=100.0, a00000=1000.0))
    take_values(log, store)
    assert outlet_hours(store, outlet, START, START + HOUR).pollutants["SO2"].mass.values[0] == pytest.approx(0.1)


def test_water_gives_its_mass_from_ten_minutes(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    """First hour of the example of annex D.1: 22.3 mg/L and 53.8 m3 are 1.19974 kg."""
    outlet.medium, outlet.standard, outlet.flow_unit = "water", "", "L/s"
    deliver(*minutes(6, step=10, w01018=22.3, w00000=53.8 / 3.6))
    take_values(log, store)
    hours = outlet_hours(store, outlet, START, START + HOUR)
    assert hours.interval == 600
    assert hours.pollutants["COD"].mass.values[0] == pytest.approx(22.3 * 53.8 / 1000, rel=1e-6)
    assert hours.pollutants["COD"].against is None


def test_a_day_counts_hours_above_the_limit_and_has_no_mass_when_an_hour_lacks_one(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    usual = {"a19001": 6.0, "a00000": 100.0}
    deliver(*minutes(144, step=10, a21026=120.0, **usual))
    deliver(*minutes(12, first=60, step=10, a21026=250.0, **usual))
    take_values(log, store)
    store.compact()
    done = add_up_days(store)
    assert done.days >= 1
    day = OutletDay.objects.get(day=BEGIN.date(), pollutant="SO2")
    assert (day.valid_hours, day.judged_hours, day.exceeded_hours, day.silent_hours) == (24, 24, 2, 0)
    assert day.limit == 200
    assert day.mass == pytest.approx((22 * 120 + 2 * 250) * 360_000 * 1e-6)
    assert day.unverified, "limits from memory are said to be so"


def test_missing_is_not_zero(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    deliver(*minutes(120, step=10, a21026=120.0, a19001=6.0, a00000=100.0))
    take_values(log, store)
    add_up_days(store)
    day = OutletDay.objects.get(day=BEGIN.date(), pollutant="SO2")
    assert (day.valid_hours, day.silent_hours) == (20, 4)
    assert day.mean == pytest.approx(120.0)
    assert (day.mass, day.mass_reason) == (None, "periods-without-mass")


def test_a_late_frame_makes_only_its_days_again(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*minutes(3 * 144, step=10, a21026=120.0, a19001=6.0, a00000=100.0))
    take_values(log, store)
    add_up_days(store)
    assert due_days(store) == {}
    third = OutletDay.objects.get(day=BEGIN.date() + dt.timedelta(days=2), pollutant="SO2").pk
    deliver(*minutes(6, first=60, step=10, a21026=900.0, a19001=6.0, a00000=100.0))
    take_values(log, store)
    assert list(due_days(store)) == [BEGIN.date(), BEGIN.date() + dt.timedelta(days=1)]
    add_up_days(store)
    assert OutletDay.objects.get(day=BEGIN.date(), pollutant="SO2").exceeded_hours == 1
    assert OutletDay.objects.get(pk=third).exceeded_hours == 0
    assert MonitoredDay.objects.count() >= 3


def test_a_constant_value_is_found_and_kept_as_it_was_found(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*minutes(2 * 144, step=10, a21026=12.34, a19001=6.0, a00000=100.0))
    take_values(log, store)
    add_up_days(store)
    found = OutletFinding.objects.filter(number="F1", quantity="SO2")
    assert found.count() >= 1
    assert found.first().statistic >= found.first().threshold  # type: ignore[union-attr]
    before = set(OutletFinding.objects.values_list("pk", flat=True))
    rng = np.random.default_rng(1)
    for number in range(144):
        deliver(*minutes(1, first=number, step=10, a21026=float(12 + rng.normal()), a19001=6.0, a00000=100.0))
    take_values(log, store)
    add_up_days(store)
    assert before <= set(OutletFinding.objects.values_list("pk", flat=True)), "what was found stays found"


def test_an_outlet_without_a_device_or_values_stops_nobody(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    Outlet.objects.create(
        identifier="DA002", unit=outlet.unit, name_zh="二号", name_en="Two", medium="gas", source="test", act="x"
    )
    deliver(*minutes(144, step=10, a21026=120.0))
    take_values(log, store)
    add_up_days(store)
    day = OutletDay.objects.get(day=BEGIN.date())
    assert (day.mass, day.mass_reason) == (None, "periods-without-mass")


def test_outlets_are_registered_and_bad_rows_come_back(outlet: Outlet, tmp_path: Path) -> None:
    file = tmp_path / "outlets.csv"
    rows = (
        "identifier,unit,medium,device,standard,source_kind",
        "DA002,plant,gas,,GB 13223-2011,coal-boiler-new",
        "DA003,plant,gas,NOBODY,,",
        "DA004,plant,gas,,GB 13223-2011,coal-boiler-nwe",
        f"DA005,plant,gas,{outlet.device.identifier},,",  # type: ignore[union-attr]
        "DA006,nowhere,gas,,,",
        "DA007,plant,smoke,,,",
    )
    file.write_text("\n".join(rows), "utf-8")
    result = import_outlets(file)
    assert result.new == ["DA002"]
    assert [one.number for one in result.problems] == ["N101", "N102", "N103", "E102", "E107"]
    assert "coal-boiler-new" in result.problems[1].text("en")
    again = import_outlets(file)
    assert (again.new, again.unchanged) == ([], 1)


def test_the_limit_names_the_combustion_whose_reference_oxygen_it_means(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Callable[..., int]
) -> None:
    """GB 13223-2011: existing coal boilers are judged at 6 %; that table calls them coal boilers."""
    frames = [
        frame("2051", BEGIN + dt.timedelta(minutes=10 * n), group("a21026", Avg=150), group("a19001", Avg=9))
        for n in range(6)
    ]
    deliver(*frames)
    take_values(log, store)
    start = int(BEGIN.timestamp())
    found = outlet_hours(store, outlet, start, start + 3600).pollutants["SO2"]
    assert found.measured.values[0] == pytest.approx(150)
    assert found.judged.values[0] == pytest.approx(150 * (21 - 6) / (21 - 9))


def test_rules_are_those_of_the_local_day() -> None:
    assert day_of(int(BEGIN.timestamp())) == BEGIN.date()
    assert day_of(int(BEGIN.timestamp()) - 1) == BEGIN.date() - dt.timedelta(days=1)
