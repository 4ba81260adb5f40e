"""Reading the Markdown of the documentation: fenced blocks, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(?P<language>\w*)\s*$")
_FILE = re.compile(r"^<!-- file: (?P<path>[^ ]+) -->$")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its lines, where it starts, and the file it is the content of, if any."""

    language: str
    lines: tuple[str, ...]
    line: int
    file: str | None


@dataclass(frozen=True)
class Call:
    """One command of a console block and the lines that the page shows as its output."""

    command: str
    shown: tuple[str, ...]
    line: int


def pages() -> list[Path]:
    """Every page of the documentation, the READMEs included."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = page.read_text("utf-8").splitlines()
    start, language, file = None, "", None
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if fence and start is None:
            named = _FILE.match(lines[number - 2]) if number > 1 else None
            start, language, file = number, fence["language"], named["path"] if named else None
        elif fence:
            yield Block(language, tuple(lines[start or 0 : number - 1]), start or 0, file)
            start = None


def calls(block: Block) -> Iterator[Call]:
    """The commands of a console block."""
    command, shown, at = None, [], block.line
    for number, line in enumerate(block.lines, start=block.line + 1):
        if line.startswith("$ "):
            if command is not None:
                yield Call(command, tuple(shown), at)
            command, shown, at = line.removeprefix("$ "), [], number
        else:
            shown.append(line)
    if command is not None:
        yield Call(command, tuple(shown), at)


def links(page: Path) -> Iterator[str]:
    """Targets of the links and pictures of a page, code left out."""
    inside = False
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield from (found["target"] for found in _LINK.finditer(re.sub(r"`[^`]*`", "", line)))


def headings(page: Path) -> list[tuple[int, str]]:
    """Level and words of every heading."""
    found, inside = [], False
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside and (match := re.match(r"(#+) (.*)", line)):
            found.append((len(match[1]), match[2]))
    return found


def anchors(page: Path) -> set[str]:
    """The names under which headings can be linked to."""
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for _, words in headings(page)}
