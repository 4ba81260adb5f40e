"""The brackets of a named scheme of a rule table, in force on a day and at a place."""

from __future__ import annotations

import datetime as dt

from hengneng.rules.brackets import BracketTable, brackets_from
from hengneng.rules.tables import RuleAmbiguousError, RuleNotFoundError, rule_table


def bracket_table(table: str, scheme: str, on: dt.date | None = None, place: str | None = None) -> BracketTable:
    """The scale ``scheme`` of ``table``; each bracket carries its rule entry (label, points, colour, source).

    Raises RuleNotFoundError when the table has no such scheme then and there, RuleAmbiguousError when a day
    is needed to choose its edition, ValueError when the table has no brackets.
    """
    rules = rule_table(table)
    if not rules.group:
        raise ValueError(f"table {table} has no brackets")
    column = rules.group[0]
    entries = [entry for entry in rules.select(on, place) if entry.key[column] == scheme]
    if not entries:
        known = tuple(sorted({entry.key[column] for entry in rules.entries}))
        when, where = on.isoformat() if on else None, place
        raise RuleNotFoundError(
            f"table {table} has no scheme {scheme!r} on {when or 'any day'} at {where or 'any place'}; "
            f"there are {', '.join(known)}",
            asked={"table": table, "scheme": scheme, "on": when, "place": where},
            exists=known,
        )
    editions = tuple(sorted({entry.validity() for entry in entries}))
    if len(editions) > 1:
        raise RuleAmbiguousError(
            f"table {table} has several editions of {scheme!r}; give a day: {'; '.join(editions)}",
            asked={"table": table, "scheme": scheme, "on": None, "place": place},
            exists=editions,
        )
    return brackets_from(entries, scheme)
