"""Figures of one indicator at one place: its level, its decline in a year, its decline since the base year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from hengneng.evaluation.facts import RecordingReader
from hengneng.formulas import formulas
from hengneng.language import Text, listed, message
from hengneng.periods import Period
from hengneng.plans.model import Indicator
from hengneng.trace import Figure, Source, Unknown


class _About(TypedDict):
    indicator: str
    label: Text
    subject: str
    period: str


@dataclass(frozen=True)
class IndicatorFigures:
    """Computes the figures of ``indicator`` for ``subject`` from what ``facts`` knows."""

    indicator: Indicator
    subject: str
    facts: RecordingReader

    def level(self, period: Period) -> Figure:
        """The indicator's own value [its unit], from its formula and measures."""
        formula = formulas()[self.indicator.formula]
        units = {p.name: p.unit for p in formula.parameters}
        inputs = {
            role: self._fact(measure, period, None if units[role] == "any" else units[role])
            for role, measure in self.indicator.inputs.items()
        }
        return formula.figure(inputs, **self._about(self.indicator.id, self.indicator.label.text(), period))

    def yearly_decline(self, period: Period) -> tuple[Figure, Figure | None]:
        """The decline against the same period of the year before [1], and the same recomputed another way, if known.

        A published rate comes first: it was computed from unrounded data. Then levels, then published growth rates.
        The first way that gives a number counts; when none does, the first way says what is missing.
        """
        ways = [*self._published_change(period), *self._from_levels(period), *self._from_growth(period)]
        if not ways:
            # Nothing is published of such a period, and levels are compared for whole years only.
            nothing = {"intensity_before": None, "intensity_now": None}
            ways = [self._figure("yearly_decline", nothing, period, "yearly")]
        known = [way for way in ways if way.value is not None]
        if not known:
            return ways[0], None
        return known[0], known[1] if len(known) > 1 else None

    def cumulative_decline(self, base_year: int, period: Period) -> Figure:
        """The decline since the base year [1]: chained from the years; else published; else from the two levels."""
        years = [Period.of_year(year) for year in range(base_year + 1, period.year + 1)]
        yearly = [self.yearly_decline(year)[0] for year in years]
        chained = self._figure("cumulative_decline", {"declines": yearly}, period, "cumulative")
        if chained.value is not None:
            return chained
        others = [*self._published_cumulative(base_year, period), *self._against_base(base_year, period)]
        lacking = listed(year.written for year, decline in zip(years, yearly, strict=True) if decline.value is None)
        reason = Unknown("years-missing", {"years": {"zh": lacking.zh, "en": lacking.en}})
        unknown = replace(chained, unknown=reason)
        return next((way for way in others if way.value is not None), unknown)

    def _published_change(self, period: Period) -> Sequence[Figure]:
        if self.indicator.published_change is None:
            return ()
        change = self._fact(self.indicator.published_change, period, "1")
        return (self._figure("decline_from_change", {"change": change}, period, "yearly"),)

    def _from_levels(self, period: Period) -> Sequence[Figure]:
        if not period.is_year or self.indicator.inputs.keys() <= {"value"}:
            return ()
        before = self.level(Period.of_year(period.year - 1))
        inputs = {"intensity_before": before, "intensity_now": self.level(period)}
        return (self._figure("yearly_decline", inputs, period, "yearly"),)

    def _from_growth(self, period: Period) -> Sequence[Figure]:
        growth = self.indicator.published_growth
        if not growth:
            return ()
        inputs = {
            "energy_growth": self._fact(growth["energy"], period, "1"),
            "gdp_growth": self._fact(growth["value_added"], period, "1"),
        }
        return (self._figure("decline_from_growth", inputs, period, "yearly"),)

    def _published_cumulative(self, base_year: int, period: Period) -> Sequence[Figure]:
        if self.indicator.published_cumulative_change is None or period.year < base_year + 2:
            return ()
        since = Period.parse(f"{base_year + 1}-{period.year}")
        change = self._fact(self.indicator.published_cumulative_change, since, "1")
        return (self._figure("decline_from_change", {"change": change}, period, "cumulative"),)

    def _against_base(self, base_year: int, period: Period) -> Sequence[Figure]:
        if not period.is_year or self.indicator.inputs.keys() <= {"value"}:
            return ()
        inputs = {"base": self.level(Period.of_year(base_year)), "now": self.level(period)}
        return (self._figure("decline_against_base", inputs, period, "cumulative"),)

    def _fact(self, measure: str, period: Period, unit: str | None) -> Source:
        return self.facts.source(measure, self.subject, period, unit)

    def _figure(self, formula: str, inputs: Mapping[str, object], period: Period, part: str) -> Figure:
        label = message(f"evaluation.{part}", indicator=self.indicator.label.text(), period=period.label())
        return formulas()[formula].figure(inputs, **self._about(f"{self.indicator.id}.{part}", label, period))

    def _about(self, indicator: str, label: Text, period: Period) -> _About:
        return {"indicator": indicator, "label": label, "subject": self.subject, "period": period.written}
