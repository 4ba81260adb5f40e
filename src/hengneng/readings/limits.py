"""How readings are kept: numbers that the project has set, with their reasons, as data."""

from __future__ import annotations

import os
import re

from hengneng.limits import Limits

MEMORY_VARIABLE = "HENGNENG_READINGS_MEMORY"
_UNITS = {"MB": 1_000_000, "GB": 1_000_000_000, "MIB": 1 << 20, "GIB": 1 << 30}

limit: Limits[int] = Limits(__file__)


def memory_limit() -> int:
    """Bytes that sorting and roll-ups may take: ``HENGNENG_READINGS_MEMORY`` ("256MB", "2GiB"), else the limit.

    ValueError when the setting is not a number with MB, GB, MiB or GiB.
    """
    setting = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not setting:
        return limit("bytes_of_memory")
    read = re.fullmatch(r"(\d+)\s*(MB|GB|MiB|GiB)", setting, re.IGNORECASE)
    if not read:
        raise ValueError(f"{MEMORY_VARIABLE}={setting!r}: expected a number with MB, GB, MiB or GiB, such as 256MB")
    return int(read[1]) * _UNITS[read[2].upper()]
