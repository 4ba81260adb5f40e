"""How good monitoring data of emissions are: valid capture, drift of analysers, how far a limit is exceeded."""

from __future__ import annotations

from hengneng.formulas.arguments import ANY_UNIT, Parameter
from hengneng.formulas.errors import UndefinedError
from hengneng.formulas.exact import needs_positive, needs_quantity
from hengneng.formulas.registry import formula
from hengneng.language import Text

_HOURS = Text(zh="季度小时数", en="hours of the quarter")
_STOPPED = Text(zh="停运小时数", en="hours stopped")
_INVALID = Text(zh="无效小时数", en="invalid hours")
_READING = Text(zh="仪器读数", en="reading of the analyser")
_REFERENCE = Text(zh="标准值", en="reference value")
_SCALE = Text(zh="满量程", en="full scale")
_LIMIT = Text(zh="排放限值", en="emission limit")


@formula(
    name="valid_capture_rate",
    version=1,
    confidence="memory-high",
    title=Text(zh="有效数据捕集率", en="valid capture rate"),
    unit="1",
    equation=r"\alpha = \frac{H - H_{stop} - H_{invalid}}{H - H_{stop}}",
    source="HJ 75-2017 季度有效数据捕集率",
    parameters=[
        Parameter("hours", _HOURS, "hour"),
        Parameter("stopped", _STOPPED, "hour"),
        Parameter("invalid", _INVALID, "hour"),
    ],
)
def valid_capture_rate(hours: float, stopped: float, invalid: float) -> float:
    r"""Valid hours as a share of the hours that the source ran (HJ 75-2017; seen in a public program, not in the text).

    Args:
        hours: hours of the quarter [hour].
        stopped: of those, hours that the source stood still [hour].
        invalid: of those that it ran, hours without valid data [hour].

    Returns:
        share [1].

    Raises:
        UndefinedError: a negative number, the source did not run at all, or more hours are invalid than it ran.
    """
    needs_quantity(stopped, _STOPPED)
    needs_quantity(invalid, _INVALID)
    ran = hours - stopped
    needs_positive(ran, Text(zh="运行小时数", en="hours that the source ran"))
    if invalid > ran:
        raise UndefinedError("more-invalid-than-ran", invalid=f"{invalid:g}", ran=f"{ran:g}")
    return (ran - invalid) / ran


@formula(
    name="analyser_drift",
    version=1,
    confidence="memory-high",
    title=Text(zh="漂移", en="drift"),
    unit="1",
    equation=r"d = \frac{R - R_0}{FS}",
    source="HJ 75-2017 零点漂移、量程漂移",
    parameters=[
        Parameter("reading", _READING, ANY_UNIT),
        Parameter("reference", _REFERENCE, ANY_UNIT),
        Parameter("full_scale", _SCALE, ANY_UNIT),
    ],
)
def analyser_drift(reading: float, reference: float, full_scale: float) -> float:
    r"""Drift of zero or span as a share of the full scale, with its sign (HJ 75-2017).

    Args:
        reading: what the analyser shows [any].
        reference: zero gas, span gas or the value of the earlier check [same unit].
        full_scale: upper end of the measuring range [same unit], above zero.

    Returns:
        drift [1].

    Raises:
        UndefinedError: a full scale that is not above zero.
    """
    needs_positive(full_scale, _SCALE)
    return (reading - reference) / full_scale


@formula(
    name="exceedance_multiple",
    version=1,
    confidence="memory-high",
    title=Text(zh="超标倍数", en="exceedance multiple"),
    unit="1",
    equation=r"m = \frac{C}{C_{lim}} - 1",
    source=Text(zh="超标倍数的通行定义", en="usual definition of the multiple 超标倍数"),
    parameters=[
        Parameter("concentration", Text(zh="折算浓度", en="concentration as the limit is meant"), ANY_UNIT),
        Parameter("limit", _LIMIT, ANY_UNIT),
    ],
)
def exceedance_multiple(concentration: float, limit: float) -> float:
    r"""By how many times its limit a concentration exceeds it: 0 at the limit, negative below.

    Args:
        concentration: hour or day mean, as the limit is meant [any].
        limit: the limit [same unit], above zero.

    Returns:
        multiple [1].

    Raises:
        UndefinedError: a negative concentration, or a limit that is not above zero.
    """
    needs_quantity(concentration, Text(zh="浓度", en="concentration"))
    needs_positive(limit, _LIMIT)
    return (concentration - limit) / limit
