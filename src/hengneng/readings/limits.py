"""How readings are kept: numbers that the project has set, with their reasons, as data."""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("limits.toml")
MEMORY_VARIABLE = "HENGNENG_READINGS_MEMORY"
_UNITS = {"MB": 1_000_000, "GB": 1_000_000_000, "MIB": 1 << 20, "GIB": 1 << 30}


@cache
def _limits() -> dict[str, int]:
    return {name: entry["value"] for name, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


def limit(name: str) -> int:
    """The limit ``name`` of ``limits.toml``, in the unit that its name says. KeyError when there is none."""
    return _limits()[name]


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
