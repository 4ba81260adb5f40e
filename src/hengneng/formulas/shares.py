"""Shares, caps and amounts."""

from __future__ import annotations

from collections.abc import Sequence

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.exact import needs_divisor, needs_positive, needs_some, total
from hengneng.formulas.registry import formula
from hengneng.language import Text

_PART = Text(zh="部分", en="part")
_PARTS = Text(zh="各部分", en="parts")
_WHOLE = Text(zh="总量", en="whole")
_CAP = Text(zh="总量控制目标", en="cap")
_TOTAL = Text(zh="实际总量", en="actual total")
_PLANNED = Text(zh="计划任务量", en="planned amount")
_ARITHMETIC = Text(zh="定义", en="definition")


@formula(
    name="share",
    version=1,
    title=Text(zh="比重", en="share"),
    unit="1",
    equation=r"s = \frac{a}{A}",
    source=_ARITHMETIC,
    parameters=[Parameter("part", _PART, "any"), Parameter("whole", _WHOLE, "any")],
)
def share(part: float, whole: float) -> float:
    r"""Share of a part in the whole, :math:`s = a/A`.

    Args:
        part: the part [any].
        whole: the whole [same unit], not zero.

    Returns:
        share [1].

    Raises:
        UndefinedError: the whole is zero.
    """
    needs_divisor(whole, _WHOLE)
    return part / whole


@formula(
    name="sum_of_parts",
    version=1,
    title=Text(zh="合计", en="sum of parts"),
    unit="any",
    equation=r"A = \sum_i a_i",
    source=_ARITHMETIC,
    parameters=[Parameter("parts", _PARTS, "any", "numbers")],
)
def sum_of_parts(parts: Sequence[float]) -> float:
    r"""The parts together, :math:`A = \sum a_i`; its digits do not depend on their order.

    Args:
        parts: the parts, all in one unit [any].

    Returns:
        sum [unit of the parts].

    Raises:
        UndefinedError: there is no part.
    """
    needs_some(parts, _PARTS)
    return total(parts)


@formula(
    name="difference_from_parts",
    version=1,
    title=Text(zh="总量与各部分合计之差", en="whole less its parts"),
    unit="any",
    equation=r"\delta = A - \sum_i a_i",
    source=_ARITHMETIC,
    parameters=[Parameter("whole", _WHOLE, "any"), Parameter("parts", _PARTS, "any", "numbers")],
)
def difference_from_parts(whole: float, parts: Sequence[float]) -> float:
    r"""What the parts leave of a published whole, :math:`\delta = A - \sum a_i`.

    Args:
        whole: the published whole [any].
        parts: the parts [same unit].

    Returns:
        difference [same unit]; zero when the table adds up.

    Raises:
        UndefinedError: there is no part.
    """
    needs_some(parts, _PARTS)
    return total([whole, *(-part for part in parts)])


@formula(
    name="headroom",
    version=1,
    title=Text(zh="距总量控制目标的余量", en="headroom below the cap"),
    unit="any",
    equation=r"h = A_{cap} - A",
    source=_ARITHMETIC,
    parameters=[Parameter("cap", _CAP, "any"), Parameter("total", _TOTAL, "any")],
)
def headroom(cap: float, total: float) -> float:
    r"""What is left below a cap, :math:`h = A_{cap} - A`.

    Args:
        cap: the cap [any].
        total: the actual total [same unit].

    Returns:
        headroom [same unit]; negative beyond the cap.
    """
    return cap - total


@formula(
    name="total_against_cap",
    version=1,
    title=Text(zh="总量占控制目标的比例", en="total in relation to the cap"),
    unit="1",
    equation=r"u = \frac{A}{A_{cap}}",
    source=_ARITHMETIC,
    parameters=[Parameter("cap", _CAP, "any"), Parameter("total", _TOTAL, "any")],
)
def total_against_cap(cap: float, total: float) -> float:
    r"""Use made of a cap, :math:`u = A/A_{cap}`.

    Args:
        cap: the cap [any], above zero.
        total: the actual total [same unit].

    Returns:
        use of the cap [1]; above 1 beyond the cap.

    Raises:
        UndefinedError: the cap is not above zero.
    """
    needs_positive(cap, _CAP)
    return total / cap


@formula(
    name="amount_completion",
    version=1,
    title=Text(zh="任务量完成率", en="completion of an amount"),
    unit="1",
    equation=r"r = \frac{\sum_i a_i}{A_{plan}}",
    source=_ARITHMETIC,
    parameters=[
        Parameter("done", Text(zh="已完成量", en="amounts done"), "any", "numbers"),
        Parameter("planned", _PLANNED, "any"),
    ],
)
def amount_completion(done: Sequence[float], planned: float) -> float:
    r"""Completion of a planned amount by what was done in several places or periods, :math:`r = \sum a_i/A`.

    Args:
        done: amounts done [any].
        planned: planned amount [same unit], above zero.

    Returns:
        completion [1].

    Raises:
        UndefinedError: nothing is given, or the plan is not above zero.
    """
    needs_some(done, Text(zh="已完成量", en="amounts done"))
    needs_positive(planned, _PLANNED)
    return total(done) / planned
