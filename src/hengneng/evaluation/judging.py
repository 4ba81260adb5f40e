"""Judging one target at one place for one period: figures, verdict, pace of the year, warning level, consequences.

Before the due date a target is on track or behind; at the due date it is met or not met. What cannot be judged is
unknown, with the reason. The warning level stands beside the verdict and never replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from hengneng.evaluation.facts import FactReader, RecordingReader, SeriesKey
from hengneng.evaluation.indicators import IndicatorFigures
from hengneng.evaluation.statements import rounding_step, stated_years, target_value
from hengneng.evaluation.warning import Warning, warn
from hengneng.formulas import formulas
from hengneng.language import message
from hengneng.periods import Period
from hengneng.plans.conditions import CONDITIONS, State
from hengneng.plans.model import Indicator, Kind, Operator, Plan, Strength, Target
from hengneng.trace import Figure, Mark, Source, Unknown, all_marks


class Level(StrEnum):
    """The verdict on a target."""

    MET = "met"
    NOT_MET = "not_met"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judgement:
    """A verdict with all it rests on. ``figures`` by role; ``deciding`` is the role of the figure that decides."""

    plan: str
    target: str
    place: str
    period: str
    level: Level
    unknown: Unknown | None
    figures: Mapping[str, Figure]
    deciding: str | None
    warning: Warning | None
    pace: Level | None
    consequences: tuple[tuple[str, str], ...]
    dependencies: frozenset[SeriesKey]

    @property
    def marks(self) -> frozenset[Mark]:
        """What must be said wherever the verdict is shown."""
        if self.deciding is not None:
            return self.figures[self.deciding].marks
        return all_marks(self.figures.values())

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON data; figures by the digests under which they are stored."""
        return {
            "plan": self.plan,
            "target": self.target,
            "place": self.place,
            "period": self.period,
            "verdict": str(self.level),
            "reason": self.unknown.to_json() if self.unknown else None,
            "figures": {
                role: {
                    "figure": figure.digest,
                    "value": figure.value,
                    "unit": figure.unit,
                    "reason": figure.unknown.to_json() if figure.unknown else None,
                }
                for role, figure in self.figures.items()
            },
            "deciding": self.deciding,
            "warning": self.warning.to_json() if self.warning else None,
            "pace": str(self.pace) if self.pace else None,
            "marks": sorted(self.marks),
            "consequences": [{"rule": rule, "consequence": name} for rule, name in self.consequences],
        }


def judge(plan: Plan, target: Target, place: str, period: Period, facts: FactReader) -> Judgement:
    """Judge ``target`` at ``place`` (stable code) for ``period`` with what ``facts`` knows."""
    return _Judging(plan, target, place, period, RecordingReader(facts)).judgement()


# Verdict, reason where unknown, role of the deciding figure.
Decision = tuple[Level, Unknown | None, str | None]


@dataclass
class _Judging:
    plan: Plan
    target: Target
    place: str
    period: Period
    facts: RecordingReader
    figures: dict[str, Figure] = field(default_factory=dict)
    warning: Warning | None = None
    pace: Level | None = None

    @property
    def indicator(self) -> Indicator:
        return self.plan.indicator(self.target.indicator)

    @property
    def at_due(self) -> bool:
        return self.period.end >= self.target.due

    def judgement(self) -> Judgement:
        level, unknown, deciding = self._level()
        return Judgement(
            plan=self.plan.id,
            target=self.target.id,
            place=self.place,
            period=self.period.written,
            level=level,
            unknown=unknown,
            figures=self.figures,
            deciding=deciding,
            warning=self.warning,
            pace=self.pace,
            consequences=self._consequences(level),
            dependencies=frozenset(self.facts.asked),
        )

    def _level(self) -> Decision:
        outside = self._outside_period()
        if outside is not None:
            return Level.UNKNOWN, outside, None
        if self.target.kind is Kind.REDUCTION_AGAINST_BASE:
            return self._reduction_against_base()
        if self.target.kind is Kind.YEARLY_REDUCTION:
            return self._yearly_reduction()
        return self._value_at_date()

    def _outside_period(self) -> Unknown | None:
        due, when = self.target.due, _words(self.period)
        if self.period.year > due.year:
            return Unknown("after-due", {"period": when, "due": due.isoformat()})
        base = self.target.base_year if self.target.first_year is None else self.target.first_year - 1
        if base is not None and self.period.year <= base:
            return Unknown("before-base", {"period": when, "base": str(base)})
        return None

    def _reduction_against_base(self) -> Decision:
        figures = IndicatorFigures(self.indicator, self.place, self.facts)
        aim = target_value(self.plan, self.target, "1")
        base = self.target.base_year
        assert base is not None  # the model asks for it
        years = self._count("years", self.target.due.year - base)
        self._yearly(figures, self._figure("equal_annual_rate", "required_yearly", {"target": aim, "years": years}))
        if not self.period.is_year:
            return Level.UNKNOWN, Unknown("part-of-year", {"period": _words(self.period)}), None
        cumulative = figures.cumulative_decline(base, self.period)
        self.figures["cumulative"] = cumulative
        gone = self._count("elapsed", self.period.year - base)
        self._figure("logarithmic_progress", "progress", {"cumulative": cumulative, "target": aim})
        self._figure("scheduled_progress", "time_progress", {"elapsed": gone, "years": years})
        scheduled = self._figure("scheduled_decline", "scheduled", {"target": aim, "elapsed": gone, "years": years})
        self._figure("required_remaining_rate", "remaining_total", {"target": aim, "cumulative": cumulative})
        if self.at_due:
            return self._decide("verdict", cumulative, aim, Level.MET, Level.NOT_MET, rounded=True)
        left = self._count("remaining", self.target.due.year - self.period.year)
        self._figure(
            "required_annual_rate",
            "remaining_yearly",
            {"target": aim, "cumulative": cumulative, "years_remaining": left},
        )
        return self._decide("schedule_verdict", cumulative, scheduled, Level.ON_TRACK, Level.BEHIND)

    def _yearly_reduction(self) -> Decision:
        figures = IndicatorFigures(self.indicator, self.place, self.facts)
        aim = target_value(self.plan, self.target, "1")
        yearly = self._yearly(figures, aim)
        self._figure("completion_ratio", "completion", {"actual": yearly, "target": aim})
        met, missed = (Level.MET, Level.NOT_MET) if self.at_due else (Level.ON_TRACK, Level.BEHIND)
        return self._decide("verdict", yearly, aim, met, missed, rounded=True)

    def _value_at_date(self) -> Decision:
        figures = IndicatorFigures(self.indicator, self.place, self.facts)
        actual = figures.level(self._span())
        self.figures["actual"] = actual
        aim = target_value(self.plan, self.target, actual.unit if actual.unit != "any" else self.indicator.unit)
        if self.target.operator is Operator.AT_MOST:
            self._figure("headroom", "headroom", {"cap": aim, "total": actual})
        else:
            self._figure("completion_ratio", "completion", {"actual": actual, "target": aim})
        level, unknown, deciding = self._decide("verdict", actual, aim, Level.MET, Level.NOT_MET, rounded=True)
        if self.at_due or level is Level.UNKNOWN:
            return level, unknown, deciding
        if self.target.operator is Operator.AT_MOST:
            return (Level.ON_TRACK if level is Level.MET else Level.BEHIND), None, deciding
        if level is Level.MET:
            return Level.ON_TRACK, None, deciding
        due = self.target.due.isoformat()
        return Level.UNKNOWN, Unknown("no-schedule", {"due": due, "period": _words(self.period)}), None

    def _span(self) -> Period:
        """The time an amount or cap has run by now: one year, or all years since the first."""
        first = self.target.first_year
        return self.period if first in (None, self.period.year) else Period.parse(f"{first}-{self.period.year}")

    def _yearly(self, figures: IndicatorFigures, required: Figure | Source) -> Figure:
        """The year's decline, the same recomputed, whether the year kept pace, and the warning level."""
        yearly, recomputed = figures.yearly_decline(self.period)
        self.figures["yearly"] = yearly
        if recomputed is not None:
            self.figures["yearly_recomputed"] = recomputed
        pace, _, _ = self._decide("pace_verdict", yearly, required, Level.ON_TRACK, Level.BEHIND)
        self.pace = pace
        self.warning, self.figures["warning"] = warn(
            self.plan.head.warning_scheme, yearly, required, self.place, self.period
        )
        return yearly

    def _decide(
        self, role: str, actual: Figure, aim: Figure | Source, yes: Level, no: Level, *, rounded: bool = False
    ) -> Decision:
        inputs: dict[str, Any] = {"actual": actual, "target": aim, "operator": str(self.target.operator)}
        exact = self._figure("meets", role, inputs)
        step = rounding_step(self.plan, self.target, aim.unit) if rounded else None
        if step is not None and exact.value is not None:
            by_rounding = self._figure("meets", role, {**inputs, "precision": step})
            if by_rounding.value == exact.value:
                # A rule that nobody has verified is marked only where it decides.
                by_rounding = self._figure("meets", role, {**inputs, "precision": replace(step, marks=frozenset())})
            exact = by_rounding
        if exact.value is None:
            return Level.UNKNOWN, _reason(actual, aim, exact), role
        return (yes if exact.value else no), None, role

    def _figure(self, formula: str, role: str, inputs: dict[str, Any]) -> Figure:
        figure = formulas()[formula].figure(
            inputs,
            indicator=f"{self.target.id}.{role}",
            label=message(f"evaluation.{role}"),
            subject=self.place,
            period=self.period.written,
        )
        self.figures[role] = figure
        return figure

    def _count(self, what: str, number: int) -> Source:
        return stated_years(self.plan, self.target, message(f"evaluation.{what}"), number)

    def _consequences(self, level: Level) -> tuple[tuple[str, str], ...]:
        # What a document merely hopes for is judged, but missing it breaks no duty.
        if self.target.strength is not Strength.BINDING:
            return ()
        state = State(judgement=level.value)
        return tuple(
            (rule.id, rule.consequence)
            for rule in self.plan.rules
            if rule.about == "place"
            and (not rule.indicators or self.target.indicator in rule.indicators)
            and CONDITIONS[rule.condition](state)
        )


def _reason(actual: Figure, aim: Figure | Source, compared: Figure) -> Unknown | None:
    """Why nothing can be compared. What somebody has given as the reason comes before what we merely miss."""
    given = (s.unknown for s in actual.sources() if s.unknown is not None and s.unknown.code == "reported-missing")
    return next(given, None) or actual.unknown or aim.unknown or compared.unknown


def _words(period: Period) -> dict[str, str]:
    label = period.label()
    return {"zh": label.zh, "en": label.en}
