"""The devices that a door knows, read again every few seconds in a thread of its own, and what it has noticed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from django.db import DataError, IntegrityError, close_old_connections, connections

from hengneng.devices.knowing import KnownDevice, known_devices
from hengneng.devices.models import Protocol
from hengneng.devices.noticing import Event, Knock, last_on_line, note_events, note_strangers
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit


class Book:
    """What a door asks about devices. Reading never waits for the database; what is noticed is written behind it.

    ``on_line``: who was on line when the door before this one ended, and from which address.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.devices: Mapping[str, KnownDevice] = {}
        self._secrets: tuple[Mapping[str, KnownDevice], Mapping[str, KnownDevice]] = ({}, {})
        self.on_line: Mapping[str, str] = {}
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._knocks: dict[tuple[str, str], Knock] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._dropped = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)

    def __enter__(self) -> Book:
        self.devices = known_devices(self.protocol)
        self.on_line = last_on_line(self.protocol)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.look()

    def find(self, identifier: str) -> KnownDevice | None:
        """The device of that name, if it is registered and active."""
        return self.devices.get(identifier)

    def with_secret(self, digest: str) -> KnownDevice | None:
        """The device whose token has this digest (see :func:`hengneng.devices.knowing.digest_of`)."""
        devices, by_secret = self.devices, self._secrets
        if by_secret[0] is not devices:
            # Made once for each reading of the register, not for each request.
            by_secret = self._secrets = (devices, {one.secret: one for one in devices.values() if one.secret})
        return by_secret[1].get(digest)

    def note(self, event: Event) -> None:
        """Keep an event, at the next look."""
        with self._lock:
            if len(self._events) < limit("events_between_looks"):
                self._events.append(event)
            else:
                self._dropped += 1

    def knock(self, knock: Knock) -> None:
        """Count a message of a name that nobody has registered, at the next look."""
        key = (knock.identifier, knock.address)
        with self._lock:
            # Names made up by a scanner must not fill the memory between two looks.
            if key in self._knocks or len(self._knocks) < limit("strangers_between_looks"):
                self._knocks[key] = knock
                self._counts[key] += 1

    def look(self) -> None:
        """Write what was noticed, and read the register. What a database that does not answer has not taken is kept.

        What it refuses for its content is said and dropped: it must not stand in the way of everything behind it.
        """
        close_old_connections()
        with self._lock:
            events, self._events = self._events, []
            knocks, self._knocks = self._knocks, {}
            counts, self._counts = self._counts, Counter()
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log("events.dropped", level="error", events=dropped)
        if not self._kept(lambda: note_events(events)):
            with self._lock:
                self._events = events + self._events
        if not self._kept(lambda: note_strangers(replace(one, knocks=counts[key]) for key, one in knocks.items())):
            with self._lock:
                self._knocks = knocks | self._knocks
                self._counts += counts
        try:
            self.devices = known_devices(self.protocol)
        except Exception as error:
            log("devices.unreachable", level="error", found=str(error))

    @staticmethod
    def _kept(write: Callable[[], None]) -> bool:
        """Whether that is done with: written, or never to be written."""
        try:
            write()
        except (DataError, IntegrityError, ValueError) as error:
            log("devices.not_noted", level="error", found=f"{type(error).__name__}: {error}")
        except Exception as error:
            log("devices.unreachable", level="error", found=str(error))
            return False
        return True

    def _run(self) -> None:
        while not self._end.wait(limit("seconds_between_looks")):
            self.look()
        connections.close_all()
