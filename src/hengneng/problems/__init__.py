"""Numbered problems: one shape for everything that is wrong with what somebody gave us.

A check has a number, a severity, a specification and a text with its way out, all in both languages, in
``checks-*.toml``. The reference page of the checks is made from the same data. A :class:`Problem` is one finding of a
check: where, and with what values.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from hengneng.language import LANGUAGES, Language, Text

CHECKS_FOLDER = Path(__file__).parent


class Severity(StrEnum):
    """How grave a finding is; decides whether the input goes on."""

    FATAL = "fatal"  # the file or folder as a whole cannot be used
    CRITICAL = "critical"  # this row or entry is refused
    NEEDS_EXPLANATION = "needs-explanation"  # accepted once somebody has explained it
    INFORMATION = "information"  # worth knowing; nothing is refused


@dataclass(frozen=True)
class Check:
    """One check. ``specification`` says what must hold; ``text`` what was found; ``remedy`` the way out."""

    number: str
    severity: Severity
    specification: Text
    text: Text
    remedy: Text

    @property
    def placeholders(self) -> frozenset[str]:
        """Names of the values that a problem of this check must carry."""
        names = {
            name
            for text in (self.text, self.remedy)
            for language in LANGUAGES
            for _, name, _, _ in string.Formatter().parse(text.in_language(language))
            if name
        }
        return frozenset(names)


def read_checks(folder: Path) -> dict[str, Check]:
    """All checks of ``checks-*.toml`` by number. ValueError when a number is used twice or a text is missing."""
    found: dict[str, Check] = {}
    for file in sorted(folder.glob("checks-*.toml")):
        for number, entry in tomllib.loads(file.read_text("utf-8")).items():
            if number in found:
                raise ValueError(f"{file.name}: check {number} is defined twice")
            found[number] = Check(
                number=number,
                severity=Severity(entry["severity"]),
                specification=Text(**entry["specification"]),
                text=Text(**entry["text"]),
                remedy=Text(**entry["remedy"]),
            )
    return found


@cache
def checks() -> Mapping[str, Check]:
    """The checks of the program by number."""
    return read_checks(CHECKS_FOLDER)


@dataclass(frozen=True)
class Problem:
    """A finding of check ``number`` at ``where`` (file, line or cell; the same in both languages)."""

    number: str
    where: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = self.check.placeholders - set(self.values)
        if missing:
            raise ValueError(f"problem {self.number} lacks the values {sorted(missing)}")

    @property
    def check(self) -> Check:
        """The check that found this. KeyError for an unknown number."""
        return checks()[self.number]

    @property
    def severity(self) -> Severity:
        """Severity of the check."""
        return self.check.severity

    @property
    def refuses(self) -> bool:
        """Whether the thing at ``where`` is not accepted as it is."""
        return self.severity is not Severity.INFORMATION

    def text(self, language: Language) -> str:
        """What was found and what to do, in one line."""
        found = self.check.text.format(**self.values).in_language(language)
        remedy = self.check.remedy.format(**self.values).in_language(language)
        return f"{found}{'' if language == 'zh' else ' '}{remedy}"

    def to_json(self) -> dict[str, object]:
        """The finding for machines: check, severity, where, text in both languages."""
        return {
            "check": self.number,
            "severity": str(self.severity),
            "where": self.where,
            "text": {language: self.text(language) for language in LANGUAGES},
        }


class RefusedError(Exception):
    """Input was refused. ``problems`` says why, all of them, not just the first."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.number} {p.where}: {p.text('en')}" for p in problems))
