"""A Spark cluster on loopback: a master and two workers as processes, for the time of a test or benchmark."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.ports import free_port
from support.waiting import PATIENCE

HOST = "127.0.0.1"
# For Java with little to do, in the environment of whoever starts it: it ends before thorough compilation pays.
LITTLE_WORK = ("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def missing() -> str:
    """What a cluster lacks on this machine, and how to install it; empty when nothing."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is missing: .venv/bin/pip install -r requirements/spark.txt"
    if shutil.which("java") is None:
        return "Java is missing: install a runtime of version 17, such as openjdk-17-jre-headless"
    return ""


def missing_for_connect() -> str:
    """What Spark Connect lacks beyond that; empty when nothing."""
    needed = ("grpc", "grpc_status", "google.rpc", "pandas", "zstandard")
    if any(importlib.util.find_spec(name) is None for name in needed):
        return "what Spark Connect needs is missing: .venv/bin/pip install -r requirements/spark.txt"
    return ""


@dataclass
class SparkCluster:
    """A running cluster; ``workers`` are the processes that a test may kill."""

    address: str
    folder: Path
    master: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kill_worker(self, place: int) -> None:
        """End a worker, and the executors that it has started, with SIGKILL."""
        os.killpg(self.workers[place].pid, signal.SIGKILL)
        self.workers[place].wait(PATIENCE)


@dataclass(frozen=True)
class _Starting:
    """How the processes of a cluster are started: where the package is, and in which folder they work."""

    home: Path
    folder: Path

    def start(self, name: str, kind: str, *words: str) -> subprocess.Popen[bytes]:
        """Start ``kind`` of the package, in a session of its own, with a log of its own."""
        command = ["java", "-Xmx256m", "-cp", f"{self.home}/jars/*", f"org.apache.spark.deploy.{kind}", *words]
        own = ["--host", HOST, "--webui-port", str(free_port())]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*command, *own],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SPARK_HOME": str(self.home),
            # What the start scripts would find out; a worker starts executors with it.
            "SPARK_SCALA_VERSION": next((self.home / "jars").glob("spark-core_*.jar")).name.split("_")[1].split("-")[0],
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_WORKER_DIR": str(self.folder / "work"),
        }


@contextmanager
def spark_cluster(folder: Path, workers: int = 2, memory: str = "512m") -> Iterator[SparkCluster]:
    """A master and ``workers`` with a core each; all ended at the end, also their executors."""
    import pyspark

    folder.mkdir(parents=True, exist_ok=True)
    starting, port = _Starting(Path(pyspark.__file__).parent, folder), free_port()
    master = starting.start("master", "master.Master", "--port", str(port))
    cluster = SparkCluster(f"spark://{HOST}:{port}", folder, master)
    log = folder / "master.log"
    try:
        _wait(lambda: _listens(port), master, log)
        for place in range(workers):
            words = [cluster.address, "--cores", "1", "--memory", memory]
            cluster.workers.append(starting.start(f"worker{place}", "worker.Worker", *words))
        _wait(lambda: log.read_text("utf-8", "replace").count("Registering worker") >= workers, master, log)
        yield cluster
    finally:
        for process in [*cluster.workers, master]:
            _end(process)


@contextmanager
def connect_server(folder: Path, memory: str = "1g") -> Iterator[str]:
    """A server of Spark Connect that works by itself (one core); its address, sc://HOST:PORT."""
    import pyspark

    folder.mkdir(parents=True, exist_ok=True)
    home, port, log = Path(pyspark.__file__).parent, free_port(), folder / "connect.log"
    settings = {
        "spark.master": "local[1]", "spark.app.name": "connect", "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.address": HOST, "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "2", "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }  # fmt: skip
    # What the start scripts would add for this version of Java.
    opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
    command = ["java", f"-Xmx{memory}", *opened, "-Djdk.reflect.useDirectMethodHandle=false",
               *(f"-D{name}={value}" for name, value in settings.items()), "-cp", f"{home}/jars/*",
               "org.apache.spark.sql.connect.service.SparkConnectServer"]  # fmt: skip
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST}, cwd=folder, stdout=output,
            stderr=output, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(lambda: _listens(port), server, log)
        yield f"sc://{HOST}:{port}"
    finally:
        _end(server)


_OPENED = (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
    "sun.util.calendar",
)  # fmt: skip


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _wait(reached: object, process: subprocess.Popen[bytes], log: Path) -> None:
    assert callable(reached)
    until = time.monotonic() + PATIENCE
    while not reached():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the Spark cluster does not start: {log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process and its executors, which are of its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
    process.wait(PATIENCE)
