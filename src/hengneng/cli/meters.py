"""`hengneng meters import | list`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from hengneng.cli.output import LANGUAGE, console, json_option, print_json, print_problems, progress_bar, words

SHOWN = ("identifier", "number", "unit", "carrier", "kind", "unit_of_measure", "multiplier", "interval", "parent")


@click.group(help=words("cli.meters.help"))
def meters() -> None:
    """The register of meters."""


@meters.command("import", help=words("cli.meters.import"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--units", "units_file", metavar="FILE", type=click.Path(path_type=Path), help=words("cli.meters.units"))
@click.option("--reason", metavar="TEXT", default="", help=words("cli.meters.reason"))
@click.option("--example", is_flag=True, help=words("cli.meters.example"))
@json_option
@click.pass_context
def import_register(
    context: click.Context, file: Path, units_file: Path | None, reason: str, example: bool, as_json: bool
) -> None:
    """Bring meters and units into the register."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.metering.limits import limit
    from hengneng.metering.register import import_meters

    with progress_bar(words("cli.meters.importing", file=file.name)) as advance:
        result = import_meters(file, units_file, reason=reason, example=example, progress=advance)
    if as_json:
        print_json(result.to_json())
    else:
        click.echo(
            words(
                "cli.meters.imported",
                file=result.file,
                new=len(result.meters_new),
                changed=len(result.meters_changed),
                unchanged=result.unchanged,
                refused=result.refused,
                units=len(result.units_new),
                units_changed=len(result.units_changed),
            )
        )
    print_problems(result.problems[: limit("problems_kept")])
    context.exit(1 if result.refused else 0)


@meters.command("list", help=words("cli.meters.list"))
@click.option("--unit", metavar="IDENTIFIER", help=words("cli.meters.unit"))
@json_option
def list_meters(unit: str | None, as_json: bool) -> None:
    """What the register holds today."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.metering.carriers import carriers
    from hengneng.metering.reading import registered

    rows = []
    for meter, version in registered(unit):
        rows.append(
            {
                "identifier": meter.identifier,
                "number": meter.number,
                "unit": meter.unit.identifier,
                "carrier": meter.carrier,
                "kind": meter.kind,
                "unit_of_measure": version.unit_of_measure,
                "multiplier": format(version.current_ratio * version.voltage_ratio, "f"),
                "register_maximum": version.register_maximum and format(version.register_maximum, "f"),
                "interval": version.interval,
                "process": version.process,
                "parent": version.parent.identifier if version.parent else None,
                "replaced_by": meter.replaced_by.identifier if meter.replaced_by else None,
                "valid_from": version.valid_from and version.valid_from.isoformat(),
                "in_service": version.in_service,
                "example": meter.example,
            }
        )
    if as_json:
        print_json({"meters": rows})
        return
    table = Table(box=None, pad_edge=False)
    for column in SHOWN:
        table.add_column(words(f"cli.meters.columns.{column}"), overflow="fold")
    names = {code: name.in_language(LANGUAGE) for code, name in carriers().items()}
    for row in rows:
        cells = {**row, "carrier": names.get(str(row["carrier"]), "—"), "kind": words(f"metering.kind.{row['kind']}")}
        table.add_row(*("—" if cells[column] is None else str(cells[column]) for column in SHOWN))
    console().print(table)
