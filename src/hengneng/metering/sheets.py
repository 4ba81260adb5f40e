"""Tables of meters and units as they come: CSV in any usual encoding, or the first sheet of a workbook."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from hengneng.facts.intake.content import check_kind
from hengneng.facts.intake.table import decoded, records
from hengneng.problems import Problem, RefusedError

_WORKBOOK = b"PK\x03\x04"


@dataclass(frozen=True)
class Line:
    """One row: its number in the file, counted from 1, and its cells by column."""

    number: int
    cells: dict[str, str]
    width: int


@dataclass(frozen=True)
class Sheet:
    """A table read, but not yet checked."""

    name: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    sha256: str


@dataclass
class TableImport:
    """What the import of a table into a register did, by names. ``act`` is its id in the log; None: nothing to do."""

    file: str
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    act: str | None = None

    def to_json(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "file": self.file,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "problems": [problem.to_json() for problem in self.problems],
            "act": self.act,
        }


def check_columns(sheet: Sheet, required: Sequence[str], known: Sequence[str]) -> None:
    """RefusedError E001 when a required column is missing, or one is unknown or stands there twice."""
    names = [name for name in sheet.columns if name]
    missing = [name for name in required if name not in names]
    unknown = [name for name in names if name not in known or names.count(name) > 1]
    if missing or unknown:
        values = {
            "missing": ", ".join(missing) or "—",
            "unknown": ", ".join(unknown) or "—",
            "expected": ", ".join(known),
        }
        raise RefusedError(Problem("E001", f"{sheet.name}:1", values))


def read_sheet(file: Path) -> Sheet:
    """The table of a CSV file or workbook. RefusedError F001, F004, F006, or E003 when the workbook cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RefusedError(Problem("F001", file.name, {"found": error.strerror or str(error)})) from error
    if content.startswith(_WORKBOOK):
        rows = _of_workbook(content, file.name)
    else:
        check_kind(content, file.name)
        rows = [(number, cells) for number, cells, _ in records(decoded(content, file.name)[0])]
    if not rows:
        raise RefusedError(Problem("F004", file.name))
    columns = tuple(cell.strip() for cell in rows[0][1])
    lines = tuple(
        Line(number, dict(zip(columns, (cell.strip() for cell in cells), strict=False)), len(cells))
        for number, cells in rows[1:]
        if any(cell.strip() for cell in cells)
    )
    if not lines:
        raise RefusedError(Problem("F004", file.name))
    return Sheet(file.name, columns, lines, hashlib.sha256(content).hexdigest())


def _of_workbook(content: bytes, name: str) -> list[tuple[int, list[str]]]:
    """Cells as text. A formula that carries no computed value cannot be read: E004 names it."""
    try:
        values = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        written = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise RefusedError(Problem("E003", name, {"found": str(error)})) from error
    rows = []
    for number, (shown, formulas) in enumerate(zip(values.iter_rows(), written.iter_rows(), strict=True), start=1):
        for cell, formula in zip(shown, formulas, strict=True):
            if cell.value is None and isinstance(formula.value, str) and formula.value.startswith("="):
                raise RefusedError(Problem("E004", f"{name}:{formula.coordinate}", {"found": formula.value}))
        rows.append((number, _trimmed([_text(cell.value) for cell in shown])))
    return [row for row in rows if row[1]]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Without the empty cells at the end, which a workbook keeps wherever somebody has once typed."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return list(cells[:end])
