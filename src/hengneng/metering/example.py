"""Made-up readings of the example meters of a plan, so that a first start has something to show. Never mistaken for
real ones: their meters are marked as examples, and their source says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hengneng.metering.engine import held_versions
from hengneng.metering.models import Meter, MeterVersion
from hengneng.readings.points import DAY, MICRO, Points, start_of
from hengneng.readings.store import Store

LOADS_FILE = "loads.example.csv"
SOURCE = "示例读数（编造） made-up example readings"
_HOUR = 3600
_MINUTE = 60
_BUSIEST = 14  # hour of the day with the most load
_SPIKE = 12  # times the usual load
_DECIMALS = 2  # of a register


@dataclass(frozen=True)
class Load:
    """One line of the table: ``mean`` an interval before the multiplier; ``night`` and ``weekend`` as shares of it.

    ``what`` happens ``at`` a moment for some ``minutes``: outage (no readings), stuck (the register stands still),
    cleared (it begins again from nothing), spike.
    """

    meter: str
    first: dt.date
    last: dt.date
    mean: float
    night: float
    weekend: float
    noise: float
    begin: float
    what: str
    at: dt.datetime | None
    minutes: int


def load_example(store: Store, folder: Path) -> int:
    """Take the made-up readings of a plan in, once; how many are new. 0 where the plan has no such table."""
    file = folder / LOADS_FILE
    if not file.exists():
        return 0
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    taken = store.import_bulk(example_readings(file), source=f"{SOURCE} {file.name}", key=f"example-{digest}")
    return 0 if taken.known else taken.points


def example_readings(file: Path) -> Iterator[Points]:
    """The readings of every line of the table; the same at every call."""
    versions = MeterVersion.objects.select_related("meter").filter(meter__example=True)
    held = {one.version.meter.identifier: one.version for one in held_versions(versions)}
    for load in read_loads(file):
        version = held.get(load.meter)
        if version is not None:
            yield readings(load, version.meter, version.interval, version.register_maximum)


def read_loads(file: Path) -> list[Load]:
    """The table as it is written. KeyError or ValueError when it is broken: it is part of the program."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            Load(
                meter=row["meter"],
                first=dt.date.fromisoformat(row["first"]),
                last=dt.date.fromisoformat(row["last"]),
                mean=float(row["mean"]),
                night=float(row["night"]),
                weekend=float(row["weekend"]),
                noise=float(row["noise"]),
                begin=float(row["begin"]),
                what=row["what"],
                at=dt.datetime.fromisoformat(row["at"]).replace(tzinfo=dt.UTC) if row["at"] else None,
                minutes=int(row["for"] or 0),
            )
            for row in csv.DictReader(opened)
        ]


def readings(load: Load, meter: Meter, interval: int, maximum: object) -> Points:
    """Readings of one line, from the midnight that begins its first day to the one that closes its last."""
    begin, end = start_of(load.first), start_of(load.last) + DAY
    at = np.arange(begin, end + 1, interval, dtype=np.int64)
    seed = int(hashlib.sha256(f"{load.meter} {load.first}".encode()).hexdigest()[:12], 16)
    used = _used(load, at, np.random.default_rng(seed))
    happens = np.zeros(len(at), bool)
    if load.at is not None:
        moment = start_of(load.at.date()) + load.at.hour * _HOUR + load.at.minute * _MINUTE
        happens = (at >= moment) & (at < moment + max(load.minutes * _MINUTE, interval))
    if load.what == "stuck":
        used[happens] = 0
    if load.what == "spike":
        used[happens] *= _SPIKE
    values = _values(load, meter, used, happens, maximum)
    kept = ~happens if load.what == "outage" else np.ones(len(at), bool)
    if meter.kind == Meter.Kind.AMOUNT:
        kept[0] = False  # the amount of the day before the first
    number = np.full(int(kept.sum()), meter.number, np.int32)
    return Points(number, at[kept], values[kept])


def _used(load: Load, at: npt.NDArray[np.int64], chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """What was used in the interval that ends at each time; nothing at the first."""
    local = at - start_of(dt.date(1970, 1, 1))
    hour = (local % DAY) / _HOUR
    # 1970-01-01 was a Thursday.
    weekend = ((local - 1) // DAY + 3) % 7 >= 5
    shape = load.night + (1 - load.night) * (1 + np.cos((hour - _BUSIEST) / 24 * 2 * np.pi)) / 2
    used = load.mean * shape * np.where(weekend, load.weekend, 1) * (1 + load.noise * chance.standard_normal(len(at)))
    used = np.maximum(used, 0)
    used[0] = 0
    return used


def _values(
    load: Load, meter: Meter, used: npt.NDArray[np.float64], happens: npt.NDArray[np.bool_], maximum: object
) -> npt.NDArray[np.int64]:
    scale = 10**_DECIMALS
    if meter.kind == Meter.Kind.AMOUNT:
        amounts: npt.NDArray[np.int64] = np.rint(used * scale).astype(np.int64) * (MICRO // scale)
        return amounts
    register = load.begin + np.cumsum(used)
    if load.what == "cleared":
        first = int(np.argmax(happens))
        register[first:] -= register[first]
    hundredths: npt.NDArray[np.int64] = np.rint(register * scale).astype(np.int64)
    if maximum is not None:
        hundredths %= int(str(maximum).split(".")[0]) * scale
    hundredths *= MICRO // scale
    return hundredths
