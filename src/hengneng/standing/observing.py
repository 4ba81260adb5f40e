"""What a plan shows beside its targets, without a verdict: the known years of an indicator at a place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hengneng.evaluation.facts import RecordingReader
from hengneng.evaluation.indicators import IndicatorFigures
from hengneng.facts.reader import DatabaseFacts
from hengneng.language import Text
from hengneng.periods import Period
from hengneng.plans.model import Indicator, Observation, Plan
from hengneng.rules.divisions import division, subject_code
from hengneng.standing.storing import store_figures
from hengneng.trace import Figure


@dataclass(frozen=True)
class Series:
    """Figures of one observation at one place, a year each, oldest first; years nothing is known of are left out."""

    observation: Observation
    indicator: Indicator
    place: str
    place_name: Text
    figures: tuple[Figure, ...]

    def to_json(self) -> dict[str, Any]:
        """The series as JSON data."""
        stated = self.observation
        return {
            "observation": stated.id,
            "clause": stated.clause,
            "indicator": self.indicator.id,
            "meaning": stated.meaning.model_dump(),
            "stated_value": None if stated.value is None else str(stated.value),
            "stated_unit": stated.unit,
            "place": self.place,
            "place_name": {"zh": self.place_name.zh, "en": self.place_name.en},
            "declines": bool(self.figures) and self.figures[-1].indicator.endswith(".yearly"),
            "points": [
                {
                    "period": figure.period,
                    "value": figure.value,
                    "unit": figure.unit,
                    "figure": figure.digest,
                    "marks": sorted(figure.marks),
                }
                for figure in self.figures
            ],
        }


def observe(plan: Plan, moment: dt.datetime | None) -> list[Series]:
    """Every observation of the plan at each of its places, with facts as known at ``moment`` (None: now).

    Levels where the document states one, else the yearly decline. Figures are stored, so that they can be explained.
    """
    found = []
    for observation in plan.observations:
        indicator = plan.indicator(observation.indicator)
        for code in plan.places_of(observation):
            subject = subject_code(code)
            figures = _figures(observation, indicator, subject, DatabaseFacts([subject], moment))
            store_figures(figures)
            found.append(Series(observation, indicator, subject, division(code).name, tuple(figures)))
    return found


def _figures(observation: Observation, indicator: Indicator, subject: str, facts: DatabaseFacts) -> list[Figure]:
    measures = {
        *indicator.inputs.values(),
        *indicator.published_growth.values(),
        indicator.published_change or "",
    }
    years = sorted({Period.parse(written).year for written in facts.periods(measures, [subject])})
    reader = IndicatorFigures(indicator, subject, RecordingReader(facts))
    # Where the document states a level, the levels belong beside it; else the yearly decline says more.
    yearly = observation.value is None and bool(indicator.published_change or indicator.published_growth)
    periods = [Period.of_year(year) for year in years]
    figures = [reader.yearly_decline(period)[0] if yearly else reader.level(period) for period in periods]
    return [figure for figure in figures if figure.value is not None]
