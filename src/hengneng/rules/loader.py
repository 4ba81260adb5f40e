"""Reading a rule table from ``<table>.csv`` and ``<table>.toml``, refusing what is wrong: all of it, by
number.

The loader works on any folder. The shipped one is ``hengneng/rules/data``.
"""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from hengneng.language import Text
from hengneng.problems import Problem, RefusedError
from hengneng.rules.brackets import check_groups
from hengneng.rules.entry import CONFIDENCES, Column, RuleEntry, RuleTable

DATA_FOLDER = Path(__file__).parent / "data"
COMMON_FILE = Path(__file__).parent / "columns.toml"
COMMON = (
    "valid_from",
    "valid_to",
    "place",
    "edition",
    "source",
    "source_via",
    "confidence",
    "unverified_fields",
    "note",
)
BOUNDS = ("at_least", "above", "below", "up_to")


@dataclass(frozen=True)
class Dictionary:
    """The field dictionary of one table."""

    name: str
    title: Text
    description: Text
    columns: tuple[Column, ...]
    value: str
    value_optional: bool
    group: tuple[str, ...]

    def names(self, *roles: str) -> tuple[str, ...]:
        """Names of the columns of these roles, in their order."""
        return tuple(column.name for column in self.columns if column.role in roles)


def table_names(folder: Path = DATA_FOLDER) -> tuple[str, ...]:
    """Names of the tables of ``folder``: its field dictionaries."""
    return tuple(sorted(file.stem for file in folder.glob("*.toml")))


@cache
def _common_columns() -> dict[str, tuple[Text, Text]]:
    read = tomllib.loads(COMMON_FILE.read_text("utf-8"))
    return {name: (Text(**entry["label"]), Text(**entry["meaning"])) for name, entry in read.items()}


def read_dictionary(folder: Path, name: str) -> Dictionary:
    """Read ``<name>.toml``. RefusedError R001 when it cannot be read, R002 when something is missing in
    it.
    """
    file = folder / f"{name}.toml"
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(Problem("R001", file.name, {"found": error})) from error
    except tomllib.TOMLDecodeError as error:
        raise RefusedError(Problem("R002", file.name, {"found": error})) from error
    try:
        return _build_dictionary(name, data)
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(Problem("R002", file.name, {"found": f"{type(error).__name__}: {error}"})) from error


def _build_dictionary(name: str, data: Mapping[str, Any]) -> Dictionary:
    value = data.get("value", "none")
    if value not in ("number", "text", "none"):
        raise ValueError(f"value = {value!r}")
    columns = [_column(key, "key", entry) for key, entry in data["keys"].items()]
    common = _common_columns()
    if value != "none":
        label, meaning = common["value"]
        columns.append(Column("value", "value", label, Text(**data.get("value_meaning", vars(meaning))), value))
    if data.get("unit", value == "number"):
        columns.append(Column("unit", "common", *common["unit"], kind="unit", required=True))
    columns += [_column(key, "attribute", entry) for key, entry in data.get("attributes", {}).items()]
    columns += [Column(key, "common", *common[key]) for key in COMMON]
    group = tuple(data.get("brackets", ()))
    if group and not set(BOUNDS) <= {column.name for column in columns}:
        raise ValueError(f"brackets need the columns {', '.join(BOUNDS)}")
    return Dictionary(
        name, Text(**data["title"]), Text(**data["description"]), tuple(columns), value,
        bool(data.get("value_optional", False)), group,
    )  # fmt: skip


def _column(name: str, role: Any, entry: Mapping[str, Any]) -> Column:
    return Column(
        name=name,
        role=role,
        label=Text(**entry["label"]),
        meaning=Text(**entry["meaning"]),
        kind=entry.get("kind", "word" if "words" in entry else "text"),
        words=tuple(entry.get("words", ())),
        required=bool(entry.get("required", role == "key")),
    )


def load_table(folder: Path, name: str, *, units: Collection[str] | None = None) -> RuleTable:
    """Read one table of ``folder``.

    ``units`` are the unit codes that may occur; by default those of the folder's own table ``units``, else
    the program's.
    Raises RefusedError with every problem found (checks R001 to R023), each saying file, row and column.
    """
    dictionary = read_dictionary(folder, name)
    reader = _Reader(folder / f"{name}.csv", dictionary, units)
    table = reader.read()
    if reader.problems:
        raise RefusedError(*reader.problems)
    return table


def unit_codes(folder: Path) -> frozenset[str]:
    """The unit codes of the table ``units`` of ``folder``, or of the program where the folder has none."""
    file = folder / "units.csv"
    return _unit_codes(file if file.exists() else DATA_FOLDER / "units.csv")


@cache
def _unit_codes(file: Path) -> frozenset[str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["code"] for row in csv.DictReader(stream))


class _Reader:
    """Reads the CSV of one table and collects the problems."""

    def __init__(self, file: Path, dictionary: Dictionary, units: Collection[str] | None) -> None:
        self.file = file
        self.dictionary = dictionary
        self.units = units
        self.problems: list[Problem] = []
        self.table_columns = {column.name: column for column in dictionary.columns}
        self.checked = [column for column in dictionary.columns if column.role in ("key", "attribute")]
        self.data_names = (*dictionary.names("key", "value", "attribute"), "unit", "valid_from", "valid_to")

    def read(self) -> RuleTable:
        """The table; meaningless when ``problems`` is not empty."""
        entries: list[RuleEntry] = []
        lines = self._lines()
        if lines and self._header_fits(lines[0][1]):
            header = lines[0][1]
            for row, cells in lines[1:]:
                if len(cells) != len(header):
                    self._report("R016", row, "-", found=len(cells), expected=len(header))
                    continue
                entries.append(self._entry(row, dict(zip(header, cells, strict=True))))
        by_key: dict[tuple[str, ...], list[RuleEntry]] = {}
        for entry in entries:
            by_key.setdefault(tuple(entry.key.values()), []).append(entry)
        self._check_validities(by_key.values())
        dictionary = self.dictionary
        if dictionary.group and not self.problems:
            self.problems += check_groups(entries, dictionary.group, self.file.name)
        return RuleTable(
            dictionary.name, dictionary.title, dictionary.description, dictionary.columns, tuple(entries),
            dictionary.group, {key: tuple(found) for key, found in by_key.items()},
        )  # fmt: skip

    def _report(self, number: str, row: int, column: str, **values: object) -> None:
        where = f"{self.file.name}:{row}" if row else self.file.name
        self.problems.append(Problem(number, where, {"file": self.file.name, "row": row, "column": column, **values}))

    def _lines(self) -> list[tuple[int, list[str]]]:
        try:
            with self.file.open(encoding="utf-8", newline="") as stream:
                reader = csv.reader(stream, strict=True)
                return [(reader.line_num, cells) for cells in reader if cells]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self._report("R001", 0, "-", found=error)
            return []

    def _header_fits(self, header: Sequence[str]) -> bool:
        expected = tuple(self.table_columns)
        for name in expected:
            if name not in header:
                self._report("R003", 1, name, found=", ".join(header), expected=name)
        for position, name in enumerate(header):
            if name not in expected or name in header[:position]:
                self._report("R004", 1, name, found=name, expected=", ".join(expected))
        return not self.problems

    def _entry(self, row: int, cells: dict[str, str]) -> RuleEntry:
        dictionary = self.dictionary
        for column in self.checked:
            self._check_cell(row, column, cells[column.name])
        value, text = self._value(row, cells)
        unit = cells.get("unit", "")
        if "unit" in self.table_columns:
            self._check_unit(row, "unit", unit)
        start, end = self._date(row, "valid_from", cells), self._date(row, "valid_to", cells)
        if start and end and end < start:
            self._report("R011", row, "valid_to", found=end, expected=start)
        if not cells["source"].strip():
            self._report("R005", row, "source", found="", expected="")
        if cells["confidence"] not in CONFIDENCES:
            self._report("R009", row, "confidence", found=cells["confidence"], expected=", ".join(CONFIDENCES))
        return RuleEntry(
            table=dictionary.name,
            key={name: cells[name] for name in dictionary.names("key")},
            value=value,
            text=text,
            unit=unit,
            attributes={name: cells[name] for name in dictionary.names("attribute")},
            valid_from=start,
            valid_to=end,
            place=cells["place"],
            edition=cells["edition"],
            source=cells["source"],
            source_via=cells["source_via"],
            confidence=cells["confidence"],
            unverified_fields=self._unverified(row, cells["unverified_fields"]),
            note=cells["note"],
            file=self.file.name,
            row=row,
        )

    def _value(self, row: int, cells: Mapping[str, str]) -> tuple[Decimal | None, str | None]:
        kind, written = self.dictionary.value, cells.get("value", "")
        if kind == "none":
            return None, None
        if kind == "text":
            if not written:
                self._report("R013", row, "value", found="", expected="value")
            return None, written
        if not written and self.dictionary.value_optional:
            return None, None
        return self._number(row, "value", written), None

    def _check_cell(self, row: int, column: Column, written: str) -> None:
        if not written:
            if column.required:
                self._report("R013", row, column.name, found="", expected=column.name)
        elif column.words and written not in column.words:
            self._report("R014", row, column.name, found=written, expected=", ".join(column.words))
        elif column.kind == "number":
            self._number(row, column.name, written)
        elif column.kind == "unit":
            self._check_unit(row, column.name, written)

    def _number(self, row: int, column: str, written: str) -> Decimal | None:
        try:
            number = Decimal(written)
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite() and written == written.strip() and "_" not in written:
            return number
        self._report("R008", row, column, found=written, expected="0.7143")
        return None

    def _check_unit(self, row: int, column: str, written: str) -> None:
        if self.units is None:
            self.units = unit_codes(self.file.parent)
        if written not in self.units:
            self._report("R006", row, column, found=written, expected="units")

    def _date(self, row: int, column: str, cells: Mapping[str, str]) -> dt.date | None:
        written = cells[column]
        if not written:
            return None
        try:
            if len(written) == len("2021-04-01"):
                return dt.date.fromisoformat(written)
        except ValueError:
            pass
        self._report("R007", row, column, found=written, expected="2021-04-01")
        return None

    def _unverified(self, row: int, written: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in written.split(";") if name.strip())
        if names == ("all",):
            return tuple(name for name in self.data_names if name in self.table_columns)
        for name in names:
            if name not in self.table_columns:
                self._report("R015", row, "unverified_fields", found=name, expected=", ".join(self.table_columns))
        return names

    def _check_validities(self, groups: Iterable[list[RuleEntry]]) -> None:
        for entries in groups:
            for position, later in enumerate(entries):
                for earlier in entries[:position]:
                    if earlier.place != later.place or not _overlap(earlier, later):
                        continue
                    same = earlier.validity() == later.validity()
                    self._report(
                        "R012" if same else "R010", later.row, "valid_from", found=later.validity(),
                        expected=earlier.validity(), other=earlier.row, key=", ".join(later.key.values()),
                    )  # fmt: skip


def _overlap(one: RuleEntry, other: RuleEntry) -> bool:
    start = max(one.valid_from or dt.date.min, other.valid_from or dt.date.min)
    end = min(one.valid_to or dt.date.max, other.valid_to or dt.date.max)
    return start <= end
