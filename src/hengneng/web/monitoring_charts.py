"""Hour means of a month as a drawing: a line that breaks where nothing is valid, against the limit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hengneng.emissions.series import HOUR, runs
from hengneng.monitoring.hours import PollutantHours
from hengneng.web.axes import Tick, scale
from hengneng.web.speech import moment, shown

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 220, 64, 72, 16, 28
EVERY_FIFTH = 5


@dataclass(frozen=True)
class Gap:
    """Neighbouring hours without a valid value, for one reason."""

    x: float
    width: float
    begin: dt.datetime
    end: dt.datetime
    reason: str


@dataclass(frozen=True)
class DayColumn:
    """A day of the drawing: where it stands, what is said when somebody points at it."""

    x: float
    width: float
    name: str
    tick: str
    valid: int
    highest: str


@dataclass(frozen=True)
class HourChart:
    """Everything that the drawing needs; lines are paths. ``limit_y`` is None without a limit."""

    width: int
    height: int
    left: int
    right: int
    base: float
    line: str
    above: str
    gaps: tuple[Gap, ...]
    days: tuple[DayColumn, ...]
    ticks: tuple[Tick, ...]
    limit_y: float | None
    limit_text: str


def hour_chart(one: PollutantHours) -> HourChart | None:
    """The hours of a pollutant (n) from left to right; None where none is valid."""
    values, at = one.judged.values, one.judged.times
    if np.isnan(values).all():
        return None
    bound = one.against.limit.value if one.against else None
    highest = float(np.nanmax(values)) if bound is None else max(float(np.nanmax(values)), bound)
    low, high, step = scale(min(0.0, float(np.nanmin(values))), highest)
    wide = (WIDTH - LEFT - RIGHT) / len(at)

    def across(index: float) -> float:
        return round(LEFT + wide * index, 1)

    def down(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    ticks = tuple(
        Tick(down(low + step * n), f"{round(low + step * n, 6):g}") for n in range(round((high - low) / step) + 1)
    )
    points = [(across(n + 0.5), down(float(value))) for n, value in enumerate(values) if not np.isnan(value)]
    places = dict(zip(np.flatnonzero(~np.isnan(values)).tolist(), points, strict=True))
    exceeded = one.against.exceeded if one.against else np.zeros(len(at), np.bool_)
    return HourChart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=down(max(low, 0.0)),
        line=_path(places, set(places)),
        above=_path(places, set(np.flatnonzero(exceeded).tolist())),
        gaps=_gaps(one, across),
        days=_days(one, across),
        ticks=ticks,
        limit_y=None if bound is None else down(bound),
        limit_text="" if bound is None else f"{bound:g}",
    )


def _path(places: dict[int, tuple[float, float]], chosen: set[int]) -> str:
    """Lines through neighbouring hours; an hour that stands alone is a dot."""
    parts = []
    for index in sorted(chosen):
        x, y = places[index]
        follows = index - 1 in chosen
        # A line without length is drawn as a dot by its round ends.
        parts.append(f"L{x} {y}" if follows else f"M{x} {y}h0")
    return "".join(parts)


def _gaps(one: PollutantHours, across: Callable[[float], float]) -> tuple[Gap, ...]:
    reasons, found = one.judged.reasons, []
    for reason in sorted(set(reasons.tolist()) - {""}):
        for run in runs(reasons == reason, one.judged.times, HOUR):
            x = across(run.first)
            found.append(
                Gap(x, round(across(run.last + 1) - x, 1), moment(run.start), moment(run.end), str(reason))
            )
    return tuple(sorted(found, key=lambda gap: gap.x))


def _days(one: PollutantHours, across: Callable[[float], float]) -> tuple[DayColumn, ...]:
    names = [moment(int(at)).date() for at in one.judged.times]
    found = []
    for day in dict.fromkeys(names):
        where = [index for index, name in enumerate(names) if name == day]
        values = one.judged.values[where[0] : where[-1] + 1]
        valid = int((~np.isnan(values)).sum())
        x = across(where[0])
        tick = str(day.day) if day.day == 1 or day.day % EVERY_FIFTH == 0 else ""
        highest = shown(float(np.nanmax(values)), "") if valid else ""
        found.append(DayColumn(x, round(across(where[-1] + 1) - x, 1), str(day), tick, valid, highest))
    return tuple(found)
