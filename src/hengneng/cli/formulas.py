"""`hengneng formula NAME key=value …`: any formula, with its value, unit and derivation."""

from __future__ import annotations

import difflib

import click
from rich.table import Table

from hengneng.cli.explaining import derivation_lines
from hengneng.cli.output import console, json_option, print_json, said, words
from hengneng.formulas import ArgumentError, Formula, formulas, parse_argument
from hengneng.problems import Problem, RefusedError


@click.command(help=words("cli.formula.help"))
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, metavar="key=value")
@click.option("--list", "as_list", is_flag=True, help=words("cli.formula.list"))
@json_option
def formula(name: str | None, arguments: tuple[str, ...], as_list: bool, as_json: bool) -> None:
    """Compute a formula."""
    if as_list:
        _list(as_json)
        return
    if name is None:
        raise click.UsageError(words("cli.formula.name_needed"))
    found = formulas().get(name)
    if found is None:
        near = ", ".join(difflib.get_close_matches(name, list(formulas()), 3)) or "—"
        raise RefusedError(Problem("C007", "NAME", {"found": name, "expected": near}))
    try:
        figure = found.given(_read(found, arguments))
    except ArgumentError as error:
        expected = ", ".join(f"{p.name} [{p.unit}]" for p in found.parameters)
        raise RefusedError(Problem("C008", name, {"found": error.text, "expected": expected})) from None
    if as_json:
        print_json({"value": figure.value, "unit": figure.unit, "digest": figure.digest, "figure": figure.to_json()})
        return
    for line in derivation_lines(figure):
        click.echo(line)


def _read(found: Formula, arguments: tuple[str, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals or key in values:
            raise click.UsageError(words("cli.formula.key_value", found=argument))
        values[key] = parse_argument(found, key, text)
    return values


def _list(as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "formulas": [
                    {
                        "name": f.name,
                        "version": f.version,
                        "title": {"zh": f.title.zh, "en": f.title.en},
                        "unit": f.unit,
                        "equation": f.equation,
                        "source": {"zh": f.source.zh, "en": f.source.en},
                        "confidence": f.confidence,
                        "parameters": [
                            {
                                "name": p.name,
                                "unit": p.unit,
                                "kind": p.kind,
                                "optional": p.optional,
                                "label": {"zh": p.label.zh, "en": p.label.en},
                            }
                            for p in f.parameters
                        ],
                    }
                    for f in formulas().values()
                ]
            }
        )
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "title", "parameters", "unit"):
        table.add_column(words(f"cli.formula.columns.{column}"), overflow="fold")
    for f in formulas().values():
        parameters = ", ".join(f"{p.name} [{p.unit}]" + ("?" if p.optional else "") for p in f.parameters)
        table.add_row(f.name, said(f.title), parameters, f.unit)
    console().print(table)
