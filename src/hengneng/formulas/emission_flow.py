"""Flow of flue gas in a duct, and flow of waste water."""

from __future__ import annotations

from collections.abc import Sequence

from hengneng.formulas import flue_gas
from hengneng.formulas.arguments import Parameter
from hengneng.formulas.emission_concentration import needs_gas, needs_moisture
from hengneng.formulas.exact import needs_positive, needs_quantity, needs_some, total
from hengneng.formulas.registry import formula
from hengneng.language import Text

_POINT = Text(zh="测点流速", en="velocity at the measured point")
_FIELD = Text(zh="速度场系数", en="velocity-field coefficient")
_VELOCITY = Text(zh="烟道断面平均流速", en="mean velocity of the duct")
_AREA = Text(zh="烟道断面面积", en="cross-section of the duct")
_FLOW = Text(zh="工况烟气流量", en="flow of flue gas as it flows")
_WATER_FLOW = Text(zh="污水流量", en="flow of waste water")
_TIME = Text(zh="时长", en="duration")
_VOLUMES = Text(zh="各时段水量", en="volumes of water")
_VOLUME = Text(zh="水量", en="volume of water")

_GAS = "HJ 212-2017 附录D.2"
_WATER = "HJ 212-2017 附录D.1"


@formula(
    name="flue_gas_velocity",
    version=1,
    title=Text(zh="烟道断面平均流速", en="mean velocity of a duct"),
    unit="m/s",
    equation=r"\bar V_s = K_v \cdot \bar V_p",
    source=f"{_GAS} 式(29)",
    parameters=[Parameter("field_coefficient", _FIELD, "1"), Parameter("point_velocity", _POINT, "m/s")],
)
def flue_gas_velocity(field_coefficient: float, point_velocity: float) -> float:
    r"""Mean velocity of a duct from that at the measured point or line (HJ 212-2017 annex D.2, equation 29).

    Args:
        field_coefficient: from comparison with the reference method [1], above zero.
        point_velocity: velocity that the instrument shows [m/s], not negative.

    Returns:
        mean velocity [m/s].

    Raises:
        UndefinedError: a coefficient that is not above zero, or a negative velocity.
    """
    needs_positive(field_coefficient, _FIELD)
    needs_quantity(point_velocity, _POINT)
    return field_coefficient * point_velocity


@formula(
    name="flue_gas_flow",
    version=1,
    title=Text(zh="工况烟气流量", en="flow of flue gas as it flows"),
    unit="m3/h",
    equation=r"Q_s = 3600 \cdot F \cdot \bar V_s",
    source=f"{_GAS} 式(30)",
    parameters=[Parameter("area", _AREA, "m2"), Parameter("velocity", _VELOCITY, "m/s")],
)
def flue_gas_flow(area: float, velocity: float) -> float:
    r"""Flow of wet gas as it is in the duct (HJ 212-2017 annex D.2, equation 30).

    Args:
        area: cross-section of the duct [m2], above zero.
        velocity: mean velocity [m/s], not negative.

    Returns:
        flow [m3/h], at the temperature and pressure of the duct.

    Raises:
        UndefinedError: an area that is not above zero, or a negative velocity.
    """
    needs_positive(area, _AREA)
    needs_quantity(velocity, _VELOCITY)
    return 3600 * area * velocity


@formula(
    name="dry_standard_flow",
    version=1,
    title=Text(zh="标准状态干烟气流量", en="flow of dry flue gas in the standard state"),
    unit="m3/h",
    equation=r"Q_{sn} = Q_s \cdot \frac{273}{273 + t_s} \cdot \frac{B_a + P_s}{101325} \cdot (1 - X_{sw})",
    source=f"{_GAS} 式(31)",
    parameters=[
        Parameter("flow", _FLOW, "m3/h"),
        Parameter("temperature", Text(zh="烟气温度", en="flue gas temperature"), "degC"),
        Parameter("static_pressure", Text(zh="烟气静压（表压）", en="static pressure (gauge)"), "Pa"),
        Parameter("atmospheric_pressure", Text(zh="大气压力", en="atmospheric pressure"), "Pa"),
        Parameter("moisture", Text(zh="烟气含湿量", en="moisture of the flue gas"), "1"),
    ],
)
def dry_standard_flow(
    flow: float, temperature: float, static_pressure: float, atmospheric_pressure: float, moisture: float
) -> float:
    r"""Flow of dry gas at 273 K and 101 325 Pa (HJ 212-2017 annex D.2, equation 31).

    Args:
        flow: flow of wet gas as it is in the duct [m3/h], not negative.
        temperature: temperature of the gas [degC].
        static_pressure: gauge pressure of the gas [Pa].
        atmospheric_pressure: pressure of the atmosphere [Pa].
        moisture: volume of steam in the gas [1], from 0 to below 1.

    Returns:
        flow of dry gas in the standard state [m3/h].

    Raises:
        UndefinedError: a negative flow, moisture outside its range, or no absolute temperature or pressure above zero.
    """
    needs_quantity(flow, _FLOW)
    needs_gas(temperature, static_pressure, atmospheric_pressure)
    needs_moisture(moisture)
    return flow * flue_gas.standard_volume_ratio(temperature, static_pressure, atmospheric_pressure) * (1 - moisture)


@formula(
    name="water_volume",
    version=1,
    title=Text(zh="时段水量", en="volume of water of an interval"),
    unit="m3",
    equation=r"D_i = Q_i \cdot T \cdot 10^{-3}",
    source=f"{_WATER}",
    parameters=[Parameter("flow", _WATER_FLOW, "L/s"), Parameter("duration", _TIME, "s")],
)
def water_volume(flow: float, duration: float) -> float:
    r"""Volume that flowed in an interval, printed as ΔD (HJ 212-2017 annex D.1; its equation numbers were not copied).

    Args:
        flow: mean flow [L/s], not negative.
        duration: length of the interval [s], above zero.

    Returns:
        volume [m3].

    Raises:
        UndefinedError: a negative flow, or a duration that is not above zero.
    """
    needs_quantity(flow, _WATER_FLOW)
    needs_positive(duration, _TIME)
    return flow * duration * 1e-3


@formula(
    name="water_volume_total",
    version=1,
    title=Text(zh="累计水量", en="volume of water of several intervals"),
    unit="m3",
    equation=r"D = \sum_i D_i",
    source=f"{_WATER}",
    parameters=[Parameter("volumes", _VOLUMES, "m3", "numbers")],
)
def water_volume_total(volumes: Sequence[float]) -> float:
    r"""Volume of an hour or day from those of its intervals (HJ 212-2017 annex D.1).

    Args:
        volumes: volumes of the intervals [m3], none negative.

    Returns:
        volume [m3]; the order of the intervals does not change a digit.

    Raises:
        UndefinedError: no volume is given, or one is negative.
    """
    needs_some(volumes, _VOLUMES)
    for volume in volumes:
        needs_quantity(volume, _VOLUME)
    return total(volumes)


@formula(
    name="mean_water_flow",
    version=1,
    title=Text(zh="时段平均流量", en="mean flow of water"),
    unit="L/s",
    equation=r"Q_m = \frac{D_m}{T} \cdot 10^3",
    source=Text(
        zh=f"{_WATER}（原文 Qm=Dm/600 未乘 1000：D 为立方米、Q 为升每秒时差三个数量级，此处已更正）",
        en=f"{_WATER} (printed Qm=Dm/600 without the factor 1000 that m3 and L/s need; corrected here)",
    ),
    parameters=[Parameter("volume", _VOLUME, "m3"), Parameter("duration", _TIME, "s")],
)
def mean_water_flow(volume: float, duration: float) -> float:
    r"""Mean flow from a volume (HJ 212-2017 annex D.1, its slip of units mended: the inverse of water_volume).

    Args:
        volume: volume of the interval [m3], not negative.
        duration: length of the interval [s], above zero; 600 in the text.

    Returns:
        flow [L/s].

    Raises:
        UndefinedError: a negative volume, or a duration that is not above zero.
    """
    needs_quantity(volume, _VOLUME)
    needs_positive(duration, _TIME)
    return volume / duration * 1e3
