"""Checking a whole folder of rule tables: every table loads, and every place in it is a division."""

from __future__ import annotations

import csv
from pathlib import Path

from hengneng.problems import Problem, RefusedError
from hengneng.rules.entry import RuleTable
from hengneng.rules.loader import DATA_FOLDER, load_table, table_names

DIVISIONS = "administrative_divisions"


def check_folder(folder: Path = DATA_FOLDER) -> list[Problem]:
    """Every problem of every table of ``folder`` (checks R001 to R024); empty when all is well."""
    problems: list[Problem] = []
    places = _place_codes(folder)
    for name in table_names(folder):
        try:
            problems += _check_places(load_table(folder, name), places)
        except RefusedError as refused:
            problems += refused.problems
    return problems


def _place_codes(folder: Path) -> frozenset[str]:
    file = folder / f"{DIVISIONS}.csv"
    with (file if file.exists() else DATA_FOLDER / file.name).open(encoding="utf-8", newline="") as stream:
        return frozenset(row.get("code") or "" for row in csv.DictReader(stream))


def _check_places(table: RuleTable, places: frozenset[str]) -> list[Problem]:
    return [
        Problem(
            "R017",
            f"{entry.file}:{entry.row}",
            {
                "file": entry.file,
                "row": entry.row,
                "column": "place",
                "found": entry.place,
                "expected": DIVISIONS,
            },
        )
        for entry in table.entries
        if entry.place and entry.place not in places
    ]
