"""The bridge as a process beside a real mosquitto: killed, restarted, cut off; nothing is lost and nothing doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.brokers import Device, Mosquitto, Program, running_mosquitto
from support.homes import Home
from support.ports import free_port
from support.waiting import PATIENCE, wait_until

from hengneng.readings.points import Points
from hengneng.readings.store import Store

ROUNDS = 6
T0 = 1_780_272_000
ITEMS = 3
DEVICES = "protocol,identifier,unit,interval\nmqtt,a,mill,\nmqtt,b,mill,\nmqtt,c,bakery,\n"
METER = {"a": "HS-E-01", "b": "HS-E-02", "c": "BK-E-01"}
UNIT = {"a": "mill", "b": "mill", "c": "bakery"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def place(registered_home: Callable[[str], Home]) -> Home:
    return registered_home(DEVICES)


Open = Callable[..., Program]


@pytest.fixture
def bridge(place: Home, broker: Mosquitto) -> Iterator[Open]:
    opened: list[Program] = []

    def start(*words: object, **environment: str) -> Program:
        words = ("mqtt", "--broker", f"127.0.0.1:{broker.port}", *words)
        opened.append(Program(place, *words, limits={"seconds_between_looks": 0.5}, **environment))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.kill()


def item(name: str, number: int, value: object = None) -> dict[str, object]:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(T0 + number))
    return {"meter": METER[name], "time": when, "value": number if value is None else value}


def message(name: str, sequence: int) -> dict[str, object]:
    return {"sequence": sequence, "items": [item(name, sequence * ITEMS + k) for k in range(ITEMS)]}


def kept(home: Home) -> Points:
    """Every reading as it lies in the inbox: doubles would be seen."""
    with Store.open(home.folder / "readings", home.database_url) as store:
        assert store.status().files == 0
        return Points.concat([batch.points for batch in store.manifest().inbox])


def test_killed_again_and_again_in_mid_stream_nothing_is_lost_or_doubled(
    place: Home, broker: Mosquitto, bridge: Open
) -> None:
    running = bridge()
    devices = {name: Device(broker.port, UNIT[name], name) for name in METER}
    chance, sent = random.Random(5), 0
    for one in devices.values():
        one.__enter__()
    try:

        def stream(more: int) -> None:
            nonlocal sent
            end = sum(len(one.answers) for one in devices.values()) + more
            while sum(len(one.answers) for one in devices.values()) < end:
                for name, one in devices.items():
                    one.send(sent, message(name, sent))
                sent += 1

        for round_ in range(ROUNDS):
            stream(chance.randrange(20, 60))
            running.kill()
            # The devices go on while the bridge is away; the broker keeps what they send. Nobody answers now.
            for name, one in devices.items():
                one.send(sent, message(name, sent), wait=False)
            sent += 1
            if round_ == ROUNDS // 2:
                broker.stop()
                broker.start()
            running = bridge()
        stream(20)
        broker.stop()
        broker.start()
        stream(20)
        wait_until(lambda: not any(one.pending() for one in devices.values()), "the last acknowledgements")
    finally:
        for one in devices.values():
            one.__exit__()
    assert running.stop() == 0, running.log.read_text("utf-8")
    points = kept(place)
    found = sorted(zip(points.meter.tolist(), points.at.tolist(), points.value.tolist(), strict=True))
    numbers = sorted(set(points.meter.tolist()))
    assert len(numbers) == len(METER)
    assert found == [(meter, T0 + n, n * 10**6) for meter in numbers for n in range(sent * ITEMS)]
    # Whoever was answered was answered for the whole message, and a second time with the same.
    for one in devices.values():
        said = {answer["sequence"]: answer for answer in one.answers}
        assert set(said) == set(range(sent))
        assert all(answer == said[answer["sequence"]] for answer in one.answers)
        assert all((answer["taken"], answer["refused"]) == (ITEMS, 0) for answer in one.answers)


def test_answers_refusals_revisions_and_figures(place: Home, broker: Mosquitto, bridge: Open) -> None:
    metrics = free_port()
    running = bridge("--metrics-port", metrics)
    with Device(broker.port, "mill", "a") as a, Device(broker.port, "bakery", "a") as misplaced:
        first = a.ask({"sequence": 1, "items": [item("a", 0), item("c", 0), item("a", 1)]})
        assert (first["taken"], first["refused"]) == (2, 1)
        # The meter of another unit is as unknown as one that is nowhere.
        assert [(one["item"], one["check"]) for one in first["problems"]] == [(2, "E201")]
        assert a.ask({"sequence": 1, "items": [item("a", 0), item("c", 0), item("a", 1)]}) == first
        other = a.ask({"sequence": 1, "items": [item("a", 0, 5)]})
        assert other["arrival"] > first["arrival"]
        assert a.ask(b"no JSON")["problems"][0]["check"] == "G302"
        assert misplaced.ask({"sequence": 9, "items": [item("a", 7)]})["problems"][0]["check"] == "G307"
        page = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{metrics}/metrics", timeout=PATIENCE
        )
        with page:
            figures = page.read().decode()
    assert 'hengneng_messages_total{door="mqtt"} 3.0' in figures
    assert 'hengneng_refused_total{door="mqtt",reason="G307"} 1.0' in figures
    assert 'hengneng_connections{door="mqtt"} 1.0' in figures
    assert running.stop() == 0
    with Store.open(place.folder / "readings", place.database_url) as store:
        values = [batch.points.value.tolist() for batch in store.manifest().inbox]
    assert values == [[0, 1_000_000], [5_000_000]], "the differing value is a revision, the one before stays"


def test_status_and_last_will_become_events_once(place: Home, broker: Mosquitto, bridge: Open) -> None:
    running = bridge()
    with Device(broker.port, "mill", "b", will=True) as device:
        device.publish("online", "status", retain=True)
        assert device.ask(message("b", 1))["taken"] == ITEMS
        device.drop()
    # What is noticed is written at the next look, behind the readings.
    wait_until(lambda: _events(place) == ["connected", "offline"], "the events")
    running.kill()
    # The broker repeats the retained status to a bridge that begins again.
    running = bridge()
    time.sleep(1)
    assert running.stop() == 0
    listed = {one["device"]: one for one in place.run("devices", "list", "--json").json["devices"]}
    assert listed["mqtt:b"]["last"] == "offline"
    assert _events(place) == ["connected", "offline"]


def test_mqtt_3_1_1_with_user_and_password_and_mosquitto_pub(place: Home, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    passwords = folder / "passwords"
    passwords.touch()
    subprocess.run(["mosquitto_passwd", "-b", passwords, "bridge", "secret"], check=True, capture_output=True)
    passwords.chmod(0o644)
    with running_mosquitto(folder, f"allow_anonymous false\npassword_file {passwords}") as broker:
        words = ("mqtt", "--broker", f"127.0.0.1:{broker.port}", "--version", "3.1.1")
        running = Program(place, *words, HENGNENG_MQTT_USER="bridge", HENGNENG_MQTT_PASSWORD="secret")
        try:
            with Device(broker.port, "mill", "a", user="bridge", password="secret") as device:
                told = ["mosquitto_pub", "-p", str(broker.port), "-h", "127.0.0.1", "-u", "bridge", "-P", "secret"]
                line = '{"ts":"2026-06-01T08:15:00+08:00","items":[{"code":"HS-E-01","value":1.5,"flag":"N"}],"seq":3}'
                subprocess.run([*told, "-q", "1", "-t", "hengneng/mill/a/readings", "-m", line], check=True)
                wait_until(lambda: device.answers, "an answer")
                assert (device.answers[0]["sequence"], device.answers[0]["taken"]) == (3, 1)
            assert running.stop() == 0
        finally:
            running.kill()
        assert "secret" not in running.log.read_text("utf-8")


def test_a_broker_that_is_not_there_is_asked_again_and_strangers_are_counted(
    place: Home, broker: Mosquitto, bridge: Open
) -> None:
    broker.stop()
    log = Path(f"{place.folder}.door.log")
    starting = _started_without_waiting(place, broker.port)
    wait_until(lambda: log.exists() and log.read_text("utf-8").count("broker.lost") >= 2, "two tries")
    broker.start()
    wait_until(lambda: '"door.open"' in log.read_text("utf-8"), "the bridge")
    with Device(broker.port, "mill", "nobody") as stranger:
        assert stranger.ask({"sequence": 1, "items": [item("a", 0)]})["problems"][0]["check"] == "G306"
    starting.terminate()
    assert starting.wait(PATIENCE) == 0
    found = place.run("devices", "list", "--json").json["strangers"]
    assert [(one["device"], one["knocks"]) for one in found] == [("mqtt:nobody", 1)]


def _started_without_waiting(home: Home, port: int) -> subprocess.Popen[bytes]:
    from support.homes import command

    with Path(f"{home.folder}.door.log").open("ab") as output:
        return subprocess.Popen(
            command("gateway", "mqtt", "--broker", f"127.0.0.1:{port}"),
            env=home.environment(), cwd=home.folder, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _events(home: Home) -> list[str]:
    """Kinds of the events in a home's database, in their order."""
    ask = (
        "import django; django.setup(); from hengneng.devices.models import DeviceEvent; "
        "print(*DeviceEvent.objects.order_by('pk').values_list('kind', flat=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], env=home.environment({"DJANGO_SETTINGS_MODULE": "hengneng.web.settings"}),
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    return done.stdout.split()
