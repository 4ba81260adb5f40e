"""The door of HJ 212 under load: the server and its store in one process, the devices in another, over loopback.

    .venv/bin/python benchmarks/hj212_door.py [--rate 2000] [--seconds 300] [--connections 1000] [--kill]
    .venv/bin/python benchmarks/hj212_door.py --idle 5000 [--seconds 120]

Devices send minute frames of some 500 bytes at a steady rate, wherever the answers are, and each wants an
acknowledgement. Prints how many were acknowledged, how long that took, and what the server cost; then every frame is
looked for in the log of deliveries: none lost, none there twice that was sent once. With ``--kill`` the server is
killed with SIGKILL in the middle and started again; devices connect again and resend what was not acknowledged. With
``--idle`` so many connections stay open with one frame a minute each, and memory per connection is printed. The floor:
the same frames into the log of deliveries alone, in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.hj212 import frame_of

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
PROGRAM = "from hengneng.cli.main import main; main()"
BEGIN = 20260601000000000
FACTORS = ("a21026", "a21002", "a34013", "a19001", "a00000")
RESEND = 10.0  # seconds until a device sends again: HJ 212-2017, table 1, mobile networks


def mn_of(device: int) -> str:
    """The name of a device."""
    return f"BE{device:022d}"


def frames_of(device: int, count: int) -> list[tuple[bytes, bytes]]:
    """Minute frames of a device, each with its QN."""
    parts = [
        f"{factor}-Cou={i}.25,{factor}-Min={i}.5,{factor}-Avg={i + 1}.25,{factor}-Max={i + 2}.75,{factor}-Flag=N"
        for i, factor in enumerate(FACTORS)
    ]
    body = f"ST=31;CN=2051;PW=123456;MN={mn_of(device)};Flag=5;CP=&&DataTime=20260601000000;{';'.join(parts)}&&"
    made = []
    for number in range(count):
        qn = b"%d" % (BEGIN + device * 100_000 + number)
        made.append((qn, frame_of(b"QN=%b;%b" % (qn, body.encode()))))
    return made


class Device(asyncio.Protocol):
    """One connection that sends what it is told to, and notes when it was acknowledged."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.number = load, number
        self.transport: asyncio.Transport | None = None
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        lines = (self.rest + data).split(b"\r\n")
        self.rest = lines.pop()
        for line in lines:
            if b";CN=9014;" in line:
                self.load.acknowledged(line[9:26], now)


class Load:
    """All devices, and what they have sent and heard."""

    def __init__(self, connections: int, frames: int) -> None:
        self.frames = [frames_of(device, frames) for device in range(connections)]
        self.devices = [Device(self, number) for number in range(connections)]
        self.waiting: dict[bytes, tuple[float, int, bytes]] = {}
        self.first: dict[bytes, float] = {}
        self.times: list[float] = []
        self.sent = self.resent = 0

    def acknowledged(self, qn: bytes, now: float) -> None:
        """An acknowledgement has come."""
        found = self.waiting.pop(qn, None)
        if found is not None:
            self.times.append(now - self.first.pop(qn))

    async def connect(self, port: int) -> None:
        """Connect whoever is not connected; who cannot tries again at the next call."""
        loop = asyncio.get_running_loop()
        missing = [one for one in self.devices if one.transport is None]
        for begin in range(0, len(missing), 200):
            await asyncio.gather(
                *(loop.create_connection(lambda one=one: one, HOST, port) for one in missing[begin : begin + 200]),
                return_exceptions=True,
            )

    def send(self, device: int, qn: bytes, frame: bytes, now: float, again: bool = False) -> None:
        """Send a frame, if the device is connected; it waits for its acknowledgement in any case."""
        self.waiting[qn] = (now, device, frame)
        if not again:
            self.first[qn] = now
            self.sent += 1
        transport = self.devices[device].transport
        if transport is not None:
            transport.write(frame)
            self.resent += again

    def resend(self, now: float) -> None:
        """Send again what has waited for too long."""
        for qn, (since, device, frame) in list(self.waiting.items()):
            if now - since > RESEND:
                self.send(device, qn, frame, now, again=True)

    async def run(self, port: int, rate: float, seconds: float, middle: Callable[[], None] | None) -> None:
        """Send at ``rate`` for ``seconds``; ``middle`` is called half-way, and broken connections are made again."""
        await self.connect(port)
        begin, done, total = time.perf_counter(), 0, int(rate * seconds)
        looked = begin
        while done < total or self.waiting:
            now = time.perf_counter()
            due = min(total, int((now - begin) * rate))
            for number in range(done, due):
                device, turn = number % len(self.devices), number // len(self.devices)
                self.send(device, *self.frames[device][turn], time.perf_counter())
            done = due
            if middle is not None and now - begin > seconds / 2:
                await asyncio.to_thread(middle)
                middle = None
            if now - looked > 0.5:
                looked = now
                await self.connect(port)
                if done >= total or self.resent or middle is None:
                    self.resend(now)
            if now - begin > seconds + 60:
                break
            await asyncio.sleep(0.005)


class Server:
    """The program itself, as an operator starts it, in a home of its own."""

    def __init__(self, folder: Path, devices: int) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HENGNENG_HOME": str(folder), "PYTHONPATH": str(ROOT / "src")}
        self.port = free_port()
        units, meters, register = folder / "units.csv", folder / "meters.csv", folder / "devices.csv"
        units.write_text("identifier,name_zh,name_en,place\nplant,甲厂,Plant,650100\n", "utf-8")
        meters.write_text("identifier,unit,carrier,unit_of_measure\nm,plant,33,kWh\n", "utf-8")
        rows = "\n".join(f"hj212,{mn_of(device)},plant,60" for device in range(devices))
        register.write_text(f"protocol,identifier,unit,interval\n{rows}\n", "utf-8")
        self.call("meters", "import", meters, "--units", units)
        self.call("devices", "import", register)
        self.process: subprocess.Popen[str] | None = None

    def call(self, *words: object) -> None:
        """A command to its end."""
        command = [sys.executable, "-c", PROGRAM, *map(str, words)]
        subprocess.run(command, env=self.environment, check=False, capture_output=True)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        words = [sys.executable, "-c", PROGRAM, "gateway", "hj212", "--port", str(self.port)]
        self.process = subprocess.Popen(words, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        if not self.process.stdout.readline():
            raise SystemExit("the server did not start")

    def kill(self) -> None:
        """End it at once, and start it again."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()

    def stop(self) -> None:
        """End it as an operator does."""
        assert self.process
        self.process.terminate()
        self.process.wait()

    def cost(self) -> tuple[float, float]:
        """CPU seconds and resident megabytes of the process."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def floor(folder: Path, load: Load, commit: int) -> float:
    """Frames a second into the log of deliveries alone."""
    every = [frame for device in load.frames[:50] for _, frame in device][:50_000]
    begin = time.perf_counter()
    with DeliveryLog.open(folder / "floor") as log:
        for start in range(0, len(every), commit):
            log.append([Arrived(0, "hj212", "", "", one) for one in every[start : start + commit]])
    return len(every) / (time.perf_counter() - begin)


def look_for(folder: Path, load: Load) -> None:
    """Every frame that was sent, in the log of deliveries."""
    found: Counter[bytes] = Counter()
    with DeliveryLog.open(folder / "deliveries") as log:
        after = 0
        while part := log.read(after):
            found.update(one.content[9:26] for one in part)
            after = part[-1].number
    acknowledged = load.sent - len(load.waiting)
    wanted = {qn for device in load.frames for qn, _ in device} - set(load.waiting)
    kept = sum(1 for qn in wanted if qn in found)
    again = sum(count - 1 for count in found.values())
    print(f"{load.sent:,} sent, {load.resent:,} of them again, {acknowledged:,} acknowledged")
    print(f"{acknowledged - min(kept, acknowledged):,} of the acknowledged lost; "
          f"{again:,} of those sent again are kept again, as they came")  # fmt: skip
    if kept < acknowledged or again > load.resent:
        raise SystemExit("frames were lost or doubled")


def main() -> None:
    """Read the arguments, start the server, send."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rate", type=float, default=2000)
    arguments.add_argument("--seconds", type=float, default=300)
    arguments.add_argument("--connections", type=int, default=1000)
    arguments.add_argument("--idle", type=int, default=0)
    arguments.add_argument("--kill", action="store_true")
    given = arguments.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if given.idle:
        given.connections, given.rate = given.idle, given.idle / 60
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="hengneng-door-") as name:
        server = Server(Path(name), given.connections)
        server.start()
        _, before = server.cost()
        each = int(given.rate * given.seconds / given.connections) + 1
        load = Load(given.connections, each)
        cpu, _ = server.cost()
        asyncio.run(load.run(server.port, given.rate, given.seconds, server.kill if given.kill else None))
        after, memory = server.cost()
        server.stop()
        times = np.array(load.times) * 1000
        size = len(load.frames[0][0][1])
        print(f"{given.connections:,} connections, {given.rate:,.0f} frames/s of {size} bytes, {given.seconds:.0f} s")
        print("acknowledged after " + ", ".join(
            f"{label} {np.percentile(times, share):.1f} ms" for label, share in (("p50", 50), ("p99", 99), ("max", 100))
        ))  # fmt: skip
        if not given.kill:
            used = (after - cpu) / len(times) * 1e6
            print(f"server: {used:.0f} µs CPU a frame, {memory:.0f} MB, "
                  f"{(memory - before) * 1000 / given.connections:.1f} kB more for each connection")  # fmt: skip
        look_for(Path(name), load)
        alone = floor(Path(name), load, 200)
        share = given.rate / alone
        print(f"floor: {alone:,.0f} frames/s into the log alone, commits of 200; the rate is {share:.3f} of it")


if __name__ == "__main__":
    main()
