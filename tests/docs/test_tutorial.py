"""The tutorials do what they say: every file is written, every command run, every shown line compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.homes import Home
from support.waiting import PATIENCE

from docs.reading import DOCS, Call, blocks, calls

LANGUAGES = {"en": DOCS / "tutorial.md", "zh": DOCS / "zh" / "tutorial.md"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_tutorial_does_what_it_says(language: str, followed: Callable[[str], tuple[Home, list[list[str]]]]) -> None:
    _, answers = followed(language)
    page = LANGUAGES[language]
    commands = [call for block in blocks(page) if block.language == "console" for call in calls(block)]
    for call, answer in zip(commands, answers, strict=True):
        compare(call, answer, page)


def test_tutorials_do_the_same_in_both_languages() -> None:
    commands = {
        language: [call.command for block in blocks(page) if block.language == "console" for call in calls(block)]
        for language, page in LANGUAGES.items()
    }
    assert commands["zh"] == commands["en"]
    files = {language: [(b.file, b.lines) for b in blocks(page) if b.file] for language, page in LANGUAGES.items()}
    assert files["zh"] == files["en"]


def said(call: Call, folder: Path, environment: dict[str, str]) -> list[str]:
    """What a command prints, in lines."""
    done = subprocess.run(
        call.command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode in (0, 1), f"{call.command}: {done.stdout}"
    return done.stdout.splitlines()


def compare(call: Call, said: list[str], page: Path) -> None:
    """Each shown line comes in the output, in order; a line or part of a line written … may be anything."""
    said = [_plain(line) for line in said]
    left = iter(said)
    for shown in map(_plain, call.shown):
        if shown in ("", "…"):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in shown.split("…")))
        assert any(pattern.fullmatch(line) for line in left), (
            f"{page.name}:{call.line}: `{call.command}` did not say\n  {shown}\nbut\n  " + "\n  ".join(said)
        )


def _plain(line: str) -> str:
    return " ".join(line.split())
