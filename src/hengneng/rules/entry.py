"""What a rule table is made of: columns, entries, and the table itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from hengneng.language import Text
from hengneng.trace import Mark, Quality, Source, Unknown

Role = Literal["key", "value", "attribute", "common"]
CONFIDENCES = ("sourced", "memory-high", "memory-medium", "memory-low")
SOURCED = "sourced"


@dataclass(frozen=True)
class Column:
    """One column of a table. ``kind`` is text, number, unit, date or word; a word is one of ``words``."""

    name: str
    role: Role
    label: Text
    meaning: Text
    kind: str = "text"
    words: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class RuleEntry:
    """One dated and cited row. ``value`` is None where the rule has no single number; ``text`` holds a value
    in words.
    """

    table: str
    key: Mapping[str, str]
    value: Decimal | None
    text: str | None
    unit: str
    attributes: Mapping[str, str]
    valid_from: dt.date | None
    valid_to: dt.date | None
    place: str
    edition: str
    source: str
    source_via: str
    confidence: str
    unverified_fields: tuple[str, ...]
    note: str
    file: str
    row: int

    @property
    def unverified(self) -> bool:
        """Whether the value rests on memory, or on a source nobody has checked."""
        return self.confidence != SOURCED or "value" in self.unverified_fields

    def valid_on(self, day: dt.date) -> bool:
        """Whether the entry is in force on ``day``; both ends of its validity are included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def validity(self) -> str:
        """The validity as ``2008-06-01..2021-03-31``; an open end is ``*``."""
        return f"{self.valid_from or '*'}..{self.valid_to or '*'}"

    def label(self) -> Text:
        """The name of the entry: its attributes name_zh and name_en, else its key."""
        key = ", ".join(self.key.values())
        return Text(zh=self.attributes.get("name_zh") or key, en=self.attributes.get("name_en") or key)

    def as_source(self, label: Text) -> Source:
        """The entry as an input of a figure. Without a number it is missing, with the reason."""
        return Source(
            kind="rule",
            label=label,
            value=None if self.value is None else float(self.value),
            unit=self.unit,
            reference=self.reference(),
            quality=Quality.MISSING if self.value is None else Quality.REPORTED,
            marks=frozenset({Mark.UNVERIFIED}) if self.unverified else frozenset(),
            unknown=self._why_no_number() if self.value is None else None,
        )

    def reference(self) -> dict[str, Any]:
        """Where the entry stands and what it rests on: JSON scalars and one flat mapping."""
        return {
            "table": self.table,
            "key": dict(self.key),
            "place": self.place,
            "edition": self.edition,
            "source": self.source,
            "source_via": self.source_via,
            "confidence": self.confidence,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "file": self.file,
            "row": self.row,
        }

    def _why_no_number(self) -> Unknown:
        label = self.label()
        named: dict[str, Any] = {"rule": {"zh": label.zh, "en": label.en}, "table": self.table}
        low, high = self.attributes.get("minimum"), self.attributes.get("maximum")
        if low and high:
            return Unknown("rule-range-only", {**named, "minimum": low, "maximum": high, "unit": self.unit})
        return Unknown("rule-without-number", named)


@dataclass(frozen=True)
class RuleTable:
    """A loaded table. ``group`` names the key columns that mark one set of brackets (empty: no brackets)."""

    name: str
    title: Text
    description: Text
    columns: tuple[Column, ...]
    entries: tuple[RuleEntry, ...]
    group: tuple[str, ...] = ()
    by_key: Mapping[tuple[str, ...], tuple[RuleEntry, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Names of the columns that together say what an entry is about."""
        return tuple(column.name for column in self.columns if column.role == "key")

    def select(self, on: dt.date | None = None, place: str | None = None) -> list[RuleEntry]:
        """Entries in force ``on`` a day (None: at any time) that apply at ``place``, the nearest place
        winning.

        With place None only the entries that apply everywhere come back. UnknownPlaceError for an unknown
        place.
        """
        from hengneng.rules.tables import nearest

        chosen: list[RuleEntry] = []
        for entries in self.by_key.values():
            then = [entry for entry in entries if on is None or entry.valid_on(on)]
            chosen.extend(nearest(then, place))
        return sorted(chosen, key=lambda entry: entry.row)
