"""From what a register shows to the carrier's unit: the factor that the roll-up multiplies with, in thousandths."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from hengneng.metering.carriers import metering_unit
from hengneng.rules.units import IncompatibleUnitsError, unit

THOUSANDTHS = 1000
MICRO = 1_000_000
LARGEST = 2**62


class MultiplierError(ValueError):
    """The factor cannot be kept in thousandths. ``factor`` is what it would be."""

    def __init__(self, factor: Fraction) -> None:
        self.factor = factor
        super().__init__(f"{float(factor):.9g}")


@lru_cache(maxsize=256)
def unit_factor(carrier: str, unit_of_measure: str) -> Fraction:
    """How many metering units of the carrier one unit of measure is. IncompatibleUnitsError, UnknownUnitError.

    Without a carrier (an analyser) nothing is converted.
    """
    if not carrier:
        return Fraction(1)
    start, end = unit(unit_of_measure), unit(metering_unit(carrier))
    if start.dimension != end.dimension:
        raise IncompatibleUnitsError(start, end)
    return Fraction(start.factor) / Fraction(end.factor)


@lru_cache(maxsize=4096)
def multiplier(carrier: str, unit_of_measure: str, current_ratio: Decimal, voltage_ratio: Decimal) -> int:
    """Current ratio x voltage ratio x unit conversion, in thousandths. MultiplierError when it is no whole number."""
    factor = Fraction(current_ratio) * Fraction(voltage_ratio) * unit_factor(carrier, unit_of_measure)
    scaled = factor * THOUSANDTHS
    if scaled.denominator != 1 or not 0 < scaled < LARGEST // MICRO:
        raise MultiplierError(factor)
    return int(scaled)


def micro(value: Decimal, factor: Fraction = Fraction(1)) -> int:
    """``value`` times ``factor`` in millionths, to the nearest. OverflowError when it does not fit."""
    found = round(Fraction(value) * factor * MICRO)
    if not 0 <= found < LARGEST:
        raise OverflowError(value)
    return found
