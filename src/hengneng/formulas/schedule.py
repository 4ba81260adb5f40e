"""Targets of several years: equal yearly rates, progress, what is due by now and what remains."""

from __future__ import annotations

import math
from fractions import Fraction

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.errors import UndefinedError
from hengneng.formulas.exact import needs_decline, needs_positive
from hengneng.formulas.registry import formula
from hengneng.language import Text
from hengneng.trace import number_to_text

_TARGET = Text(zh="规划期目标降低率", en="target decline of the period")
_CUMULATIVE = Text(zh="累计降低率", en="cumulative decline")
_YEARS = Text(zh="规划期年数", en="years of the period")
_ELAPSED = Text(zh="已过年数", en="years elapsed")
_REMAINING = Text(zh="剩余年数", en="years remaining")
_ACTUAL = Text(zh="实际值", en="actual value")
_AIM = Text(zh="目标值", en="target value")
_QINGHAI = "青海省统计局, 关于节能目标完成情况的计算方法, 2009-09-17"


def _needs_target(target: float) -> None:
    if target <= 0:
        raise UndefinedError("target-not-positive", found=number_to_text(target))
    needs_decline(target, _TARGET)


def _needs_elapsed(elapsed: float, years: float) -> None:
    needs_positive(years, _YEARS)
    if not 0 <= elapsed <= years:
        raise UndefinedError("elapsed-beyond-period", elapsed=number_to_text(elapsed), years=number_to_text(years))


def _share_of_decline(decline: float, exponent: float) -> float:
    """1 - (1 - decline)^exponent without loss of digits for small declines."""
    return 0.0 - math.expm1(exponent * math.log1p(-decline))


@formula(
    name="equal_annual_rate",
    version=1,
    title=Text(zh="年均降低率", en="equal annual rate"),
    unit="1",
    equation=r"k = 1 - (1-T)^{1/n}",
    source=_QINGHAI,
    parameters=[Parameter("target", _TARGET, "1"), Parameter("years", _YEARS, "year", "count")],
)
def equal_annual_rate(target: float, years: int) -> float:
    r"""The same decline every year that adds up to a decline, :math:`k = 1-(1-T)^{1/n}` (青海省统计局 2009).

    Args:
        target: decline of the whole period [1], below 1; an actual cumulative decline serves as well.
        years: years of the period [count], one or more.

    Returns:
        decline per year [1].

    Raises:
        UndefinedError: the decline is 1 or more, or there is no year.
    """
    needs_decline(target, _TARGET)
    needs_positive(years, _YEARS)
    return target if years == 1 else _share_of_decline(target, 1 / years)


@formula(
    name="logarithmic_progress",
    version=1,
    title=Text(zh="目标完成进度", en="progress towards the target"),
    unit="1",
    equation=r"p = \frac{\ln(1-C)}{\ln(1-T)}",
    source=_QINGHAI,
    parameters=[Parameter("cumulative", _CUMULATIVE, "1"), Parameter("target", _TARGET, "1")],
)
def logarithmic_progress(cumulative: float, target: float) -> float:
    r"""Progress towards a decline of several years, :math:`p = \ln(1-C)/\ln(1-T)` (青海省统计局 2009).

    Not :math:`C/T`, which overstates. Below zero where intensity rose, above 1 beyond the target.

    Args:
        cumulative: cumulative decline so far [1], below 1.
        target: target decline of the period [1], above 0 and below 1.

    Returns:
        progress [1].

    Raises:
        UndefinedError: the target is not between 0 and 1, or the cumulative decline is 1 or more.
    """
    _needs_target(target)
    needs_decline(cumulative, _CUMULATIVE)
    return math.log1p(-cumulative) / math.log1p(-target)


@formula(
    name="equivalent_years",
    version=1,
    title=Text(zh="相当于完成的年数", en="years' worth of work done"),
    unit="year",
    equation=r"Y = n \frac{\ln(1-C)}{\ln(1-T)}",
    source=_QINGHAI,
    parameters=[
        Parameter("cumulative", _CUMULATIVE, "1"),
        Parameter("target", _TARGET, "1"),
        Parameter("years", _YEARS, "year", "count"),
    ],
)
def equivalent_years(cumulative: float, target: float, years: int) -> float:
    r"""Years of the equal annual rate that have been done, :math:`Y = n \ln(1-C)/\ln(1-T)` (青海省统计局
    2009).

    Args:
        cumulative: cumulative decline so far [1], below 1.
        target: target decline of the period [1], above 0 and below 1.
        years: years of the period [count], one or more.

    Returns:
        years' worth of work [year].

    Raises:
        UndefinedError: as :func:`logarithmic_progress`, or there is no year.
    """
    needs_positive(years, _YEARS)
    return years * logarithmic_progress(cumulative, target)


@formula(
    name="scheduled_progress",
    version=1,
    title=Text(zh="时间进度", en="share of the time elapsed"),
    unit="1",
    equation=r"s = m / n",
    source=Text(
        zh="国家发展改革委 2011年度节能目标责任评价考核工作文件（2012-02）：第1至5年 20/40/60/80/100 %",
        en="国家发展改革委 2011年度节能目标责任评价考核工作文件 (2012-02): 20/40/60/80/100 % by year 1 to 5",
    ),
    parameters=[Parameter("elapsed", _ELAPSED, "year"), Parameter("years", _YEARS, "year", "count")],
)
def scheduled_progress(elapsed: float, years: int) -> float:
    r"""Progress due by now, :math:`s = m/n`.

    Args:
        elapsed: years elapsed, parts of years allowed [1], from 0 to ``years``.
        years: years of the period [count], one or more.

    Returns:
        progress due [1].

    Raises:
        UndefinedError: there is no year, or more has elapsed than the period has.
    """
    _needs_elapsed(elapsed, years)
    return elapsed / years


@formula(
    name="scheduled_decline",
    version=1,
    title=Text(zh="进度要求的累计降低率", en="cumulative decline due by now"),
    unit="1",
    equation=r"C_m = 1 - (1-T)^{m/n}",
    source=_QINGHAI,
    parameters=[
        Parameter("target", _TARGET, "1"),
        Parameter("elapsed", _ELAPSED, "year"),
        Parameter("years", _YEARS, "year", "count"),
    ],
)
def scheduled_decline(target: float, elapsed: float, years: int) -> float:
    r"""Cumulative decline due by now, :math:`C_m = 1-(1-T)^{m/n}`: the C whose progress is m/n.

    Args:
        target: target decline of the period [1], below 1.
        elapsed: years elapsed, parts of years allowed [1], from 0 to ``years``.
        years: years of the period [count], one or more.

    Returns:
        cumulative decline due [1].

    Raises:
        UndefinedError: the target is 1 or more, there is no year, or more has elapsed than the period has.
    """
    needs_decline(target, _TARGET)
    _needs_elapsed(elapsed, years)
    return target if elapsed == years else _share_of_decline(target, elapsed / years)


@formula(
    name="required_remaining_rate",
    version=1,
    title=Text(zh="剩余任务（总降低率）", en="decline still required"),
    unit="1",
    equation=r"R = 1 - \frac{1-T}{1-C}",
    source=_QINGHAI,
    parameters=[Parameter("target", _TARGET, "1"), Parameter("cumulative", _CUMULATIVE, "1")],
)
def required_remaining_rate(target: float, cumulative: float) -> float:
    r"""Decline that the remaining years must bring together, :math:`R = 1-(1-T)/(1-C)` (青海省统计局 2009).

    Args:
        target: target decline of the period [1], below 1.
        cumulative: cumulative decline so far [1], below 1.

    Returns:
        decline still required [1]; negative when more than the target is done: intensity may rise by so much.

    Raises:
        UndefinedError: one of the two is 1 or more.
    """
    needs_decline(target, _TARGET)
    needs_decline(cumulative, _CUMULATIVE)
    return float((Fraction(target) - Fraction(cumulative)) / (1 - Fraction(cumulative)))


@formula(
    name="required_annual_rate",
    version=1,
    title=Text(zh="剩余年份年均需降低", en="decline required in each remaining year"),
    unit="1",
    equation=r"r = 1 - \left(\frac{1-T}{1-C}\right)^{1/m}",
    source=_QINGHAI,
    parameters=[
        Parameter("target", _TARGET, "1"),
        Parameter("cumulative", _CUMULATIVE, "1"),
        Parameter("years_remaining", _REMAINING, "year", "count"),
    ],
)
def required_annual_rate(target: float, cumulative: float, years_remaining: int) -> float:
    r"""Equal decline of each remaining year, :math:`r = 1-((1-T)/(1-C))^{1/m}` (青海省统计局 2009).

    Args:
        target: target decline of the period [1], below 1.
        cumulative: cumulative decline so far [1], below 1.
        years_remaining: years that remain [count], one or more.

    Returns:
        decline required per year [1]; negative when more than the target is done.

    Raises:
        UndefinedError: the target or the cumulative decline is 1 or more, or no year remains.
    """
    needs_positive(years_remaining, _REMAINING)
    return equal_annual_rate(required_remaining_rate(target, cumulative), years_remaining)


@formula(
    name="completion_ratio",
    version=1,
    title=Text(zh="目标完成率", en="completion of the target"),
    unit="1",
    equation=r"r = \frac{a}{t}",
    source="国发〔2007〕36号 单位GDP能耗考核体系实施方案, 计分表",
    parameters=[Parameter("actual", _ACTUAL, "any"), Parameter("target", _AIM, "any")],
)
def completion_ratio(actual: float, target: float) -> float:
    r"""Completion of a target of one year or of an amount, :math:`r = a/t` (国发〔2007〕36号).

    Args:
        actual: actual value [any].
        target: target value [same unit], above zero.

    Returns:
        completion [1]; negative when the actual value is.

    Raises:
        UndefinedError: the target is zero (no ratio) or negative (a larger ratio would be worse).
    """
    if target <= 0:
        raise UndefinedError("target-not-positive", found=number_to_text(target))
    return actual / target


@formula(
    name="over_fulfilment",
    version=1,
    title=Text(zh="超额完成幅度", en="over-fulfilment"),
    unit="1",
    equation=r"o = \frac{a - t}{t}",
    source=Text(
        zh="国家发展改革委公告2011年第9号（“十一五”结果：按累计降低率线性计算）",
        en="国家发展改革委公告2011年第9号 (results of the eleventh plan: linear in the cumulative decline)",
    ),
    parameters=[Parameter("actual", _ACTUAL, "any"), Parameter("target", _AIM, "any")],
)
def over_fulfilment(actual: float, target: float) -> float:
    r"""By how much the target is exceeded, :math:`o = (a-t)/t`: linear, unlike progress (公告2011年第9号).

    Args:
        actual: actual value, for instance the cumulative decline of five years [any].
        target: target value [same unit], above zero.

    Returns:
        over-fulfilment [1]; negative is a shortfall.

    Raises:
        UndefinedError: the target is not above zero.
    """
    if target <= 0:
        raise UndefinedError("target-not-positive", found=number_to_text(target))
    return (actual - target) / target


@formula(
    name="carried_over_rate",
    version=1,
    confidence="memory-medium",
    title=Text(zh="计入结转后的下年需降低率", en="decline required next year, carry-over included"),
    unit="1",
    equation=r"d_{m+1} = 1 - \frac{(1-T)^{(m+1)/n}}{1-C_m}",
    source=Text(
        zh="由青海省统计局 2009-09-17 的方法推出（应达进度等于时间进度）",
        en="derived from 青海省统计局 2009-09-17 (progress due equals the share of the time elapsed)",
    ),
    parameters=[
        Parameter("target", _TARGET, "1"),
        Parameter("cumulative", _CUMULATIVE, "1"),
        Parameter("elapsed", _ELAPSED, "year", "count"),
        Parameter("years", _YEARS, "year", "count"),
    ],
)
def carried_over_rate(target: float, cumulative: float, elapsed: int, years: int) -> float:
    r"""Decline that next year needs to be on schedule at its end, :math:`1-(1-T)^{(m+1)/n}/(1-C_m)`.

    A shortfall of the past is carried over whole into next year; a lead is credited.

    Args:
        target: target decline of the period [1], below 1.
        cumulative: cumulative decline so far [1], below 1.
        elapsed: whole years elapsed [count], less than ``years``.
        years: years of the period [count], one or more.

    Returns:
        decline required next year [1].

    Raises:
        UndefinedError: a decline is 1 or more, or no year remains.
    """
    return required_remaining_rate(scheduled_decline(target, elapsed + 1, years), cumulative)
