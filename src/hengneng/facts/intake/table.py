"""Reading a table of facts from a CSV file as it comes: BOM, GBK, cut off in the middle."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hengneng.facts.intake.content import check_kind
from hengneng.problems import Problem, RefusedError

REQUIRED = ("measure", "place", "period", "value", "unit")
OPTIONAL = ("state", "source", "cell", "confidence", "note", "reason", "explanation", "example")
RESULT_COLUMN = "result"


@dataclass(frozen=True)
class Row:
    """One row: its line in the file (counted from 1), its cells by column, and how many cells it had.

    ``closed``: whether every quote that is opened in it is closed.
    """

    line: int
    cells: dict[str, str]
    width: int
    raw: list[str]
    closed: bool = True

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A file of facts, read but not yet checked."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    content: bytes
    notes: tuple[Problem, ...] = field(default=())


def read_table(path: Path) -> Table:
    """Read a CSV file. RefusedError with F001 to F006 when the file as a whole cannot be used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(Problem("F001", path.name, {"found": error.strerror or str(error)})) from error
    return read_content(content, path.name)


def read_content(content: bytes, name: str) -> Table:
    """Read the content of a CSV file called ``name``. RefusedError with F001 to F006."""
    check_kind(content, name)
    text, encoding = decoded(content, name)
    notes = () if encoding == "UTF-8" else (Problem("F005", name, {"found": encoding}),)
    lines = records(text)
    header = next(lines, None)
    if header is None:
        raise RefusedError(Problem("F004", name))
    columns = tuple(cell.strip() for cell in header[1])
    _check_columns(columns, name)
    keep = columns.index(RESULT_COLUMN) if RESULT_COLUMN in columns else None
    rows = tuple(
        Row(line, dict(zip(columns, (cell.strip() for cell in cells), strict=False)), len(cells), cells, closed)
        for line, cells, closed in lines
        if any(cell.strip() for cell in cells)
    )
    if keep is not None:
        columns, rows = _without(columns, rows, keep)
    if not rows:
        raise RefusedError(Problem("F004", name))
    return Table(name, columns, rows, content, notes)


def _without(columns: tuple[str, ...], rows: tuple[Row, ...], index: int) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """A returned file that was corrected comes back with its result column, which is not data."""
    name = columns[index]
    kept = tuple(
        Row(
            row.line,
            {c: v for c, v in row.cells.items() if c != name},
            row.width - (1 if row.width > index else 0),
            [cell for i, cell in enumerate(row.raw) if i != index],
            row.closed,
        )
        for row in rows
    )
    return tuple(c for c in columns if c != name), kept


def _check_columns(columns: tuple[str, ...], name: str) -> None:
    known = (*REQUIRED, *OPTIONAL, RESULT_COLUMN)
    problems = []
    missing = [c for c in REQUIRED if c not in columns]
    if missing:
        problems.append(Problem("F002", f"{name}:1", {"missing": ", ".join(missing), "found": ", ".join(columns)}))
    wrong = sorted({c for c in columns if c not in known or columns.count(c) > 1})
    if wrong:
        problems.append(
            Problem(
                "F003",
                f"{name}:1",
                {"found": ", ".join(c or "''" for c in wrong), "expected": ", ".join((*REQUIRED, *OPTIONAL))},
            )
        )
    if problems:
        raise RefusedError(*problems)


def decoded(content: bytes, name: str) -> tuple[str, str]:
    """The text of a file called ``name``, and as what it was read. RefusedError F001."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), "UTF-16"
    if b"\x00" in content:
        raise RefusedError(Problem("F001", name, {"found": "NUL"}))
    for encoding, called in (("utf-8-sig", "UTF-8"), ("gb18030", "GB 18030")):
        try:
            return content.decode(encoding), called
        except UnicodeDecodeError as error:
            # A file cut off in the middle of its last character is still in that encoding.
            if error.reason == "unexpected end of data" or error.start >= len(content) - 3:
                return content[: error.start].decode(encoding), called
    raise RefusedError(Problem("F001", name, {"found": "UTF-8 ✗, GB 18030 ✗"}))


def records(text: str) -> Iterator[tuple[int, list[str], bool]]:
    """Records with the line on which each starts, and whether its quotes are closed.

    An open quote ends with its line: what stands behind it is read as rows again, never swallowed.
    """
    lines = list(io.StringIO(text, newline=""))
    start = 0
    while start < len(lines):
        first = start
        reader = csv.reader((lines[index] for index in range(first, len(lines))), strict=True)
        try:
            for cells in reader:
                yield start + 1, cells, True
                start = first + reader.line_num
        except csv.Error:
            yield start + 1, lines[start].rstrip("\r\n").replace('"', "").split(","), False
            start += 1
