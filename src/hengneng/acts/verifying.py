"""Verifying the chain: what was changed, taken out or put in behind the program's back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from hengneng.acts.models import FIRST_PREVIOUS, Act
from hengneng.acts.recording import head_file
from hengneng.problems import Problem

CHUNK = 2000


@dataclass(frozen=True)
class Head:
    """An act that must be in the chain: its number and its digest, as printed by a verification."""

    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"

    @classmethod
    def parse(cls, written: str) -> Head:
        """Read ``17:1f3a…``. ValueError when it is none."""
        sequence, _, digest = written.partition(":")
        if not digest:
            raise ValueError(written)
        return cls(int(sequence), digest)


@dataclass(frozen=True)
class Verification:
    """What was found: how many acts, the newest one, and every break of the chain."""

    acts: int
    head: Head | None
    problems: list[Problem]


def kept_head() -> Head | None:
    """The act noted outside the database. ValueError when the note is damaged."""
    file = head_file()
    if not file.exists():
        return None
    note = json.loads(file.read_text("ascii"))
    return Head(note["sequence"], note["digest"])


def verify(expected: Head | None = None, progress: Callable[[int, int], None] = lambda *_: None) -> Verification:
    """Go through the whole log. ``expected``: an act that must be in it, kept by somebody else."""
    problems: list[Problem] = []
    total = Act.objects.count()
    before: Act | None = None
    wanted = _wanted(expected, problems)
    number = 0
    for number, act in enumerate(Act.objects.order_by("sequence").iterator(chunk_size=CHUNK), start=1):
        problems += _breaks(act, before)
        wanted.pop((act.sequence, act.digest), None)
        before = act
        progress(number, total)
    problems += [
        Problem("A004", where, {"sequence": sequence, "digest": digest[:16], "last": before.sequence if before else 0})
        for (sequence, digest), where in wanted.items()
    ]
    return Verification(number, Head(before.sequence, before.digest) if before else None, problems)


def _wanted(expected: Head | None, problems: list[Problem]) -> dict[tuple[int, str], str]:
    wanted = {(expected.sequence, expected.digest): "--expect"} if expected else {}
    try:
        kept = kept_head()
    except (ValueError, KeyError, TypeError):
        problems.append(Problem("A005", head_file().name, {}))
        kept = None
    if kept:
        wanted[kept.sequence, kept.digest] = head_file().name
    return wanted


def _breaks(act: Act, before: Act | None) -> list[Problem]:
    found = []
    where = f"act {act.sequence}"
    expected = before.sequence + 1 if before else 1
    if act.sequence != expected:
        found.append(Problem("A001", where, {"first": expected, "last": act.sequence - 1}))
    if act.computed_digest() != act.digest:
        found.append(Problem("A002", where, {"sequence": act.sequence, "who": act.who, "verb": act.verb}))
    elif act.sequence == expected and act.previous != (before.digest if before else FIRST_PREVIOUS):
        found.append(Problem("A003", where, {"sequence": act.sequence, "who": act.who, "verb": act.verb}))
    return found
