"""The ordinal of a level: its number in the numbering of its own source, which may count either way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol


class LevelTable(Protocol):
    """A scale whose check has found no problem, such as :class:`hengneng.rules.brackets.BracketTable`."""

    def pick(self, value: Decimal, **symbols: Decimal) -> Any:
        """The level that holds ``value``; ``symbols`` gives the bounds that are named instead of numbered."""


def pick_ordinal(levels: LevelTable, value: Decimal, **symbols: Decimal) -> int:
    """Ordinal of the level that holds ``value``, with numbers for the named bounds.

    Raises what the table's ``pick`` raises, and ValueError when the level has no ordinal.
    """
    return ordinal_of(levels.pick(value, **symbols))


def ordinal_of(level: Any) -> int:
    """The ordinal of a level: its own, else that of the rule entry it comes from, else its name as a number.

    Raises ValueError when it has none of these.
    """
    entry = getattr(level, "entry", None)
    written = getattr(level, "ordinal", None)
    if written is None:
        written = entry.attributes.get("ordinal") if entry is not None else level.name
    try:
        return int(written)
    except (TypeError, ValueError):
        raise ValueError(f"level {level.name} has no ordinal: found {written!r}") from None
