"""What is noticed of devices while they send: where from, whether their clock is right, whether they still send."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import EventKind
from hengneng.devices.noticing import Event
from hengneng.gateways.book import Book
from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, read_time

REAL_TIME = "2011"


@dataclass
class _Seen:
    """What the door remembers of a device. ``said``: when each kind of event was last noted, by kind and address."""

    device: KnownDevice
    address: str = ""
    at: float = 0.0
    online: bool = False
    said: dict[tuple[str, str], float] = field(default_factory=dict)


class Watch:
    """Notes events of devices in the book, each kind at most once in a while. Times are seconds since 1970 UTC."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._seen: dict[str, _Seen] = {}
        now = time.time()
        # Who was on line when the door before this one ended, and does not come back, is off line.
        for identifier, address in book.on_line.items():
            if (device := book.find(identifier)) is not None:
                self._seen[identifier] = _Seen(device, address, now, online=True)

    @property
    def online(self) -> int:
        """How many devices have sent lately."""
        return sum(one.online for one in self._seen.values())

    def frame(self, device: KnownDevice, address: str, frame: Frame, now: float) -> None:
        """A frame of a device has come."""
        seen = self._seen.get(device.identifier)
        if seen is None:
            seen = self._seen[device.identifier] = _Seen(device)
        if seen.address and seen.address != address and now - seen.at < self._silence(device):
            self._note(seen, EventKind.SECOND_ADDRESS, address, now, f"{seen.address} → {address}")
        if not seen.online:
            seen.online = True
            self._note(seen, EventKind.CONNECTED, address, now, "", always=True)
        seen.device, seen.address, seen.at = device, address, now
        # What is sent again (RF=1, HJ 212-2025) says when it was measured, not what the clock shows.
        if frame.get("CN") == REAL_TIME and frame.get("RF") != "1":
            self._clock(seen, frame, address, now)

    def refused(self, device: KnownDevice, kind: EventKind, address: str, now: float, found: str) -> None:
        """Something of a registered device was not taken."""
        seen = self._seen.setdefault(device.identifier, _Seen(device))
        self._note(seen, kind, address, now, found)

    def look(self, now: float) -> None:
        """Once a second: who is silent for longer than agreed is off line."""
        for seen in self._seen.values():
            if seen.online and now - seen.at > self._silence(seen.device):
                seen.online = False
                self._note(seen, EventKind.OFFLINE, seen.address, now, f"{now - seen.at:.0f} s", always=True)

    @staticmethod
    def _silence(device: KnownDevice) -> float:
        interval = device.interval or limit("seconds_between_frames")
        return limit("intervals_until_offline") * interval + limit("seconds_until_offline")

    def _clock(self, seen: _Seen, frame: Frame, address: str, now: float) -> None:
        """Compare the clock of a live frame with ours: the moment of sending (QN), else that of the values."""
        content = frame.content
        found = read_time(frame.get("QN")) or read_time(content.fields.get("DataTime") if content else None)
        if found is None:
            return
        off = found.timestamp() - now
        if abs(off) <= limit("seconds_of_clock"):
            return
        behind = abs(off + limit("seconds_behind_in_xinjiang"))
        kind = EventKind.REGIONAL_TIME if behind <= limit("seconds_of_clock") else EventKind.CLOCK_OFF
        self._note(seen, kind, address, now, f"{off:+.0f} s")

    def _note(
        self, seen: _Seen, kind: EventKind, address: str, now: float, found: str, always: bool = False
    ) -> None:
        key = (str(kind), address)
        if not always and now - seen.said.get(key, 0.0) < limit("seconds_between_same_events"):
            return
        seen.said[key] = now
        if len(seen.said) > limit("events_remembered"):
            seen.said.pop(next(iter(seen.said)))
        moment = dt.datetime.fromtimestamp(now, dt.UTC)
        self._book.note(Event(seen.device.id, kind, moment, address, found))
