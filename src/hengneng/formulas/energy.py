"""Energy in coal equivalent."""

from __future__ import annotations

from collections.abc import Sequence

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.exact import needs_positive, needs_some, total
from hengneng.formulas.registry import formula
from hengneng.language import Text

_FACTOR = Text(zh="折标准煤系数", en="coal-equivalent factor")
_AMOUNTS = Text(zh="各品种能源折标准煤量", en="energy of each carrier in coal equivalent")
_ELECTRICITY = Text(zh="电量", en="electricity")
_GENERATION = Text(zh="发电标准煤耗", en="coal consumption of power generation")
_GENERAL_RULES = "GB/T 2589 综合能耗计算通则, 综合能耗的计算"


@formula(
    name="coal_equivalent",
    version=1,
    confidence="memory-high",
    title=Text(zh="折标准煤量", en="energy in coal equivalent"),
    unit="tce",
    equation=r"E = q \cdot k",
    source=_GENERAL_RULES,
    parameters=[
        Parameter("quantity", Text(zh="实物量", en="quantity in kind"), "any"),
        Parameter("factor", _FACTOR, "tce/{quantity}"),
    ],
)
def coal_equivalent(quantity: float, factor: float) -> float:
    r"""Energy of one carrier in coal equivalent, :math:`E = q \cdot k` (GB/T 2589, 综合能耗的计算).

    Args:
        quantity: quantity in kind, in the unit that the factor is for [e.g. t, 10^4 m3, GJ]. Negative for an
            output
            that is deducted.
        factor: coal-equivalent factor of the carrier [tce per unit of the quantity], above zero.

    Returns:
        energy [tce].

    Raises:
        UndefinedError: the factor is not above zero.
    """
    needs_positive(factor, _FACTOR)
    return quantity * factor


@formula(
    name="coal_equivalent_total",
    version=1,
    confidence="memory-high",
    title=Text(zh="综合能源消费量", en="energy of all carriers"),
    unit="tce",
    equation=r"E = \sum_i E_i",
    source=_GENERAL_RULES,
    parameters=[Parameter("amounts", _AMOUNTS, "tce", "numbers")],
)
def coal_equivalent_total(amounts: Sequence[float]) -> float:
    r"""Energy of all carriers, :math:`E = \sum_i E_i` (GB/T 2589, 综合能耗的计算).

    Args:
        amounts: energy of each carrier [tce]; what is handed on or recovered enters with a minus sign.

    Returns:
        energy [tce]; its digits do not depend on the order of the carriers.

    Raises:
        UndefinedError: no carrier is given.
    """
    needs_some(amounts, _AMOUNTS)
    return total(amounts)


@formula(
    name="electricity_calorific",
    version=1,
    confidence="memory-high",
    title=Text(zh="电力折标准煤量（当量值）", en="electricity in coal equivalent, calorific value"),
    unit="tce",
    equation=r"E = W \cdot k_{calorific}",
    source=f"{_GENERAL_RULES}; 电热当量计算法",
    parameters=[
        Parameter("electricity", _ELECTRICITY, "10^4 kWh"),
        Parameter("factor", Text(zh="电力当量折标系数", en="calorific factor of electricity"), "tce/10^4 kWh"),
    ],
)
def electricity_calorific(electricity: float, factor: float) -> float:
    r"""Electricity by the heat it holds, :math:`E = W k` (电热当量计算法).

    Args:
        electricity: electricity [10^4 kWh].
        factor: calorific factor of electricity [tce/10^4 kWh], from the rule tables.

    Returns:
        energy [tce].

    Raises:
        UndefinedError: the factor is not above zero.
    """
    needs_positive(factor, _FACTOR)
    return electricity * factor


@formula(
    name="electricity_equivalent",
    version=1,
    confidence="memory-high",
    title=Text(zh="电力折标准煤量（等价值）", en="electricity in coal equivalent, by the coal burnt to generate it"),
    unit="tce",
    equation=r"E = W \cdot b / 100",
    source=f"{_GENERAL_RULES}; 发电煤耗计算法",
    parameters=[
        Parameter("electricity", _ELECTRICITY, "10^4 kWh"),
        Parameter("generation_rate", _GENERATION, "gce/kWh"),
    ],
)
def electricity_equivalent(electricity: float, generation_rate: float) -> float:
    r"""Electricity by the coal burnt to generate it, :math:`E = W b / 100` (发电煤耗计算法).

    Args:
        electricity: electricity [10^4 kWh].
        generation_rate: coal consumption of power generation of the year and place [gce/kWh], from the rule
            tables.

    Returns:
        energy [tce]; 10^4 kWh at 1 gce/kWh are 10^4 g = 1/100 t.

    Raises:
        UndefinedError: the rate is not above zero.
    """
    needs_positive(generation_rate, _GENERATION)
    return electricity * generation_rate / 100
