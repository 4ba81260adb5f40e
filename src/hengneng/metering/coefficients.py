"""From a metered quantity to standard coal: which coefficients hold for a carrier on a day.

GB/T 2589 (2008: clause 4, annex A; 2020: clause 6, annex A): a unit's own measured value first, else the reference
value. Electricity has two: the calorific value, and the equivalent value of the coal rate of thermal power. Of every
other carrier the equivalent value is the calorific one, as long as the tables have no number of its own for it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from hengneng.metering.carriers import ELECTRICITY, carriers, metering_unit
from hengneng.rules.coal import TABLE
from hengneng.rules.coal import coefficient as calorific_rule
from hengneng.rules.electricity import electricity_calorific, electricity_equivalent
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import RuleNotFoundError
from hengneng.rules.units import convert, unit
from hengneng.trace import Unknown


@dataclass(frozen=True)
class OwnValue:
    """A coefficient that the unit has measured itself: kgce per ``unit_of_measure``, and who says so."""

    value: Decimal
    unit_of_measure: str
    source: str


@dataclass(frozen=True)
class Conversion:
    """One coefficient: ``factor`` in kgce per metering unit of the carrier, or why there is none.

    ``content`` is what it rests on, as JSON, so that equal coefficients are equal and can be looked up.
    """

    factor: Fraction | None
    content: str
    unverified: bool

    def described(self) -> dict[str, Any]:
        """What the figure rests on: JSON data."""
        found: dict[str, Any] = json.loads(self.content)
        return found


@dataclass(frozen=True)
class Coal:
    """Both coefficients of a carrier on a day."""

    carrier: str
    calorific: Conversion
    equivalent: Conversion

    @property
    def unverified(self) -> bool:
        """Whether a number that is used rests on memory."""
        return self.calorific.unverified or self.equivalent.unverified

    def content(self) -> dict[str, Any]:
        """Carrier, unit and both coefficients with editions or reasons: JSON data."""
        return {
            "carrier": self.carrier,
            "unit": metering_unit(self.carrier),
            "calorific": self.calorific.described(),
            "equivalent": self.equivalent.described(),
        }


@lru_cache(maxsize=8192)
def coal(carrier: str, on: dt.date, own: OwnValue | None = None) -> Coal:
    """The coefficients of a carrier on a day, the own value first."""
    if carrier == ELECTRICITY:
        calorific = _own(carrier, own) if own else _electricity(on, electricity_calorific)
        return Coal(carrier, calorific, _electricity(on, lambda day: electricity_equivalent(day.year, day)))
    if own:
        conversion = _own(carrier, own)
    else:
        entry = calorific_rule(carrier, on)
        conversion = _missing(carrier, TABLE) if entry is None else _of_rule(carrier, entry)
    return Coal(carrier, conversion, conversion)


def _electricity(on: dt.date, find: Callable[[dt.date], RuleEntry]) -> Conversion:
    try:
        entry = find(on)
    except RuleNotFoundError:
        return _missing(ELECTRICITY, "electricity_conversions")
    return _of_rule(ELECTRICITY, entry)


def _of_rule(carrier: str, entry: RuleEntry) -> Conversion:
    assert entry.value is not None
    factor = _per_metering_unit(carrier, entry.value, entry.unit)
    content = {
        "value": format(entry.value, "f"),
        "unit": entry.unit,
        "edition": entry.edition,
        "confidence": entry.confidence,
        "rule": entry.reference(),
    }
    return Conversion(factor, _written(content), entry.unverified)


def _own(carrier: str, own: OwnValue) -> Conversion:
    per = f"kgce/{own.unit_of_measure}"
    content = {"value": format(own.value, "f"), "unit": per, "own": True, "source": own.source}
    return Conversion(_per_metering_unit(carrier, own.value, per), _written(content), False)


def _per_metering_unit(carrier: str, value: Decimal, written: str) -> Fraction:
    """``value`` of a unit like ``kgce/MJ`` or ``tce/t`` in kgce per metering unit of the carrier, exactly."""
    mass, _, physical = written.partition("/")
    start, end = unit(physical), unit(metering_unit(carrier))
    if start.dimension != end.dimension:
        raise ValueError(f"{written} is no coefficient of carrier {carrier}, which is metered in {end.code}")
    return Fraction(convert(value, mass, "kgce")) * Fraction(end.factor) / Fraction(start.factor)


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _missing(carrier: str, table: str) -> Conversion:
    # The day is not named: days of which the same is known share one set of coefficients.
    name = carriers()[carrier]
    values = {"carrier": {"zh": name.zh, "en": name.en}, "table": table}
    return Conversion(None, _written({"unknown": Unknown("no-coal-coefficient", values).to_json()}), False)
