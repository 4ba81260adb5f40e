"""The ranked chart of an indicator: what the script draws, as JSON data."""

from __future__ import annotations

from typing import Any

from hengneng.evaluation.judging import Level
from hengneng.plans.model import Kind
from hengneng.standing.report import Row
from hengneng.web.speech import RATE, Speech, shown
from hengneng.web.tables import Group, figure_address, in_target_unit

# In pixels; the page reserves the height, so that nothing moves when the script has drawn.
HEIGHT_OF_AXES, HEIGHT_OF_A_BAR = 100, 26


def chart_of(group: Group, speech: Speech) -> dict[str, Any] | None:
    """Places by what they have achieved, the worst on top; None where nothing can be drawn.

    Reductions against a base year are drawn as the way gone [%] beside the time gone; everything else as the achieved
    value in the unit of the target, with each place's target as a mark.
    """
    against_time = group.rows[0].target.kind is Kind.REDUCTION_AGAINST_BASE
    bars = [bar for row in group.rows if (bar := (_way_gone if against_time else _achieved)(row, speech)) is not None]
    if len(bars) < 2:
        return None
    bars.sort(key=lambda bar: bar["order"])
    unit = "%" if against_time else speech.unit(group.rows[0].target.unit)
    axis = "web.chart.way_gone" if against_time else "web.chart.achieved"
    return {
        "axis": speech.words(axis, unit=unit),
        "bars": bars,
        "lines": _lines(group, against_time, speech),
        "target_name": speech.words("web.columns.target"),
        "left_out": len(group.rows) - len(bars),
        "height": HEIGHT_OF_AXES + HEIGHT_OF_A_BAR * len(bars),
    }


def _way_gone(row: Row, speech: Speech) -> dict[str, Any] | None:
    figure = row.figure("progress")
    if figure is None or figure["value"] is None:
        return None
    return {
        **_bar(row, speech),
        "value": 100 * figure["value"],
        "text": f"{shown(figure['value'], RATE, 1)} %",
        "address": figure_address(figure["figure"]),
        "target": None,
        "order": figure["value"],
    }


def _achieved(row: Row, speech: Speech) -> dict[str, Any] | None:
    figure = row.achieved
    if figure is None or figure["value"] is None or row.target.value is None:
        return None
    target = float(row.target.value)
    rate = figure["unit"] == RATE
    converted, _ = in_target_unit(figure["value"], figure["unit"], row.target.unit)
    value = float(converted or 0) * (100 if rate else 1)
    return {
        **_bar(row, speech),
        "value": value,
        "text": f"{shown(value, '')}{' %' if rate else ''}",
        "address": figure_address(figure["figure"]),
        "target": target,
        "order": (row.severity, value - target),
    }


def _bar(row: Row, speech: Speech) -> dict[str, Any]:
    return {
        "place": speech.said(row.place_name),
        "level": str(row.level),
        "verdict": speech.words(f"verdict.{row.level}"),
        "example": "example" in row.content["marks"],
        "unknown": row.level is Level.UNKNOWN,
    }


def _lines(group: Group, against_time: bool, speech: Speech) -> list[dict[str, Any]]:
    """Dashed lines with their numbers: the target, and the time gone."""
    if not against_time:
        targets = {row.target.value for row in group.rows}
        if len(targets) > 1 or None in targets:
            return []
        value = float(next(iter(targets)) or 0)
        return [{"at": value, "text": speech.words("web.chart.target", number=f"{value:g}"), "kind": "target"}]
    lines = [{"at": 100, "text": speech.words("web.chart.target", number="100 %"), "kind": "target"}]
    time = next((t for row in group.rows if (t := row.number("time_progress")) is not None), None)
    if time is not None and time < 1:
        words = speech.words("web.chart.time", number=f"{shown(time, RATE, 0)} %")
        lines.append({"at": 100 * time, "text": words, "kind": "time"})
    return lines
