"""`hengneng rules show TABLE`: rule tables with their validity, sources and confidence."""

from __future__ import annotations

import datetime as dt

import click
from rich.table import Table

from hengneng.cli.output import LANGUAGE, console, json_option, print_json, said, words
from hengneng.problems import Problem, RefusedError
from hengneng.rules import RuleEntry, RuleNotFoundError, RuleTable, rule_table
from hengneng.rules.divisions import UnknownPlaceError


@click.group(help=words("cli.rules.help"))
def rules() -> None:
    """Rule tables."""


@rules.command("show", help=words("cli.rules.show"))
@click.argument("table", metavar="TABLE")
@click.option("--on", "on_text", metavar="DATE", help=words("cli.rules.on"))
@click.option("--place", metavar="CODE", help=words("cli.rules.place"))
@json_option
def show(table: str, on_text: str | None, place: str | None, as_json: bool) -> None:
    """Show a rule table."""
    try:
        found = rule_table(table)
    except RuleNotFoundError as error:
        raise RefusedError(Problem("C006", "TABLE", {"found": table, "expected": ", ".join(error.exists)})) from None
    try:
        on = None if on_text is None else dt.date.fromisoformat(on_text)
    except ValueError:
        raise RefusedError(Problem("C003", "--on", {"found": on_text})) from None
    try:
        entries = found.select(on, place)
    except UnknownPlaceError:
        raise RefusedError(Problem("F104", "--place", {"found": place, "expected": "—"})) from None
    if as_json:
        print_json(
            {
                "table": found.name,
                "title": {"zh": found.title.zh, "en": found.title.en},
                "on": on_text,
                "place": place,
                "entries": [_entry_json(entry) for entry in entries],
            }
        )
    else:
        _print(found, entries)


def _entry_json(entry: RuleEntry) -> dict[str, object]:
    return {
        "key": dict(entry.key),
        "value": None if entry.value is None else str(entry.value),
        "text": entry.text,
        "unit": entry.unit,
        "attributes": dict(entry.attributes),
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else None,
        "valid_to": entry.valid_to.isoformat() if entry.valid_to else None,
        "place": entry.place or None,
        "edition": entry.edition,
        "source": entry.source,
        "source_via": entry.source_via,
        "confidence": entry.confidence,
        "unverified": entry.unverified,
        "unverified_fields": list(entry.unverified_fields),
        "note": entry.note,
        "row": entry.row,
    }


def _print(found: RuleTable, entries: list[RuleEntry]) -> None:
    out = console()
    out.print(f"{said(found.title)} ({found.name})", style="bold")
    out.print(said(found.description))
    attributes = [c for c in found.columns if c.role == "attribute"]
    used = [c for c in attributes if any(entry.attributes.get(c.name) for entry in entries)]
    other = "name_en" if LANGUAGE == "zh" else "name_zh"
    used = [c for c in used if c.name != other]
    table = Table(box=None, pad_edge=False)
    for name in found.key_columns:
        table.add_column(name)
    for column in ("value", "unit", *(c.name for c in used), "valid", "confidence", "source"):
        known = f"cli.rules.columns.{column}"
        heads = {c.name: said(c.label) for c in used}
        table.add_column(heads.get(column) or words(known), overflow="fold")
    for entry in entries:
        valid = f"{entry.valid_from or '…'} – {entry.valid_to or '…'}"
        confidence = words("mark.unverified") if entry.unverified else words("cli.rules.sourced")
        table.add_row(
            *entry.key.values(),
            str(entry.value) if entry.value is not None else entry.text or "",
            entry.unit or "",
            *(entry.attributes.get(c.name, "") for c in used),
            valid,
            confidence,
            entry.source,
        )
    out.print(table)
    out.print(words("cli.rules.count", count=len(entries)))
