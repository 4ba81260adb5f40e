"""Warning levels of the barometer of energy targets (节能目标完成情况晴雨表)."""

from __future__ import annotations

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.comparison import meant_decimal
from hengneng.formulas.levels import LevelTable, pick_ordinal
from hengneng.formulas.registry import formula
from hengneng.formulas.schedule import completion_ratio
from hengneng.language import Text

_DECLINE = Text(zh="能耗强度降低率", en="decline of intensity")
_REQUIRED = Text(zh="进度要求", en="required decline")
_BRACKETS = Text(zh="预警等级划分", en="brackets of the warning levels")


@formula(
    name="warning_level",
    version=1,
    title=Text(zh="预警等级", en="warning level"),
    unit="1",
    equation=r"L = \mathrm{level}(d \mid r)",
    source="发改办环资〔2021〕629号 (不降反升 / 未达到进度要求 / 其余)",
    parameters=[
        Parameter("decline", _DECLINE, "1"),
        Parameter("required", _REQUIRED, "1"),
        Parameter("brackets", _BRACKETS, "1", "table"),
    ],
    result="ordinal",
    missing_reason="not-forecast",
)
def warning_level(decline: float, required: float, brackets: LevelTable) -> int:
    r"""Warning level of a decline against the decline required, :math:`L = \mathrm{level}(d \mid r)`
    (〔2021〕629号).

    Args:
        decline: decline of intensity against the same period of the year before [1].
        required: decline that the period requires [1].
        brackets: levels of the scheme, with the symbol ``required`` as a bound.

    Returns:
        ordinal of the level in the scheme's own numbering, which may count either way.
    """
    return pick_ordinal(brackets, meant_decimal(decline), required=meant_decimal(required))


@formula(
    name="warning_level_by_ratio",
    version=1,
    title=Text(zh="预警等级（按完成率）", en="warning level by completion"),
    unit="1",
    equation=r"L = \mathrm{level}(d / r)",
    source=Text(
        zh="某市2010年能耗预警调控方案（完成率 100 % / 90 % / 50 %）",
        en="a city's 2010 能耗预警调控方案 (完成率 100 % / 90 % / 50 %)",
    ),
    parameters=[
        Parameter("decline", _DECLINE, "1"),
        Parameter("required", _REQUIRED, "1"),
        Parameter("brackets", _BRACKETS, "1", "table"),
    ],
    result="ordinal",
    missing_reason="not-forecast",
)
def warning_level_by_ratio(decline: float, required: float, brackets: LevelTable) -> int:
    r"""Warning level of the completion of the decline required, :math:`L = \mathrm{level}(d/r)`.

    Args:
        decline: decline of intensity [1].
        required: decline that the period requires [1], above zero.
        brackets: levels of the scheme by completion.

    Returns:
        ordinal of the level in the scheme's own numbering.

    Raises:
        UndefinedError: the required decline is not above zero.
    """
    return pick_ordinal(brackets, meant_decimal(completion_ratio(decline, required)))
