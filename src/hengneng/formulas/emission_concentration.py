"""Concentrations of pollutants in flue gas: standard state, dry basis, mass from volume ratio, reference oxygen."""

from __future__ import annotations

from hengneng.formulas import flue_gas
from hengneng.formulas.arguments import Parameter
from hengneng.formulas.errors import UndefinedError
from hengneng.formulas.exact import named, needs_positive, needs_quantity
from hengneng.formulas.registry import formula
from hengneng.language import Text
from hengneng.trace import number_to_text

_CONCENTRATION = Text(zh="实测浓度", en="measured concentration")
_TEMPERATURE = Text(zh="烟气温度", en="flue gas temperature")
_STATIC = Text(zh="烟气静压（表压）", en="static pressure of the flue gas (gauge)")
_ATMOSPHERIC = Text(zh="大气压力", en="atmospheric pressure")
_MOISTURE = Text(zh="烟气含湿量", en="moisture of the flue gas")
_OXYGEN = Text(zh="干烟气含氧量", en="oxygen of the dry flue gas")
_REFERENCE = Text(zh="基准含氧量", en="reference oxygen")
_HIGHEST = Text(zh="折算的含氧量上限", en="highest oxygen that is converted")
_RATIO = Text(zh="体积比浓度", en="volume ratio")
_MOLAR = Text(zh="摩尔质量", en="molar mass")
_ALPHA = Text(zh="实测过量空气系数", en="excess-air coefficient as measured")
_ALPHA_REFERENCE = Text(zh="规定的过量空气系数", en="excess-air coefficient of the standard")

_ANNEX = "HJ 212-2017 附录D.2"


def needs_oxygen(oxygen: float, label: Text) -> None:
    """UndefinedError unless ``oxygen`` is a fraction from 0 to below that of air."""
    needs_quantity(oxygen, label)
    if oxygen >= flue_gas.OXYGEN_OF_AIR:
        raise UndefinedError("oxygen-of-air", what=named(label), found=number_to_text(oxygen))


def needs_gas(temperature: float, static_pressure: float, atmospheric_pressure: float) -> None:
    """UndefinedError unless the gas is above absolute zero (-273 °C as printed) and under some pressure."""
    needs_positive(flue_gas.ZERO_CELSIUS + temperature, Text(zh="烟气绝对温度", en="absolute temperature"))
    needs_positive(atmospheric_pressure + static_pressure, Text(zh="烟气绝对压力", en="absolute pressure"))


def needs_moisture(moisture: float) -> None:
    """UndefinedError unless ``moisture`` is a fraction from 0 to below 1: gas of nothing but steam has no dry part."""
    needs_quantity(moisture, _MOISTURE)
    if moisture >= 1:
        raise UndefinedError("nothing-but-steam", found=number_to_text(moisture))


@formula(
    name="standard_state_concentration",
    version=1,
    title=Text(zh="标准状态浓度", en="concentration in the standard state"),
    unit="mg/m3",
    equation=r"C_{sn} = C_s \cdot \frac{101325}{B_a + P_s} \cdot \frac{273 + t_s}{273}",
    source=f"{_ANNEX} 式(18)",
    parameters=[
        Parameter("concentration", _CONCENTRATION, "mg/m3"),
        Parameter("temperature", _TEMPERATURE, "degC"),
        Parameter("static_pressure", _STATIC, "Pa"),
        Parameter("atmospheric_pressure", _ATMOSPHERIC, "Pa"),
    ],
)
def standard_state_concentration(
    concentration: float, temperature: float, static_pressure: float, atmospheric_pressure: float
) -> float:
    r"""Concentration at 273 K and 101 325 Pa (HJ 212-2017 annex D.2, equation 18). Wet stays wet, dry stays dry.

    Args:
        concentration: concentration as it flows [mg/m3], not negative.
        temperature: temperature of the gas [degC].
        static_pressure: gauge pressure of the gas [Pa], negative below the atmosphere.
        atmospheric_pressure: pressure of the atmosphere [Pa].

    Returns:
        concentration per volume in the standard state [mg/m3].

    Raises:
        UndefinedError: a negative concentration, or no absolute temperature or pressure above zero.
    """
    needs_quantity(concentration, _CONCENTRATION)
    needs_gas(temperature, static_pressure, atmospheric_pressure)
    return concentration / flue_gas.standard_volume_ratio(temperature, static_pressure, atmospheric_pressure)


@formula(
    name="dry_concentration",
    version=1,
    title=Text(zh="干基浓度", en="concentration of dry gas"),
    unit="mg/m3",
    equation=r"C_{dry} = \frac{C_{wet}}{1 - X_{sw}}",
    source=f"{_ANNEX} 式(19)",
    parameters=[Parameter("concentration", _CONCENTRATION, "mg/m3"), Parameter("moisture", _MOISTURE, "1")],
)
def dry_concentration(concentration: float, moisture: float) -> float:
    r"""Concentration of the dry gas from that of the wet (HJ 212-2017 annex D.2, equation 19).

    Args:
        concentration: concentration in wet gas [mg/m3], not negative.
        moisture: volume of steam in the gas [1], from 0 to below 1.

    Returns:
        concentration in dry gas [mg/m3].

    Raises:
        UndefinedError: a negative concentration, or moisture outside its range.
    """
    needs_quantity(concentration, _CONCENTRATION)
    needs_moisture(moisture)
    return concentration / (1 - moisture)


@formula(
    name="mass_concentration",
    version=1,
    title=Text(zh="由体积比换算的质量浓度", en="mass concentration from a volume ratio"),
    unit="mg/m3",
    equation=r"C = \frac{M}{22.4} \cdot C_V",
    source=f"{_ANNEX} 式(20)",
    parameters=[Parameter("volume_ratio", _RATIO, "ppm"), Parameter("molar_mass", _MOLAR, "g/mol")],
)
def mass_concentration(volume_ratio: float, molar_mass: float) -> float:
    r"""Mass concentration in the standard state from a volume ratio (HJ 212-2017 annex D.2, equation 20).

    Args:
        volume_ratio: pollutant in the gas by volume [ppm], not negative.
        molar_mass: molar mass of the pollutant [g/mol], above zero (table emission_pollutants).

    Returns:
        concentration [mg/m3].

    Raises:
        UndefinedError: a negative ratio, or no molar mass above zero.
    """
    needs_quantity(volume_ratio, _RATIO)
    needs_positive(molar_mass, _MOLAR)
    return molar_mass / flue_gas.MOLAR_VOLUME * volume_ratio


@formula(
    name="nitrogen_oxides_as_dioxide",
    version=1,
    title=Text(zh="氮氧化物浓度（以二氧化氮计）", en="nitrogen oxides as nitrogen dioxide"),
    unit="mg/m3",
    equation=r"C_{NO_x} = \frac{M_{NO_2}}{22.4} \left( C_{V,NO} + C_{V,NO_2} \right)",
    source=f"{_ANNEX} 式(21)(22)",
    parameters=[
        Parameter("nitric_oxide", Text(zh="一氧化氮体积比浓度", en="volume ratio of nitric oxide"), "ppm"),
        Parameter("nitrogen_dioxide", Text(zh="二氧化氮体积比浓度", en="volume ratio of nitrogen dioxide"), "ppm"),
        Parameter("molar_mass", Text(zh="二氧化氮摩尔质量", en="molar mass of nitrogen dioxide"), "g/mol"),
    ],
)
def nitrogen_oxides_as_dioxide(nitric_oxide: float, nitrogen_dioxide: float, molar_mass: float) -> float:
    r"""Nitrogen oxides counted as nitrogen dioxide, each mole as one of it (HJ 212-2017 annex D.2, equations 21, 22).

    Args:
        nitric_oxide: NO in the gas [ppm], not negative.
        nitrogen_dioxide: NO2 in the gas [ppm], not negative; where it is not measured it is missing, not zero.
        molar_mass: molar mass of NO2 [g/mol] (table emission_pollutants). That of NO would give two thirds.

    Returns:
        concentration of NOx as NO2 [mg/m3].

    Raises:
        UndefinedError: a negative ratio, or no molar mass above zero.
    """
    needs_quantity(nitric_oxide, _RATIO)
    needs_quantity(nitrogen_dioxide, _RATIO)
    return mass_concentration(nitric_oxide + nitrogen_dioxide, molar_mass)


@formula(
    name="excess_air",
    version=1,
    title=Text(zh="过量空气系数", en="excess-air coefficient"),
    unit="1",
    equation=r"\alpha = \frac{21}{21 - X_{O_2}}",
    source=f"{_ANNEX} 式(27)",
    parameters=[Parameter("oxygen", _OXYGEN, "1")],
)
def excess_air(oxygen: float) -> float:
    r"""Excess-air coefficient from the oxygen of dry flue gas (HJ 212-2017 annex D.2, equation 27).

    Args:
        oxygen: oxygen by volume [1], from 0 to below 0.21.

    Returns:
        coefficient [1], 1 without excess air.

    Raises:
        UndefinedError: oxygen outside its range.
    """
    needs_oxygen(oxygen, _OXYGEN)
    return flue_gas.excess_air_ratio(oxygen)


@formula(
    name="concentration_by_excess_air",
    version=1,
    title=Text(zh="按过量空气系数折算的浓度", en="concentration converted by excess air"),
    unit="mg/m3",
    equation=r"C = C_{sn} \cdot \frac{\alpha}{\alpha_s}",
    source=f"{_ANNEX} 式(26)",
    parameters=[
        Parameter("concentration", _CONCENTRATION, "mg/m3"),
        Parameter("excess_air", _ALPHA, "1"),
        Parameter("reference_excess_air", _ALPHA_REFERENCE, "1"),
    ],
)
def concentration_by_excess_air(concentration: float, excess_air: float, reference_excess_air: float) -> float:
    r"""Concentration at the excess air of the standard (HJ 212-2017 annex D.2, equation 26).

    Args:
        concentration: concentration in dry gas in the standard state [mg/m3], not negative.
        excess_air: excess-air coefficient as measured [1], above zero.
        reference_excess_air: that of the standard [1], above zero.

    Returns:
        converted concentration [mg/m3].

    Raises:
        UndefinedError: a negative concentration, or a coefficient that is not above zero.
    """
    needs_quantity(concentration, _CONCENTRATION)
    needs_positive(excess_air, _ALPHA)
    needs_positive(reference_excess_air, _ALPHA_REFERENCE)
    return concentration * excess_air / reference_excess_air


@formula(
    name="concentration_at_reference_oxygen",
    version=1,
    title=Text(zh="基准含氧量折算浓度", en="concentration at reference oxygen"),
    unit="mg/m3",
    equation=r"C = C_{sn} \cdot \frac{21 - X_{O_2,s}}{21 - X_{O_2}}",
    source=f"{_ANNEX} 式(28)",
    parameters=[
        Parameter("concentration", _CONCENTRATION, "mg/m3"),
        Parameter("oxygen", _OXYGEN, "1"),
        Parameter("reference_oxygen", _REFERENCE, "1"),
        Parameter("highest_oxygen", _HIGHEST, "1"),
    ],
)
def concentration_at_reference_oxygen(
    concentration: float, oxygen: float, reference_oxygen: float, highest_oxygen: float
) -> float:
    r"""Concentration at the reference oxygen of the standard (HJ 212-2017 annex D.2, equation 28).

    Near 21 % the factor grows beyond all bounds: above ``highest_oxygen`` nothing is converted.

    Args:
        concentration: concentration in dry gas in the standard state [mg/m3], not negative.
        oxygen: oxygen of the dry gas by volume [1], from 0 to below 0.21.
        reference_oxygen: that of the standard [1] (table reference_oxygen).
        highest_oxygen: above it the source counts as not burning [1] (table emission_validity).

    Returns:
        converted concentration [mg/m3].

    Raises:
        UndefinedError: a negative concentration, or oxygen outside its range or above the highest.
    """
    needs_quantity(concentration, _CONCENTRATION)
    needs_oxygen(oxygen, _OXYGEN)
    needs_oxygen(reference_oxygen, _REFERENCE)
    if oxygen > highest_oxygen:
        raise UndefinedError("oxygen-too-high", found=number_to_text(oxygen), highest=number_to_text(highest_oxygen))
    return concentration * flue_gas.reference_oxygen_ratio(oxygen, reference_oxygen)
