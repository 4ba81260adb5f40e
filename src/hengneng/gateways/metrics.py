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
        registry = self.registry = CollectorRegistry()
        labels = ("door",)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"hengneng_{name}", text, labels, registry=registry).labels(door)

        def counter(name: str, text: str) -> Counter:
            return Counter(f"hengneng_{name}", text, labels, registry=registry).labels(door)

        self.connections = gauge("connections", "Connections open now.")
        self.devices = gauge("devices_online", "Devices that have sent lately.")
        self.messages = counter("messages", "Messages taken in durably.")
        self.values = counter("values", "Values taken in durably.")
        self.bytes = counter("received_bytes", "Bytes received.")
        self.waiting = gauge("waiting", "Messages that wait for the disk.")
        self.failures = counter("commit_failures", "Commits that failed.")
        self.seconds = Histogram(
            "hengneng_acknowledgement_seconds", "From receipt to durable.", labels, registry=registry, buckets=_BUCKETS
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
