"""Equations of flue gas that serve one value as well as a whole array; the formulas and the room of emissions share
them, so that each equation stands in one place.

The constants are those printed in the equations of HJ 212-2017 annex D.2: 273 K and 101 325 Pa of the standard state,
22.4 L of a mole in it, 21 % oxygen of air.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ZERO_CELSIUS = 273.0
STANDARD_PRESSURE = 101_325.0
MOLAR_VOLUME = 22.4
OXYGEN_OF_AIR = 0.21

Amount = TypeVar("Amount", float, NDArray[np.float64])


def standard_volume_ratio(temperature: Amount, static_pressure: Amount, atmospheric_pressure: Amount) -> Amount:
    """Volume in the standard state per volume as it flows [1], from °C, Pa (gauge) and Pa: 273/(273+t)·(B+P)/101325."""
    return ZERO_CELSIUS / (ZERO_CELSIUS + temperature) * ((atmospheric_pressure + static_pressure) / STANDARD_PRESSURE)


def excess_air_ratio(oxygen: Amount) -> Amount:
    """Excess-air coefficient [1] of dry flue gas with ``oxygen`` [fraction, below 0.21]: 21/(21-O2)."""
    return OXYGEN_OF_AIR / (OXYGEN_OF_AIR - oxygen)


def reference_oxygen_ratio(oxygen: Amount, reference_oxygen: float) -> Amount:
    """Concentration at reference oxygen per concentration as measured [1], oxygen as fractions: (21-O2s)/(21-O2)."""
    return (OXYGEN_OF_AIR - reference_oxygen) / (OXYGEN_OF_AIR - oxygen)


def kilograms(concentration: Amount, volume: Amount) -> Amount:
    """Mass [kg] in ``volume`` [m3] of gas at ``concentration`` [mg/m3]: C·V·10⁻⁶."""
    return concentration * volume * 1e-6
