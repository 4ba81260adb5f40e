"""How much the interface gives and takes at a time: numbers that the project has set, with their reasons, as data."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("limits.toml")


@cache
def _limits() -> dict[str, int]:
    return {name: int(entry["value"]) for name, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


def limit(name: str) -> int:
    """The limit ``name`` of ``limits.toml``. KeyError when there is none."""
    return _limits()[name]
