"""Requests: which are taken, and that what became of them is written whatever the database does meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from support.hj212_doors import MN

from hengneng.access import terminal_actor
from hengneng.acts.models import Act
from hengneng.devices.models import Device, DeviceRequest
from hengneng.gateways.hj212 import requesting
from hengneng.gateways.hj212.asking import ask
from hengneng.gateways.hj212.door import Line
from hengneng.gateways.hj212.requesting import Requests
from hengneng.hj212 import execution_result, notice_acknowledgement, parse_frame, request_answer
from hengneng.problems import RefusedError
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


class Connected:
    """Stands for a connection."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, answer: bytes) -> None:
        """As that of a connection."""
        self.sent.append(answer)


class Immediate:
    """Stands for the thread: changes wait until they are asked for."""

    def submit(self, *_: object) -> None:
        """Nothing yet."""


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "close_old_connections", lambda: None)


@pytest.fixture
def device() -> Device:
    ensure_places({"650100"})
    kind = Organisation.Kind.ENERGY_USING_UNIT
    unit = Organisation.objects.create(identifier="plant", kind=kind, name_zh="甲厂", place_id="650100")
    return Device.objects.create(protocol="hj212", identifier=MN, unit=unit, recorded_at=NOW, act="x")


@pytest.fixture
def connected() -> Connected:
    return Connected()


@pytest.fixture
def requests(connected: Connected) -> Requests:
    line = Line(connected, "2017", "32", "654321")  # type: ignore[arg-type]
    return Requests({MN: line}.get, _thread=Immediate())  # type: ignore[arg-type]


def begin(requests: Requests) -> None:
    for one in requesting._waiting(set(requests._under_way)):
        requests._begin(one, 0.0)


def states() -> list[tuple[str, int, str]]:
    return list(DeviceRequest.objects.order_by("pk").values_list("state", "tries", "answer"))


@pytest.mark.parametrize(
    ("command", "parameters", "number"),
    [
        ("9999", (), "G001"), ("9014x", (), "G001"), ("9012", (), "G001"),
        ("1012", (("SystemTime", "1;CN=3"),), "G002"),
        ("1012", (("", "1"),), "G002"), ("1012", (("a", "1\0"),), "G002"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(
    device: Device, command: str, parameters: tuple[tuple[str, str], ...], number: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(terminal_actor(), device, command, parameters)
    assert [one.number for one in refused.value.problems] == [number]
    assert not DeviceRequest.objects.exists()


def test_devices_of_other_protocols_are_not_asked(device: Device) -> None:
    device.protocol = "mqtt"
    with pytest.raises(RefusedError) as refused:
        ask(terminal_actor(), device, "1012")
    assert [one.number for one in refused.value.problems] == ["G004"]


def test_a_request_is_an_act_and_waits(device: Device) -> None:
    made = ask(terminal_actor(), device, "2061", [("BeginTime", "20260601000000"), ("EndTime", "20260602000000")])
    assert states() == [("waiting", 0, "")]
    act = Act.objects.get(identifier=made.act)
    assert (act.verb, act.details["command"]) == ("device.ask", "2061")


def test_a_request_goes_out_in_the_dialect_of_the_device(
    device: Device, requests: Requests, connected: Connected
) -> None:
    ask(terminal_actor(), device, "2061", [("BeginTime", "20260601000000"), ("EndTime", "20260602000000")])
    ask(terminal_actor(), device, "1011")
    begin(requests)
    begin(requests)
    (sent,) = [parse_frame(one) for one in connected.sent]
    assert sent.accepted
    assert [sent.get(name) for name in ("ST", "CN", "PW", "MN", "Flag")] == ["32", "2061", "654321", MN, "5"]
    assert sent.segment.endswith(b";CP=&&BeginTime=20260601000000;EndTime=20260602000000&&")
    assert requests._write_changes()
    assert states() == [("sent", 1, ""), ("waiting", 0, "")]
    begin(requests)
    assert len(connected.sent) == 1, "one at a time"


@pytest.mark.parametrize("edition", ["2005", "2017", "2025"])
def test_an_answer_is_told_by_its_number_wherever_the_edition_puts_it(
    device: Device, requests: Requests, connected: Connected, edition: str
) -> None:
    line = Line(connected, edition, "31", "")  # type: ignore[arg-type]
    requests.line_of = {MN: line}.get
    ask(terminal_actor(), device, "3012")
    begin(requests)
    (sent,) = [parse_frame(one) for one in connected.sent]
    assert sent.edition == edition
    foreign = parse_frame(connected.sent[0].replace(b"QN=20", b"QN=19"))
    requests.answered(MN, parse_frame(execution_result(foreign, 2).frame()))
    requests.answered("somebody else", parse_frame(execution_result(sent, 2).frame()))
    assert list(requests._under_way) == [MN]
    requests.answered(MN, parse_frame(execution_result(sent).frame()))
    assert not requests._under_way
    requests._write_changes()
    assert states() == [("done", 1, "ExeRtn=1")]


def test_a_refusal_a_failure_and_what_is_merely_told(device: Device, requests: Requests, connected: Connected) -> None:
    answers = [lambda one: request_answer(one, 2), lambda one: execution_result(one, 4), notice_acknowledgement]
    for command in ("1012", "1012", "2012"):
        ask(terminal_actor(), device, command)
    for answer in answers:
        begin(requests)
        requests.answered(MN, parse_frame(answer(parse_frame(connected.sent[-1])).frame()))
        requests._write_changes()
    assert states() == [("refused", 1, "QnRtn=2"), ("refused", 1, "ExeRtn=4"), ("done", 1, "9013")]


def test_silence_is_asked_three_times_more_and_then_given_up(
    device: Device, requests: Requests, connected: Connected
) -> None:
    ask(terminal_actor(), device, "1011")
    begin(requests)
    for second in (9, 10, 19, 20, 29, 30, 39):
        requests._again(second)
    assert len(connected.sent) == 4
    assert len(set(connected.sent)) == 1, "the same request, the same number"
    assert requests._under_way
    requests._again(40)
    requests._write_changes()
    assert states() == [("unanswered", 4, "")]
    assert DeviceRequest.objects.get().answered_at is None


def test_what_a_database_has_not_taken_is_written_later_and_in_its_order(
    device: Device, requests: Requests, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(terminal_actor(), device, "1011")
    ask(terminal_actor(), device, "1012")
    begin(requests)

    def unreachable(*_: Any) -> None:
        raise OperationalError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(requesting, "_write", unreachable)
        requests.answered(MN, parse_frame(execution_result(parse_frame(connected.sent[0])).frame()))
        assert not requests._write_changes()
    assert states()[0][0] == "waiting"
    assert requests._write_changes()
    assert states() == [("done", 1, "ExeRtn=1"), ("waiting", 0, "")]


def test_what_no_frame_can_say_does_not_stand_in_the_way(
    device: Device, requests: Requests, connected: Connected
) -> None:
    ask(terminal_actor(), device, "1012", [("SystemTime", "1" * 10_000)])
    ask(terminal_actor(), device, "1011")
    begin(requests)
    requests._write_changes()
    begin(requests)
    requests._write_changes()
    found = states()
    assert found[0][:2] == ("refused", 0)
    assert "9999" in found[0][2]
    assert found[1][:2] == ("sent", 1)


def test_what_was_under_way_is_given_back(device: Device, requests: Requests) -> None:
    ask(terminal_actor(), device, "1011")
    begin(requests)
    requests._write_changes()
    assert states()[0][0] == "sent"
    assert requesting._give_back()
    assert states()[0][0] == "waiting"
