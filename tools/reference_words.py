"""Markdown of the reference pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(cell(value) for value in row) + " |"


def cell(value: object) -> str:
    """A value as one line that may stand in a table."""
    text = "" if value is None else str(value)
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    """A word of the program, marked as such; empty stays empty."""
    return f"`{text}`" if text else ""
