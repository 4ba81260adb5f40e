"""Points and grades of the assessment of energy targets (节能目标责任评价考核). The ladders are data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.comparison import meant_decimal
from hengneng.formulas.levels import LevelTable, pick_ordinal
from hengneng.formulas.registry import formula
from hengneng.language import Text
from hengneng.rules.brackets import BracketTable

_BONUS = {"step": "bonus_step", "points_per_step": "bonus_points", "maximum_extra": "bonus_maximum"}
_ASSESSMENT = "国发〔2007〕36号 单位GDP能耗考核体系实施方案"


@dataclass(frozen=True)
class Rung:
    """From this completion on (1 = the target), so many points."""

    completion: Decimal
    points: Decimal


@dataclass(frozen=True)
class Ladder:
    """How completion becomes points: the highest rung reached counts (floor), then a bonus per whole step
    beyond 1.

    ``maximum`` caps the points with the bonus; None where the rule has no cap of its own. Raises ValueError
    when
    the ladder is empty, rungs are not in rising order of completion and points, or a bonus is malformed: a
    worse
    result must never bring more points.
    """

    rungs: tuple[Rung, ...]
    points_below: Decimal = Decimal(0)
    bonus_step: Decimal | None = None
    bonus_points: Decimal = Decimal(0)
    bonus_maximum: Decimal | None = None
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.rungs:
            raise ValueError("a scoring ladder needs at least one rung")
        if self.points_below > self.rungs[0].points:
            raise ValueError(f"scoring ladder: {self.points_below} points below the lowest rung are too many")
        for lower, upper in pairwise(self.rungs):
            if lower.completion >= upper.completion or lower.points > upper.points:
                raise ValueError(f"scoring ladder: {upper} must follow {lower} with more completion, not fewer points")
        if self.bonus_points < 0 or (self.bonus_step is not None and self.bonus_step <= 0):
            raise ValueError(f"scoring ladder: bonus of {self.bonus_points} per {self.bonus_step}")
        if self.bonus_points and self.bonus_step is None:
            raise ValueError("scoring ladder: bonus points need a bonus step")

    @classmethod
    def from_brackets(cls, table: BracketTable) -> Ladder:
        """The ladder that a scheme of the rule table ``assessment_ladders`` makes.

        The value of a bracket is its points. Its attributes ``step``, ``points_per_step`` and
        ``maximum_extra`` are the bonus beyond its lower bound, which only the bracket from 1 on may have.
        Raises ValueError when a bracket has no points or a bound that a ladder cannot have.
        """
        rungs = []
        below = Decimal(0)
        bonus: dict[str, Decimal] = {}
        for bracket in table.brackets:
            start = bracket.at_least
            where = f"scoring ladder {table.name}: bracket {bracket.name}"
            if bracket.entry is None or bracket.entry.value is None:
                raise ValueError(f"{where} has no points")
            if bracket.above is not None or isinstance(start, str):
                raise ValueError(f"{where} must start at a number")
            if start is None:
                below = bracket.entry.value
            else:
                rungs.append(Rung(start, bracket.entry.value))
            found = _bonus_of(bracket.entry.attributes)
            if found and start != 1:
                raise ValueError(f"{where} cannot have a bonus")
            bonus |= found
        return cls(tuple(sorted(rungs, key=lambda rung: rung.completion)), below, **bonus)

    def points(self, completion: Decimal) -> Decimal:
        """Points for ``completion`` [points]."""
        reached = self.points_below
        for rung in self.rungs:
            if completion >= rung.completion:
                reached = rung.points
        reached += self._bonus(completion)
        return reached if self.maximum is None else min(reached, self.maximum)

    def _bonus(self, completion: Decimal) -> Decimal:
        if self.bonus_step is None or completion <= 1:
            return Decimal(0)
        bonus = ((completion - 1) // self.bonus_step) * self.bonus_points
        return bonus if self.bonus_maximum is None else min(bonus, self.bonus_maximum)


def _bonus_of(attributes: Mapping[str, str]) -> dict[str, Decimal]:
    return {ours: Decimal(attributes[theirs]) for theirs, ours in _BONUS.items() if attributes.get(theirs)}


@formula(
    name="target_points",
    version=1,
    title=Text(zh="目标得分", en="points for the target"),
    unit="point",
    equation=r"P = \mathrm{ladder}(\lfloor r \rfloor) + \min\left(b_{max}, b \lfloor (r-1)/s \rfloor\right)",
    source=f"{_ASSESSMENT}, 计分表: 万元GDP能耗降低率",
    parameters=[
        Parameter("completion", Text(zh="目标完成率", en="completion of the target"), "1"),
        Parameter("ladder", Text(zh="计分阶梯", en="scoring ladder"), "1", "table"),
    ],
)
def target_points(completion: float, ladder: Ladder) -> float:
    r"""Points for a target: floor to the rung reached, plus the bonus for whole steps beyond the target.

    :math:`P = \mathrm{ladder}(\lfloor r \rfloor) + \min(b_{max}, b\lfloor (r-1)/s \rfloor)`
    (国发〔2007〕36号, 计分表).

    Args:
        completion: completion of the target [1]; see :func:`hengneng.formulas.schedule.completion_ratio`.
        ladder: rungs and bonus of the edition and place.

    Returns:
        points [point], not capped unless the ladder says so.
    """
    return float(ladder.points(meant_decimal(completion)))


@formula(
    name="grade",
    version=1,
    title=Text(zh="考核等级", en="grade of the assessment"),
    unit="1",
    equation=r"g = \begin{cases} g_{veto} & m = 0 \\ \mathrm{level}(P) & m = 1 \end{cases}",
    source=f"{_ASSESSMENT}, 考核等级与否决性指标",
    parameters=[
        Parameter("points", Text(zh="总得分", en="points in all"), "point"),
        Parameter("target_met", Text(zh="否决性目标是否完成", en="whether the veto target is met"), "1", "truth"),
        Parameter("grades", Text(zh="等级划分", en="brackets of the grades"), "1", "table"),
        Parameter("vetoed_grade", Text(zh="否决时的等级", en="grade under the veto"), "1", "count"),
    ],
    result="ordinal",
)
def grade(points: float, target_met: bool, grades: LevelTable, vetoed_grade: int) -> int:
    """Grade of an assessment: by points, but a missed veto target decides alone (国发〔2007〕36号,
    否决性指标).

    Args:
        points: points in all [point].
        target_met: whether the veto target is met [1 or 0]; see :func:`hengneng.formulas.comparison.meets`.
        grades: brackets of the grades by points.
        vetoed_grade: ordinal of the grade that a missed veto target brings, from the rule tables [count].

    Returns:
        ordinal of the grade in the table's own numbering.
    """
    return pick_ordinal(grades, meant_decimal(points)) if target_met else vetoed_grade
