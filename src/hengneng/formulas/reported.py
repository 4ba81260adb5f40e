"""A value passed on as it was reported."""

from __future__ import annotations

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.registry import formula
from hengneng.language import Text


@formula(
    name="as_reported",
    version=1,
    title=Text(zh="采用报送数", en="value as reported"),
    unit="any",
    equation=r"x = x_{\text{reported}}",
    source=Text(zh="恒等：指标本身就是报送的量", en="identity: the indicator is itself a reported measure"),
    parameters=[Parameter("value", Text(zh="报送值", en="reported value"), "any")],
)
def as_reported(value: float) -> float:
    """The reported value itself, :math:`x = x`, so that an indicator that is a measure has a derivation too.

    Args:
        value: reported value [any].

    Returns:
        the same value [same unit].
    """
    return value
