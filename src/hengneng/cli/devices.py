"""`hengneng devices import | list | token | set-aside`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from hengneng.cli.output import LANGUAGE, console, json_option, print_json, print_problems, shown_time, words
from hengneng.problems import Problem, RefusedError

if TYPE_CHECKING:
    from hengneng.devices.models import Device


@click.group(help=words("cli.devices.help"))
def devices() -> None:
    """Who sends data."""


@devices.command("import", help=words("cli.devices.import"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--reason", metavar="TEXT", default="", help=words("cli.devices.reason"))
@click.option("--example", is_flag=True, help=words("cli.devices.example"))
@json_option
@click.pass_context
def import_register(context: click.Context, file: Path, reason: str, example: bool, as_json: bool) -> None:
    """Bring devices into the register."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.devices.register import import_devices

    result = import_devices(file, reason=reason, example=example)
    if as_json:
        print_json(result.to_json())
    else:
        counts = {"new": len(result.new), "changed": len(result.changed), "unchanged": result.unchanged}
        click.echo(words("cli.devices.imported", file=result.file, refused=result.refused, **counts))
    print_problems(result.problems)
    context.exit(1 if result.refused else 0)


@devices.command("list", help=words("cli.devices.list"))
@json_option
def list_devices(as_json: bool) -> None:
    """The register, and strangers."""
    from hengneng.cli.records import ready

    ready()
    from django.db.models import OuterRef, Subquery

    from hengneng.devices.models import Device, DeviceEvent, Stranger

    register = Device.objects.select_related("unit").order_by("protocol", "identifier")
    last = DeviceEvent.objects.filter(device=OuterRef("pk")).order_by("-at", "-pk").values("kind")[:1]
    rows = [
        {
            "device": str(one),
            "protocol": one.protocol,
            "unit": one.unit.identifier,
            "name": one.name,
            "addresses": one.addresses,
            "relaxations": one.relaxations,
            "interval": one.interval,
            "active": one.active,
            "example": one.example,
            "last": one.last,
        }
        for one in register.annotate(last=Subquery(last))
    ]
    strangers = [
        {
            "device": f"{one.protocol}:{one.identifier}",
            "protocol": one.protocol,
            "address": one.address,
            "knocks": one.knocks,
            "last_at": shown_time(one.last_at),
        }
        for one in Stranger.objects.order_by("-last_at")
    ]
    if as_json:
        print_json({"devices": rows, "strangers": strangers})
        return
    columns = ("device", "protocol", "unit", "name", "addresses", "interval", "active", "last")
    _print(columns, [_shown(row) for row in rows])
    if strangers:
        click.echo(words("cli.devices.strangers"))
        _print(("device", "protocol", "address", "knocks", "last_at"), [_spoken(row) for row in strangers])


def _shown(row: dict[str, object]) -> dict[str, object]:
    last = words(f"devices.event.{row['last']}") if row["last"] else "—"
    return {**_spoken(row), "addresses": row["addresses"] or words("cli.devices.anywhere"), "last": last}


def _spoken(row: dict[str, object]) -> dict[str, object]:
    return {**row, "protocol": words(f"devices.protocol.{row['protocol']}")}


def _print(columns: tuple[str, ...], rows: list[dict[str, object]], names: str = "columns") -> None:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(words(f"cli.devices.{names}.{column}"), overflow="fold")
    for row in rows:
        cells = {True: "✓", False: "—", None: "—"}
        table.add_row(*(cells[one] if isinstance(one := row[c], bool | None) else str(one) for c in columns))
    console().print(table)


@devices.command("token", help=words("cli.devices.token"))
@click.argument("device", metavar="DEVICE")
def token(device: str) -> None:
    """A new token."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.devices.knowing import issue_token

    found = device_named(device)
    click.echo(words("cli.devices.issued", device=found, token=issue_token(terminal_actor(), found)))


@devices.command("set-aside", help=words("cli.devices.set_aside.help"))
@json_option
def set_aside(as_json: bool) -> None:
    """What was kept and not counted."""
    from hengneng.cli.records import ready

    ready()
    import json

    from hengneng.key_unit_items.keeping import counted, newest, readable

    counts = counted()
    items = [
        {
            "device": str(one.device),
            "check": one.check_number,
            "at": shown_time(one.at),
            "valid": one.valid,
            "delivery": one.delivery,
            "problem": readable(one.reason),
            "content": readable(one.content),
        }
        for one in newest()
    ]
    if as_json:
        print_json({"counts": counts, "newest": items})
        return
    if not counts:
        click.echo(words("cli.devices.set_aside.none"))
        return
    _print(("device", "check", "items"), counts, "set_aside_columns")
    shown = [
        {**one, "reason": one["problem"]["text"][LANGUAGE], "content": json.dumps(one["content"], ensure_ascii=False)}
        for one in items
    ]
    _print(("device", "at", "check", "reason", "content"), shown, "set_aside_columns")


def device_named(written: str) -> Device:
    """A device as PROTOCOL:IDENTIFIER. RefusedError G504."""
    from hengneng.devices.models import Device
    from hengneng.metering.cells import similar

    known = {str(one): one for one in Device.objects.select_related("unit")}
    if written not in known:
        raise RefusedError(Problem("G504", "DEVICE", {"found": written, "expected": similar(written, known)}))
    return known[written]
