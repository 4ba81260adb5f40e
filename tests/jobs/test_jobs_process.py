"""Jobs with real processes: the worker beside the server, stopped with it, started again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.homes import Home, command
from support.ports import free_port
from support.tables import row, write_table
from support.waiting import wait_until

PLANS = Path(__file__).resolve().parents[2] / "plans"
pytestmark = pytest.mark.xdist_group("jobs processes")
KEEPER, WORKER = "hengneng.cli.beside", "hengneng.cli.main"


@pytest.fixture(scope="module")
def loaded_home(make_home: Callable[[], Home]) -> Home:
    """A home with one plan and its facts, all computed."""
    home = make_home()
    assert home.run("plan", "load", PLANS / "qinghai-2019").code == 0
    assert home.run("facts", "import", PLANS / "qinghai-2019" / "facts.csv").code == 0
    return home


def served(home: Home, *words: str) -> psutil.Process:
    process = subprocess.Popen(
        command("serve", "--port", free_port(), *words),
        cwd=home.folder,
        env=home.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return psutil.Process(process.pid)


def beside(server: psutil.Process, which: str) -> list[psutil.Process]:
    """Processes of the server, at any depth, that run ``which``."""
    try:
        return [one for one in server.children(recursive=True) if any(which in word for word in one.cmdline())]
    except psutil.NoSuchProcess:
        return []


def is_over(processes: list[psutil.Process]) -> bool:
    return all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in processes)


def stale(home: Home) -> str:
    found: str = home.run("check", "--json").json["items"]["stale"]["found"]
    return found


def leave_a_job(home: Home, folder: Path, value: str) -> None:
    changed = row(value, measure="energy_intensity_change", place="630100", period="2019", unit="%", reason="更正")
    assert home.run("facts", "import", write_table(folder / "c.csv", [changed]), "--later").code == 0


def test_the_server_brings_a_worker_which_ends_with_it(loaded_home: Home, tmp_path: Path) -> None:
    leave_a_job(loaded_home, tmp_path, "0.5")
    server = served(loaded_home)
    try:
        wait_until(lambda: stale(loaded_home) == "0", "the job, done by the worker beside the server")
        mine = beside(server, KEEPER) + beside(server, WORKER)
        assert len(mine) == 2
    finally:
        server.send_signal(signal.SIGTERM)
    wait_until(lambda: is_over([server, *mine]), "server, keeper and worker to end")


def test_a_worker_that_dies_is_started_again_and_one_whose_server_dies_ends(loaded_home: Home) -> None:
    server = served(loaded_home)
    try:
        wait_until(lambda: len(beside(server, WORKER)) == 1, "a worker")
        first = beside(server, WORKER)[0]
        first.kill()
        wait_until(lambda: any(one.pid != first.pid for one in beside(server, WORKER)), "another worker")
        mine = beside(server, KEEPER) + beside(server, WORKER)
    finally:
        os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: is_over(mine), "the worker to end with its server")


def test_a_server_without_a_worker(loaded_home: Home, tmp_path: Path) -> None:
    leave_a_job(loaded_home, tmp_path, "0.6")
    server = served(loaded_home, "--no-worker")
    try:
        wait_until(lambda: len(server.children()) >= 2, "a server that serves")
        assert beside(server, KEEPER) == []
        assert stale(loaded_home) == "1"
        assert loaded_home.run("worker", "--once").code == 0
        assert stale(loaded_home) == "0"
    finally:
        server.send_signal(signal.SIGTERM)
    wait_until(lambda: is_over([server]), "the server to end")
