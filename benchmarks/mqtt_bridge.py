"""Messages a second acknowledged end to end through a real mosquitto, as a ratio to mosquitto alone in the same run.

Alone: publishers send with QoS 1 to a subscriber that does nothing. With the bridge: the same messages go to
`hengneng gateway mqtt` in a process of its own, each is durable, and its acknowledgement has come back to the device.
Both with so many messages under way for each device. A message has five readings.

    .venv/bin/python benchmarks/mqtt_bridge.py [--messages 10000] [--devices 20] [--window 50] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from support.brokers import Mosquitto, Program, running_mosquitto, wait_until
from support.homes import Home

START = 1_780_272_000
READINGS = 5
PATIENCE = 300.0
SAVES = "autosave_interval 60"  # as brokers do; the tests have theirs save every change
UNITS = "identifier,name_zh,name_en,place,industry\nmill,钢厂,Steel mill,650100,31\n"


def moment(seconds: int) -> str:
    """A time so many seconds after the first one."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


def payload(device: int, sequence: int) -> bytes:
    """Five readings of a meter of the device's own."""
    items = [
        {"meter": f"M{device}", "time": moment(sequence * READINGS + k), "value": sequence + k / 10}
        for k in range(READINGS)
    ]
    return json.dumps({"sequence": sequence, "items": items}).encode()


def client(port: int, name: str) -> paho.Client:
    """A connected client with a thread of its own."""
    made = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
    made.max_inflight_messages_set(1000)
    made.connect("127.0.0.1", port)
    made.loop_start()
    wait_until(made.is_connected, "a client")
    return made


def measured(broker: Mosquitto, every: list[list[bytes]], window: int, tag: str, answers: str) -> float:
    """Messages a second until all are answered: on ``answers`` of each device, or received by one subscriber."""
    count, room, total = 0, [threading.Semaphore(window) for _ in every], sum(map(len, every))
    lock, done = threading.Lock(), threading.Event()

    def received(device: int) -> None:
        nonlocal count
        room[device].release()
        with lock:
            count += 1
            if count == total:
                done.set()

    listener = client(broker.port, f"{tag}-listener")
    listener.on_message = lambda _, __, message: received(int(message.topic.split("/")[2][1:]))
    listener.subscribe(f"hengneng/mill/+/{answers}", 1)
    time.sleep(0.5)
    senders = [client(broker.port, f"{tag}-{device}") for device in range(len(every))]

    def send(device: int) -> None:
        for content in every[device]:
            room[device].acquire()
            senders[device].publish(f"hengneng/mill/d{device}/readings", content, 1)

    threads = [threading.Thread(target=send, args=(device,), daemon=True) for device in range(len(every))]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    assert done.wait(PATIENCE), f"{count} of {total} answered"
    seconds = time.perf_counter() - begun
    for one in (listener, *senders):
        one.disconnect()
        one.loop_stop()
    return total / seconds


def with_bridge(home: Home, broker: Mosquitto, measure: Callable[[], float]) -> float:
    """The same with the bridge between."""
    bridge = Program(home, "mqtt", "--broker", f"127.0.0.1:{broker.port}")
    try:
        return measure()
    finally:
        bridge.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--devices", type=int, default=20, help="one may send 600 messages a minute")
    parser.add_argument("--window", type=int, default=50, help="messages of a device under way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the disk is that is to be measured")
    chosen = parser.parse_args()
    each = chosen.messages // chosen.devices
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        home = Home.make(Path(temporary, "home"), "")
        rows = "".join(f"M{device},mill,electricity,kWh\n" for device in range(chosen.devices))
        (home.folder / "units.csv").write_text(UNITS, "utf-8")
        (home.folder / "meters.csv").write_text(f"identifier,unit,carrier,unit_of_measure\n{rows}", "utf-8")
        rows = "".join(f"mqtt,d{device},mill\n" for device in range(chosen.devices))
        (home.folder / "devices.csv").write_text(f"protocol,identifier,unit\n{rows}", "utf-8")
        for words in (("meters", "import", "meters.csv", "--units", "units.csv"), ("devices", "import", "devices.csv")):
            done = home.run(*words)
            assert done.code == 0, done
        for round_ in range(chosen.rounds):
            every = [[payload(device, round_ * each + n) for n in range(each)] for device in range(chosen.devices)]
            # A broker for each, so that neither finds the session of the other; the minute of the limits begins anew.
            with running_mosquitto(Path(temporary, f"alone-{round_}"), saves=SAVES) as broker:
                alone = measured(broker, every, chosen.window, "alone", "readings")
            with running_mosquitto(Path(temporary, f"bridge-{round_}"), saves=SAVES) as broker:
                rate = with_bridge(
                    home, broker,
                    lambda broker=broker, every=every: measured(broker, every, chosen.window, "bridge", "acknowledged"),
                )  # fmt: skip
            print(
                f"mosquitto alone {alone:7,.0f} messages/s   acknowledged end to end {rate:7,.0f} messages/s"
                f" ({rate * READINGS:,.0f} readings/s)   {alone / rate:.2f} times the time of mosquitto alone",
                flush=True,
            )
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
