"""From a figure as reported to the unit of its measure, and to standard coal where it is a physical carrier."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from hengneng.periods import Period
from hengneng.rules.coal import coefficient, standard_coal
from hengneng.rules.measures import Measure
from hengneng.rules.units import convert


@dataclass(frozen=True)
class Normalised:
    """``value`` in the unit of the measure, by ``edition``; ``coal`` [tce] by ``coal_edition`` (None: none applies)."""

    value: Decimal
    edition: str
    coal: Decimal | None
    coal_edition: str


def normalised(number: Decimal, unit_code: str, measure: Measure, period: Period) -> Normalised:
    """Normalise a reported number. The coefficient is the one in force on the last day of the period."""
    value = convert(number, unit_code, measure.unit)
    edition = _units(unit_code, measure.unit)
    carrier = measure.entry.attributes["carrier"]
    entry = coefficient(carrier, period.end) if carrier else None
    if entry is None:
        return Normalised(value, edition, None, "")
    coal_edition = f"{entry.edition}: {entry.key['carrier']} {entry.value} {entry.unit} ({entry.confidence})"
    return Normalised(value, edition, standard_coal(value, measure.unit, entry), coal_edition)


@cache
def _units(given: str, wanted: str) -> str:
    return f"units: 1 {given} = {convert(Decimal(1), given, wanted):f} {wanted}"
