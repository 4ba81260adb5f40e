"""Books of meters that people read: workbooks, CSV in the encodings of their programs, one column a meter.

What hands and spreadsheets do to times and numbers is undone where there is one meaning, and left to be refused where
there are several. Source: protocols of batch files (Excel serial dates, thousands separators, full-width digits,
formulas without values, zeros lost at the left).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from hengneng.facts.intake.table import decoded, records
from hengneng.metering.limits import limit

# What the first column is called where each meter has a column of its own.
FIRST_COLUMNS = ("date", "time", "ts", "日期", "时间", "抄表日期", "抄表时间")
# What people write where they have not read: nothing is known, and nothing is wrong.
UNREAD = frozenset({"", "-", "--", "—", "——", "/", "\\", "未抄", "缺"})
_DIGITS_OF_A_CELL = 15  # as many as Excel keeps and shows
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_BY_HAND = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[ T]*(\d{1,2})(?::|时|点)(?:(\d{1,2})(?:(?::|分)(?:(\d{1,2})秒?)?)?)?)?"
)
_OTHER_FILE = re.compile(r"\[[^\]]+\]|DDE\(|WEBSERVICE\(", re.IGNORECASE)
_HALF_A_SECOND = dt.timedelta(seconds=0.5)


@dataclass(frozen=True)
class BookRow:
    """A row: its number from 1, its cells as text. A formula that cannot be trusted stands as it is written."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class BookReading:
    """Meter, time and value as written, and the cells in which they stand (``B7``, or line:column of a CSV)."""

    line: int
    cells: tuple[str, str, str]
    places: tuple[str, str, str]


def plain_number(written: str) -> str:
    """A number without full-width digits and thousands separators. ValueError where a comma may mean something else."""
    if written.isascii() and "," not in written:
        return written
    narrow = unicodedata.normalize("NFKC", written).replace("\u2212", "-").strip()
    if "," not in narrow:
        return narrow
    if not _GROUPED.fullmatch(narrow):
        raise ValueError(f"{written!r} is not a number")
    return narrow.replace(",", "")


def moment_of(written: str) -> dt.datetime | None:
    """A time as programs and people write it, to the second; naive where no zone is said. None when it is none.

    ``2026-06-01T08:15:00+08:00``, ``2026/6/1 8:15``, ``2026年6月1日``, also in full-width digits.
    """
    narrow = written.strip()
    try:
        found = dt.datetime.fromisoformat(narrow.replace("/", "-"))
    except ValueError:
        by_hand = _BY_HAND.fullmatch(unicodedata.normalize("NFKC", narrow))
        if by_hand is None:
            return None
        try:
            year, month, day, hour, minute, second = (int(part or 0) for part in by_hand.groups())
            found = dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        except ValueError:
            return None
    return None if found.microsecond else found


def unread(written: str) -> bool:
    """Whether a cell says that the meter was not read."""
    return unicodedata.normalize("NFKC", written).strip() in UNREAD


def workbook(opened: Callable[[], BinaryIO]) -> tuple[dt.datetime, Iterator[BookRow]]:
    """From which day the workbook counts days, and the rows of its first sheet. ValueError when it cannot be read.

    Numbers have the digits that Excel shows, times are to the second. A formula without a computed value, or one that
    reads another file, stands as it is written: ``=A1*2``.
    """
    handles = [opened(), opened()]
    try:
        with zipfile.ZipFile(handles[0]) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > limit("bytes_of_a_workbook"):
            raise ValueError(f"{size:,} > {limit('bytes_of_a_workbook'):,} bytes")
        values = load_workbook(handles[0], read_only=True, data_only=True)
        return values.epoch, _rows(values, load_workbook(handles[1], read_only=True), handles)
    except Exception as error:
        _close(handles)
        # The library raises whatever it stumbles over.
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _rows(values: Workbook, formulas: Workbook, handles: list[BinaryIO]) -> Iterator[BookRow]:
    try:
        both = zip_longest(values.worksheets[0].iter_rows(), formulas.worksheets[0].iter_rows(), fillvalue=())
        for line, (shown, written) in enumerate(both, start=1):
            pairs = zip_longest(shown, written)
            yield BookRow(line, tuple(_cell(getattr(a, "value", None), getattr(b, "value", None)) for a, b in pairs))
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    finally:
        _close(handles)


def _close(handles: Iterable[BinaryIO]) -> None:
    for one in handles:
        one.close()


def _cell(value: Any, formula: Any) -> str:
    text = getattr(formula, "text", formula)  # an array formula is an object that holds its text
    if isinstance(text, str) and text.startswith("=") and (value is None or _OTHER_FILE.search(text)):
        return text
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return (value + _HALF_A_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(value, float):
        return f"{value:.{_DIGITS_OF_A_CELL}g}"
    return str(value).strip()


def rows_of_text(content: bytes, name: str) -> Iterator[BookRow]:
    """Rows of a CSV file in UTF-8, UTF-16 with its mark, or GB 18030 (GBK). RefusedError F001."""
    text, _ = decoded(content, name)
    for line, cells, _ in records(text):
        yield BookRow(line, tuple(cell.strip() for cell in cells))


def is_wide(head: Sequence[str]) -> bool:
    """Whether a first line is that of a book with a column for each meter."""
    return len(head) > 1 and head[0].strip().lower() in FIRST_COLUMNS and any(cell.strip() for cell in head[1:])


def wide_readings(head: BookRow, rows: Iterable[BookRow], epoch: dt.datetime | None) -> Iterator[BookReading]:
    """Every cell of a wide book that says something. ``epoch``: of a workbook; None for a CSV."""
    for row in rows:
        if not any(row.cells):
            continue
        time = _time(row.cells[0], epoch)
        for column, meter in enumerate(head.cells[1:], start=1):
            value = row.cells[column] if column < len(row.cells) else ""
            # A column without a head is no meter; what stands in it is refused all the same.
            if not meter and not value:
                continue
            places = tuple(
                _place(line, at, head, epoch is not None)
                for line, at in ((head.line, column), (row.line, 0), (row.line, column))
            )
            yield BookReading(row.line, (meter, time, value), places)  # type: ignore[arg-type]


def long_readings(
    head: BookRow, rows: Iterable[BookRow], columns: Sequence[int], epoch: dt.datetime | None
) -> Iterator[BookReading]:
    """Every row of a book whose ``columns`` are meter, time and value."""
    for row in rows:
        cells = [row.cells[column] if column < len(row.cells) else "" for column in columns]
        if not any(cells):
            continue
        cells[1] = _time(cells[1], epoch)
        places = tuple(_place(row.line, column, head, epoch is not None) for column in columns)
        yield BookReading(row.line, tuple(cells), places)  # type: ignore[arg-type]


def _place(line: int, column: int, head: BookRow, workbook: bool) -> str:
    if workbook:
        return f"{get_column_letter(column + 1)}{line}"
    return f"{line}:{head.cells[column] if column < len(head.cells) else column + 1}"


def _time(written: str, epoch: dt.datetime | None) -> str:
    """A serial number of a day as the workbook counts days; anything else as it is written."""
    if epoch is None or not _SERIAL.fullmatch(written):
        return written
    found: dt.datetime = from_excel(float(written), epoch)
    return (found + _HALF_A_SECOND).replace(microsecond=0).isoformat(" ")
