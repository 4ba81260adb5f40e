"""Made-up frames of the example devices of a plan, so that a first start has something to show. Never mistaken for
real ones: their devices and outlets are marked as examples, and frames name where they came from.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from hengneng.access import Actor
from hengneng.deliveries import Arrived
from hengneng.devices.models import Device, Protocol
from hengneng.devices.register import import_devices
from hengneng.hj212 import new_message
from hengneng.hj212.building import Item
from hengneng.hj212.times import BEIJING, written_time
from hengneng.monitoring.register import import_outlets
from hengneng.monitoring.running import open_deliveries, take_and_add_up
from hengneng.monitoring.saying import import_checks, import_marks

DEVICES_FILE, OUTLETS_FILE, FRAMES_FILE = "devices.example.csv", "outlets.example.csv", "emissions.example.csv"
MARKS_FILE, CHECKS_FILE = "marks.example.csv", "checks.example.csv"
PEER = "example"  # instead of an address: no device has sent these frames
EDITION = "2005"  # the one in force in the year of the example
MINUTES, HOURS = "2051", "2061"
_INTERVAL = dt.timedelta(minutes=10)
_IN_AN_HOUR = 6
_BUSIEST = 14  # hour of the day with the most load
_ABOVE = 2.2  # times the usual value
_SPREAD = 0.04  # of minimum and maximum around a mean
# What a flow in the unit of HJ 212 adds up to in 10 minutes: m3/s to m3, L/s to m3.
_TOTALS = {"B02": 600.0, "B01": 0.6}


@dataclass(frozen=True)
class Line:
    """A factor of a device: ``mean``, its share at ``night``, relative ``noise``; ``what`` happens from ``at`` on for
    some ``hours``: above, constant, outage (not sent), maintenance (flag M).
    """

    mn: str
    kind: str
    first: dt.date
    last: dt.date
    factor: str
    mean: float
    night: float
    noise: float
    what: str
    at: dt.datetime | None
    hours: int


def load_example_monitoring(actor: Actor, folder: Path) -> int:
    """Register the example outlets of a plan and take their made-up frames in, once; how many frames are new."""
    files = [folder / name for name in (DEVICES_FILE, OUTLETS_FILE, FRAMES_FILE)]
    if not all(file.exists() for file in files):
        return 0
    lines = read_lines(files[2])
    if Device.objects.filter(protocol=Protocol.HJ212, identifier=lines[0].mn).exists():
        return 0
    import_devices(files[0], actor=actor, example=True)
    import_outlets(files[1], actor=actor, example=True)
    for name, take in ((MARKS_FILE, import_marks), (CHECKS_FILE, import_checks)):
        if (folder / name).exists():
            take(folder / name, actor=actor)
    frames = list(example_frames(lines))
    with open_deliveries() as deliveries:
        deliveries.append(frames)
    take_and_add_up()
    return len(frames)


def read_lines(file: Path) -> list[Line]:
    """The table as it is written. KeyError or ValueError when it is broken: it is part of the program."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            Line(
                mn=row["mn"],
                kind=row["kind"],
                first=dt.date.fromisoformat(row["first"]),
                last=dt.date.fromisoformat(row["last"]),
                factor=row["factor"],
                mean=float(row["mean"]),
                night=float(row["night"]),
                noise=float(row["noise"]),
                what=row["what"],
                at=dt.datetime.fromisoformat(row["at"]).replace(tzinfo=BEIJING) if row["at"] else None,
                hours=int(row["hours"] or 0),
            )
            for row in csv.DictReader(opened)
        ]


def example_frames(lines: list[Line]) -> Iterator[Arrived]:
    """Ten-minute and hour frames of every device, in the order of their times; the same at every call."""
    for mn, of_device in groupby(lines, key=lambda line: line.mn):
        yield from _frames_of(mn, list(of_device))


def _frames_of(mn: str, lines: list[Line]) -> Iterator[Arrived]:
    begin = dt.datetime.combine(lines[0].first, dt.time(), BEIJING)
    count = ((lines[0].last - lines[0].first).days + 1) * 24 * _IN_AN_HOUR
    values = {line.factor: _values(line, begin, count) for line in lines}
    for number in range(count):
        at = begin + number * _INTERVAL
        groups = [_group(line, at, [values[line.factor][number]]) for line in lines]
        yield _frame(mn, lines[0].kind, MINUTES, at, at + _INTERVAL, groups)
        if number % _IN_AN_HOUR == _IN_AN_HOUR - 1:
            hour = at + _INTERVAL - dt.timedelta(hours=1)
            of_hour = slice(number - _IN_AN_HOUR + 1, number + 1)
            groups = [_group(line, hour, values[line.factor][of_hour].tolist()) for line in lines]
            yield _frame(mn, lines[0].kind, HOURS, hour, at + _INTERVAL, groups)


def _values(line: Line, begin: dt.datetime, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    seed = int(hashlib.sha256(f"{line.mn} {line.factor}".encode()).hexdigest()[:12], 16)
    chance = np.random.default_rng(seed)
    hour = np.arange(count) / _IN_AN_HOUR % 24
    shape = line.night + (1 - line.night) * (1 + np.cos((hour - _BUSIEST) / 24 * 2 * np.pi)) / 2
    slow = np.convolve(chance.standard_normal(count + 5), np.ones(_IN_AN_HOUR) / _IN_AN_HOUR, "valid")
    found = line.mean * shape * (1 + line.noise * (chance.standard_normal(count) * 0.5 + 2 * slow[:count]))
    happens = _happens(line, begin, count)
    if line.what == "above":
        found[happens] *= _ABOVE
    if line.what == "constant" and happens.any():
        found[happens] = found[int(np.argmax(happens))]
    if line.what == "outage":
        found[happens] = np.nan
    return np.maximum(found, 0.001)


def _happens(line: Line, begin: dt.datetime, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    happens = np.zeros(count, bool)
    if line.at is not None:
        first = int((line.at - begin) / _INTERVAL)
        happens[first : first + line.hours * _IN_AN_HOUR] = True
    return happens


def _group(line: Line, at: dt.datetime, values: list[float]) -> tuple[Item, ...]:
    """What a frame says of one factor; nothing while it is not measured."""
    if np.isnan(values).any():
        return ()
    mean = sum(values) / len(values)
    during = line.at is not None and line.at <= at < line.at + dt.timedelta(hours=line.hours)
    flag = "M" if during and line.what == "maintenance" else "N"
    items = [("Min", min(values) * (1 - _SPREAD)), ("Avg", mean), ("Max", max(values) * (1 + _SPREAD))]
    if line.factor in _TOTALS:
        items.insert(0, ("Cou", sum(values) * _TOTALS[line.factor]))
    written = [(f"{line.factor}-{name}", f"{value:.3f}") for name, value in items]
    return (*written, (f"{line.factor}-Flag", flag))


def _frame(
    mn: str, kind: str, command: str, at: dt.datetime, received: dt.datetime, groups: list[tuple[Item, ...]]
) -> Arrived:
    time: tuple[Item, ...] = (("DataTime", written_time(at)),)
    made = new_message(
        EDITION, qn=None, st=kind, cn=command, mn=mn, parameters=[time, *(one for one in groups if one)]
    )
    return Arrived(int(received.timestamp() * 1e6), Protocol.HJ212, PEER, mn, made.frame())
