"""Numbers that the project has set, each with its reason, as data: one ``limits.toml`` in every room that has some."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

Number = TypeVar("Number", int, float)


class Limits(Generic[Number]):
    """The numbers of the ``limits.toml`` beside a module, read once: ``limit: Limits[int] = Limits(__file__)``.

    ``limit("seconds_until_closed")`` is in the unit that the name says; KeyError when there is none of that name.
    """

    def __init__(self, module: str) -> None:
        self._file = Path(module).with_name("limits.toml")

    @cached_property
    def values(self) -> dict[str, Number]:
        """All of them by name. What a test puts in here holds until it takes it out."""
        return {name: entry["value"] for name, entry in tomllib.loads(self._file.read_text("utf-8")).items()}

    def __call__(self, name: str) -> Number:
        """The number called ``name``."""
        return self.values[name]
