"""`hengneng gateway mqtt`: the bridge to a broker."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hengneng.cli.output import words
from hengneng.problems import Problem, RefusedError

_FILE = click.Path(path_type=Path)


@click.command(help=words("cli.gateway.mqtt.help"))
@click.option("--broker", "where", metavar="HOST[:PORT]", required=True, help=words("cli.gateway.mqtt.broker"))
@click.option("--prefix", default="hengneng", help=words("cli.gateway.mqtt.prefix"))
@click.option("--client", default="hengneng", help=words("cli.gateway.mqtt.client"))
@click.option("--version", type=click.Choice(["5", "3.1.1"]), default="5", help=words("cli.gateway.mqtt.version"))
@click.option("--tls", is_flag=True, help=words("cli.gateway.mqtt.tls"))
@click.option("--ca", metavar="FILE", type=_FILE, help=words("cli.gateway.mqtt.ca"))
@click.option("--certificate", metavar="FILE", type=_FILE, help=words("cli.gateway.mqtt.certificate"))
@click.option("--key", metavar="FILE", type=_FILE, help=words("cli.gateway.mqtt.key"))
@click.option("--host", default="127.0.0.1", help=words("cli.gateway.host"))
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help=words("cli.gateway.metrics_port"))
def serve(
    where: str,
    prefix: str,
    client: str,
    version: str,
    tls: bool,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    host: str,
    metrics_port: int,
) -> None:
    """Open the bridge."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.gateways.mqtt.broker import Broker, address_of_broker, tls_context

    name, port = address_of_broker(where, tls)
    broker = Broker(
        host=name,
        port=port,
        client=client,
        prefix=prefix.strip("/"),
        old=version != "5",
        user=os.environ.get("HENGNENG_MQTT_USER", ""),
        password=os.environ.get("HENGNENG_MQTT_PASSWORD", ""),
        tls=tls_context(ca, certificate, key) if tls else None,
    )
    from hengneng.gateways.mqtt.opening import open_bridge

    def said() -> None:
        click.echo(words("cli.gateway.mqtt.connected", host=name, port=port, prefix=broker.prefix))

    try:
        open_bridge(broker, host, metrics_port, said)
    except OSError as error:
        values = {"found": metrics_port, "expected": error.strerror or str(error)}
        raise RefusedError(Problem("C010", "--metrics-port", values)) from None
