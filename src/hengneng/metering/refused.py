"""Readings that cannot be taken: written to a file of their own as they are met, with line and reason."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TextIO

from hengneng.language import Language
from hengneng.metering.limits import limit
from hengneng.problems import Problem

COLUMNS = ("line", "meter", "time", "value", "result")


class Refusing(Protocol):
    """Whatever is told of the rows that cannot be taken."""

    def add(self, line: int, cells: Sequence[str], number: str, **values: object) -> None:
        """Note one row: its line, its cells and the check that refuses it, with the values of that check."""


class Refused:
    """The file beside the source; it comes into being with the first row, under its name when all is done."""

    def __init__(self, name: str, target: Path, language: Language) -> None:
        self.name, self.target, self.language = name, target, language
        self.count = 0
        self.problems: list[Problem] = []
        self._unknown: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._file: TextIO | None = None

    @property
    def _partial(self) -> Path:
        return self.target.with_suffix(".partial")

    def add(self, line: int, cells: Sequence[str], number: str, **values: object) -> None:
        """Note one row: its line, its cells and the check that refuses it. Unknown meters are counted by meter.

        A value ``cell`` names the cell that is at fault.
        """
        self.count += 1
        where = f"{self.name}:{values.get('cell', line)}"
        if number == "E201":
            meter = str(values["found"])
            self._unknown[meter] += 1
            self._first.setdefault(meter, where)
            values["count"] = 1
        problem = Problem(number, where, values)
        if number != "E201" and len(self.problems) < limit("problems_kept"):
            self.problems.append(problem)
        if self._file is None:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._partial.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(COLUMNS)
        csv.writer(self._file).writerow([line, *cells, f"[{number}] {problem.text(self.language)}"])

    def finish(self) -> list[Problem]:
        """Give the file its name; every problem, those of unknown meters first."""
        if self._file is not None:
            self._file.close()
            self._partial.replace(self.target)
        unknown = [
            Problem("E201", self._first[meter], {"found": meter, "count": count})
            for meter, count in self._unknown.most_common(limit("problems_kept"))
        ]
        return [*unknown, *self.problems]

    def give_up(self) -> None:
        """Remove what was begun."""
        if self._file is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)
