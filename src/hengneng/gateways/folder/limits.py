"""Numbers of this room that the project has set, with their reasons, as data."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("limits.toml")


@cache
def _limits() -> dict[str, int]:
    return {name: entry["value"] for name, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


def limit(name: str) -> int:
    """The limit ``name`` of ``limits.toml``, in the unit that its name says. KeyError when there is none."""
    return _limits()[name]
