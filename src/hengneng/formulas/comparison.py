"""Comparing and rounding the way published figures are compared and rounded: in decimals, half up."""

from __future__ import annotations

import math
import sys
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.errors import ArgumentError, UndefinedError
from hengneng.formulas.registry import formula
from hengneng.language import Text

AT_LEAST = "at_least"
AT_MOST = "at_most"

# A few roundings of float64 in formulas near 1; far below any decimal that is ever printed or agreed.
_NOISE = 8 * sys.float_info.epsilon


def meant_decimal(value: float) -> Decimal:
    """The decimal number that a computed float stands for: the shortest one within the noise of float
    arithmetic.

    13.0 × 1.15 is 14.95, though the float is 14.949999999999999; 1 - 0.9 is 0.1, though it is
    0.09999999999999998.
    Noise is 8 units in the last place of ``value``, or of 1 where ``value`` is smaller.

    Args:
        value: any finite number [any].

    Returns:
        the decimal [same unit].

    Raises:
        ArgumentError: NaN or infinity.
    """
    if not math.isfinite(value):
        raise ArgumentError("not-finite", parameter="value", label=Text(zh="数值", en="value"), found=repr(value))
    exact = Decimal(value)
    noise = Decimal(_NOISE * max(1.0, abs(value)))
    with localcontext() as context:
        context.prec = 400
        for digits in range(17):
            candidate = Decimal(f"{value:.{digits}e}")
            if abs(candidate - exact) <= noise:
                break
    return candidate


def round_to_step(value: Decimal, step: Decimal) -> Decimal:
    """``value`` rounded half up (away from zero) to a multiple of ``step``, which is above zero."""
    with localcontext() as context:
        context.prec = 400
        return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def published_round(value: float, decimals: int) -> Decimal:
    """A computed number as it is published: rounded half up to ``decimals`` places.

    Args:
        value: any finite number [any].
        decimals: decimal places; negative for tens, hundreds and so on [count].

    Returns:
        the rounded number [same unit], with that many decimals, never minus zero.

    Raises:
        ArgumentError: NaN or infinity.
    """
    rounded = round_to_step(meant_decimal(value), Decimal(1).scaleb(-decimals))
    return abs(rounded) if rounded == 0 else rounded


@formula(
    name="meets",
    version=1,
    title=Text(zh="是否达到目标", en="whether the target is met"),
    unit="1",
    equation=r"m = [\,\mathrm{round}(a, s) \ge t\,] \ \text{or}\ [\,\mathrm{round}(a, s) \le t\,]",
    source=Text(
        zh="国发〔2007〕36号 单位GDP能耗考核体系实施方案（否决性指标）；修约间隔为参数",
        en="国发〔2007〕36号 单位GDP能耗考核体系实施方案 (否决性指标); the rounding step is a parameter",
    ),
    parameters=[
        Parameter("actual", Text(zh="实际值", en="actual value"), "any"),
        Parameter("target", Text(zh="目标值", en="target value"), "any"),
        Parameter("operator", Text(zh="方向", en="direction"), "1", "word", words=(AT_LEAST, AT_MOST)),
        Parameter("precision", Text(zh="修约间隔", en="rounding step"), "any", optional=True),
    ],
    result="truth",
)
def meets(actual: float, target: float, operator: str, precision: float | None = None) -> bool:
    """Whether a value meets its target, compared as decimals.

    Args:
        actual: actual value [any].
        target: target value [same unit].
        operator: "at_least" or "at_most".
        precision: rounding step of the comparison [same unit], the precision in which the target is printed:
            0.01
            for 20 %. The actual value is rounded half up to it. None compares unrounded values: 19.983 %
            misses 20 %.

    Returns:
        True when the target is met. Equal is met.

    Raises:
        UndefinedError: the target is no multiple of the step, or the step is not above zero.
        ArgumentError: a number is not finite, or the operator is another word.
    """
    value, aim = meant_decimal(actual), meant_decimal(target)
    if precision is not None:
        step = meant_decimal(precision)
        if step <= 0 or round_to_step(aim, step) != aim:
            raise UndefinedError("target-finer-than-step", target=f"{aim:f}", step=f"{step:f}")
        value = round_to_step(value, step)
    return value >= aim if operator == AT_LEAST else value <= aim
