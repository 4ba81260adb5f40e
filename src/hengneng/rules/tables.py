"""The one lookup of all rule tables: by key, day and place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from hengneng.rules.entry import RuleEntry, RuleTable
from hengneng.rules.loader import DATA_FOLDER, load_table, table_names


class RuleNotFoundError(LookupError):
    """No rule fits. ``asked`` says what was asked, ``exists`` what there is for that key (validities and
    places).
    """

    def __init__(self, message: str, *, asked: Mapping[str, object], exists: tuple[str, ...] = ()) -> None:
        self.asked = asked
        self.exists = exists
        super().__init__(message)


class RuleAmbiguousError(RuleNotFoundError):
    """Several editions fit because no day was given."""


@cache
def rule_table(name: str) -> RuleTable:
    """The table ``name``, loaded once per process. RuleNotFoundError when there is none of that name."""
    if name not in table_names():
        known = table_names()
        raise RuleNotFoundError(
            f"there is no rule table {name!r}; there are {', '.join(known)}",
            asked={"table": name},
            exists=known,
        )
    return load_table(DATA_FOLDER, name)


class _Tables(Mapping[str, RuleTable]):
    """All tables by name; each is read when it is asked for."""

    def __getitem__(self, name: str) -> RuleTable:
        try:
            return rule_table(name)
        except RuleNotFoundError as error:
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter(table_names())

    def __len__(self) -> int:
        return len(table_names())


def rule_tables() -> Mapping[str, RuleTable]:
    """All tables by name. Reading the names loads nothing."""
    return _Tables()


def nearest(entries: Iterable[RuleEntry], place: str | None) -> list[RuleEntry]:
    """Those of ``entries`` (all of one key) whose place is nearest to ``place`` going up; else those that
    apply everywhere.

    UnknownPlaceError when ``place`` is no division.
    """
    found = list(entries)
    local = [entry for entry in found if entry.place]
    if place is not None and local:
        from hengneng.rules.divisions import places_above, subject_code

        for code in places_above(place):
            here = [entry for entry in local if subject_code(entry.place) == code]
            if here:
                return here
    elif place is not None:
        from hengneng.rules.divisions import division

        division(place)
    return [entry for entry in found if not entry.place]


def lookup(table: str, what: Mapping[str, str], on: dt.date | None = None, place: str | None = None) -> RuleEntry:
    """The entry of ``table`` with the key ``what``, in force ``on`` a day, for ``place`` (a division's code).

    The entry of the nearest place going up (county, prefecture, region, country) wins over the one that
    applies everywhere. Without a day there must be one edition only. ``what`` names every key column, else
    ValueError.
    Raises RuleNotFoundError, or RuleAmbiguousError when a day is needed; both say which dates and places
    exist.
    """
    rules = rule_table(table)
    if set(what) != set(rules.key_columns):
        raise ValueError(
            f"table {table}: the key is {', '.join(rules.key_columns)}; given {', '.join(what) or 'nothing'}"
        )
    key = tuple(what[name] for name in rules.key_columns)
    entries = rules.by_key.get(key, ())
    found = nearest([entry for entry in entries if on is None or entry.valid_on(on)], place)
    if len(found) == 1:
        return found[0]
    asked = {"table": table, **what, "on": on.isoformat() if on else None, "place": place}
    exists = tuple(f"{entry.validity()} {entry.place or 'everywhere'}" for entry in entries)
    named = ", ".join(f"{name} {value!r}" for name, value in asked.items() if value is not None)
    if found:
        raise RuleAmbiguousError(
            f"several rules fit {named}; give a day: {'; '.join(exists)}", asked=asked, exists=exists
        )
    there = f"for this key there is: {'; '.join(exists)}" if exists else "this key does not occur"
    raise RuleNotFoundError(f"no rule fits {named}; {there}", asked=asked, exists=exists)
