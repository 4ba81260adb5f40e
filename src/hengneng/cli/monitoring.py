"""`hengneng monitoring import | marks | checks | outlets | take | days`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from hengneng.cli.output import LANGUAGE, console, json_option, print_json, print_problems, progress_bar, words
from hengneng.problems import Problem, RefusedError

if TYPE_CHECKING:
    from hengneng.metering.sheets import TableImport

OUTLET_COLUMNS = ("outlet", "unit", "medium", "device", "standard", "source_kind")
DAY_COLUMNS = (
    "outlet", "day", "pollutant", "mean", "limit", "mass", "substituted_mass", "valid_hours", "exceeded_hours",
    "silent_hours",
)  # fmt: skip


def _of_a_table(command: Callable[..., None]) -> Callable[..., None]:
    """What every command takes that brings a table in."""
    for option in (
        click.pass_context,
        json_option,
        click.option("--reason", metavar="TEXT", default="", help=words("cli.monitoring.reason")),
        click.argument("file", metavar="FILE", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@click.group(help=words("cli.monitoring.help"))
def monitoring() -> None:
    """Emissions as they are measured."""


@monitoring.command("import", help=words("cli.monitoring.import"))
@_of_a_table
@click.option("--example", is_flag=True, help=words("cli.monitoring.example"))
def import_register(context: click.Context, file: Path, reason: str, example: bool, as_json: bool) -> None:
    """Bring outlets into the register."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.monitoring.register import import_outlets

    _taken_in(context, import_outlets(file, reason=reason, example=example), as_json)


def _taken_in(context: click.Context, result: TableImport, as_json: bool) -> None:
    """What the import of a table did; the command ends with 1 when rows were refused."""
    if as_json:
        print_json(result.to_json())
    else:
        counts = {"new": len(result.new), "changed": len(result.changed), "unchanged": result.unchanged}
        click.echo(words("cli.monitoring.imported", file=result.file, refused=result.refused, **counts))
    print_problems(result.problems)
    context.exit(1 if result.refused else 0)


@monitoring.command("marks", help=words("cli.monitoring.marks"))
@_of_a_table
def marks(context: click.Context, file: Path, reason: str, as_json: bool) -> None:
    """Say what operation was like."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.monitoring.saying import import_marks

    _taken_in(context, import_marks(file, reason=reason), as_json)


@monitoring.command("checks", help=words("cli.monitoring.checks"))
@_of_a_table
def checks(context: click.Context, file: Path, reason: str, as_json: bool) -> None:
    """Say how analysers were checked."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.monitoring.saying import import_checks

    _taken_in(context, import_checks(file, reason=reason), as_json)


@monitoring.command("outlets", help=words("cli.monitoring.outlets"))
@json_option
def outlets(as_json: bool) -> None:
    """The register."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.monitoring.models import Outlet

    rows = [
        {
            "outlet": one.identifier,
            "unit": one.unit.identifier,
            "medium": one.medium,
            "device": one.device.identifier if one.device else None,
            "standard": one.standard,
            "source_kind": one.source_kind,
            "example": one.example,
        }
        for one in Outlet.objects.select_related("unit", "device").order_by("identifier")
    ]
    if as_json:
        print_json({"outlets": rows})
    else:
        shown = [{**row, "medium": words(f"monitoring.medium.{row['medium']}")} for row in rows]
        _print(OUTLET_COLUMNS, shown)


@monitoring.command("take", help=words("cli.monitoring.take"))
@click.option("--again", is_flag=True, help=words("cli.monitoring.again"))
@json_option
def take(again: bool, as_json: bool) -> None:
    """From frames to values, from values to days."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.monitoring.running import take_and_add_up

    with progress_bar(words("cli.monitoring.taking")) as advance:
        taken, days = take_and_add_up(again=again, progress=advance)
    shape = {
        "deliveries": taken.deliveries,
        "values": taken.values,
        "set_aside": taken.set_aside,
        "days": days.days,
        "findings": days.findings,
    }
    if as_json:
        print_json(shape)
    else:
        click.echo(words("cli.monitoring.taken", **{name: f"{count:,}" for name, count in shape.items()}))


@monitoring.command("days", help=words("cli.monitoring.days"))
@click.option("--outlet", metavar="IDENTIFIER", default="", help=words("cli.monitoring.outlet"))
@click.option("--from", "since", metavar="DAY", help=words("cli.readings.from"))
@click.option("--to", "until", metavar="DAY", help=words("cli.readings.to"))
@json_option
def days(outlet: str, since: str | None, until: str | None, as_json: bool) -> None:
    """What left the outlets."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.language import message
    from hengneng.metering.cells import similar
    from hengneng.monitoring.models import Outlet, OutletDay, SubstitutedDay

    known = Outlet.objects.values_list("identifier", flat=True)
    if outlet and outlet not in known:
        raise RefusedError(Problem("N104", "--outlet", {"found": outlet, "expected": similar(outlet, list(known))}))
    found = OutletDay.objects.select_related("outlet").order_by("outlet__identifier", "day", "pollutant")
    for name, written in (("day__gte", since), ("day__lte", until)):
        if written:
            found = found.filter(**{name: _day(written)})
    if outlet:
        found = found.filter(outlet__identifier=outlet)
    of_these = SubstitutedDay.objects.filter(outlet__in=found.values("outlet"), day__in=found.values("day"))
    instead = {(one.outlet_id, one.day, one.pollutant): one for one in of_these}

    def substituted(one: OutletDay) -> tuple[float | None, str]:
        """The mass with what stands in for missing hours, or why there is none."""
        row = instead.get((one.outlet_id, one.day, one.pollutant))
        return (one.mass, one.mass_reason) if row is None else (row.mass, row.reason)

    rows = [
        {
            "outlet": one.outlet.identifier,
            "day": str(one.day),
            "pollutant": one.pollutant,
            "mean": one.mean,
            "mean_reason": one.mean_reason,
            "limit": None if one.limit is None else float(one.limit),
            "mass": one.mass,
            "mass_reason": one.mass_reason,
            "substituted_mass": substituted(one)[0],
            "substituted_mass_reason": substituted(one)[1],
            "limit_of_day": None if one.limit_of_day is None else float(one.limit_of_day),
            "above_limit_of_day": one.above_limit_of_day,
            "valid_hours": one.valid_hours,
            "judged_hours": one.judged_hours,
            "exceeded_hours": one.exceeded_hours,
            "silent_hours": one.silent_hours,
            "unverified": one.unverified,
        }
        for one in found
    ]
    if as_json:
        print_json({"days": rows})
        return

    def said(row: Mapping[str, object], name: str) -> object:
        value = row[name]
        if value is None and (reason := row.get(f"{name}_reason")):
            return message(f"monitoring.reason.{reason}").in_language(LANGUAGE)
        return f"{value:,.2f}" if isinstance(value, float) else value

    _print(DAY_COLUMNS, [{name: said(row, name) for name in DAY_COLUMNS} for row in rows])


def _day(written: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise RefusedError(Problem("E302", "--from", {"found": written})) from None


def _print(columns: tuple[str, ...], rows: Sequence[Mapping[str, object]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(words(f"cli.monitoring.columns.{column}"), overflow="fold")
    for row in rows:
        table.add_row(*("—" if row[c] in (None, "") else str(row[c]) for c in columns))
    console().print(table)
