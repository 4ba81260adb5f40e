"""Cells of a table of meters or units: read into values, or refused with what was found and what is expected."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from hengneng.language import Text
from hengneng.metering.sheets import Line
from hengneng.problems import Problem
from hengneng.readings.limits import limit as readings_limit

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
YES_NO = {"yes": True, "no": False, "": None}


class BadCellError(Exception):
    """A cell that cannot be taken: number of the check and its values."""

    def __init__(self, number: str, column: str, /, **values: object) -> None:
        self.number, self.column, self.values = number, column, values
        super().__init__(number)


@dataclass
class Refusals:
    """What is wrong in a file, row by row; a row with anything in here is not taken."""

    name: str
    problems: list[Problem] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)

    def add(self, line: int, bad: BadCellError) -> None:
        """Note that the row at ``line`` is refused."""
        self.problems.append(Problem(bad.number, f"{self.name}:{line}:{bad.column}", bad.values))
        self.lines.add(line)


def filled(line: Line, column: str) -> str:
    """The cell, which must not be empty. E101."""
    found = line.cells.get(column, "")
    if not found:
        raise BadCellError("E101", column, column=column)
    return found


def number(line: Line, column: str, least: Decimal | None = None, whole: bool = False) -> Decimal | None:
    """A decimal number; None for an empty cell. E105 when it is none, not whole, or not above ``least``."""
    written = line.cells.get(column, "")
    if not written:
        return None
    narrow = unicodedata.normalize("NFKC", written).replace(",", "").replace(" ", "")
    expected = Text(zh="整数" if whole else "数", en="a whole number" if whole else "a number")
    if least is not None:
        expected = Text(zh=f"大于 {least} 的{expected.zh}", en=f"{expected.en} above {least}")
    if not _NUMBER.fullmatch(narrow):
        raise BadCellError("E105", column, column=column, found=written, expected=expected)
    value = Decimal(narrow)
    if (least is not None and value <= least) or (whole and value != value.to_integral_value()):
        raise BadCellError("E105", column, column=column, found=written, expected=expected)
    return value


def day(line: Line, column: str) -> dt.date | None:
    """A day; None for an empty cell. E106."""
    found = moment(line, column)
    return None if found is None else found.astimezone(local_zone()).date()


def moment(line: Line, column: str) -> dt.datetime | None:
    """A moment, ``2026-06-01`` or ``2026-06-01 14:30``; without a zone it is local time. None when empty. E106."""
    written = line.cells.get(column, "")
    if not written:
        return None
    try:
        found = dt.datetime.fromisoformat(written.replace("/", "-"))
    except ValueError:
        raise BadCellError("E106", column, column=column, found=written) from None
    return (found if found.tzinfo else found.replace(tzinfo=local_zone())).replace(microsecond=0)


def local_zone() -> dt.timezone:
    """The zone of local days."""
    return dt.timezone(dt.timedelta(seconds=readings_limit("local_day_offset_seconds")))


def word(line: Line, column: str, words: Collection[str], otherwise: str) -> str:
    """One of ``words``; ``otherwise`` for an empty cell. E107."""
    found = line.cells.get(column, "") or otherwise
    if found not in words:
        raise BadCellError("E107", column, column=column, found=found, expected=", ".join(w for w in words if w))
    return found


def similar(written: str, known: Collection[str]) -> str:
    """What looks like ``written``, for a message."""
    return ", ".join(difflib.get_close_matches(written, list(known), n=3, cutoff=0.4)) or "—"
