"""Growth rates and elasticities."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.errors import UndefinedError
from hengneng.formulas.exact import chained, needs_divisor, needs_growth, needs_positive, needs_some
from hengneng.formulas.registry import formula
from hengneng.language import Text
from hengneng.trace import number_to_text

_BEFORE = Text(zh="上期值", en="earlier value")
_FIRST = Text(zh="期初值", en="first value")
_LAST = Text(zh="期末值", en="last value")
_YEARS = Text(zh="年数", en="years")
_RATES = Text(zh="各期增速", en="growth rates")
_GDP_GROWTH = Text(zh="地区生产总值增速（可比价）", en="growth of GDP at constant prices")
_YEARBOOK = "中国统计年鉴, 能源: 主要统计指标解释 (能源消费弹性系数, 平均增长速度)"


@formula(
    name="growth_rate",
    version=1,
    title=Text(zh="增长速度", en="growth rate"),
    unit="1",
    equation=r"g = \frac{x_t}{x_{t-1}} - 1",
    source=_YEARBOOK,
    parameters=[
        Parameter("before", _BEFORE, "any"),
        Parameter("now", Text(zh="本期值", en="later value"), "any"),
    ],
)
def growth_rate(before: float, now: float) -> float:
    r"""Growth between two values, :math:`g = x_t/x_{t-1} - 1`.

    Args:
        before: earlier value [any], above zero.
        now: later value [same unit].

    Returns:
        growth [1].

    Raises:
        UndefinedError: the earlier value is not above zero.
    """
    needs_positive(before, _BEFORE)
    return (now - before) / before


@formula(
    name="cumulative_growth",
    version=1,
    title=Text(zh="累计增速", en="cumulative growth"),
    unit="1",
    equation=r"g = \prod_i (1+g_i) - 1",
    source=_YEARBOOK,
    parameters=[Parameter("rates", _RATES, "1", "numbers")],
)
def cumulative_growth(rates: Sequence[float]) -> float:
    r"""Growth rates chained, :math:`g = \prod(1+g_i) - 1`.

    Args:
        rates: growth of each period [1], each above -1.

    Returns:
        growth over all periods [1]; their order does not change a digit.

    Raises:
        UndefinedError: no rate is given, or one is -1 or less.
    """
    needs_some(rates, _RATES)
    for rate in rates:
        needs_growth(rate, _RATES)
    return float(chained(rates) - 1)


@formula(
    name="average_annual_growth",
    version=1,
    title=Text(zh="年均增长速度", en="average annual growth"),
    unit="1",
    equation=r"\bar g = (x_n/x_0)^{1/n} - 1",
    source=_YEARBOOK,
    parameters=[
        Parameter("first", _FIRST, "any"),
        Parameter("last", _LAST, "any"),
        Parameter("years", _YEARS, "year", "count"),
    ],
)
def average_annual_growth(first: float, last: float, years: int) -> float:
    r"""The same growth every year between two values, :math:`\bar g = (x_n/x_0)^{1/n} - 1` (水平法).

    Args:
        first: value of the base year [any], above zero.
        last: value of the last year [same unit], above zero.
        years: years between them [count], one or more.

    Returns:
        growth per year [1].

    Raises:
        UndefinedError: a value is not above zero, or there is no year.
    """
    needs_positive(first, _FIRST)
    needs_positive(last, _LAST)
    needs_positive(years, _YEARS)
    return math.expm1((math.log(last) - math.log(first)) / years)


@formula(
    name="elasticity",
    version=1,
    confidence="memory-high",
    title=Text(zh="能源消费弹性系数", en="elasticity of energy consumption"),
    unit="1",
    equation=r"\varepsilon = \frac{g_E}{g_G}",
    source=_YEARBOOK,
    parameters=[
        Parameter("energy_growth", Text(zh="能源（电力）消费增速", en="growth of energy or electricity use"), "1"),
        Parameter("gdp_growth", _GDP_GROWTH, "1"),
        Parameter(
            "when_energy_falls",
            Text(zh="能源消费下降时", en="when energy use falls"),
            "1",
            "word",
            optional=True,
            words=("not-reported", "reported"),
        ),
    ],
)
def elasticity(energy_growth: float, gdp_growth: float, when_energy_falls: str | None = None) -> float:
    r"""Elasticity of energy consumption, :math:`\varepsilon = g_E/g_G`.

    Args:
        energy_growth: growth of energy or electricity consumption [1].
        gdp_growth: growth of GDP at constant prices [1], not zero.
        when_energy_falls: "not-reported" (as yearbooks do; also when left out) or "reported".

    Returns:
        elasticity [1].

    Raises:
        UndefinedError: GDP does not grow or fall at all, or energy use falls and that is not reported.
    """
    if energy_growth < 0 and when_energy_falls != "reported":
        raise UndefinedError("elasticity-not-reported", found=number_to_text(energy_growth))
    needs_divisor(gdp_growth, _GDP_GROWTH)
    return energy_growth / gdp_growth
