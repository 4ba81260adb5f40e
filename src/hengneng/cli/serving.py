"""`hengneng serve` and `hengneng worker`."""

from __future__ import annotations

import os
import socket

import click

from hengneng.cli.output import words
from hengneng.problems import Problem, RefusedError


@click.command(help=words("cli.serve.help"))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", help=words("cli.serve.port"))
@click.option("--host", default="127.0.0.1", help=words("cli.serve.host"))
def serve(port: int, host: str) -> None:
    """Serve the site."""
    from hengneng.cli.records import ready

    ready()
    serve_site(host, port)


def serve_site(host: str, port: int) -> None:
    """Hand this process over to the web server. RefusedError C010 when the port cannot be had."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise RefusedError(Problem("C010", "--port", {"found": port, "expected": error.strerror})) from None
    from django.db import connections

    # The workers are new processes: they must not inherit an open connection.
    connections.close_all()
    click.echo(words("cli.serve.listening", host=host, port=port))
    from hengneng.web.server import Server

    Server(host, port, workers=max(2, os.cpu_count() or 1)).run()


@click.command(help=words("cli.worker.help"))
@click.option("--once", is_flag=True, help=words("cli.worker.once"))
def worker(once: bool) -> None:
    """Do the background jobs."""
    from hengneng.cli.records import ready

    ready()
    from django.core.management import call_command

    call_command("db_worker", batch=once, verbosity=1)
