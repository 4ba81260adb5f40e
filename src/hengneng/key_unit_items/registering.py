"""Serial numbers of end devices."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from hengneng.key_unit_items.models import Registration


@transaction.atomic
def register(device: int, address: str) -> str:
    """The serial number of a device at an address: 32 hexadecimal figures by chance, the same when it asks again."""
    found, _ = Registration.objects.get_or_create(
        device_id=device, address=address, defaults={"number": secrets.token_hex(16), "at": timezone.now()}
    )
    return str(found.number)


def registration_of(number: str) -> tuple[str, str] | None:
    """Identifier of the device and address of a serial number; None when nobody was given it."""
    if not (number.isascii() and number.isalnum()):
        return None
    found = Registration.objects.select_related("device").filter(number=number).first()
    return (found.device.identifier, found.address) if found else None
