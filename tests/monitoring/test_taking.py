"""From frames to values: every number once, revisions kept, what gives no value set aside with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from monitoring.frames import BEGIN, MN, frame, group

from hengneng.deliveries import DeliveryLog
from hengneng.devices.models import Device
from hengneng.monitoring.models import Outlet, Series, SetAside
from hengneng.monitoring.taking import take_values
from hengneng.readings.points import MICRO
from hengneng.readings.reader import readings_of
from hengneng.readings.store import Store

Deliver = Callable[..., int]


def values_of(store: Store, factor: str, attribute: str, period: str = "minutes", every: bool = False) -> list[Any]:
    number = Series.objects.get(factor=factor, attribute=attribute, period=period).number
    begin = int(BEGIN.timestamp())
    table = readings_of(store, number, begin - 1, begin + 40 * 86_400, every)
    pairs = zip(table["at"].to_pylist(), table["value"].to_pylist(), strict=True)
    return [(at - begin, value / MICRO) for at, value in pairs]


def test_numbers_become_points_and_flags_their_letter(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(frame("2051", BEGIN, group("a21026", Avg="12.5", Max="13"), group("S01", Avg="6.4", flag="M")))
    done = take_values(log, store)
    assert (done.deliveries, done.values, done.set_aside, done.new_series) == (1, 5, 0, 5)
    assert values_of(store, "a21026", "Avg") == [(0, 12.5)]
    # The code of 2005 is that of 2017.
    assert values_of(store, "a19001", "Flag") == [(0, ord("M"))]
    assert take_values(log, store).deliveries == 0


def test_what_is_sent_again_is_there_once_and_another_value_is_a_revision(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    one, other = (frame("2051", BEGIN, group("a21026", Avg=value)) for value in ("12.5", "13.5"))
    deliver(one, one)
    take_values(log, store)
    deliver(one)
    take_values(log, store)
    assert values_of(store, "a21026", "Avg", every=True) == [(0, 12.5)]
    deliver(other)
    take_values(log, store)
    assert values_of(store, "a21026", "Avg") == [(0, 13.5)]
    assert values_of(store, "a21026", "Avg", every=True) == [(0, 12.5), (0, 13.5)]
    log.move("monitoring", 0)
    take_values(log, store)
    store.compact(everything=True)
    assert values_of(store, "a21026", "Avg") == [(0, 13.5)]


def test_revisions_within_one_run_keep_their_order(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(*(frame("2051", BEGIN, group("a21026", Avg=value)) for value in ("3", "1", "2")))
    take_values(log, store)
    assert values_of(store, "a21026", "Avg") == [(0, 2.0)]


def test_each_command_is_a_period_of_its_own(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    for command in ("2011", "2051", "2061", "2031"):
        deliver(frame(command, BEGIN, group("a21026", **{"Rtd" if command == "2011" else "Avg": command})))
    deliver(frame("2021", BEGIN, [("SB1-RS", "1")]))  # running states are no measured values
    take_values(log, store)
    assert values_of(store, "a21026", "Rtd", "instant") == [(0, 2011.0)]
    assert [values_of(store, "a21026", "Avg", one) for one in ("minutes", "hours", "days")] == [
        [(0, 2051.0)], [(0, 2061.0)], [(0, 2031.0)],
    ]  # fmt: skip
    assert not Series.objects.filter(factor="SB1").exists()


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([frame("2051", "20261399000000", group("a21026", Avg="1"))], ("N002", "DataTime")),
        ([frame("2051", BEGIN + dt.timedelta(days=31), group("a21026", Avg="1"))], ("N002", "DataTime")),
        ([frame("2051", "19700101000000", group("a21026", Avg="1"))], ("N002", "DataTime")),
        ([frame("2051", BEGIN, group("a21026", "", Avg="---"))], ("N003", "a21026-Avg")),
        ([frame("2051", BEGIN, group("a21026", "", Avg="1e40"))], ("N003", "a21026-Avg")),
        ([frame("2051", BEGIN, group("a" * 31, "", Avg="1"))], ("N003", f"{'a' * 31}-Avg")),
        ([frame("2051", BEGIN, group("a21026", "NN"))], ("N004", "a21026-Flag")),
        ([b"##0101QN=1;ST=31;CN=2051&&0000"], ("N001", "")),
    ],
)
def test_what_gives_no_value_is_set_aside_with_its_reason(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, frames: list[bytes], expected: tuple[str, str]
) -> None:
    deliver(*frames, frame("2051", BEGIN, group("a34013", Avg="7")))
    done = take_values(log, store)
    assert done.set_aside == 1
    found = SetAside.objects.get()
    assert (found.check_number, found.item, found.delivery) == (*expected, 1)
    # The one behind it is not lost for that.
    assert values_of(store, "a34013", "Avg") == [(0, 7.0)]


def test_texts_of_devices_are_no_faults(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    deliver(frame("2051", BEGIN, [("a21026-Avg", "1"), ("a21026-SampleTime", "08:00"), ("a21026-EFlag", "A01X")]))
    assert take_values(log, store).set_aside == 0
    assert set(Series.objects.values_list("attribute", flat=True)) == {"Avg"}


def test_codes_that_nobody_knows_are_kept_as_they_came(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(frame("2051", BEGIN, group("Nh3-scr", Avg="2.5")))
    take_values(log, store)
    assert values_of(store, "Nh3-scr", "Avg") == [(0, 2.5)]


def test_more_decimals_than_are_kept_are_rounded_half_even(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(frame("2051", BEGIN, group("w01018", Avg="235.242599117822")))
    take_values(log, store)
    assert values_of(store, "w01018", "Avg") == [(0, 235.242599)]


def test_what_came_encrypted_is_read_from_the_plain_frame_below_it(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    plain = frame("2051", BEGIN, group("a21026", Avg="12.5"))
    encrypted = frame("2051", BEGIN, group("a21026", Avg="12.5"), key=b"0" * 16)
    assert encrypted != plain
    deliver(encrypted.rstrip() + b"\r\n" + plain)
    take_values(log, store)
    assert values_of(store, "a21026", "Avg") == [(0, 12.5)]


def test_frames_of_a_device_with_relaxations_are_read_with_them(
    outlet: Outlet, device: Device, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    from hengneng.hj212.checksum import CHECKSUMS

    segment = frame("2051", BEGIN, group("a21026", Avg="9"))[6:-6]
    deliver(b"##%04d%b%04X\r\n" % (len(segment), segment, CHECKSUMS["modbus"](segment)))
    assert take_values(log, store).set_aside == 1
    device.relaxations = "crc-modbus"
    device.save()
    log.move("monitoring", 0)
    take_values(log, store)
    assert values_of(store, "a21026", "Avg") == [(0, 9.0)]


def test_a_device_that_invents_names_does_not_fill_the_register(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"series_of_a_device": 3, "characters_of_a_code": 30, "seconds_into_future": 600}
    monkeypatch.setattr("hengneng.monitoring.taking.limit", sizes.__getitem__)
    deliver(frame("2051", BEGIN, *(group(f"x{i}", "", Avg="1") for i in range(5))))
    assert take_values(log, store).values == 3
    assert Series.objects.count() == 3


def test_frames_of_a_device_that_is_not_registered_give_no_value(
    outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver
) -> None:
    deliver(frame("2051", BEGIN, group("a21026", Avg="1"), mn="OTHER"), mn="OTHER")
    assert take_values(log, store).values == 0
    assert SetAside.objects.get().check_number == "N001"


def test_a_run_that_was_stopped_goes_on(outlet: Outlet, log: DeliveryLog, store: Store, deliver: Deliver) -> None:
    deliver(frame("2051", BEGIN, group("a21026", Avg="1")))
    assert take_values(log, store, stop=lambda: True).deliveries == 0
    assert take_values(log, store).deliveries == 1
    assert MN
