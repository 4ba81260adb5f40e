"""What a plan shows beside its targets, arranged for the page: the known years of a series, without a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hengneng.standing.observing import Series
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


def observations_shown(observations: Iterable[Series], speech: Speech) -> list[SeriesShown]:
    """Observations of which something is known or stated."""
    return [_shown(series, speech) for series in observations if series.figures or series.observation.value is not None]


def _shown(series: Series, speech: Speech) -> SeriesShown:
    observation = series.observation
    stated = "" if observation.value is None else f"{observation.value} {speech.unit(observation.unit)}"
    latest = series.figures[-YEARS_SHOWN:]
    return SeriesShown(
        label=speech.said(series.indicator.label.text()),
        meaning=speech.said(observation.meaning.text()),
        place=speech.said(series.place_name),
        unit=speech.unit(latest[-1].unit if latest else observation.unit),
        declines=bool(latest) and latest[-1].indicator.endswith(".yearly"),
        stated=stated,
        points=[
            Point(f.period, shown(f.value, f.unit), figure_address(f.digest), Mark.EXAMPLE in f.marks) for f in latest
        ],
        known=len(series.figures),
    )
