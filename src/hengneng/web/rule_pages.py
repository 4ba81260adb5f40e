"""Rule tables as pages show them: which columns, cells in words, brackets as intervals, unverified fields marked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hengneng.language import Text, catalogue
from hengneng.rules import RuleEntry, RuleTable, rule_table
from hengneng.rules.brackets import read_bound
from hengneng.rules.changes import RuleChange
from hengneng.rules.divisions import DivisionError, division
from hengneng.rules.entry import SOURCED, Column
from hengneng.web.speech import MINUS, Speech

BOUNDS = ("at_least", "above", "below", "up_to")
NAMES = ("name_zh", "name_en")
VALIDITY = ("valid_from", "valid_to")
SOURCES_NAMED = 2


@dataclass(frozen=True)
class Overview:
    """A table in the list of tables."""

    table: RuleTable
    rows: int
    unverified: int
    partly: int
    sources: tuple[str, ...]
    more_sources: int
    first: dt.date | None
    last: dt.date | None
    always: bool
    partly_always: bool


def overview(table: RuleTable) -> Overview:
    """What is in a table: rows, how many unverified as a whole or in single fields, sources, the days it covers."""
    sources = list(dict.fromkeys(entry.source for entry in table.entries))
    begins = [entry.valid_from for entry in table.entries]
    ends = [entry.valid_to for entry in table.entries]
    return Overview(
        table=table,
        rows=len(table.entries),
        unverified=sum(entry.unverified for entry in table.entries),
        partly=sum(bool(entry.unverified_fields) and not entry.unverified for entry in table.entries),
        sources=tuple(sources[:SOURCES_NAMED]),
        more_sources=max(0, len(sources) - SOURCES_NAMED),
        first=min(filter(None, begins), default=None),
        last=None if None in ends else max(filter(None, ends), default=None),
        always=not any(begins) and not any(ends),
        partly_always=None in begins and any(begins),
    )


@dataclass(frozen=True)
class Head:
    """A column as shown. ``unit`` stands in the head where every row has the same."""

    name: str
    label: str
    meaning: str
    numeric: bool = False
    unit: str = ""


@dataclass(frozen=True)
class RuleCell:
    """One cell. ``unsure``: nobody has verified this field; ``sort``: sorting key; ``more``: a second, smaller line."""

    column: str
    text: str
    sort: str = ""
    numeric: bool = False
    unsure: bool = False
    more: str = ""


@dataclass(frozen=True)
class RuleLine:
    """One row with its number in the file."""

    row: int
    cells: tuple[RuleCell, ...]
    unverified: bool


@dataclass(frozen=True)
class ShownTable:
    """The rows of a table that are shown, column by column."""

    heads: tuple[Head, ...]
    lines: tuple[RuleLine, ...]
    unsure: bool


class _Arranger:
    """Arranges the rows of one table in the words of one language."""

    def __init__(self, table: RuleTable, speech: Speech) -> None:
        self.table, self.speech = table, speech
        self.columns = {column.name: column for column in table.columns}
        units = {entry.unit for entry in table.entries}
        self.one_unit = units.pop() if len(units) == 1 and "value" in self.columns else ""
        self.shown = self._shown()

    def _shown(self) -> list[str]:
        """Names of the columns: what it is, its value, when and where it holds, on what it rests; then the rest."""
        used = [
            column.name
            for column in self.table.columns
            if column.role == "attribute" and any(entry.attributes[column.name] for entry in self.table.entries)
        ]
        own_name = f"name_{self.speech.language}"
        names = [own_name] if own_name in used else []
        names += self.table.key_columns
        names += ["value"] if "value" in self.columns else []
        names += ["unit"] if "unit" in self.columns and not self.one_unit else []
        names += ["interval"] if self.table.group else []
        hidden = {*NAMES, *(BOUNDS if self.table.group else ())}
        names += ["validity"]
        names += ["place"] if any(entry.place for entry in self.table.entries) else []
        names += ["confidence", "source", *(name for name in used if name not in hidden)]
        return [*names, "note"] if any(entry.note for entry in self.table.entries) else names

    def head(self, name: str) -> Head:
        if name in ("interval", "validity"):
            words = self.speech.words
            return Head(name, words(f"web.rules.columns.{name}"), words(f"web.rules.meanings.{name}"))
        column = self.columns[name]
        unit = self.speech.unit(self.one_unit) if name == "value" and self.one_unit not in ("", "1") else ""
        said = self.speech.said
        return Head(name, said(column.label), said(column.meaning), self._numeric(column), unit)

    def _numeric(self, column: Column) -> bool:
        if column.kind != "number":
            return False
        return column.role != "value" or all(entry.text is None for entry in self.table.entries)

    def line(self, entry: RuleEntry) -> RuleLine:
        return RuleLine(entry.row, tuple(self.cell(name, entry) for name in self.shown), entry.unverified)

    def cell(self, name: str, entry: RuleEntry) -> RuleCell:
        # Where the whole row is from memory, the mark stands once, in the column of the confidence.
        unsure = entry.confidence == SOURCED and name in entry.unverified_fields
        if name == "validity":
            unsure = entry.confidence == SOURCED and bool({*VALIDITY} & {*entry.unverified_fields})
            return RuleCell(name, days(entry.valid_from, entry.valid_to), str(entry.valid_from or ""), unsure=unsure)
        if name == "interval":
            unsure = entry.confidence == SOURCED and bool({*BOUNDS} & {*entry.unverified_fields})
            lowest = entry.attributes["at_least"] or entry.attributes["above"]
            return RuleCell(name, interval(entry, self.speech), lowest, unsure=unsure)
        if name == "value":
            return self._value(entry, unsure)
        if name == "unit":
            return RuleCell(name, self.speech.unit(entry.unit), entry.unit, unsure=unsure)
        if name == "place":
            return RuleCell(name, place_name(entry.place, self.speech) or self.speech.words("web.rules.everywhere"))
        if name == "source":
            read_at = f"{self.speech.words('web.reference.source_via')} {entry.source_via}" if entry.source_via else ""
            more = self.speech.listed(filter(None, (entry.edition, read_at)))
            return RuleCell(name, entry.source, entry.source, unsure=unsure, more=more)
        if name == "confidence":
            return RuleCell(name, self.speech.words(f"confidence.{entry.confidence}"), entry.confidence)
        if name == "note":
            return RuleCell(name, entry.note)
        return self._own(self.columns[name], entry, unsure)

    def _value(self, entry: RuleEntry, unsure: bool) -> RuleCell:
        if entry.value is not None:
            return RuleCell("value", number(entry.value), str(entry.value), True, unsure)
        if entry.text is not None:
            return RuleCell("value", entry.text, entry.text, unsure=unsure)
        low, high = entry.attributes.get("minimum", ""), entry.attributes.get("maximum", "")
        text = f"{low}–{high}" if low and high else "—"
        return RuleCell("value", text, "", True, unsure)

    def _own(self, column: Column, entry: RuleEntry, unsure: bool) -> RuleCell:
        written = entry.key.get(column.name) or entry.attributes.get(column.name, "")
        text = written
        if column.words == ("yes", "no") and written:
            text = self.speech.words(f"web.figure.truth.{written}")
        elif column.kind == "unit" and written:
            text = self.speech.unit(written)
        elif column.kind == "number" and written:
            text = number(Decimal(written))
        elif "|" in written:
            text = self.speech.listed(written.split("|"))
        elif not written and column.role == "attribute":
            text = "—" if column.kind == "number" else ""
        return RuleCell(column.name, text, written, column.kind == "number", unsure and bool(written))


def arranged_rules(table: RuleTable, entries: Iterable[RuleEntry], speech: Speech) -> ShownTable:
    """``entries`` of ``table`` as a page shows them."""
    arranger = _Arranger(table, speech)
    lines = tuple(arranger.line(entry) for entry in entries)
    heads = tuple(arranger.head(name) for name in arranger.shown)
    return ShownTable(heads, lines, any(cell.unsure for line in lines for cell in line.cells))


def rules_rows(table: RuleTable, entries: Iterable[RuleEntry]) -> tuple[list[Column], list[list[object]]]:
    """``entries`` for an export: every column of the file as it stands there, with the number of the row."""
    rows: list[list[object]] = []
    for entry in entries:
        own = {**entry.key, **entry.attributes, **_common(entry)}
        rows.append([entry.row, *(own[column.name] for column in table.columns)])
    return list(table.columns), rows


def _common(entry: RuleEntry) -> dict[str, object]:
    return {
        "value": entry.value if entry.value is not None else entry.text,
        "unit": entry.unit,
        "valid_from": entry.valid_from,
        "valid_to": entry.valid_to,
        "place": entry.place,
        "edition": entry.edition,
        "source": entry.source,
        "source_via": entry.source_via,
        "confidence": entry.confidence,
        "unverified_fields": "; ".join(entry.unverified_fields),
        "note": entry.note,
    }


def searched(table: RuleTable, entries: Sequence[RuleEntry], wanted: str) -> list[RuleEntry]:
    """Entries in which every word of ``wanted`` occurs somewhere."""
    words = wanted.casefold().split()

    def text_of(entry: RuleEntry) -> str:
        place = division_name(entry.place)
        parts = (
            *entry.key.values(), *entry.attributes.values(), str(entry.value or ""), entry.text or "", entry.unit,
            entry.edition, entry.source, entry.source_via, entry.note, *((place.zh, place.en) if place else ()),
        )  # fmt: skip
        return " ".join(parts).casefold()

    return [entry for entry in entries if all(word in text_of(entry) for word in words)]


def number(value: Decimal) -> str:
    """A rule's number with the digits it was written with."""
    return f"{value:,f}".replace("-", MINUS)


def days(first: dt.date | None, last: dt.date | None) -> str:
    """A validity: ``2008-06-01 – 2021-03-31``; an open end is an ellipsis, both open a dash."""
    if first is None and last is None:
        return "—"
    return f"{first or '…'} – {last or '…'}"


def division_name(code: str) -> Text | None:
    """Name of a place; None for no place."""
    if not code:
        return None
    try:
        return division(code).name
    except DivisionError:
        return Text(zh=code, en=code)


def place_name(code: str, speech: Speech) -> str:
    """Name of a place in the language of the page; empty for no place."""
    return speech.said(division_name(code))


def interval(entry: RuleEntry, speech: Speech) -> str:
    """A bracket in words: ``at least 0.9, below 1``. Named bounds are said in words where there are any."""
    parts = []
    for bound in BOUNDS:
        written = read_bound(entry.attributes[bound])
        if written is None:
            continue
        if isinstance(written, Decimal):
            text = number(written)
        else:
            symbol = f"web.rules.symbols.{written}"
            text = speech.words(symbol) if symbol in catalogue() else written
        parts.append(speech.words(f"web.rules.bounds.{bound}", bound=text))
    if parts:
        return speech.words("web.comma").join(parts)
    veto = entry.attributes.get("veto_only") == "yes"
    return speech.words("web.rules.bounds.veto" if veto else "web.rules.bounds.any")


@dataclass(frozen=True)
class Side:
    """One side of a change."""

    text: str
    row: int
    unverified: bool


@dataclass(frozen=True)
class FieldChange:
    """Another column in which the two sides differ."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeLine:
    """A change of a rule in words."""

    day: dt.date
    kind: str
    table: str
    title: str
    label: str
    key: str
    place: str
    unit: str
    before: Side | None
    after: Side | None
    difference: str
    ratio: str
    fields: tuple[FieldChange, ...]
    source: str


def change_lines(changes: Iterable[RuleChange], speech: Speech) -> list[ChangeLine]:
    """Changes as a page lists them."""
    arrangers: dict[str, _Arranger] = {}
    lines = []
    for change in changes:
        arranger = arrangers.setdefault(change.table.name, _Arranger(change.table, speech))
        lines.append(_change_line(change, arranger, speech))
    return lines


def _change_line(change: RuleChange, arranger: _Arranger, speech: Speech) -> ChangeLine:
    entry, table = change.entry, change.table
    columns = {column.name: column for column in table.columns}
    # Bounds are said as one interval, names only in the language of the page.
    names = dict.fromkeys("interval" if table.group and name in BOUNDS else name for name in change.differing)
    other_name = {"zh": "name_en", "en": "name_zh"}[speech.language]
    fields = []
    for name in names:
        if name in ("value", other_name) or change.before is None or change.after is None:
            continue
        label = arranger.head("interval").label if name == "interval" else speech.said(columns[name].label)
        old, new = (arranger.cell(name, side).text or "—" for side in (change.before, change.after))
        fields.append(FieldChange(label, old, new))
    ratio = change.ratio
    return ChangeLine(
        day=change.day,
        kind=change.kind,
        table=table.name,
        title=speech.said(table.title),
        label=speech.said(entry.label()),
        key=speech.listed(entry.key.values()),
        place=place_name(entry.place, speech),
        unit="" if entry.unit in ("", "1") or "value" not in columns else speech.unit(entry.unit),
        before=_side(change.before, arranger),
        after=_side(change.after, arranger),
        difference="" if change.difference is None else signed(change.difference),
        ratio="" if ratio is None else f"{signed(round(ratio * 100, 1))}%",
        fields=tuple(fields),
        source=entry.source,
    )


def _side(entry: RuleEntry | None, arranger: _Arranger) -> Side | None:
    if entry is None:
        return None
    name = "value" if "value" in arranger.columns else "interval" if arranger.table.group else ""
    text = arranger.cell(name, entry).text if name else arranger.speech.words("web.rules.in_force")
    return Side(text, entry.row, entry.unverified)


def signed(value: Decimal) -> str:
    """A difference with its sign; nothing before a zero."""
    if not value:
        return "0"
    return f"{value:+,f}".replace("-", MINUS)


def rule_row_of(table: str, key: dict[str, str], place: str, valid_from: str | None) -> int | None:
    """Number of the row of today's file that a derivation has used; None where it is no longer there."""
    try:
        entries = rule_table(table).by_key.get(tuple(key.values()), ())
    except LookupError:
        return None
    started = dt.date.fromisoformat(valid_from) if valid_from else None
    return next((entry.row for entry in entries if entry.place == place and entry.valid_from == started), None)
