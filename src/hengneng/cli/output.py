"""What commands print: problems on standard error, JSON or tables on standard output, progress on a terminal."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hengneng.language import Language, Text, default_language, listed, message
from hengneng.problems import Problem
from hengneng.trace import Mark

LANGUAGE: Language = default_language()
WIDE = 200


def words(identifier: str, /, **values: object) -> str:
    """A message of the catalogue in the language of this process."""
    return message(identifier, **values).in_language(LANGUAGE)


def said(text: Text) -> str:
    """A text in the language of this process."""
    return text.in_language(LANGUAGE)


def console() -> Console:
    """Standard output; wide where it is no terminal, so that nothing is cut off."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, emoji=False, markup=False)


def print_json(data: object) -> None:
    """Data as JSON, indented, Chinese readable."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def print_problems(problems: Sequence[Problem]) -> None:
    """Numbered problems on standard error: running number, check, severity, where, what, way out."""
    for index, problem in enumerate(problems, start=1):
        severity = words(f"severity.{problem.severity}")
        click.echo(f"{index}. [{problem.number}] {problem.where} ({severity}): {problem.text(LANGUAGE)}", err=True)


def number(value: float | None, unit: str, decimals: int = 2) -> str:
    """A value for people: rates in per cent, thousands parted, an em dash where there is none."""
    if value is None:
        return "—"
    if unit == "1":
        return f"{value * 100:,.{decimals}f} %"
    return f"{value:,.{decimals}f}"


def shown_time(moment: dt.datetime) -> str:
    """A moment in the time zone of the installation, to the second. Django must be set up."""
    from django.utils.timezone import localtime

    return localtime(moment).isoformat(sep=" ", timespec="seconds")


def marks_in_words(marks: Sequence[str]) -> str:
    """Marks for people; example data first."""
    return said(listed(message(f"mark.{mark}") for mark in sorted(marks, key=lambda mark: mark != Mark.EXAMPLE)))


def joined(parts: Iterable[str]) -> str:
    """Remarks one after the other, as the language parts them."""
    return ("；" if LANGUAGE == "zh" else "; ").join(parts)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on standard error where that is a terminal; what is yielded takes done and, if known, total."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --json, which every command takes."""
    return click.option("--json", "as_json", is_flag=True, help=words("cli.json"))(command)
