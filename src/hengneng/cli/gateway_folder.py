"""`hengneng gateway folder`: the door of files of hand-read meters."""

from __future__ import annotations

from pathlib import Path

import click

from hengneng.cli.output import LANGUAGE, words
from hengneng.problems import Problem, RefusedError


@click.command(help=words("cli.gateway.folder.help"))
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--device", "devices", metavar="NAME", multiple=True, help=words("cli.gateway.folder.device"))
@click.option("--host", default="127.0.0.1", help=words("cli.gateway.host"))
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help=words("cli.gateway.metrics_port"))
def serve(folder: Path, devices: tuple[str, ...], host: str, metrics_port: int) -> None:
    """Look after a folder."""
    from hengneng.cli.devices import device_named
    from hengneng.cli.records import ready

    ready()
    from hengneng.devices.models import Protocol
    from hengneng.gateways.folder.opening import open_folder

    only = set()
    for written in devices:
        device = device_named(written if ":" in written else f"{Protocol.FOLDER}:{written}")
        if device.protocol != Protocol.FOLDER:
            raise RefusedError(Problem("G404", "--device", {"found": written, "expected": device.protocol}))
        only.add(device.identifier)

    def said() -> None:
        click.echo(words("cli.gateway.folder.looking", folder=folder.resolve()))

    try:
        open_folder(folder.resolve(), frozenset(only), LANGUAGE, host, metrics_port, said)
    except OSError as error:
        values = {"found": metrics_port, "expected": error.strerror or str(error)}
        raise RefusedError(Problem("C010", "--metrics-port", values)) from None
