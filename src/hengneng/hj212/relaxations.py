"""Deviations of devices by name, as commands and the register of devices write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hengneng.hj212.profile import STANDARD, Profile

RELAXATIONS: Mapping[str, Mapping[str, Any]] = {
    "length-counts-crc": {"length_counts": "crc"},
    "length-counts-crc-and-crlf": {"length_counts": "crc_and_crlf"},
    "crc-modbus": {"checksum": "modbus"},
    "crc-modbus-swapped": {"checksum": "modbus_swapped"},
    "crc-unpadded": {"unpadded_checksum": True},
}


def profile_of(names: Iterable[str]) -> Profile:
    """The profile that forgives what is named. Names that are none of ``RELAXATIONS`` forgive nothing."""
    found: dict[str, Any] = {}
    for name in sorted(names):
        found |= RELAXATIONS.get(name, {})
    return Profile(**found) if found else STANDARD
