"""The register of devices: good rows are taken, bad ones come back; tokens and strangers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from hengneng.access import terminal_actor
from hengneng.devices.knowing import digest_of, issue_token, known_devices, networks_of
from hengneng.devices.limits import limit
from hengneng.devices.models import Device, DeviceEvent, EventKind, Protocol, Stranger
from hengneng.devices.noticing import Event, Knock, note_events, note_strangers
from hengneng.devices.register import import_devices
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def unit() -> Organisation:
    ensure_places({"650100"})
    kind = Organisation.Kind.ENERGY_USING_UNIT
    return Organisation.objects.create(
        identifier="plant", kind=kind, name_zh="甲厂", name_en="Plant A", place_id="650100"
    )


def table(folder: Path, *rows: str) -> Path:
    file = folder / "devices.csv"
    file.write_text("\n".join(("protocol,identifier,unit,addresses,interval,key", *rows)), "utf-8")
    return file


def test_good_rows_are_taken_and_bad_ones_come_back(unit: Organisation, tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "hj212,A1,plant,10.1.2.3 10.2.0.0/16,60,",
        "hj212,A2,nowhere,,,",
        "hj212,A3,plant,10.1.2.300,,",
        "smoke,A4,plant,,,",
        "hj212,A5,plant,,0,",
        "hj212,A6,plant,,,00ff",
        "hj212," + "x" * (limit("longest_identifier") + 1) + ",plant,,,",
        "key_unit,B1,plant,,,",
    )
    result = import_devices(file)
    assert result.new == ["hj212:A1", "key_unit:B1"]
    assert [(one.number, one.where.split(":")[1]) for one in result.problems] == [
        ("E102", "3"), ("G502", "4"), ("E107", "5"), ("E105", "6"), ("G503", "7"), ("G501", "8"),
    ]  # fmt: skip
    assert "00ff" not in "".join(one.text("en") for one in result.problems), "keys are not shown"
    known = known_devices(Protocol.HJ212)
    assert list(known) == ["A1"]
    assert known["A1"].interval == 60
    assert known["A1"].unit == "plant"


def test_the_same_table_again_changes_nothing_and_a_change_is_an_act(unit: Organisation, tmp_path: Path) -> None:
    import_devices(table(tmp_path, "hj212,A1,plant,,60,"))
    again = import_devices(table(tmp_path, "hj212,A1,plant,,60,"))
    assert (again.new, again.changed, again.unchanged, again.act) == ([], [], 1, None)
    changed = import_devices(table(tmp_path, "hj212,A1,plant,10.0.0.1,60,"))
    assert changed.changed == ["hj212:A1"]
    assert changed.act
    # A table without the column leaves what was there.
    file = tmp_path / "short.csv"
    file.write_text("protocol,identifier,unit,name\nhj212,A1,plant,Stack 1\n", "utf-8")
    import_devices(file)
    device = Device.objects.get()
    assert (device.addresses, device.name, device.interval) == ("10.0.0.1", "Stack 1", 60)


def test_a_device_comes_from_its_networks_only(unit: Organisation, tmp_path: Path) -> None:
    import_devices(table(tmp_path, "hj212,A1,plant,10.1.2.3 fd00::/8,,", "hj212,A2,plant,,,"))
    known = known_devices(Protocol.HJ212)
    assert known["A1"].may_come_from("10.1.2.3")
    assert known["A1"].may_come_from("fd00::1")
    assert not known["A1"].may_come_from("10.1.2.4")
    assert not known["A1"].may_come_from("somewhere")
    assert known["A2"].may_come_from("192.0.2.1")


def test_networks_may_be_written_with_the_address_of_a_host() -> None:
    assert [str(one) for one in networks_of("10.2.3.4/16")] == ["10.2.0.0/16"]


def test_only_the_digest_of_a_token_is_kept_and_the_one_before_is_void(unit: Organisation, tmp_path: Path) -> None:
    import_devices(table(tmp_path, "http,A1,plant,,,"))
    first = issue_token(terminal_actor(), Device.objects.get())
    second = issue_token(terminal_actor(), Device.objects.get())
    assert Device.objects.get().secret == digest_of(second) != digest_of(first)


def test_a_stranger_is_counted_and_stops_being_one_when_registered(
    unit: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(name: str) -> int:
        return {"rows_of_strangers": 2, "bytes_of_a_sample": 4, "longest_identifier": 60}[name]

    monkeypatch.setattr("hengneng.devices.noticing.limit", small)
    knocks: list[Any] = [
        Knock(Protocol.HJ212, name, "10.0.0.1", NOW + dt.timedelta(seconds=second), b"##0101")
        for second, name in enumerate(("A1", "A1", "A2", "A3"))
    ]
    note_strangers(knocks)
    assert sorted(Stranger.objects.values_list("identifier", "knocks")) == [("A1", 2), ("A2", 1)]
    assert bytes(Stranger.objects.get(identifier="A1").sample) == b"##01"
    import_devices(table(tmp_path, "hj212,A1,plant,,,"))
    assert list(Stranger.objects.values_list("identifier", flat=True)) == ["A2"]


def test_events_are_written_once(unit: Organisation, tmp_path: Path) -> None:
    import_devices(table(tmp_path, "hj212,A1,plant,,,"))
    note_events([Event(Device.objects.get().pk, EventKind.OFFLINE, NOW, "10.0.0.1", "120 s")])
    with pytest.raises(Exception, match="written once"):
        DeviceEvent.objects.get().delete()


def test_a_replaced_key_still_counts_for_a_while_and_one_taken_away_does_not(
    unit: Organisation, tmp_path: Path
) -> None:
    old, new = "00" * 16, "11" * 16
    import_devices(table(tmp_path, f"hj212,A1,plant,,60,{old}"))
    now = dt.datetime.now(dt.UTC).timestamp()
    assert known_devices(Protocol.HJ212)["A1"].keys(now) == (bytes.fromhex(old),)
    import_devices(table(tmp_path, f"hj212,A1,plant,,60,{new}"))
    device = known_devices(Protocol.HJ212)["A1"]
    assert device.keys(now) == (bytes.fromhex(new), bytes.fromhex(old))
    assert device.keys(now + 86_400 * limit("days_of_former_key") + 60) == (bytes.fromhex(new),)
    import_devices(table(tmp_path, "hj212,A1,plant,,60,"))
    assert known_devices(Protocol.HJ212)["A1"].keys(now) == ()
