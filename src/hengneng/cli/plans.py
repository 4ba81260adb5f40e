"""`hengneng plan check | load | list`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from hengneng.cli.output import LANGUAGE, console, json_option, print_json, print_problems, said, words
from hengneng.plans.checks import PlanReport, check_plan
from hengneng.problems import Problem, RefusedError


@click.group(help=words("cli.plan.help"))
def plan() -> None:
    """Plans: documents as data."""


def _folder(written: str) -> Path:
    folder = Path(written)
    if not folder.is_dir():
        raise RefusedError(Problem("C012", "DIR", {"found": written}))
    return folder


@plan.command("check", help=words("cli.plan.check"))
@click.argument("folder", metavar="DIR")
@json_option
@click.pass_context
def check(context: click.Context, folder: str, as_json: bool) -> None:
    """Check a plan folder."""
    report = check_plan(_folder(folder))
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "accepted": report.accepted,
                "plan": report.loaded.plan.id if report.loaded else None,
                "counts": dict(report.counts),
                "problems": [problem.to_json() for problem in report.problems],
            }
        )
    else:
        _show(report)
    print_problems(report.problems)
    context.exit(0 if report.accepted else 1)


def _show(report: PlanReport) -> None:
    if report.loaded is not None:
        head = report.loaded.plan.head
        click.echo(f"{head.id}  {said(head.title.text())}")
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column()
        table.add_column(justify="right")
        for name, count in report.counts.items():
            table.add_row(f"  {words(f'cli.plan.counts.{name}')}", str(count))
        console().print(table)
    refused = sum(problem.refuses for problem in report.problems)
    click.echo(words("cli.plan.accepted") if report.accepted else words("cli.plan.refused", count=refused))


@plan.command("load", help=words("cli.plan.load"))
@click.argument("folder", metavar="DIR")
@json_option
def load(folder: str, as_json: bool) -> None:
    """Check a plan folder and load it into the database."""
    from hengneng.cli.records import ready

    path = _folder(folder)
    ready()
    from hengneng.standing.plans import load_plan_folder

    result = load_plan_folder(path)
    data = {
        "plan": result.edition.identifier,
        "edition": result.edition.edition,
        "digest": result.edition.digest,
        "created": result.created,
        "published_verdicts": result.published,
    }
    if as_json:
        print_json(data)
    else:
        done = "cli.plan.loaded" if result.created else "cli.plan.already_loaded"
        click.echo(words(done, plan=result.edition.identifier, edition=result.edition.edition))


@plan.command("list", help=words("cli.plan.list"))
@json_option
def list_plans(as_json: bool) -> None:
    """List the plans that are loaded."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.registry.models import PlanEdition
    from hengneng.standing.plans import plan_of, superseded_by

    editions = list(PlanEdition.objects.all())
    rows = [
        {
            "plan": one.identifier,
            "edition": one.edition,
            "title": plan_of(one).head.title.model_dump(),
            "issued_on": plan_of(one).head.issued_on.isoformat(),
            "targets": len(plan_of(one).targets),
            "tasks": len(plan_of(one).tasks),
            "superseded_by": superseded_by(one.identifier),
            "loaded_at": one.loaded_at.isoformat(),
        }
        for one in editions
    ]
    if as_json:
        print_json({"plans": rows})
        return
    if not rows:
        click.echo(words("cli.plan.none"))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("plan", "edition", "title", "issued_on", "targets", "tasks", "superseded_by"):
        table.add_column(
            words(f"cli.plan.columns.{column}"), justify="right" if column in ("targets", "tasks") else "left"
        )
    for row in rows:
        title = row["title"]
        assert isinstance(title, dict)
        cells = {**row, "title": title[LANGUAGE], "superseded_by": row["superseded_by"] or "—"}
        table.add_row(
            *(str(cells[c]) for c in ("plan", "edition", "title", "issued_on", "targets", "tasks", "superseded_by"))
        )
    console().print(table)
