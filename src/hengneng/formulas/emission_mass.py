"""Mass of pollutants: of an hour, a day, a month; in gas and in water."""

from __future__ import annotations

from collections.abc import Sequence

from hengneng.formulas import flue_gas
from hengneng.formulas.arguments import Parameter
from hengneng.formulas.errors import UndefinedError
from hengneng.formulas.exact import needs_positive, needs_quantity, needs_some, total
from hengneng.formulas.registry import formula
from hengneng.language import Text

_DRY = Text(zh="标准状态干基浓度（未折算）", en="dry concentration in the standard state, not at reference oxygen")
_FLOW = Text(zh="标准状态干烟气流量", en="flow of dry flue gas in the standard state")
_HOURS = Text(zh="各小时排放量", en="masses of the hours")
_DAYS = Text(zh="各日排放量", en="masses of the days")
_MASS = Text(zh="排放量", en="mass emitted")
_WATER = Text(zh="污水中污染物浓度", en="concentration in waste water")
_CONCENTRATIONS = Text(zh="各时段浓度", en="concentrations of the intervals")
_VOLUME = Text(zh="水量", en="volume of water")
_VOLUMES = Text(zh="各时段水量", en="volumes of the intervals")

_ANNEX = "HJ 212-2017 附录D.2"
_WATER_ANNEX = "HJ 212-2017 附录D.1"


@formula(
    name="emission_rate",
    version=1,
    title=Text(zh="排放速率", en="emission rate"),
    unit="kg/h",
    equation=r"G_h = C \cdot Q_{sn} \cdot 10^{-6}",
    source=f"{_ANNEX} 式(33)",
    parameters=[Parameter("concentration", _DRY, "mg/m3"), Parameter("flow", _FLOW, "m3/h")],
)
def emission_rate(concentration: float, flow: float) -> float:
    r"""Mass per hour (HJ 212-2017 annex D.2, equation 33). Never with a concentration at reference oxygen.

    Args:
        concentration: in dry gas in the standard state, not converted to reference oxygen [mg/m3], not negative.
        flow: dry gas in the standard state [m3/h], not negative.

    Returns:
        rate [kg/h].

    Raises:
        UndefinedError: a negative concentration or flow.
    """
    needs_quantity(concentration, _DRY)
    needs_quantity(flow, _FLOW)
    return flue_gas.kilograms(concentration, flow)


def _sum(masses: Sequence[float], label: Text) -> float:
    needs_some(masses, label)
    for mass in masses:
        needs_quantity(mass, _MASS)
    return total(masses)


@formula(
    name="daily_emission",
    version=1,
    title=Text(zh="日排放量", en="emission of a day"),
    unit="kg",
    equation=r"G_d = \sum_{i=1}^{24} G_{h,i}",
    source=Text(
        zh=f"{_ANNEX} 式(34)（原文再乘 10⁻⁶；式(33)已乘过，此处已更正）",
        en=f"{_ANNEX} equation (34) (printed with a second 10⁻⁶ that (33) has applied already; corrected here)",
    ),
    parameters=[Parameter("hours", _HOURS, "kg", "numbers")],
)
def daily_emission(hours: Sequence[float]) -> float:
    r"""Mass of a day from its hours (HJ 212-2017 annex D.2, equation 34, without its second factor 10⁻⁶).

    Args:
        hours: mass of each hour [kg], none negative. A missing hour is not left out but missing.

    Returns:
        mass [kg]; the order of the hours does not change a digit.

    Raises:
        UndefinedError: no hour is given, or one is negative.
    """
    return _sum(hours, _HOURS)


@formula(
    name="monthly_emission",
    version=1,
    title=Text(zh="月排放量", en="emission of a month"),
    unit="kg",
    equation=r"G_m = \sum_i G_{d,i}",
    source=f"{_ANNEX}",
    parameters=[Parameter("days", _DAYS, "kg", "numbers")],
)
def monthly_emission(days: Sequence[float]) -> float:
    r"""Mass of a month from its days (HJ 212-2017 annex D.2, by the same sum).

    Args:
        days: mass of each day [kg], none negative.

    Returns:
        mass [kg]; the order of the days does not change a digit.

    Raises:
        UndefinedError: no day is given, or one is negative.
    """
    return _sum(days, _DAYS)


@formula(
    name="water_pollutant_mass",
    version=1,
    title=Text(zh="污水污染物排放量", en="mass of a pollutant in waste water"),
    unit="kg",
    equation=r"G = D \cdot C \cdot 10^{-3}",
    source=_WATER_ANNEX,
    parameters=[Parameter("volume", _VOLUME, "m3"), Parameter("concentration", _WATER, "mg/L")],
)
def water_pollutant_mass(volume: float, concentration: float) -> float:
    r"""Mass that a volume of waste water carries (HJ 212-2017 annex D.1).

    Args:
        volume: volume [m3], not negative.
        concentration: concentration [mg/L], not negative.

    Returns:
        mass [kg].

    Raises:
        UndefinedError: a negative volume or concentration.
    """
    needs_quantity(volume, _VOLUME)
    needs_quantity(concentration, _WATER)
    return volume * concentration * 1e-3


@formula(
    name="water_pollutant_mass_total",
    version=1,
    title=Text(zh="各时段污水污染物排放量之和", en="mass of a pollutant in waste water of several intervals"),
    unit="kg",
    equation=r"G = \sum_i D_i \cdot C_i \cdot 10^{-3}",
    source=_WATER_ANNEX,
    parameters=[
        Parameter("concentrations", _CONCENTRATIONS, "mg/L", "numbers"),
        Parameter("volumes", _VOLUMES, "m3", "numbers"),
    ],
)
def water_pollutant_mass_total(concentrations: Sequence[float], volumes: Sequence[float]) -> float:
    r"""Mass that several volumes of waste water carry (HJ 212-2017 annex D.1).

    Args:
        concentrations: of each interval [mg/L], none negative.
        volumes: of the same intervals [m3], none negative.

    Returns:
        mass [kg]; the order of the intervals does not change a digit.

    Raises:
        UndefinedError: nothing is given, the two are not of one length, or one is negative.
    """
    needs_some(volumes, _VOLUMES)
    if len(volumes) != len(concentrations):
        raise UndefinedError("different-lengths", one=str(len(concentrations)), other=str(len(volumes)))
    return total(water_pollutant_mass(v, c) for v, c in zip(volumes, concentrations, strict=True))


@formula(
    name="flow_weighted_concentration",
    version=1,
    title=Text(zh="流量加权平均浓度", en="flow-weighted concentration"),
    unit="mg/L",
    equation=r"\bar C = \frac{\sum_i C_i D_i}{\sum_i D_i}",
    source=_WATER_ANNEX,
    parameters=[
        Parameter("concentrations", _CONCENTRATIONS, "mg/L", "numbers"),
        Parameter("volumes", _VOLUMES, "m3", "numbers"),
    ],
)
def flow_weighted_concentration(concentrations: Sequence[float], volumes: Sequence[float]) -> float:
    r"""Mean concentration of what flowed, G/D·10³ (HJ 212-2017 annex D.1).

    Args:
        concentrations: of each interval [mg/L], none negative.
        volumes: of the same intervals [m3], none negative, some above zero.

    Returns:
        concentration [mg/L], between the least and the largest of the intervals.

    Raises:
        UndefinedError: nothing is given, the two are not of one length, one is negative, or nothing flowed.
    """
    mass = water_pollutant_mass_total(concentrations, volumes)
    volume = total(volumes)
    needs_positive(volume, _VOLUME)
    return mass / volume * 1e3
