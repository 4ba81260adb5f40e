"""The policy of duties, read from ``policy.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("policy.toml")


@cache
def _entries() -> dict[str, Any]:
    return {name: entry["value"] for name, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


def limit(name: str) -> int:
    """The number ``name``. KeyError when there is none."""
    return int(_entries()[name])


def handed_down_to() -> tuple[str, ...]:
    """Kinds of organisations that take a duty handed down to their place, the first that is there."""
    return tuple(_entries()["handed_down_to"])
