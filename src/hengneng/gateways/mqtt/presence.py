"""Whether devices are there: what they say of themselves, what is heard of them, and their silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import DeviceEvent, EventKind, Protocol
from hengneng.devices.noticing import Event
from hengneng.gateways.book import Book
from hengneng.gateways.limits import limit

ONLINE, OFFLINE = "online", "offline"


def last_states() -> Mapping[int, bool]:
    """Whether each device was on line when something was last noted of that."""
    kinds = (EventKind.CONNECTED, EventKind.OFFLINE)
    found = DeviceEvent.objects.filter(device__protocol=Protocol.MQTT, kind__in=kinds).order_by("at", "pk")
    return {device: kind == EventKind.CONNECTED for device, kind in found.values_list("device", "kind")}


class Presence:
    """Notes each change once, also over restarts of the bridge: a broker repeats what was retained."""

    def __init__(self, book: Book, states: Mapping[int, bool]) -> None:
        self._book = book
        self._online = dict(states)
        self._heard: dict[int, tuple[KnownDevice, float]] = {}

    def heard(self, device: KnownDevice, now: float) -> None:
        """A message of a device has come. Times in seconds since 1970."""
        self._heard[device.id] = (device, now)
        self._now(device, True, now, "")

    def said(self, device: KnownDevice, status: str, now: float) -> bool:
        """A device, or the broker in its name (last will), has said a status; false when it is none that we know."""
        if status not in (ONLINE, OFFLINE):
            return False
        self._heard.pop(device.id, None)
        if status == ONLINE:
            self._heard[device.id] = (device, now)
        self._now(device, status == ONLINE, now, status)
        return True

    def look(self, now: float) -> None:
        """Who has agreed to an interval and is silent for longer is off line."""
        for device, at in list(self._heard.values()):
            if device.interval is None:
                continue
            silence = limit("intervals_until_offline") * device.interval + limit("seconds_until_offline")
            if now - at > silence:
                del self._heard[device.id]
                self._now(device, False, now, f"{now - at:.0f} s")

    def _now(self, device: KnownDevice, online: bool, now: float, found: str) -> None:
        if self._online.get(device.id) is online:
            return
        self._online[device.id] = online
        kind = EventKind.CONNECTED if online else EventKind.OFFLINE
        self._book.note(Event(device.id, kind, dt.datetime.fromtimestamp(now, dt.UTC), found=found))
