"""Batches of 200 readings acknowledged durably over HTTP on loopback, as a ratio to the same store
written directly.

The floor is the writer of the store in this process, with as many senders, each waiting for its acknowledgement.
Against it: ``hengneng gateway http`` as a process of its own with clients that keep their connection, for each kind of
body. Client and door share the CPUs.

    .venv/bin/python benchmarks/http_batches.py [--batches 1000] [--senders 8] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from aiohttp import ClientError, ClientSession
from readings_ingest import READINGS, START, batch, together

from hengneng.readings.store import Store

PROGRAM = Path(sys.executable).parent / "hengneng"


def stamp(number: int) -> str:
    """The time of a batch, as text."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + number))


def as_lines(number: int) -> bytes:
    """A batch as JSON lines."""
    values = batch(number).value
    return "\n".join(
        json.dumps({"meter": f"M{meter:03}", "time": stamp(number), "value": int(values[meter]) / 1e6})
        for meter in range(READINGS)
    ).encode()


def as_csv(number: int) -> bytes:
    """A batch as CSV."""
    values = batch(number).value
    rows = (f"M{meter:03},{stamp(number)},{int(values[meter]) / 1e6}" for meter in range(READINGS))
    return ("meter,time,value\n" + "\n".join(rows)).encode()


def as_parquet(number: int) -> bytes:
    """A batch as Parquet."""
    values = batch(number).value / 1e6
    table = pa.table({"meter": [f"M{meter:03}" for meter in range(READINGS)], "time": [stamp(number)] * READINGS,
                      "value": values})  # fmt: skip
    with io.BytesIO() as file:
        pq.write_table(table, file)
        return file.getvalue()


KINDS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "JSON lines": ("application/x-ndjson", as_lines),
    "CSV": ("text/csv", as_csv),
    "Parquet": ("application/x-parquet", as_parquet),
}


def prepared(home: Path) -> dict[str, str]:
    """The environment of a home with 200 meters and a device; its token under TOKEN."""
    environment = {**os.environ, "HENGNENG_HOME": str(home), "HENGNENG_LANG": "en"}
    (home / "units.csv").write_text("identifier,name_zh,name_en,place\nmill,钢厂,Mill,650100\n", "utf-8")
    rows = "".join(f"M{meter:03},mill,electricity,kWh\n" for meter in range(READINGS))
    (home / "meters.csv").write_text("identifier,unit,carrier,unit_of_measure\n" + rows, "utf-8")
    (home / "devices.csv").write_text("protocol,identifier,unit\nhttp,logger,mill\n", "utf-8")
    for words in ("meters import meters.csv --units units.csv", "devices import devices.csv"):
        subprocess.run([PROGRAM, *words.split()], env=environment, cwd=home, check=True, stdout=subprocess.DEVNULL)
    said = subprocess.run([PROGRAM, "devices", "token", "http:logger"], env=environment, cwd=home, check=True,
                          capture_output=True, text=True).stdout  # fmt: skip
    return {**environment, "TOKEN": said.split(": ")[-1].strip()}


async def sent(port: int, token: str, kind: str, bodies: list[bytes], senders: int, name: str) -> list[float]:
    """Seconds until each acknowledgement."""
    took: list[float] = []
    async with ClientSession(f"http://127.0.0.1:{port}") as session:

        async def send(part: int) -> None:
            for number in range(part, len(bodies), senders):
                headers = {"Authorization": f"Bearer {token}", "Content-Type": kind,
                           "Idempotency-Key": f"{name}-{number}"}  # fmt: skip
                started = time.perf_counter()
                async with session.post("/readings", data=bodies[number], headers=headers) as answer:
                    said = await answer.json()
                    if answer.status != 200 or said["taken"] != READINGS:
                        raise SystemExit(f"{answer.status}: {said}")
                took.append(time.perf_counter() - started)

        await asyncio.gather(*(send(part) for part in range(senders)))
    return took


async def ready(port: int) -> None:
    """Wait for the door."""
    async with ClientSession() as session:
        for _ in range(600):
            try:
                async with session.post(f"http://127.0.0.1:{port}/"):
                    return
            except ClientError:
                await asyncio.sleep(0.1)
    raise SystemExit("the door is silent")


def shown(name: str, took: list[float], seconds: float, floor: float | None) -> float:
    """Print a line; gives readings a second."""
    rate = len(took) * READINGS / seconds
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    ratio = f"{floor / rate:.2f} times the floor's time" if floor else "floor"
    print(f"{name:20} {rate:10,.0f} readings/s  acknowledged p50 {p50:.2f} ms, p99 {p99:.2f} ms  {ratio}")
    return rate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where the disk is that is to be measured")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        home = Path(temporary, "home")
        home.mkdir()
        environment = prepared(home)
        # One device may send messages_a_minute; here it sends a region's load.
        limits = "import sys; from hengneng.gateways.http import senders; senders.door_limit = lambda name: 10**9;"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = f"sys.argv[1:] = ['gateway', 'http', '--port', '{port}']; from hengneng.cli.main import main; main()"
        start = (
            "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'hengneng.web.settings'; import django; django.setup(); "
        )
        with (home / "door.log").open("wb") as log:
            door = subprocess.Popen([sys.executable, "-c", start + limits + words], env=environment, cwd=home,
                                    stdout=log, stderr=log)  # fmt: skip
        try:
            asyncio.run(ready(port))
            batches = [batch(number) for number in range(chosen.batches)]
            with Store.open(Path(temporary, "direct")) as store:
                begun = time.perf_counter()
                took = together(store, batches, chosen.senders)
                floor = shown("store directly", took, time.perf_counter() - begun, None)
            for name, (kind, made) in KINDS.items():
                bodies = [made(number) for number in range(chosen.batches)]
                begun = time.perf_counter()
                took = asyncio.run(sent(port, environment["TOKEN"], kind, bodies, chosen.senders, kind))
                shown(f"HTTP, {name}", took, time.perf_counter() - begun, floor)
        finally:
            door.send_signal(signal.SIGTERM)
            door.wait(60)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs")


if __name__ == "__main__":
    main()
