"""`hengneng log …`: the log of acts, and whether anybody has touched it."""

from __future__ import annotations

import click

from hengneng.cli.output import console, json_option, print_json, print_problems, progress_bar, shown_time, words
from hengneng.problems import Problem, RefusedError


@click.group(help=words("cli.log.help"))
def log() -> None:
    """The log of acts."""


@log.command("verify", help=words("cli.log.verify.help"))
@click.option("--expect", default="", help=words("cli.log.verify.expect"))
@json_option
@click.pass_context
def verify(context: click.Context, expect: str, as_json: bool) -> None:
    """Go through the chain; status 1 when it is broken."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.acts.verifying import Head
    from hengneng.acts.verifying import verify as go_through

    try:
        expected = Head.parse(expect) if expect else None
    except ValueError:
        raise RefusedError(Problem("C013", "--expect", {"found": expect})) from None
    with progress_bar(words("cli.log.verify.title")) as advance:
        found = go_through(expected, advance)
    if as_json:
        print_json(
            {
                "acts": found.acts,
                "head": str(found.head) if found.head else None,
                "problems": [problem.to_json() for problem in found.problems],
            }
        )
    else:
        key = "broken" if found.problems else "whole"
        click.echo(words(f"cli.log.verify.{key}", acts=found.acts, head=found.head or "—"))
    print_problems(found.problems)
    context.exit(1 if found.problems else 0)


@log.command("show", help=words("cli.log.show.help"))
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help=words("cli.log.show.last"))
@json_option
def show(last: int, as_json: bool) -> None:
    """The newest acts."""
    from hengneng.cli.records import ready

    ready()
    from rich.table import Table

    from hengneng.acts.models import Act

    acts = list(Act.objects.order_by("-sequence")[:last])
    if as_json:
        print_json([{**act.content(), "digest": act.digest} for act in acts])
        return
    heads = ("number", "at", "who", "what", "name", "why")
    table = Table(*(words(f"cli.log.show.{head}") for head in heads), box=None)
    for act in acts:
        table.add_row(
            str(act.sequence), shown_time(act.at), act.who, words(f"act.{act.verb}"), act.name, act.reason
        )
    console().print(table)
