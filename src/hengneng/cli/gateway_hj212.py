"""`hengneng gateway hj212`, also `hengneng hj212 serve`: the door of HJ 212."""

from __future__ import annotations

import click

from hengneng.cli.output import words
from hengneng.problems import Problem, RefusedError

PORT = 9212


@click.command(help=words("cli.hj212.serve"))
@click.option("--host", default="127.0.0.1", help=words("cli.gateway.host"))
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, help=words("cli.gateway.port"))
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help=words("cli.gateway.metrics_port"))
def serve(host: str, port: int, metrics_port: int) -> None:
    """Open the door."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.gateways.hj212.opening import open_door

    def said(found: int) -> None:
        click.echo(words("cli.gateway.listening", door="HJ 212", host=host, port=found))

    try:
        open_door(host, port, metrics_port, said)
    except OSError as error:
        raise RefusedError(Problem("C010", "--port", {"found": port, "expected": error.strerror})) from None
