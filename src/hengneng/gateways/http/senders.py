"""Who sends: tokens, addresses, how often; and what is noticed of it, no oftener than it is worth."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from hengneng.devices.knowing import KnownDevice, digest_of
from hengneng.devices.models import EventKind
from hengneng.devices.noticing import Event
from hengneng.gateways.book import Book
from hengneng.gateways.http.answers import TurnedAwayError
from hengneng.gateways.http.limits import limit
from hengneng.gateways.limits import limit as door_limit
from hengneng.problems import Problem

MINUTE = 60


class Rate:
    """Requests of each device in the present minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: dict[int, int] = {}

    def count(self, device: KnownDevice) -> None:
        """Count a request. TurnedAwayError 429 (G108) when there were too many, until the minute is over."""
        now = self._clock()
        if int(now // MINUTE) != self._minute:
            self._minute, self._counts = int(now // MINUTE), {}
        most = door_limit("messages_a_minute")
        self._counts[device.id] = self._counts.get(device.id, 0) + 1
        if self._counts[device.id] > most:
            raise TurnedAwayError(429, Problem("G108", "/", {"expected": most}), MINUTE - int(now % MINUTE))


class Noticing:
    """Tells a book what happens, the same thing of the same device once an hour."""

    def __init__(self, book: Book, clock: Callable[[], float] = time.monotonic) -> None:
        self._book, self._clock = book, clock
        self._last: dict[tuple[int, str, str], float] = {}

    def note(self, device: KnownDevice, kind: EventKind, address: str, found: str = "") -> None:
        """Keep an event, unless the same was kept lately."""
        key, now = (device.id, str(kind), address), self._clock()
        last = self._last.get(key)
        if last is not None and now - last < limit("seconds_between_same_events"):
            return
        if len(self._last) >= limit("events_remembered"):
            self._last.pop(next(iter(self._last)))
        self._last[key] = now
        self._book.note(Event(device.id, kind, datetime.now(UTC), address, found))


def address_of(request: web.Request) -> str:
    """The address that a request comes from. A proxy before the door must keep it, or stand in the register itself."""
    return request.remote or ""


def device_of(request: web.Request, book: Book, noticing: Noticing) -> KnownDevice:
    """The device whose token a request carries. TurnedAwayError 401 (G101), 403 (G102)."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    device = book.with_secret(digest_of(token.strip())) if kind.lower() == "bearer" and token.strip() else None
    if device is None:
        raise TurnedAwayError(401, Problem("G101", "Authorization"))
    address = address_of(request)
    if not device.may_come_from(address):
        noticing.note(device, EventKind.REFUSED_ADDRESS, address)
        raise TurnedAwayError(403, Problem("G102", "/", {"device": device.identifier, "found": address}))
    return device
