"""What stands in messages, and what a bridge does with them: in this process, with a disk that obeys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import ip_network
from typing import Any

import pytest

from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import EventKind, Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.metrics import Metrics
from hengneng.gateways.mqtt import bridge as bridging
from hengneng.gateways.mqtt import messages, presence
from hengneng.gateways.mqtt.bridge import Bridge, NotKeptError
from hengneng.gateways.mqtt.broker import address_of_broker, tls_context
from hengneng.gateways.mqtt.limits import limit
from hengneng.gateways.mqtt.messages import BadMessageError, address_of, read_message, take_items
from hengneng.gateways.mqtt.presence import Presence
from hengneng.metering.intake import KnownMeters
from hengneng.problems import Problem, RefusedError
from hengneng.readings.points import Points

METERS = KnownMeters({"HS-E-01": 1, "HS-E-02": 2})
ITEM = {"meter": "HS-E-01", "time": "2026-06-01T08:15:00+08:00", "value": 1024.5}
AT = 1780272900


def read(content: object) -> messages.Message:
    return read_message(json.dumps(content).encode())


def refusal(payload: bytes) -> BadMessageError:
    with pytest.raises(BadMessageError) as bad:
        read_message(payload)
    return bad.value


def test_both_forms_say_the_same() -> None:
    long = take_items(read({"sequence": 17, "items": [ITEM]}), METERS)
    item = {"code": "HS-E-01", "value": 1024.5, "flag": "N"}
    short = take_items(read({"ts": "2026-06-01T08:15:00+08:00", "items": [item], "seq": 17}), METERS)
    for taken in (long, short):
        assert (taken.points.meter.tolist(), taken.points.at.tolist()) == ([1], [AT])
        assert taken.points.value.tolist() == [1_024_500_000]


@pytest.mark.parametrize(
    ("payload", "number", "sequence"),
    [
        (b"\xff\xfe", "G302", None),
        (b"[1]", "G302", None),
        (b"[" * 100_000, "G302", None),
        (b'{"sequence": 5, "items": {"a": 1}}', "G302", 5),
        (b'{"sequence": 5}', "G302", 5),
        (b'{"items": [{}]}', "G303", None),
        (b'{"sequence": 1.5, "items": [{}]}', "G303", None),
        (b'{"sequence": -1, "items": [{}]}', "G303", None),
        (b'{"sequence": true, "items": [{}]}', "G303", None),
        (b'{"sequence": 1234567890123456789, "items": [{}]}', "G303", None),
        (b'{"sequence": 6, "items": []}', "G312", 6),
        (b" " * (limit("bytes_of_message") + 1), "G304", None),
        (b'{"sequence": 7, "items": [' + b"1," * limit("items_in_message") + b"1]}", "G305", 7),
    ],
)
def test_a_message_that_cannot_be_read_is_told_with_its_sequence(
    payload: bytes, number: str, sequence: int | None
) -> None:
    bad = refusal(payload)
    assert (bad.problem.number, bad.sequence) == (number, sequence)
    assert bad.problem.text("zh")
    assert bad.problem.text("en")


def test_one_bad_item_does_not_hide_the_good_ones() -> None:
    bad: list[tuple[object, str]] = [
        ("text", "G309"), ({**ITEM, "value": None}, "G309"), ({**ITEM, "value": True}, "G309"),
        ({**ITEM, "meter": "HS-E-99"}, "E201"), ({**ITEM, "time": "yesterday"}, "E202"),
        ({**ITEM, "time": "1066-10-14T09:00:00Z"}, "E202"), ({**ITEM, "value": "NaN"}, "E203"),
        ({**ITEM, "value": float("nan")}, "E203"), ({**ITEM, "value": 0.1234567}, "E203"),
        ({**ITEM, "value": 1e300}, "E203"), ({**ITEM, "flag": "D"}, "G310"), ({**ITEM, "flag": 3}, "G310"),
    ]  # fmt: skip
    items = [ITEM, *(item for item, _ in bad), {**ITEM, "meter": "HS-E-02", "value": "0"}]
    taken = take_items(read({"sequence": 1, "items": items}), METERS)
    assert taken.points.meter.tolist() == [1, 2]
    assert taken.count == len(bad)
    assert [(item, one.number) for item, one in taken.problems] == [
        (place, number) for place, (_, number) in enumerate(bad, start=2)
    ]


def test_no_digit_is_lost_on_the_way() -> None:
    item = b'{"meter": "HS-E-01", "time": "2026-06-01 08:15:00", "value": 4123456789012.654321}'
    payload = b'{"sequence": 1, "items": [' + item + b"]}"
    taken = take_items(read_message(payload), METERS)
    assert taken.points.value.tolist() == [4_123_456_789_012_654_321]
    assert taken.points.at.tolist() == [AT], "a time without a zone is Beijing time"


def test_topics() -> None:
    assert address_of("a/b", "a/b/mill/logger/readings") == messages.Address("mill", "logger", "readings")
    for topic in ("a/mill/logger/readings", "a/b/mill/readings", "a/b/mill/x/y/readings", "c"):
        assert address_of("a/b", topic) is None


@pytest.mark.parametrize(
    ("written", "tls", "found"),
    [
        ("broker", False, ("broker", 1883)), ("broker", True, ("broker", 8883)),
        ("10.0.0.1:1884", False, ("10.0.0.1", 1884)), ("[::1]:1884", False, ("::1", 1884)),
        ("[::1]", False, ("::1", 1883)),
    ],
)  # fmt: skip
def test_addresses_of_brokers(written: str, tls: bool, found: tuple[str, int]) -> None:
    assert address_of_broker(written, tls) == found


@pytest.mark.parametrize("written", ["", ":1883", "broker:", "broker:0", "broker:70000", "broker:x"])
def test_what_is_no_address_of_a_broker_is_refused(written: str) -> None:
    with pytest.raises(RefusedError, match="G301"):
        address_of_broker(written, False)


def test_a_certificate_that_cannot_be_used_is_refused(tmp_path: Any) -> None:
    with pytest.raises(RefusedError, match="G313"):
        tls_context(tmp_path / "none.pem", None, None)


# --- the bridge -------------------------------------------------------------------------------------------------------


def device(identifier: str = "logger", **changes: Any) -> KnownDevice:
    given: dict[str, Any] = {
        "id": 1, "identifier": identifier, "unit_id": 1, "unit": "mill", "place": "650100", "networks": (),
        "relaxations": frozenset(), "interval": 60, "key": b"", "secret": "", "example": False,
    }  # fmt: skip
    return KnownDevice(**{**given, **changes})


class Disk:
    """A writer whose futures the test decides."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.fails: Exception | None = None
        self.holds = False
        self.held: list[Future[int]] = []

    def submit(self, points: Points, *, key: str = "", source: str = "") -> Future[int]:
        self.keys.append(key)
        future: Future[int] = Future()
        if self.holds:
            self.held.append(future)
        elif self.fails:
            future.set_exception(self.fails)
        else:
            future.set_result(7)
        return future


class Known:
    async def of(self, unit: int) -> KnownMeters:
        return METERS


class Noted(Book):
    """A book that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(Protocol.MQTT)
        self.devices = {"logger": device(), "fenced": device("fenced", networks=(ip_network("10.0.0.0/8"),))}
        self.noted: list[Any] = []
        self.knocks: list[Any] = []

    def note(self, event: Any) -> None:
        self.noted.append(event)

    def knock(self, knock: Any) -> None:
        self.knocks.append(knock)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def book() -> Noted:
    return Noted()


@pytest.fixture
def bridge(disk: Disk, book: Noted) -> Bridge:
    return Bridge("hengneng", book, Known(), disk, Metrics("mqtt"), Presence(book, {}))


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(bridge: Bridge) -> Ask:
    def ask(content: object, topic: str = "hengneng/mill/logger/readings") -> dict[str, Any]:
        async def work() -> bytes:
            payload = content if isinstance(content, bytes) else json.dumps(content).encode()
            return await bridge.finish(await bridge.take(topic, payload))

        answer: dict[str, Any] = json.loads(asyncio.run(work()))
        return answer

    return ask


def test_the_same_message_has_the_same_key_and_another_content_another(ask: Ask, disk: Disk) -> None:
    first = ask({"sequence": 1, "items": [ITEM, {}]})
    assert ask({"items": [ITEM, {}], "sequence": 1}) == first
    assert first["taken"] == first["refused"] == 1
    assert (first["arrival"], first["problems"][0]["item"], first["problems"][0]["check"]) == (7, 2, "G309")
    ask({"sequence": 1, "items": [{**ITEM, "value": 2}]})
    ask({"sequence": 2, "items": [ITEM]})
    assert disk.keys[0] == disk.keys[1]
    assert len(set(disk.keys)) == 3


def test_nothing_is_said_before_it_is_on_the_disk(bridge: Bridge, disk: Disk) -> None:
    disk.holds = True

    async def work() -> None:
        payload = json.dumps({"sequence": 1, "items": [ITEM]}).encode()
        pending = await bridge.take("hengneng/mill/logger/readings", payload)
        answer = asyncio.create_task(bridge.finish(pending))
        await asyncio.sleep(0.05)
        assert not answer.done()
        disk.held[0].set_result(9)
        assert json.loads(await answer)["arrival"] == 9

    asyncio.run(work())


@pytest.mark.parametrize("number", ["M005", "M015"])
def test_what_is_not_kept_is_not_answered(ask: Ask, disk: Disk, number: str) -> None:
    disk.fails = RefusedError(Problem(number, "journal", dict.fromkeys(("found", "expected", "folder"), "x")))
    with pytest.raises(NotKeptError):
        ask({"sequence": 1, "items": [ITEM]})
    disk.fails = OSError("gone")
    with pytest.raises(NotKeptError):
        ask({"sequence": 1, "items": [ITEM]})


def test_a_batch_that_the_store_never_takes_is_told(ask: Ask, disk: Disk) -> None:
    disk.fails = RefusedError(Problem("M013", "x", {"meter": 1, "at": "x", "found": 3, "expected": 2}))
    answer = ask({"sequence": 4, "items": [ITEM]})
    assert (answer["sequence"], answer["taken"], answer["refused"]) == (4, 0, 1)
    assert answer["problems"][0]["check"] == "M013"


@pytest.mark.parametrize(
    ("topic", "number"),
    [
        ("hengneng/mill/nobody/readings", "G306"), ("hengneng/bakery/logger/readings", "G307"),
        ("hengneng/mill/fenced/readings", "G311"),
    ],
)  # fmt: skip
def test_who_is_not_let_in_is_told_why(ask: Ask, disk: Disk, book: Noted, topic: str, number: str) -> None:
    answer = ask({"sequence": 3, "items": [ITEM]}, topic)
    assert (answer["sequence"], answer["problems"][0]["check"]) == (3, number)
    assert not disk.keys
    assert len(book.knocks) == (number == "G306")


def test_too_many_messages_a_minute_are_asked_to_come_again(
    ask: Ask, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridging, "door_limit", lambda name: 2)
    monkeypatch.setattr(bridging.time, "time", lambda: 1_780_272_010.0)
    for sequence in (1, 2):
        assert "again" not in ask({"sequence": sequence, "items": [ITEM]})
    late = ask({"sequence": 3, "items": [ITEM]})
    assert (late["again"], late["problems"][0]["check"], len(disk.keys)) == (50, "G308", 2)


def test_each_change_of_presence_is_noted_once(book: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"intervals_until_offline": 2, "seconds_until_offline": 30}
    monkeypatch.setattr(presence, "limit", lambda name: numbers[name])
    seen = Presence(book, {1: True})
    one = device()
    assert seen.said(one, "online", 0)
    assert not book.noted, "the broker repeats what was retained"
    seen.said(one, "offline", 1)
    seen.said(one, "offline", 2)
    seen.heard(one, 3)
    seen.look(3 + 150)
    assert len(book.noted) == 2
    seen.look(3 + 151)
    seen.look(3 + 300)
    assert [event.kind for event in book.noted] == [EventKind.OFFLINE, EventKind.CONNECTED, EventKind.OFFLINE]
    assert not seen.said(one, "asleep", 4)
