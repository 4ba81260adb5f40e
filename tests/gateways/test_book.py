"""The book of a door: what was noticed is not lost when the database does not answer, and nothing stands in its way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from support.hj212_doors import MN, OTHER

from hengneng.devices.models import Device, DeviceEvent, EventKind, Protocol, Stranger
from hengneng.devices.noticing import Event, Knock, last_on_line
from hengneng.gateways import book as module
from hengneng.gateways.book import Book
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test holds its transaction open on the connection that would be closed.
    monkeypatch.setattr(module, "close_old_connections", lambda: None)


@pytest.fixture
def device() -> Device:
    ensure_places({"650100"})
    kind = Organisation.Kind.ENERGY_USING_UNIT
    unit = Organisation.objects.create(identifier="plant", kind=kind, name_zh="甲厂", place_id="650100")
    return Device.objects.create(protocol="hj212", identifier=MN, unit=unit, recorded_at=NOW, act="x")


def knock(identifier: str, seconds: int = 0) -> Knock:
    return Knock(Protocol.HJ212, identifier, "10.0.0.1", NOW + dt.timedelta(seconds=seconds), b"##0001")


def event(device: Device, kind: EventKind, seconds: int = 0, found: str = "") -> Event:
    return Event(device.pk, kind, NOW + dt.timedelta(seconds=seconds), "10.0.0.1", found)


def test_what_a_database_has_not_taken_is_written_later(
    device: Device, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    book = Book(Protocol.HJ212)
    book.devices = {"as it was": None}  # type: ignore[dict-item]
    book.note(event(device, EventKind.CONNECTED))
    for _ in range(3):
        book.knock(knock(OTHER))

    def unreachable(*_: Any) -> None:
        raise OperationalError("no answer")

    with monkeypatch.context() as patch:
        for name in ("note_events", "note_strangers", "known_devices"):
            patch.setattr(module, name, unreachable)
        book.look()
    assert list(book.devices) == ["as it was"]
    assert capfd.readouterr().err.count('"devices.unreachable"') == 3
    # Meanwhile more is noticed.
    book.note(event(device, EventKind.OFFLINE, 5))
    book.knock(knock(OTHER, 5))
    book.look()
    assert list(DeviceEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["connected", "offline"]
    stranger = Stranger.objects.get()
    assert (stranger.knocks, stranger.last_at) == (4, NOW + dt.timedelta(seconds=5))
    assert list(book.devices) == [MN]
    book.look()
    assert (DeviceEvent.objects.count(), Stranger.objects.get().knocks) == (2, 4)


def test_knocks_that_fail_do_not_write_events_twice(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(Protocol.HJ212)
    book.note(event(device, EventKind.CONNECTED))
    book.knock(knock(OTHER))

    def unreachable(*_: Any) -> None:
        raise OperationalError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(module, "note_strangers", unreachable)
        book.look()
    book.look()
    assert (DeviceEvent.objects.count(), Stranger.objects.count()) == (1, 1)


def test_what_a_device_makes_up_does_not_stop_the_book(device: Device) -> None:
    # PostgreSQL has no NUL in texts.
    book = Book(Protocol.HJ212)
    book.note(event(device, EventKind.INCOMPLETE, found="DataTime a\0b"))
    book.knock(knock("a\0b" + "x" * 9000))
    book.look()
    assert DeviceEvent.objects.get().found == "DataTime a\ufffdb"
    assert Stranger.objects.get().identifier.startswith("a\ufffdbx")


def test_what_the_database_refuses_for_its_content_is_said_and_dropped(
    device: Device, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refusing(*_: Any) -> None:
        raise ValueError("cannot contain NUL")

    monkeypatch.setattr(module, "note_events", refusing)
    book = Book(Protocol.HJ212)
    book.note(event(device, EventKind.CONNECTED))
    book.look()
    assert book._events == []
    assert list(book.devices) == [MN]
    assert '"devices.not_noted"' in capfd.readouterr().err


def test_events_that_wait_are_bounded(
    device: Device, small: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    small(events_between_looks=2)
    book = Book(Protocol.HJ212)
    for second in range(5):
        book.note(event(device, EventKind.CONNECTED, second))
    book.look()
    assert DeviceEvent.objects.count() == 2
    assert '"events": 3' in capfd.readouterr().err


def test_a_new_device_is_found_at_the_next_look_and_one_out_of_use_is_not(device: Device) -> None:
    book = Book(Protocol.HJ212)
    assert book.find(MN) is None
    book.look()
    found = book.find(MN)
    assert found is not None
    assert found.unit == "plant"
    Device.objects.update(active=False)
    book.look()
    assert book.find(MN) is None


def test_a_device_is_found_by_its_token(device: Device) -> None:
    Device.objects.update(secret="digest")
    book = Book(Protocol.HJ212)
    book.look()
    found = book.with_secret("digest")
    assert found is not None
    assert found.identifier == MN
    assert book.with_secret("") is None


def test_who_is_on_line_is_known_from_the_last_event(device: Device) -> None:
    book = Book(Protocol.HJ212)
    assert last_on_line(Protocol.HJ212) == {}
    for second, kind in enumerate((EventKind.CONNECTED, EventKind.CLOCK_OFF)):
        book.note(event(device, kind, second))
    book.look()
    assert last_on_line(Protocol.HJ212) == {MN: "10.0.0.1"}
    book.note(event(device, EventKind.OFFLINE, 9))
    book.look()
    assert last_on_line(Protocol.HJ212) == {}
