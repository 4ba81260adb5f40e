"""The code of an item, and what its parts mean: dictionaries are rule tables, and what they lack stays raw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from hengneng.language import Text
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table

_WRITTEN = re.compile(r"(\d{2})-?(\d{2})-?(\d{4})-?(\d{2})(\d{4})-?(\d{2})", re.ASCII)
_NONE, _NO_EQUIPMENT = "00", "0000"
WHOLE_SITE, PROCESS, PROCESS_UNIT, EQUIPMENT = "1", "2", "3", "4"


@dataclass(frozen=True)
class DataCode:
    """Twenty characters ``PP-UU-EEee-CCTTTT-YY``: process, its unit, equipment; class and type of energy; usage."""

    process: str
    process_unit: str
    equipment: str
    energy_class: str
    energy_type: str
    usage: str

    def __post_init__(self) -> None:
        if not _WRITTEN.fullmatch(str(self)):
            raise ValueError(f"{self} is no data code PP-UU-EEee-CCTTTT-YY")

    @classmethod
    def parse(cls, written: str) -> DataCode:
        """A code with or without its strokes. ValueError when its sixteen figures are not in these places."""
        found = _WRITTEN.fullmatch(written.strip())
        if not found:
            raise ValueError(f"{written!r} is no data code PP-UU-EEee-CCTTTT-YY")
        return cls(*found.groups())

    def __str__(self) -> str:
        energy = f"{self.energy_class}{self.energy_type}"
        return f"{self.process}-{self.process_unit}-{self.equipment}-{energy}-{self.usage}"

    @property
    def scope(self) -> str:
        """What the item covers, as its code says it: 1 whole site, 2 process, 3 unit of a process, 4 equipment."""
        if self.equipment != _NO_EQUIPMENT:
            return EQUIPMENT
        if self.process_unit != _NONE:
            return PROCESS_UNIT
        return PROCESS if self.process != _NONE else WHOLE_SITE

    def agrees_with(self, scope: str) -> bool:
        """Whether a scope that was sent may stand beside this code.

        1: no process; 2: a process without unit; 3: a unit; 4: equipment (client programs; for 2 to 4 from memory).
        """
        return {
            WHOLE_SITE: self.process == _NONE,
            PROCESS: self.process != _NONE and self.process_unit == _NONE,
            PROCESS_UNIT: self.process_unit != _NONE,
            EQUIPMENT: self.equipment != _NO_EQUIPMENT,
        }.get(scope, True)

    @property
    def above(self) -> tuple[DataCode, ...]:
        """The codes of the same energy and usage that contain this one, the nearest first."""
        places = [
            (self.process, self.process_unit, _NO_EQUIPMENT),
            (self.process, _NONE, _NO_EQUIPMENT),
            (_NONE, _NONE, _NO_EQUIPMENT),
        ]
        energy = (self.energy_class, self.energy_type, self.usage)
        codes = dict.fromkeys(DataCode(*place, *energy) for place in places)
        return tuple(one for one in codes if one != self)


@cache
def _entries(table: str) -> Mapping[tuple[str, ...], RuleEntry]:
    return {tuple(entry.key.values()): entry for entry in rule_table(table).entries}


def energy_type(code: DataCode) -> RuleEntry | None:
    """The row of ``key_unit_energy_types`` for class and type; None for one that the dictionary has not."""
    return _entries("key_unit_energy_types").get((code.energy_class, code.energy_type))


def usage(code: DataCode) -> RuleEntry | None:
    """The row of ``key_unit_usages``; None for one that the dictionary has not."""
    return _entries("key_unit_usages").get((code.usage,))


def adds_up(code: DataCode) -> bool:
    """Whether items of this usage are what was used, and so count as energy of the unit. Unknown usages do not."""
    found = usage(code)
    return found is not None and found.attributes["adds_up"] == "yes"


def word(dictionary: str, code: str) -> RuleEntry | None:
    """The row of ``key_unit_words`` (energy_class, scope, input_type, stat_type); None for a code that it has not."""
    return _entries("key_unit_words").get((dictionary, code))


def described(code: DataCode) -> Text:
    """A code for people: energy and usage by name; what no dictionary has is said to be unknown, with its figures."""
    energy, use = energy_type(code), usage(code)
    first = energy.label() if energy else _unknown(code.energy_class + code.energy_type)
    second = use.label() if use else _unknown(code.usage)
    return Text(zh=f"{first.zh} {second.zh}", en=f"{first.en}, {second.en}")


def _unknown(code: str) -> Text:
    return Text(zh=f"未知（{code}）", en=f"unknown ({code})")
