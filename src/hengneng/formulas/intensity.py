"""Energy intensity: its level, its decline, and chains of declines."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.exact import chained, needs_decline, needs_growth, needs_positive, needs_some
from hengneng.formulas.registry import formula
from hengneng.language import Text

_ENERGY = Text(zh="能源消费量", en="energy consumption")
_VALUE_ADDED = Text(zh="增加值（可比价）", en="value added at constant prices")
_INTENSITY = Text(zh="能耗强度", en="energy intensity")
_BEFORE = Text(zh="上期能耗强度", en="intensity of the earlier period")
_NOW = Text(zh="本期能耗强度", en="intensity of the later period")
_BASE = Text(zh="基期能耗强度", en="intensity of the base period")
_DECLINE = Text(zh="降低率", en="decline")
_DECLINES = Text(zh="各年降低率", en="yearly declines")
_CHANGE = Text(zh="公布的变化率", en="published change")
_ENERGY_GROWTH = Text(zh="能源消费增速", en="growth of energy consumption")
_GDP_GROWTH = Text(zh="地区生产总值增速（可比价）", en="growth of GDP at constant prices")

_SCHEME = "国发〔2007〕36号 单位GDP能耗统计指标体系实施方案, 监测体系实施方案"
_QINGHAI = "青海省统计局, 关于节能目标完成情况的计算方法, 2009-09-17"


@formula(
    name="intensity",
    version=1,
    title=Text(zh="单位增加值能耗", en="energy per value added"),
    unit="tce/10^4 yuan",
    equation=r"e = E / G",
    source=_SCHEME,
    parameters=[Parameter("energy", _ENERGY, "tce"), Parameter("value_added", _VALUE_ADDED, "10^4 yuan")],
)
def intensity(energy: float, value_added: float) -> float:
    r"""Energy per value added, :math:`e = E/G` (国发〔2007〕36号).

    Args:
        energy: energy consumption [tce]; for the indicator of a region by the coal-equivalent method
            (等价值).
        value_added: GDP or industrial value added at constant prices [10^4 yuan], above zero.

    Returns:
        intensity [tce/10^4 yuan], in the prices of the value added.

    Raises:
        UndefinedError: the value added is not above zero.
    """
    needs_positive(value_added, _VALUE_ADDED)
    return energy / value_added


@formula(
    name="electricity_intensity",
    version=1,
    title=Text(zh="单位增加值电耗", en="electricity per value added"),
    unit="kWh/10^4 yuan",
    equation=r"w = 10^4 W / G",
    source=_SCHEME,
    parameters=[
        Parameter("electricity", Text(zh="用电量", en="electricity consumption"), "10^4 kWh"),
        Parameter("value_added", _VALUE_ADDED, "10^4 yuan"),
    ],
)
def electricity_intensity(electricity: float, value_added: float) -> float:
    r"""Electricity per value added, :math:`w = 10^4 W/G` (国发〔2007〕36号).

    Args:
        electricity: electricity consumption [10^4 kWh].
        value_added: value added at constant prices [10^4 yuan], above zero.

    Returns:
        electricity intensity [kWh/10^4 yuan].

    Raises:
        UndefinedError: the value added is not above zero.
    """
    needs_positive(value_added, _VALUE_ADDED)
    return electricity * 1e4 / value_added


@formula(
    name="implied_value_added",
    version=1,
    title=Text(zh="由能耗强度推算的增加值", en="value added implied by an intensity"),
    unit="10^4 yuan",
    equation=r"G = E / e",
    source=_SCHEME,
    parameters=[Parameter("energy", _ENERGY, "tce"), Parameter("intensity", _INTENSITY, "tce/10^4 yuan")],
)
def implied_value_added(energy: float, intensity: float) -> float:
    r"""Value added that a published intensity implies, :math:`G = E/e`.

    Args:
        energy: energy consumption [tce].
        intensity: published intensity [tce/10^4 yuan], above zero.

    Returns:
        value added in the prices of the intensity [10^4 yuan].

    Raises:
        UndefinedError: the intensity is not above zero.
    """
    needs_positive(intensity, _INTENSITY)
    return energy / intensity


@formula(
    name="yearly_decline",
    version=1,
    title=Text(zh="能耗强度降低率", en="decline of intensity"),
    unit="1",
    equation=r"d = 1 - e_t / e_{t-1}",
    source=_SCHEME,
    parameters=[Parameter("intensity_before", _BEFORE, "any"), Parameter("intensity_now", _NOW, "any")],
)
def yearly_decline(intensity_before: float, intensity_now: float) -> float:
    r"""Decline from one period to the next, :math:`d = 1 - e_t/e_{t-1}` (国发〔2007〕36号). Positive is a
    decline.

    Args:
        intensity_before: intensity of the earlier period [any], above zero, in the same price base as the
            later one.
        intensity_now: intensity of the later period [same unit].

    Returns:
        decline [1].

    Raises:
        UndefinedError: the earlier intensity is not above zero.
    """
    needs_positive(intensity_before, _BEFORE)
    return (intensity_before - intensity_now) / intensity_before


@formula(
    name="decline_against_base",
    version=1,
    title=Text(zh="比基期累计降低率", en="decline against the base period"),
    unit="1",
    equation=r"C = 1 - e_t / e_0",
    source="国发〔2011〕26号 “十二五”节能减排综合性工作方案 (0.869 / 1.034 / 1.276 tce/万元, 2005年价格)",
    parameters=[Parameter("base", _BASE, "any"), Parameter("now", _NOW, "any")],
)
def decline_against_base(base: float, now: float) -> float:
    r"""Decline between two levels, :math:`C = 1 - e_t/e_0` (国发〔2011〕26号). Also for amounts such as
    emissions.

    Args:
        base: level of the base period [any], above zero, in the same price base.
        now: level of the later period [same unit].

    Returns:
        decline [1], negative when the level rose.

    Raises:
        UndefinedError: the base is not above zero.
    """
    needs_positive(base, _BASE)
    return (base - now) / base


@formula(
    name="decline_from_growth",
    version=1,
    title=Text(zh="由增速计算的能耗强度降低率", en="decline of intensity from growth rates"),
    unit="1",
    equation=r"d = 1 - \frac{1+g_E}{1+g_G}",
    source=_SCHEME,
    parameters=[Parameter("energy_growth", _ENERGY_GROWTH, "1"), Parameter("gdp_growth", _GDP_GROWTH, "1")],
)
def decline_from_growth(energy_growth: float, gdp_growth: float) -> float:
    r"""Decline of intensity from two growth rates, :math:`d = 1 - (1+g_E)/(1+g_G)`.

    Args:
        energy_growth: growth of energy consumption [1].
        gdp_growth: growth of GDP at constant prices [1], above -1.

    Returns:
        decline [1].

    Raises:
        UndefinedError: GDP growth is -1 or less.
    """
    needs_growth(gdp_growth, _GDP_GROWTH)
    return (gdp_growth - energy_growth) / (1 + gdp_growth)


@formula(
    name="implied_gdp_growth",
    version=1,
    title=Text(zh="隐含的地区生产总值增速", en="implied growth of GDP"),
    unit="1",
    equation=r"g_G = \frac{1+g_E}{1+c_e} - 1",
    source="国家统计局 分省（区、市）万元地区生产总值能耗降低率等指标公报",
    parameters=[
        Parameter("energy_growth", _ENERGY_GROWTH, "1"),
        Parameter("intensity_change", Text(zh="能耗强度变化率", en="change of intensity"), "1"),
    ],
)
def implied_gdp_growth(energy_growth: float, intensity_change: float) -> float:
    r"""Growth of GDP that a bulletin implies, :math:`g_G = (1+g_E)/(1+c_e) - 1`.

    Args:
        energy_growth: growth of energy consumption [1].
        intensity_change: published change of intensity [1], negative for a decline, above -1.

    Returns:
        growth of GDP at constant prices [1].

    Raises:
        UndefinedError: the change is -1 or less.
    """
    needs_growth(intensity_change, _CHANGE)
    return (energy_growth - intensity_change) / (1 + intensity_change)


@formula(
    name="decline_from_change",
    version=1,
    title=Text(zh="由公布的变化率得出的降低率", en="decline from a published change"),
    unit="1",
    equation=r"d = -c",
    source=Text(
        zh="国家统计局 分省（区、市）万元地区生产总值能耗降低率等指标公报（下降印作负数）",
        en="国家统计局 分省（区、市）万元地区生产总值能耗降低率等指标公报 (a decline is printed as a minus)",
    ),
    parameters=[Parameter("change", _CHANGE, "1")],
)
def decline_from_change(change: float) -> float:
    r"""A published change as a decline, :math:`d = -c`: bulletins print a decline with a minus sign.

    Args:
        change: published change [1], negative for a decline.

    Returns:
        decline [1], positive for a decline.
    """
    return 0.0 - change


@formula(
    name="cumulative_decline",
    version=1,
    title=Text(zh="累计降低率", en="cumulative decline"),
    unit="1",
    equation=r"C_n = 1 - \prod_{i=1}^{n} (1 - d_i)",
    source=_QINGHAI,
    parameters=[Parameter("declines", _DECLINES, "1", "numbers")],
)
def cumulative_decline(declines: Sequence[float]) -> float:
    r"""Cumulative decline by chaining, :math:`C_n = 1 - \prod(1-d_i)` (青海省统计局 2009).

    Rates are chained, never levels: this holds across a change of the price base.

    Args:
        declines: decline of each year [1], each below 1; negative where intensity rose.

    Returns:
        cumulative decline [1]; the order of the years does not change a digit.

    Raises:
        UndefinedError: no year is given, or a decline is 1 or more.
    """
    needs_some(declines, _DECLINES)
    for decline in declines:
        needs_decline(decline, _DECLINE)
    return float(1 - chained([-decline for decline in declines]))


@formula(
    name="chained_intensity_level",
    version=1,
    title=Text(zh="由降低率推算的能耗强度", en="intensity level chained from declines"),
    unit="any",
    equation=r"e_n = e_0 \prod_{i=1}^{n} (1 - d_i)",
    source=_QINGHAI,
    parameters=[Parameter("base", _BASE, "any"), Parameter("declines", _DECLINES, "1", "numbers")],
)
def chained_intensity_level(base: float, declines: Sequence[float]) -> float:
    r"""Level after a chain of declines, :math:`e_n = e_0 \prod(1-d_i)`.

    Args:
        base: level of the base period [any], above zero.
        declines: decline of each following period [1], each below 1.

    Returns:
        level [unit of the base], in the price base of the base period.

    Raises:
        UndefinedError: the base is not above zero, no decline is given, or a decline is 1 or more.
    """
    needs_positive(base, _BASE)
    needs_some(declines, _DECLINES)
    for decline in declines:
        needs_decline(decline, _DECLINE)
    return float(Fraction(base) * chained([-decline for decline in declines]))


@formula(
    name="implied_base",
    version=1,
    title=Text(zh="由变化率推算的基期水平", en="base level implied by a change"),
    unit="any",
    equation=r"x_0 = \frac{x}{1 + c}",
    source=Text(zh="统计公报中增减率的定义", en="definition of the rate of change 增减率 in statistical bulletins"),
    parameters=[
        Parameter("level", Text(zh="本期水平", en="level of the later period"), "any"),
        Parameter("change", _CHANGE, "1"),
    ],
)
def implied_base(level: float, change: float) -> float:
    r"""Base level that a published change implies, :math:`x_0 = x/(1+c)`.

    Args:
        level: level of the later period [any].
        change: published change against the base [1], negative for a decline, above -1.

    Returns:
        base level [unit of the level].

    Raises:
        UndefinedError: the change is -1 or less.
    """
    needs_growth(change, _CHANGE)
    return level / (1 + change)
