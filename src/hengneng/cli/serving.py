"""`hengneng serve` and `hengneng worker`."""

from __future__ import annotations

import os
import socket
from functools import partial

import click

from hengneng.cli.output import words
from hengneng.problems import Problem, RefusedError


@click.command(help=words("cli.serve.help"))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, envvar="PORT", help=words("cli.serve.port"))
@click.option("--host", default="127.0.0.1", help=words("cli.serve.host"))
@click.option("--no-worker", is_flag=True, help=words("cli.serve.no_worker"))
def serve(port: int, host: str, no_worker: bool) -> None:
    """Serve the site, with a worker beside it."""
    from hengneng.cli.records import ready

    ready()
    serve_site(host, port, with_worker=not no_worker)


def serve_site(host: str, port: int, with_worker: bool = True) -> None:
    """Hand this process over to the web server, with a worker beside it. RefusedError C010: the port cannot be had."""
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
    from hengneng.cli.beside import start_beside, stop_beside
    from hengneng.web.server import Server

    on_exit = partial(stop_beside, start_beside()) if with_worker else None
    Server(host, port, workers=max(2, os.cpu_count() or 1), on_exit=on_exit).run()


@click.command(help=words("cli.worker.help"))
@click.option("--once", is_flag=True, help=words("cli.worker.once"))
def worker(once: bool) -> None:
    """Do the background jobs."""
    from hengneng.cli.records import ready

    ready()
    from hengneng.jobs.worker import work_off

    work_off(once)
