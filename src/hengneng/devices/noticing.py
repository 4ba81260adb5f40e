"""What doors notice: events of devices, and names that nobody has registered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from hengneng.devices.limits import limit
from hengneng.devices.models import Device, DeviceEvent, EventKind, Protocol, Stranger


@dataclass(frozen=True)
class Event:
    """Something noticed of the device with key ``device``: when, from which address, what was found."""

    device: int
    kind: EventKind
    at: dt.datetime
    address: str = ""
    found: str = ""


@dataclass(frozen=True)
class Knock:
    """A message of a name that nobody has registered: at which moment, from where, its first bytes."""

    protocol: Protocol
    identifier: str
    address: str
    at: dt.datetime
    sample: bytes
    knocks: int = 1


def note_events(events: Iterable[Event]) -> None:
    """Keep events, in one statement."""
    DeviceEvent.objects.bulk_create(
        DeviceEvent(device_id=one.device, kind=one.kind, at=one.at, address=one.address, found=_text(one.found))
        for one in events
    )


@transaction.atomic
def note_strangers(knocks: Iterable[Knock]) -> None:
    """Count names that nobody knows; new ones only while there are not too many already."""
    for one in knocks:
        identifier = _text(one.identifier)[: limit("longest_identifier")]
        found = Stranger.objects.filter(protocol=one.protocol, identifier=identifier, address=one.address)
        sample = one.sample[: limit("bytes_of_a_sample")]
        if found.update(last_at=one.at, knocks=F("knocks") + one.knocks, sample=sample):
            continue
        if Stranger.objects.count() < limit("rows_of_strangers"):
            Stranger.objects.create(
                protocol=one.protocol,
                identifier=identifier,
                address=one.address,
                first_at=one.at,
                last_at=one.at,
                knocks=one.knocks,
                sample=sample,
            )


def last_on_line(protocol: Protocol) -> dict[str, str]:
    """Who was on line by the last event of each device, and from which address; by identifier."""
    kinds = (EventKind.CONNECTED, EventKind.OFFLINE)
    last = DeviceEvent.objects.filter(device=OuterRef("pk"), kind__in=kinds).order_by("-at", "-pk")
    devices = Device.objects.filter(protocol=protocol, active=True).annotate(
        last=Subquery(last.values("kind")[:1]), last_address=Subquery(last.values("address")[:1])
    )
    return dict(devices.filter(last=EventKind.CONNECTED).values_list("identifier", "last_address"))


def _text(found: str) -> str:
    """What a device has sent, as every database takes it: PostgreSQL has no NUL in texts."""
    return found.replace("\0", "\ufffd")
