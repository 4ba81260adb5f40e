"""`hengneng facts import | history`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.table import Table

from hengneng.cli.output import (
    LANGUAGE,
    console,
    joined,
    json_option,
    print_json,
    print_problems,
    progress_bar,
    words,
)
from hengneng.problems import Problem, RefusedError


@click.group(help=words("cli.facts.help"))
def facts() -> None:
    """Facts: what has been reported."""


@facts.command("import", help=words("cli.facts.import"))
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option("--plan", "plan_name", metavar="ID", help=words("cli.facts.plan"))
@click.option("--source", metavar="TEXT", help=words("cli.facts.source"))
@click.option("--reason", metavar="TEXT", default="", help=words("cli.facts.reason"))
@click.option("--example", is_flag=True, help=words("cli.facts.example"))
@click.option("--later", is_flag=True, help=words("cli.facts.later"))
@json_option
@click.pass_context
def import_facts(
    context: click.Context,
    file: Path,
    plan_name: str | None,
    source: str | None,
    reason: str,
    example: bool,
    later: bool,
    as_json: bool,
) -> None:
    """Import a table of facts."""
    from hengneng.cli.records import edition, ready, user

    ready()
    from hengneng.access import terminal_actor
    from hengneng.facts.intake.recording import Intake, import_file
    from hengneng.home import home_folder
    from hengneng.rules.divisions import subject_code
    from hengneng.standing.arrival import facts_arrived, recompute_now
    from hengneng.standing.plans import plan_of

    subjects = None
    if plan_name is not None:
        subjects = frozenset(subject_code(place.code) for place in plan_of(edition(plan_name)).places)
    with progress_bar(words("cli.facts.importing", file=file.name)) as advance:
        result = import_file(
            file,
            Intake(
                recorded_by=user(),
                language=LANGUAGE,
                actor=terminal_actor(),
                plan=plan_name,
                plan_subjects=subjects,
                source=source,
                reason=reason,
                example=example,
                return_folder=home_folder() / "returned",
                on_arrival=facts_arrived,
                progress=_stages(advance),
            ),
        )
    if not later:
        with progress_bar(words("cli.facts.recomputing")) as advance:
            recompute_now(advance)
    if as_json:
        print_json(result.to_json())
    else:
        click.echo(
            words(
                "cli.facts.imported",
                file=result.file,
                recorded=len(result.recorded),
                corrected=len(result.corrected),
                unchanged=result.unchanged,
                refused=result.refused,
            )
        )
        if result.returned:
            click.echo(words("cli.facts.returned", file=result.returned))
    print_problems([*result.problems, *result.notes])
    context.exit(1 if result.refused else 0)


def _stages(advance: Callable[[int, int], None]) -> Callable[[str, int, int], None]:
    return lambda _, done, total: advance(done, total)


@facts.command("history", help=words("cli.facts.history"))
@click.argument("fact", metavar="FACT")
@json_option
def history(fact: str, as_json: bool) -> None:
    """Every revision of a fact."""
    from hengneng.cli.records import ready

    ready()
    from django.utils.timezone import localtime

    from hengneng.facts.models import Fact

    revisions = _revisions(fact)
    rows = [
        {
            "fact": one.name,
            "revision": one.revision,
            "state": one.state,
            "reported": f"{one.reported_value} {one.reported_unit}".strip(),
            "value": None if one.value is None else format(one.value, "f"),
            "unit": one.unit,
            "edition": one.edition,
            "standard_coal": None if one.standard_coal is None else format(one.standard_coal, "f"),
            "standard_coal_edition": one.standard_coal_edition,
            "source": one.source.title,
            "cell": one.cell,
            "reason": one.reason,
            "note": one.note,
            "confidence": one.confidence,
            "example": one.example,
            "recorded_at": localtime(one.recorded_at).isoformat(timespec="seconds"),
            "recorded_by": one.recorded_by,
            "revises": one.revises.name if one.revises else None,
        }
        for one in Fact.objects.filter(pk__in=revisions).select_related("source", "revises").order_by("revision")
    ]
    if as_json:
        print_json({"fact": str(rows[0]["fact"]).rpartition("#")[0] if rows else fact, "revisions": rows})
        return
    table = Table(box=None, pad_edge=False)
    shown = ("revision", "reported", "state", "source", "cell", "reason", "note", "recorded_at", "recorded_by")
    for column in shown:
        table.add_column(words(f"cli.facts.columns.{column}"), overflow="fold")
    for row in rows:
        marks = [words("mark.example")] if row["example"] else []
        state = joined([words(f"quality.{row['state']}"), *marks])
        cells = {**row, "state": state, "recorded_at": str(row["recorded_at"]).replace("T", " ")}
        table.add_row(*(str(cells[column]) for column in shown))
    console().print(table)


def _revisions(written: str) -> list[int]:
    """Keys of the revisions of the series that ``written`` names. RefusedError C009."""
    from hengneng.facts.models import Fact
    from hengneng.rules.divisions import DivisionError, find_division, subject_code

    parts = written.partition("#")[0].split("/")
    if len(parts) in (3, 4):
        measure, place, when, *series = parts
        try:
            subject = subject_code(place)
        except DivisionError:
            try:
                subject = subject_code(find_division(place, None, None).code)
            except DivisionError:
                subject = place
        found = Fact.objects.filter(
            measure=measure, place_id=subject, period=when, series=series[0] if series else "reported"
        )
        if found:
            return list(found.values_list("pk", flat=True))
    near = Fact.objects.filter(measure=parts[0], revision=1)[:5]
    expected = ", ".join(one.key for one in near) or "—"
    raise RefusedError(Problem("C009", "FACT", {"found": written, "expected": expected}))
