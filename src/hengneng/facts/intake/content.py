"""What a file is, by its content: a table of facts is text and looks like one, whatever its name says."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from hengneng.facts.limits import limit
from hengneng.language import Text, message
from hengneng.problems import Problem, RefusedError

_FILE = Path(__file__).with_name("signatures.csv")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MARKUP = b"<"


@cache
def _signatures() -> tuple[tuple[bytes, str], ...]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple((bytes.fromhex(row["first_bytes"]), row["kind"]) for row in csv.DictReader(file))


def kind_of(content: bytes) -> Text | None:
    """What the content is where it is certainly no table: workbook, PDF, picture, program, markup. None otherwise."""
    for first, kind in _signatures():
        if content.startswith(first):
            return message(f"facts.content.{kind}")
    start = content[:64]
    for mark in _BYTE_ORDER_MARKS:
        start = start.removeprefix(mark)
    # A page or a drawing (SVG) is text too, and may carry a script.
    if start.replace(b"\x00", b"").lstrip().startswith(_MARKUP):
        return message("facts.content.markup")
    return None


def check_kind(content: bytes, name: str) -> None:
    """RefusedError F006 when the content is no table."""
    found = kind_of(content)
    if found is not None:
        raise RefusedError(Problem("F006", name, {"found": found}))


def check_size(size: int, name: str) -> None:
    """RefusedError F007 when an upload has more bytes than are taken."""
    most = limit("bytes_of_an_upload")
    if size > most:
        raise RefusedError(Problem("F007", name, {"found": f"{size / 1e6:,.1f}", "limit": f"{most / 1e6:,.0f}"}))
