"""What a door has to know of devices, read in one go: a door asks again every few seconds, not for every message."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.db import transaction

from hengneng.access import Actor, Verb, require
from hengneng.acts import record
from hengneng.devices.limits import limit
from hengneng.devices.models import Device, Protocol

PREFIX = "hd_"  # so that a token left lying about is recognised for what it is


@dataclass(frozen=True)
class KnownDevice:
    """A device as doors see it. ``networks`` empty: from anywhere. ``interval`` in seconds; None: not agreed.

    ``former_key`` counts until ``former_until``, in seconds since 1970 UTC.
    """

    id: int
    identifier: str
    unit_id: int
    unit: str
    place: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    relaxations: frozenset[str]
    interval: int | None
    key: bytes
    secret: str
    example: bool
    former_key: bytes = b""
    former_until: float = 0.0

    def keys(self, now: float) -> tuple[bytes, ...]:
        """The keys that frames may be under at ``now`` (seconds since 1970 UTC), the newest first."""
        former = self.former_key if now < self.former_until else b""
        return tuple(key for key in (self.key, former) if key)

    def may_come_from(self, address: str) -> bool:
        """Whether the device may send from ``address`` (a numeric IP address)."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        # As sockets for both families name an IPv4 address.
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self.networks)


@lru_cache(maxsize=4096)
def networks_of(written: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of a list parted by blanks: ``10.1.2.3 10.2.0.0/16``. ValueError names what is none."""
    return tuple(ip_network(word, strict=False) for word in written.split())


def known_devices(protocol: Protocol) -> Mapping[str, KnownDevice]:
    """The devices of a protocol that may send today, by identifier."""
    # Plain values: thousands of devices are read every few seconds beside a loop that has frames to answer.
    rows = Device.objects.filter(protocol=protocol, active=True).values_list(
        "pk", "identifier", "unit_id", "unit__identifier", "unit__place_id", "addresses", "relaxations", "interval",
        "key", "secret", "example", "former_key", "key_changed_at",
    )  # fmt: skip
    lasting = dt.timedelta(days=limit("days_of_former_key"))
    return {
        identifier: KnownDevice(
            id=key_of_row,
            identifier=identifier,
            unit_id=unit_id,
            unit=unit,
            place=place,
            networks=networks_of(addresses),
            relaxations=frozenset(relaxations.split()),
            interval=interval,
            key=bytes.fromhex(key),
            secret=secret,
            example=example,
            former_key=bytes.fromhex(former_key),
            former_until=0.0 if changed is None else (changed + lasting).timestamp(),
        )
        for key_of_row, identifier, unit_id, unit, place, addresses, relaxations, interval, key, secret, example,
            former_key, changed in rows
    }  # fmt: skip


def digest_of(token: str) -> str:
    """What is kept of a token. It is random and long: a plain SHA-256 can be searched for and not be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def issue_token(actor: Actor, device: Device) -> str:
    """A new token for ``device``, which is not kept and cannot be shown again; the one before is void.

    RefusedAccessError for whoever may not correct facts of its unit.
    """
    require(actor, Verb.CORRECT_FACTS, device.unit.place_id, device.unit_id)
    token = PREFIX + secrets.token_urlsafe(32)
    device.secret = digest_of(token)
    device.save(update_fields=["secret"])
    record(
        actor.identifier,
        "device.token",
        "device",
        str(device),
        place=device.unit.place_id,
        organisation=device.unit_id,
    )
    return token
