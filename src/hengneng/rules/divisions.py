"""Administrative divisions through time: codes and names change, the place stays the same subject.

Table ``administrative_divisions`` (GB/T 2260). The identity of a place is the first code of its chain of
replacements, so that the figures of Turpan before and after it became a city belong to one subject.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from hengneng.language import Language, Text
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table

COUNTRY = "100000"


@dataclass(frozen=True)
class Division:
    """One code of a place, with the days on which it was in force (None: without bound)."""

    code: str
    level: str  # country, region, prefecture, county, group or assessed-unit
    parent: str
    name: Text
    aliases: tuple[str, ...]
    replaces: str
    excludes: tuple[str, ...]
    valid_from: dt.date | None
    valid_to: dt.date | None
    entry: RuleEntry

    def valid_within(self, start: dt.date | None, end: dt.date | None) -> bool:
        """Whether the code was in force on some day of ``start``..``end`` (None: without bound)."""
        return (end is None or self.valid_from is None or self.valid_from <= end) and (
            start is None or self.valid_to is None or start <= self.valid_to
        )

    def described(self) -> str:
        """Name, code, level and days, for messages."""
        days = f"{self.valid_from or '*'}..{self.valid_to or '*'}"
        return f"{self.name.zh} {self.code} ({self.level}, {days})"


class DivisionError(LookupError):
    """A place could not be resolved. ``text`` is what was asked, ``candidates`` what was considered."""

    def __init__(self, message: str, text: str, candidates: Collection[Division] = ()) -> None:
        self.text = text
        self.candidates = tuple(candidates)
        super().__init__(message)


class UnknownPlaceError(DivisionError):
    """No division has this code or name."""


class NotValidThenError(DivisionError):
    """The code or name exists, but not then or not at that level. ``candidates`` are the right ones, where
    known.
    """


class AmbiguousPlaceError(DivisionError):
    """Several different places fit. ``candidates`` are these."""


class DivisionRegister:
    """All divisions and the ways through them."""

    def __init__(self, divisions: Iterable[Division]) -> None:
        self.by_code: dict[str, Division] = {one.code: one for one in divisions}
        self.by_name: dict[str, list[Division]] = {}
        for one in self.by_code.values():
            for name in dict.fromkeys((one.name.zh, one.name.en, *one.aliases)):
                self.by_name.setdefault(normal_name(name), []).append(one)
        self.successors: dict[str, list[Division]] = {}
        for one in self.by_code.values():
            self.successors.setdefault(self.subject_code(one.code), []).append(one)

    def division(self, code: str) -> Division:
        """The division with this code. UnknownPlaceError when there is none."""
        try:
            return self.by_code[code]
        except KeyError:
            raise UnknownPlaceError(f"{code!r} is not the code of a division", code) from None

    def subject_code(self, code: str) -> str:
        """The first code of the chain of replacements: the identity that does not change.
        UnknownPlaceError.
        """
        one = self.division(code)
        while one.replaces:
            one = self.division(one.replaces)
        return one.code

    def codes_of(self, code: str) -> tuple[Division, ...]:
        """Every code that the place has had, oldest first. UnknownPlaceError."""
        chain = self.successors[self.subject_code(code)]
        return tuple(sorted(chain, key=lambda one: one.valid_from or dt.date.min))

    def places_above(self, code: str) -> tuple[str, ...]:
        """The place itself and all above it, nearest first, as subject codes. UnknownPlaceError."""
        found: list[str] = []
        while code:
            found.append(self.subject_code(code))
            code = self.division(code).parent
        return tuple(found)

    def children_of(self, code: str, on: dt.date | None = None) -> tuple[Division, ...]:
        """Divisions directly under the place, in force on a day (None: ever), in the order of the table."""
        subject = self.subject_code(code)
        return tuple(
            one
            for one in self.by_code.values()
            if one.parent and self.subject_code(one.parent) == subject and one.valid_within(on, on)
        )

    def on_day(self, subject: str, on: dt.date) -> Division:
        """The code of the place that was in force on a day. NotValidThenError when it had none."""
        chain = self.codes_of(subject)
        for one in chain:
            if one.valid_within(on, on):
                return one
        raise NotValidThenError(
            f"{subject} was no division on {on}; there is {'; '.join(one.described() for one in chain)}",
            subject,
            chain,
        )

    def find(
        self,
        text: str,
        start: dt.date | None,
        end: dt.date | None,
        levels: Collection[str] | None,
        within: str | None,
    ) -> Division:
        """See :func:`find_division`."""
        written = text.strip()
        known = [self.by_code[written]] if written in self.by_code else self.by_name.get(normal_name(written), [])
        if within is not None:
            above = self.subject_code(within)
            known = [one for one in known if above in self.places_above(one.code)]
        if not known:
            raise UnknownPlaceError(f"{text!r} is not the code or name of a division", text)
        fitting = [one for one in known if one.valid_within(start, end) and (levels is None or one.level in levels)]
        if not fitting:
            self._refuse_not_then(text, known, start, end, levels)
        subjects = {self.subject_code(one.code) for one in fitting}
        if len(subjects) > 1:
            # A city of the county level often bears the name of the prefecture above it: the upper one is
            # meant.
            upper = {one for one in subjects if all(one in self.places_above(other) for other in subjects)}
            if len(upper) != 1:
                listed = "; ".join(one.described() for one in fitting)
                raise AmbiguousPlaceError(f"{text!r} may be {listed}", text, fitting)
            subjects = upper
        last = [one for one in fitting if self.subject_code(one.code) in subjects]
        return max(last, key=lambda one: one.valid_from or dt.date.min)

    def _refuse_not_then(
        self,
        text: str,
        known: Collection[Division],
        start: dt.date | None,
        end: dt.date | None,
        levels: Collection[str] | None,
    ) -> None:
        related = {code: None for one in known for code in (one.code, *self._same_or_above(one))}
        right = [
            self.by_code[code]
            for code in related
            if self.by_code[code].valid_within(start, end) and (levels is None or self.by_code[code].level in levels)
        ]
        when = f"{start or '*'}..{end or '*'}"
        asked = f"in {when}" + (f" at level {', '.join(levels)}" if levels is not None else "")
        then = f"then it is {'; '.join(one.described() for one in right)}" if right else "nothing took its place"
        listed = "; ".join(one.described() for one in known)
        raise NotValidThenError(f"{text!r} is {listed}, not {asked}; {then}", text, right)

    def _same_or_above(self, one: Division) -> Iterator[str]:
        yield from (other.code for other in self.codes_of(one.code))
        if one.level == "county" and one.parent:
            yield from (other.code for other in self.codes_of(one.parent))


def normal_name(name: str) -> str:
    """A name without blanks, in compatibility form and small letters."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def read_division(entry: RuleEntry) -> Division:
    """A row of the table as a Division."""
    given = entry.attributes
    return Division(
        code=entry.key["code"],
        level=given["level"],
        parent=given["parent"],
        name=Text(zh=given["name_zh"], en=given["name_en"]),
        aliases=tuple(alias for alias in given["aliases"].split("|") if alias),
        replaces=given["replaces"],
        excludes=tuple(code for code in given["excludes"].split("|") if code),
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        entry=entry,
    )


@cache
def register() -> DivisionRegister:
    """The divisions of the program."""
    return DivisionRegister(read_division(entry) for entry in rule_table("administrative_divisions").entries)


def division(code: str) -> Division:
    """The division with this code. UnknownPlaceError when there is none."""
    return register().division(code)


def divisions() -> tuple[Division, ...]:
    """All divisions in the order of the table."""
    return tuple(register().by_code.values())


def subject_code(code: str) -> str:
    """The first code of the place's chain of replacements, its stable identity: 650400 -> 652100.
    UnknownPlaceError.
    """
    return register().subject_code(code)


def find_division(
    text: str,
    period_start: dt.date | None,
    period_end: dt.date | None,
    *,
    levels: Collection[str] | None = None,
    within: str | None = None,
) -> Division:
    """The division that ``text`` (a code, a name or an alias) meant on some day of the period.

    Of several codes of one place the latest of the period is given; a prefecture wins over the city of the
    same name within it. ``levels`` restricts the level, ``within`` to a place and what lies under it.
    Raises UnknownPlaceError, NotValidThenError (it names the right division), AmbiguousPlaceError.
    """
    return register().find(text, period_start, period_end, levels, within)


def name_of(subject: str, on: dt.date, language: Language) -> str:
    """The name that the place bore on a day. UnknownPlaceError, NotValidThenError."""
    return register().on_day(subject, on).name.in_language(language)


def parent_of(code: str) -> str:
    """Code of the division directly above; empty for the country. UnknownPlaceError."""
    return division(code).parent


def children_of(code: str, on: dt.date | None = None) -> tuple[Division, ...]:
    """Divisions directly under the place, in force on a day (None: ever). UnknownPlaceError."""
    return register().children_of(code, on)


def places_above(code: str) -> tuple[str, ...]:
    """The place itself and all above it, nearest first, as subject codes. UnknownPlaceError."""
    return register().places_above(code)


def excluded_parts(code: str) -> tuple[Division, ...]:
    """Parts that do not count with an assessed unit: 654000-direct leaves out Tacheng and Altay.
    UnknownPlaceError.
    """
    return tuple(division(part) for part in division(code).excludes)
