"""`hengneng gateway http`: the door of batches of readings and of the interface of key units."""

from __future__ import annotations

import click

from hengneng.cli.output import words
from hengneng.problems import Problem, RefusedError

PORT = 8700


@click.command(help=words("cli.gateway.http.help"))
@click.option("--host", default="127.0.0.1", help=words("cli.gateway.host"))
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, help=words("cli.gateway.port"))
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help=words("cli.gateway.metrics_port"))
@click.option("--public", metavar="URL", default="", help=words("cli.gateway.http.public"))
def serve(host: str, port: int, metrics_port: int, public: str) -> None:
    """Open the door."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.gateways.http.opening import open_door

    def said(found: int) -> None:
        click.echo(words("cli.gateway.listening", door="HTTP", host=host, port=found))

    try:
        open_door(host, port, metrics_port, public, said)
    except OSError as error:
        values = {"found": port, "expected": error.strerror or str(error)}
        raise RefusedError(Problem("C010", "--port", values)) from None
