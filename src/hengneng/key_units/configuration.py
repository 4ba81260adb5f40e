"""The configuration of a unit: its processes, and what it will send (``collectItemConfig``), as far as it is of use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hengneng.key_units.codes import DataCode
from hengneng.key_units.items import ItemRefusedError, read_code, read_stat_type
from hengneng.problems import Problem

# Parts of the code in their order, as a configuration names them, and what stands where one is empty.
_PARTS = (
    ("processCode", "00"),
    ("processUnitCode", "00"),
    ("equipmentCode", "00"),
    ("equipmentUnitCode", "00"),
    ("energyClassCode", ""),
    ("energyTypeCode", ""),
    ("dataUsageCode", ""),
)
_UNITS = ("dataUnit", "unit", "unitName")


@dataclass(frozen=True)
class ConfiguredItem:
    """What a unit says of an item that it will send. Fields that it left out are empty; limits as written."""

    code: DataCode
    stat_type: str
    scope: str
    input_type: str
    name: str
    unit: str
    maximum: str
    minimum: str
    process: str
    content: Mapping[str, Any]


@dataclass
class Configuration:
    """What of a configuration can be used, and what is wrong with the rest."""

    items: list[ConfiguredItem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_configuration(given: Mapping[str, Any]) -> Configuration:
    """Read ``collectItemConfig`` with the names of ``process``; a bad item does not hide the good ones.

    G201, G203 and G209 leave an item out; G202 (scope and code say different things) does not.
    """
    found = Configuration()
    names = _names_of_processes(given)
    listed = given.get("collectItemConfig")
    for place, one in enumerate(listed if isinstance(listed, list) else []):
        where = f"collectItemConfig[{place}]"
        if not isinstance(one, Mapping):
            found.problems.append(Problem("G209", where, {"found": str(one)[:80] or "—"}))
            continue
        try:
            item = _item(one, where, names)
        except ItemRefusedError as refused:
            found.problems.append(refused.problem)
            continue
        if not item.code.agrees_with(item.scope):
            values = {"found": item.scope, "code": item.code, "expected": item.code.scope}
            found.problems.append(Problem("G202", f"{where}.scope", values))
        found.items.append(item)
    return found


def _names_of_processes(given: Mapping[str, Any]) -> dict[str, str]:
    listed = given.get("process")
    every = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return {_field(one, "processCode", "code"): _field(one, "processName", "name") for one in every}


def _item(one: Mapping[str, Any], where: str, names: Mapping[str, str]) -> ConfiguredItem:
    written = _field(one, "dataCode") or "".join(_field(one, name) or otherwise for name, otherwise in _PARTS)
    code = read_code(written, f"{where}.dataCode")
    process = "" if code.process == "00" else names.get(code.process) or code.process
    return ConfiguredItem(
        code=code,
        stat_type=read_stat_type(_field(one, "statType"), f"{where}.statType"),
        scope=_field(one, "scope"),
        input_type=_field(one, "inputType"),
        name=_field(one, "name", "collectItemName"),
        unit=_field(one, *_UNITS),
        maximum=_field(one, "dataValueMax"),
        minimum=_field(one, "dataValueMin"),
        process=process,
        content={str(name): str(value) for name, value in one.items()},
    )


def _field(one: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that is filled."""
    return next((str(one[name]).strip() for name in names if one.get(name) not in (None, "")), "")
