"""Tables of facts as units send them: written into a folder, taken in, and the returned rows read back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

COLUMNS = (
    "measure",
    "place",
    "period",
    "value",
    "unit",
    "state",
    "source",
    "cell",
    "confidence",
    "note",
    "reason",
    "explanation",
    "example",
)
RECORDED_BY = "tester"


def row(value: str = "500", **changes: str) -> dict[str, str]:
    """One sound row (energy of Ürümqi in 2014) with ``changes``."""
    sound = {"measure": "energy_consumption_equivalent", "place": "650100", "period": "2014", "unit": "10^4 tce"}
    return {**dict.fromkeys(COLUMNS, ""), **sound, "value": value, **changes}


def years(*values: str, first: int = 2010, **changes: str) -> list[dict[str, str]]:
    """One series: a row for each year from ``first`` on."""
    return [row(value, period=str(first + index), **changes) for index, value in enumerate(values)]


def text_of(rows: Iterable[dict[str, str]], columns: Iterable[str] = COLUMNS) -> str:
    """The rows as CSV."""
    names = tuple(columns)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([one.get(name, "") for name in names] for one in rows)
    return text.getvalue()


def write_table(
    path: Path, rows: Iterable[dict[str, str]], columns: Iterable[str] = COLUMNS, encoding: str = "utf-8"
) -> Path:
    """Write the rows as a CSV file."""
    path.write_bytes(text_of(rows, columns).encode(encoding))
    return path


def take_in(path: Path, **changes: Any) -> Any:
    """Import a file as the command line does; the ImportResult."""
    from hengneng.facts.intake.recording import Intake, import_file

    return import_file(path, Intake(**{"recorded_by": RECORDED_BY, "language": "zh", **changes}))


def returned_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a returned file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def values() -> dict[str, str | None]:
    """The current facts: key -> value in full digits, None where missing."""
    from hengneng.facts.models import Fact

    return {fact.key: None if fact.value is None else format(fact.value, "f") for fact in Fact.objects.known_at(None)}


def assert_returned(result: Any, expected: dict[int, str]) -> list[dict[str, str]]:
    """Rows come back, one for each line of ``expected``, and name the check; nothing else is refused."""
    found = {int(problem.where.split(":")[1]): problem.number for problem in result.problems}
    assert found == expected
    assert result.refused == len(expected)
    rows = returned_rows(result.returned)
    assert [re.match(r"\[(\w+)\]", one["result"])[1] for one in rows] == list(expected.values())
    return rows
