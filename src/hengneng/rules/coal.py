"""Standard coal of physical energy carriers: which coefficient applies to a carrier on a day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table
from hengneng.rules.units import convert

TABLE = "coal_equivalents"
SCHEME = "general-rules"


@cache
def coefficient(carrier_code: str, on: dt.date) -> RuleEntry | None:
    """The coefficient of the general rules (GB/T 2589) for a carrier of form 205-1, calorific value, on a day.

    None where no edition is in force, or where the edition leaves a choice: several kinds of the carrier, or a range.
    """
    fitting = [
        entry
        for entry in rule_table(TABLE).select(on)
        if entry.key["scheme"] == SCHEME
        and entry.attributes["carrier_code"] == carrier_code
        and entry.attributes["basis"] == "calorific"
        and entry.value is not None
    ]
    return fitting[0] if len(fitting) == 1 else None


def standard_coal(quantity: Decimal, unit: str, entry: RuleEntry) -> Decimal:
    """Tonnes of coal equivalent [tce] of ``quantity`` in ``unit``, exactly. IncompatibleUnitsError for a wrong unit."""
    assert entry.value is not None  # coefficient() gives no others
    coal, _, physical = entry.unit.partition("/")
    return convert(convert(quantity, unit, physical) * entry.value, coal, "tce")
