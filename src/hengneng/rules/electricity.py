"""Which coal rate turns electricity into standard coal at its equivalent value, by edition of the general
rules.

GB/T 2589-2008 takes the current year's coal rate of thermal power generation, GB/T 2589-2020 the previous
year's (annex A of each). That difference is data: table ``electricity_equivalent_rules``.
"""

from __future__ import annotations

import datetime as dt

from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import lookup


def electricity_equivalent(year: int, on: dt.date | None = None, rate: str | None = None) -> RuleEntry:
    """The coal rate (kgce/kWh) that is the equivalent value of electricity used in ``year``.

    ``on`` is the day whose edition of the general rules applies (default: the last day of the year);
    ``rate`` is ``gross-coal-rate`` or ``net-coal-rate`` (default: the one the edition names).
    Raises RuleNotFoundError when no edition is in force or the year's rate is not in
    ``electricity_conversions``.
    """
    rule = lookup("electricity_equivalent_rules", {"rule": "equivalent-value"}, on or dt.date(year, 12, 31))
    taken = year + int(rule.attributes["year_offset"])
    return lookup("electricity_conversions", {"conversion": rate or rule.text or ""}, dt.date(taken, 12, 31))


def electricity_calorific(on: dt.date) -> RuleEntry:
    """The calorific value of electricity (kgce/kWh) in force on a day. RuleNotFoundError when there is
    none.
    """
    return lookup("electricity_conversions", {"conversion": "calorific-value"}, on)
