"""Organisations of a plan folder: a dated tree, from ``organisations.csv``."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places
from hengneng.rules.divisions import UnknownPlaceError, subject_code

FILE = "organisations.csv"
COLUMNS = (
    "identifier", "kind", "name_zh", "name_en", "place", "parent", "valid_from", "valid_to", "source", "confidence",
)  # fmt: skip
CONFIDENCES = ("sourced", "inferred", "invented", "memory-high", "memory-medium", "memory-low")
_NEEDED = ("identifier", "kind", "name_zh", "name_en", "place", "source", "confidence")


def read_organisations(file: Path, known: Sequence[str] = ()) -> list[dict[str, str]]:
    """The rows of the file, none where there is no file. ``known``: identifiers that may be parents without a row.

    RefusedError with every problem: L010 columns, L011 empty cell, L012 identifier twice, L013 word, place or day that
    cannot be read, L014 parent that does not stand above.
    """
    if not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            found = ", ".join(reader.fieldnames or ())
            values = {"found": found, "expected": ", ".join(COLUMNS)}
            raise RefusedError(Problem("L010", f"{file.name}:1", values))
        rows = list(reader)
    problems: list[Problem] = []
    seen = set(known)
    own: set[str] = set()
    for line, row in enumerate(rows, start=2):
        where = f"{file.name}:{line}"
        problems += _row_problems(row, where)
        if row["identifier"] in own:
            problems.append(Problem("L012", where, {"found": row["identifier"]}))
        if row["parent"] and row["parent"] not in seen:
            problems.append(Problem("L014", where, {"found": row["parent"]}))
        own.add(row["identifier"])
        seen.add(row["identifier"])
    if problems:
        raise RefusedError(*problems)
    return rows


def _row_problems(row: dict[str, str], where: str) -> list[Problem]:
    if None in row or None in row.values():
        return [Problem("L011", where, {"column": ", ".join(COLUMNS)})]
    found = [Problem("L011", where, {"column": column}) for column in _NEEDED if not row[column].strip()]
    closed = {"kind": Organisation.Kind.values, "confidence": CONFIDENCES}
    for column, words in closed.items():
        if row[column] and row[column] not in words:
            found.append(_unreadable(where, column, row[column], ", ".join(words)))
    try:
        subject_code(row["place"])
    except UnknownPlaceError:
        found.append(_unreadable(where, "place", row["place"], "650000"))
    days = []
    for column in ("valid_from", "valid_to"):
        try:
            days.append(_day(row[column]))
        except ValueError:
            found.append(_unreadable(where, column, row[column], "2015-07-10"))
    if len(days) == 2 and days[0] and days[1] and days[1] < days[0]:
        found.append(_unreadable(where, "valid_to", row["valid_to"], f">= {row['valid_from']}"))
    return found


def _unreadable(where: str, column: str, found: str, expected: str) -> Problem:
    return Problem("L013", where, {"column": column, "found": found, "expected": expected})


def _day(written: str) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None


def load_organisations(rows: Sequence[dict[str, str]]) -> int:
    """Bring the organisations into the database, parents first; how many are new.

    One that is there is brought up to date with the file, which is the authority; none is ever removed.
    """
    ensure_places({row["place"] for row in rows})
    keys = dict(Organisation.objects.values_list("identifier", "pk"))
    before = set(keys)
    for row in rows:
        fields = {
            "kind": row["kind"],
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "place_id": subject_code(row["place"]),
            "parent_id": keys[row["parent"]] if row["parent"] else None,
            "valid_from": _day(row["valid_from"]),
            "valid_to": _day(row["valid_to"]),
            "source": row["source"],
            "confidence": row["confidence"],
        }
        if row["identifier"] in keys:
            Organisation.objects.filter(pk=keys[row["identifier"]]).update(**fields)
        else:
            keys[row["identifier"]] = Organisation.objects.create(identifier=row["identifier"], **fields).pk
    return len(set(keys) - before)
