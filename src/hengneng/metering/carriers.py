"""Energy carriers as meters measure them: found by code or name, each with the unit in which it is added up."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache

from hengneng.language import Text
from hengneng.rules.divisions import normal_name
from hengneng.rules.tables import rule_table

HEAT, ELECTRICITY = "32", "33"
_POWER_OF_TEN = re.compile(r"^10\^\d+ ")
_IN_BRACKETS = re.compile(r"[（(].*?[)）]")


class UnknownCarrierError(LookupError):
    """No carrier is written like that. ``similar`` are names that look like it."""

    def __init__(self, written: str, similar: tuple[str, ...]) -> None:
        self.similar = similar
        super().__init__(written)


@cache
def carriers() -> Mapping[str, Text]:
    """Code and name of every carrier of form 205-1 (table ``energy_carriers``)."""
    return {entry.key["code"]: entry.label() for entry in rule_table("energy_carriers").entries}


@cache
def metering_unit(carrier: str) -> str:
    """The unit in which a carrier is added up: its unit of statistics without the power of ten (kWh, m3, GJ, t).

    Millionths of it are finer than any register. KeyError for a code that is not in the table.
    """
    entry = next((one for one in rule_table("energy_carriers").entries if one.key["code"] == carrier), None)
    if entry is None:
        raise KeyError(carrier)
    return _POWER_OF_TEN.sub("", entry.attributes["carrier_unit"])


@cache
def _spellings() -> Mapping[str, str]:
    """Names as people and programs write them (natural_gas, 天然气, Natural gas) with the code of the carrier."""
    found: dict[str, str] = {}
    for code, name in carriers().items():
        for written in (code, name.zh, name.en):
            found.setdefault(_normal(written), code)
    kinds: dict[str, set[str]] = {}
    for entry in rule_table("coal_equivalents").entries:
        if entry.attributes["carrier_code"]:
            kinds.setdefault(_normal(entry.key["carrier"]), set()).add(entry.attributes["carrier_code"])
    for written, codes in kinds.items():
        if len(codes) == 1:
            found.setdefault(written, next(iter(codes)))
    return found


def _normal(written: str) -> str:
    return re.sub(r"[-_]", "", normal_name(_IN_BRACKETS.sub("", written)))


def carrier_code(written: str) -> str:
    """The code of a carrier written as code or name in either language. UnknownCarrierError names similar ones."""
    found = _spellings().get(_normal(written))
    if found is None:
        near = difflib.get_close_matches(_normal(written), list(_spellings()), n=3, cutoff=0.5)
        similar = (f"{carriers()[_spellings()[one]].zh} {_spellings()[one]}" for one in near)
        raise UnknownCarrierError(written, tuple(dict.fromkeys(similar)))
    return found
