"""Metered energy for others: hours by meter as Parquet, days by unit as CSV. Only what is wholly covered is written."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import Count, F, Q, Sum

from hengneng.metering.models import DailyEnergy, Meter
from hengneng.metering.multiplying import MICRO
from hengneng.readings.points import start_of
from hengneng.readings.store import Store

HOUR = 3600
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Exported:
    """How many rows were written, and how many hours or unit-days were left out: not wholly covered, or unknown."""

    rows: int
    left_out: int


def export_hourly(
    store: Store,
    target: Path,
    since: dt.date | None = None,
    until: dt.date | None = None,
    progress: Progress = lambda *_: None,
) -> Exported:
    """Write meter_id, hour_utc (start of the hour), quantity in the unit of the carrier, for each whole hour.

    ``meter_id`` is a number where every identifier is one, else text.
    """
    results = store.manifest().results
    days = sorted(day for day, kind in results if kind == "hours" and _within(day, since, until))
    names = dict(Meter.objects.values_list("number", "identifier"))
    numeric = all(name.isdecimal() and int(name) < 2**31 for name in names.values())
    schema = pa.schema(
        [
            ("meter_id", pa.int32() if numeric else pa.string()),
            ("hour_utc", pa.timestamp("s", tz="UTC")),
            ("quantity", pa.float64()),
        ]
    )
    known = np.array(sorted(names), np.int64)
    called = pa.array([int(names[one]) if numeric else names[one] for one in known.tolist()], schema.field(0).type)
    rows = left_out = 0
    with _Whole(target) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for done, day in enumerate(days, start=1):
            file = store.folder / results[day, "hours"].name
            table = pq.read_table(file, columns=["meter", "hour", "quantity", "covered"])
            meter = table["meter"].to_numpy().astype(np.int64)
            whole = (table["covered"].to_numpy() == HOUR) & np.isin(meter, known)
            at = start_of(day) + table["hour"].to_numpy().astype(np.int64) * HOUR
            quantity = pc.fill_null(table["quantity"], 0).to_numpy()[whole] / MICRO
            columns = [
                called.take(pa.array(np.searchsorted(known, meter[whole]))),
                pa.array(at[whole], pa.int64()).cast(schema.field(1).type),
                pa.array(quantity, pa.float64()),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            rows += int(whole.sum())
            left_out += int((~whole).sum())
            progress(done, len(days))
    return Exported(rows, left_out)


def export_daily(target: Path, since: dt.date | None = None, until: dt.date | None = None) -> Exported:
    """Write enterprise_id, date (local), kgce (calorific) of the units' main meters, for each wholly covered day."""
    rows = DailyEnergy.objects.filter(process="")
    if since is not None:
        rows = rows.filter(day__gte=since)
    if until is not None:
        rows = rows.filter(day__lte=until)
    part = Q(covered_seconds__lt=F("expected_seconds")) | Q(calorific=None)
    found = (
        rows.values_list("unit__identifier", "day")
        .annotate(Sum("calorific"), lacking=Count("pk", filter=part))
        .order_by("day", "unit__identifier")
    )
    written = left_out = 0
    with _Whole(target) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["enterprise_id", "date", "kgce"])
        for unit, day, calorific, lacking in found.iterator(chunk_size=5000):
            if lacking:
                left_out += 1
                continue
            writer.writerow([unit, day.isoformat(), f"{calorific // MICRO}.{calorific % MICRO:06d}"])
            written += 1
    return Exported(written, left_out)


def _within(day: dt.date, since: dt.date | None, until: dt.date | None) -> bool:
    return (since is None or since <= day) and (until is None or day <= until)


class _Whole:
    """A file that gets its name only when it is whole."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(f"{target.name}.partial")

    def __enter__(self) -> Path:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        return self.partial

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.partial.replace(self.target)
        else:
            self.partial.unlink(missing_ok=True)
