"""Pages, interface and exports reach records only through the access layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "src" / "hengneng" / "web"

# Tables whose rows not everybody may see.
SCOPED = {
    "Act", "Assignment", "Dependency", "Duty", "Evidence", "Fact", "FactImport", "Job", "Milestone", "ProgressReport",
    "Publication", "Reminder", "ReportDraft", "Review", "StaleMark", "StandingRow", "StoredFigure", "StoredVerdict",
}  # fmt: skip
GATES = {"seen_by", "scope_of", "require", "require_figure", "duty_seen"}

# Functions that ask for a row without a gate of their own, and why nothing comes of it.
WITHOUT = {
    "views/duties.py:_found_or_refuse": "only whether there is such a duty; what is shown of it passes the gate next",
    "views/fact_forms.py:_older": "an older revision of a fact that has passed the gate",
    "views/figures.py:_figure": "only digests, which say nothing; what is shown passes require_figure next",
    "api/duties.py:_changed": "the duty that an acting function, which has asked, has just changed",
}


def asking(file: Path) -> Iterator[tuple[str, bool]]:
    """Functions of a module that use a manager of a scoped table, and whether they pass a gate themselves."""
    tree = ast.parse(file.read_text("utf-8"))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        managers = {
            node.value.id
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name)
        }
        if managers & SCOPED:
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            yield f"{file.relative_to(WEB).as_posix()}:{function.name}", bool(names & GATES)


def test_every_question_passes_the_gate() -> None:
    found = dict(one for file in sorted(WEB.rglob("*.py")) for one in asking(file))
    assert len(found) > 5
    assert {name for name, gated in found.items() if not gated} - set(WITHOUT) == set()


def test_the_exceptions_are_still_needed() -> None:
    found = dict(one for file in sorted(WEB.rglob("*.py")) for one in asking(file))
    assert set(WITHOUT) <= set(found)
