"""What the roll-up has written about some meters: hours, days and flags, from the files that the manifest names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from hengneng.readings.manifest import Manifest

SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True)
class Hour:
    """An hour of some meters together. ``quantity`` and ``estimated`` are millionths of the unit, None unknown;
    ``covered`` are the seconds of all these meters that lie between two readings, ``estimated_seconds`` those of them
    in intervals that are spread by an estimate, ``meters`` how many have any."""

    quantity: int | None
    covered: int
    estimated: int
    estimated_seconds: int
    meters: int


@dataclass(frozen=True)
class Flag:
    """Something doubtful about a meter: number of the rule, from when to when, what was found and what is allowed.

    Times are seconds since 1970 UTC; ``found`` and ``limit`` are millionths or seconds, as the rule says.
    """

    meter: int
    rule: str
    since: int
    until: int
    found: int | None
    limit: int | None


def rows_of(manifest: Manifest, kind: str, day: dt.date, meters: Collection[int]) -> list[dict[str, int | str | None]]:
    """Rows of ``meters`` in the result ``kind`` (hours, days, flags) of a local day; empty where there is none."""
    file = manifest.results.get((day, kind))
    if file is None or not meters:
        return []
    table: pa.Table = pq.read_table(manifest.folder / file.name, filters=[("meter", "in", sorted(meters))])
    rows: list[dict[str, int | str | None]] = table.to_pylist()
    return rows


def hours_of(manifest: Manifest, days: Iterable[dt.date], meters: Collection[int]) -> dict[tuple[dt.date, int], Hour]:
    """Hours (0 to 23, local) of ``meters`` together, exactly; an hour without a covered second is not there."""
    found: dict[tuple[dt.date, int], Hour] = {}
    for day in days:
        for row in rows_of(manifest, "hours", day, meters):
            if not row["covered"]:
                continue
            key = (day, _whole(row["hour"]))
            before = found.get(key, Hour(0, 0, 0, 0, 0))
            found[key] = Hour(
                (before.quantity or 0) + _whole(row["quantity"]),
                before.covered + _whole(row["covered"]),
                before.estimated + _whole(row["estimated"]),
                before.estimated_seconds + _whole(row["estimated_seconds"]),
                before.meters + 1,
            )
    return found


def flags_of(manifest: Manifest, days: Iterable[dt.date], meters: Collection[int]) -> list[Flag]:
    """Flags of ``meters`` on these days, the newest first."""
    rows = [row for day in days for row in rows_of(manifest, "flags", day, meters)]
    flags = [
        Flag(
            _whole(row["meter"]), str(row["rule"]), _whole(row["since"]), _whole(row["until"]),
            _known(row["found"]), _known(row["limit"]),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(flags, key=lambda flag: (-flag.until, flag.meter, flag.rule))


@dataclass(frozen=True)
class FlagRun:
    """Flags of one rule about a meter, each beginning where the one before it ends: found day by day, one matter.

    ``last``: the newest of them; ``since``: where the first begins, in seconds since 1970 UTC; ``count``: how many.
    """

    last: Flag
    since: int
    count: int


def runs_of(flags: Iterable[Flag]) -> list[FlagRun]:
    """Flags that follow on each other taken together, the newest first."""
    runs: list[FlagRun] = []
    for flag in sorted(flags, key=lambda one: (one.meter, one.rule, one.since, one.until)):
        before = runs[-1] if runs else None
        if before and (before.last.meter, before.last.rule, before.last.until) == (flag.meter, flag.rule, flag.since):
            runs[-1] = FlagRun(flag, before.since, before.count + 1)
        else:
            runs.append(FlagRun(flag, flag.since, 1))
    return sorted(runs, key=lambda run: (-run.last.until, run.last.meter, run.last.rule))


def _whole(cell: int | str | None) -> int:
    return int(cell or 0)


def _known(cell: int | str | None) -> int | None:
    return None if cell is None else int(cell)
