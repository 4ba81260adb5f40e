"""Figures of a door for Prometheus, on a port of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from hengneng.problems import Problem, RefusedError

# Milliseconds matter below, seconds above: an acknowledgement waits for the disk.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The figures that every door has. All are named ``hengneng_…`` and carry the label ``door``."""

    def __init__(self, door: str) -> None:
        self.registry = CollectorRegistry()
        given = {"labelnames": ("door",), "registry": self.registry}
        self.connections = Gauge("hengneng_connections", "Connections open now.", **given).labels(door)
        self.devices = Gauge("hengneng_devices_online", "Devices that have sent lately.", **given).labels(door)
        self.messages = Counter("hengneng_messages", "Messages taken in durably.", **given).labels(door)
        self.values = Counter("hengneng_values", "Values taken in durably.", **given).labels(door)
        self.bytes = Counter("hengneng_received_bytes", "Bytes received.", **given).labels(door)
        self.waiting = Gauge("hengneng_waiting", "Messages that wait for the disk.", **given).labels(door)
        self.failures = Counter("hengneng_commit_failures", "Commits that failed.", **given).labels(door)
        self.seconds = Histogram(
            "hengneng_acknowledgement_seconds", "From receipt to durable.", buckets=_BUCKETS, **given
        ).labels(door)
        self._refused = Counter(
            "hengneng_refused", "Messages refused, by reason.", ("door", "reason"), registry=self.registry
        )
        self._door = door

    def refused(self, reason: str, count: int = 1) -> None:
        """Count what was not taken; ``reason`` is one of a few words."""
        self._refused.labels(self._door, reason).inc(count)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Answer ``/metrics`` on ``port`` meanwhile; 0: nowhere. RefusedError C010 when it cannot be had."""
        if not port:
            yield
            return
        try:
            server, thread = start_http_server(port, host, registry=self.registry)
        except OSError as error:
            problem = Problem("C010", "--metrics-port", {"found": port, "expected": error.strerror})
            raise RefusedError(problem) from None
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
