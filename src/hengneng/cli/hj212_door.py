"""`hengneng hj212 send | watch | ask | requests`: what operators do beside the door."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from hengneng.cli.output import console, json_option, print_json, shown_time, words
from hengneng.hj212.limits import limit as frame_limit
from hengneng.problems import Problem, RefusedError

if TYPE_CHECKING:
    from hengneng.deliveries import Delivery
    from hengneng.gateways.hj212.sending import Sent
    from hengneng.hj212 import Frame

COLUMNS = ("request", "device", "command", "parameters", "state", "answer", "asked_by", "asked_at")


def _frames(file: Path) -> Iterator[Frame]:
    from hengneng.hj212 import parse_frame
    from hengneng.hj212.escapes import unescaped

    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        raise RefusedError(Problem("H001", file.name, {"found": error.strerror or str(error)})) from None
    except UnicodeDecodeError as error:
        raise RefusedError(Problem("H002", file.name, {"found": error})) from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield parse_frame(unescaped(line))
            except ValueError as error:
                raise RefusedError(Problem("H002", f"{file.name}:{number}", {"found": error})) from None


@click.command(help=words("cli.hj212.send"))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--to", "destination", metavar="HOST:PORT", required=True, help=words("cli.hj212.to"))
@click.option(
    "--seconds", type=float, default=frame_limit("seconds_between_tries"), show_default=True,
    help=words("cli.hj212.seconds"),
)  # fmt: skip
@click.option(
    "--tries", type=click.IntRange(1), default=frame_limit("tries_after_the_first") + 1, show_default=True,
    help=words("cli.hj212.tries"),
)  # fmt: skip
@json_option
@click.pass_context
def send(context: click.Context, file: Path, destination: str, seconds: float, tries: int, as_json: bool) -> None:
    """Be a data logger."""
    from hengneng.gateways.hj212.sending import send_frames

    host, _, port = destination.rpartition(":")
    frames = list(_frames(file))

    async def deliver() -> bool:
        good, number = True, 0
        async for one in send_frames(host, int(port), frames, seconds=seconds, tries=tries):
            number += 1
            good &= one.acknowledged or not one.wanted
            click.echo(json.dumps(_shape(number, one), ensure_ascii=False) if as_json else _said(number, one))
        return good

    try:
        good = asyncio.run(deliver())
    except (OSError, ValueError, OverflowError) as error:
        raise RefusedError(Problem("G003", "--to", {"found": destination, "reason": str(error)})) from None
    context.exit(0 if good else 1)


def _shape(number: int, one: Sent) -> dict[str, object]:
    return {
        "number": number,
        "command": one.frame.get("CN"),
        "acknowledged": one.acknowledged,
        "answer": one.answer.get("CN") if one.answer else None,
        "tries": one.tries,
        "seconds": round(one.seconds, 4),
    }


def _said(number: int, one: Sent) -> str:
    values = {"number": number, "command": one.frame.get("CN") or "—", "tries": one.tries}
    if one.answer is not None and not one.acknowledged:
        found = one.answer.content.fields.get("QnRtn") if one.answer.content else None
        return words("cli.hj212.sent_refused", result=found or "—", **values)
    if one.answer is not None:
        seconds = f"{one.seconds:.3f}"
        return words("cli.hj212.sent_acknowledged", answer=one.answer.get("CN"), seconds=seconds, **values)
    return words("cli.hj212.sent_unanswered" if one.wanted else "cli.hj212.sent_unasked", **values)


@click.command(help=words("cli.hj212.watch"))
@click.option("--mn", metavar="MN", default="", help=words("cli.hj212.mn"))
@click.option("--last", type=click.IntRange(0), default=20, show_default=True, help=words("cli.hj212.last"))
@click.option("--follow", is_flag=True, help=words("cli.hj212.follow"))
@json_option
def watch(mn: str, last: int, follow: bool, as_json: bool) -> None:
    """Frames as they were taken in."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.gateways.hj212.door import NAME
    from hengneng.gateways.limits import limit
    from hengneng.monitoring.running import open_deliveries

    with open_deliveries() as deliveries:
        after = max(deliveries.last() - last, 0)
        while True:
            found = deliveries.read(after)
            for one in found:
                after = one.number
                if one.door == NAME and mn in ("", one.sender):
                    _show(one, as_json)
            if not found and not follow:
                return
            if not found:
                sys.stdout.flush()
                time.sleep(limit("milliseconds_between_looks_of_watch") / 1000)


def _show(one: Delivery, as_json: bool) -> None:
    from datetime import UTC, datetime

    from hengneng.hj212.escapes import escaped

    at = datetime.fromtimestamp(one.at / 1e6, UTC)
    text = one.content.decode("utf-8", "backslashreplace")
    if as_json:
        shape = {"number": one.number, "at": at.isoformat(), "peer": one.peer, "sender": one.sender, "content": text}
        click.echo(json.dumps(shape, ensure_ascii=False))
    else:
        # With escapes: what a device sends must not steer the terminal of whoever watches.
        click.echo(f"{one.number} {shown_time(at)} {one.peer} {escaped(one.content)}")


@click.command(help=words("cli.hj212.ask"))
@click.argument("device", metavar="DEVICE")
@click.option("--command", metavar="CN", required=True, help=words("cli.hj212.ask_command"))
@click.option("--parameter", "given", metavar="NAME=VALUE", multiple=True, help=words("cli.hj212.ask_parameter"))
def ask(device: str, command: str, given: tuple[str, ...]) -> None:
    """Note a request."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.access import terminal_actor
    from hengneng.cli.devices import device_named
    from hengneng.gateways.hj212.asking import ask as ask_device

    for one in given:
        if "=" not in one:
            raise RefusedError(Problem("G002", "--parameter", {"found": one}))
    pairs = [(name, value) for name, _, value in (one.partition("=") for one in given)]
    made = ask_device(terminal_actor(), device_named(device), command, pairs)
    click.echo(words("cli.hj212.asked", request=made.pk))


@click.command(help=words("cli.hj212.requests"))
@json_option
def requests(as_json: bool) -> None:
    """Requests and their ends."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.devices.limits import limit
    from hengneng.devices.models import DeviceRequest

    rows = [
        {
            "request": one.pk,
            "device": str(one.device),
            "command": one.command,
            "parameters": one.parameters,
            "state": one.state,
            "tries": one.tries,
            "answer": one.answer,
            "asked_by": one.asked_by,
            "asked_at": shown_time(one.asked_at),
        }
        for one in DeviceRequest.objects.select_related("device").order_by("-pk")[: limit("requests_shown")]
    ]
    if as_json:
        print_json({"requests": rows})
        return
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(words(f"cli.hj212.request_columns.{column}"), overflow="fold")
    for row in rows:
        table.add_row(*(str({**row, "state": words(f"devices.request.{row['state']}")}[c]) for c in COLUMNS))
    console().print(table)
