"""What a plan shows beside its targets, arranged for the page: the known years of a series, without a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hengneng.language import Text
from hengneng.plans.model import Plan
from hengneng.trace import Mark
from hengneng.web.speech import Speech, shown
from hengneng.web.tables import figure_address

YEARS_SHOWN = 12


@dataclass(frozen=True)
class Point:
    """One year: its value as shown, and where the derivation is."""

    period: str
    value: str
    address: str
    example: bool


@dataclass(frozen=True)
class SeriesShown:
    """One series: what it is, where, its unit, what the document itself states, its latest known years."""

    label: str
    meaning: str
    place: str
    unit: str
    declines: bool
    stated: str
    points: list[Point]
    known: int


def observations_shown(observations: Iterable[Mapping[str, Any]], plan: Plan, speech: Speech) -> list[SeriesShown]:
    """Observations (as JSON data) of which something is known or stated."""
    return [_shown(one, plan, speech) for one in observations if one["points"] or one["stated_value"] is not None]


def _shown(series: Mapping[str, Any], plan: Plan, speech: Speech) -> SeriesShown:
    stated = "" if series["stated_value"] is None else f"{series['stated_value']} {speech.unit(series['stated_unit'])}"
    latest = series["points"][-YEARS_SHOWN:]
    return SeriesShown(
        label=speech.said(plan.indicator(series["indicator"]).label.text()),
        meaning=speech.said(Text(**series["meaning"])),
        place=speech.said(Text(**series["place_name"])),
        unit=speech.unit(latest[-1]["unit"] if latest else series["stated_unit"]),
        declines=bool(series["declines"]),
        stated=stated,
        points=[
            Point(
                one["period"],
                shown(one["value"], one["unit"]),
                figure_address(one["figure"]),
                Mark.EXAMPLE in one["marks"],
            )
            for one in latest
        ],
        known=len(series["points"]),
    )
