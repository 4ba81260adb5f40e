"""Scales that divide the whole number line: grades, ladders, warning levels. Exact on Decimal.

A bracket has at most one lower bound (``at_least`` included, ``above`` excluded) and one upper bound
(``below`` excluded, ``up_to`` included). A bound is a number, or the name of a number that is known only
when the scale is used (``required``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import pairwise, permutations, product
from typing import TYPE_CHECKING

from hengneng.problems import Problem

if TYPE_CHECKING:
    from hengneng.rules.entry import RuleEntry

Bound = Decimal | str
# Where a cut lies at a number: before it (the number belongs to the upper side) or after it.
_BEFORE, _AFTER = 0, 1


@dataclass(frozen=True)
class Bracket:
    """One stretch of the line. ``entry`` is the rule it comes from, if any."""

    name: str
    at_least: Bound | None = None
    above: Bound | None = None
    below: Bound | None = None
    up_to: Bound | None = None
    entry: RuleEntry | None = None

    def __post_init__(self) -> None:
        if self.at_least is not None and self.above is not None:
            raise ValueError(f"bracket {self.name} has two lower bounds")
        if self.below is not None and self.up_to is not None:
            raise ValueError(f"bracket {self.name} has two upper bounds")

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the bounds whose number is not known yet."""
        bounds = (self.at_least, self.above, self.below, self.up_to)
        return frozenset(bound for bound in bounds if isinstance(bound, str))

    @property
    def lower(self) -> tuple[Bound, int] | None:
        """The cut below the bracket, None when it reaches down without end."""
        if self.at_least is not None:
            return self.at_least, _BEFORE
        return None if self.above is None else (self.above, _AFTER)

    @property
    def upper(self) -> tuple[Bound, int] | None:
        """The cut above the bracket, None when it reaches up without end."""
        if self.below is not None:
            return self.below, _BEFORE
        return None if self.up_to is None else (self.up_to, _AFTER)

    def holds(self, value: Decimal, numbers: Mapping[str, Decimal]) -> bool:
        """Whether ``value`` lies in the bracket, with ``numbers`` for the named bounds. KeyError when one is
        not given.
        """
        low, high = _place(self.lower, numbers), _place(self.upper, numbers)
        return (low is None or low <= (value, _BEFORE)) and (high is None or high >= (value, _AFTER))


class OutsideBracketsError(ValueError):
    """No bracket holds the value: it is not a number, or the scale has a gap."""


@dataclass(frozen=True)
class BracketTable:
    """The brackets of one scale, in the order in which they are tried."""

    name: str
    brackets: tuple[Bracket, ...]

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Names that :meth:`pick` must be given a number for."""
        return frozenset().union(*(bracket.symbols for bracket in self.brackets))

    def pick(self, value: Decimal, **symbols: Decimal) -> Bracket:
        """The bracket that holds ``value``.

        Where a named bound lies out of its usual order (a required decline below zero), several may hold it:
        the first counts.
        Raises KeyError for a missing symbol, OutsideBracketsError when none holds it, TypeError for a float.
        """
        if not isinstance(value, Decimal):
            raise TypeError(f"brackets compare exactly: give a Decimal, not {type(value).__name__}")
        missing = self.symbols - set(symbols)
        if missing:
            raise KeyError(f"{self.name} needs {', '.join(sorted(missing))}")
        if value.is_nan():
            raise OutsideBracketsError(f"{self.name}: not a number")
        for bracket in self.brackets:
            if bracket.holds(value, symbols):
                return bracket
        raise OutsideBracketsError(f"{self.name}: no bracket holds {value}")

    def check(self) -> list[Problem]:
        """What keeps the brackets from holding every number exactly once: R020 gap, R021 overlap, R022 ends,
        R023 empty.

        Named bounds are placed in every order among the numbers; the scale is sound when one placing leaves
        nothing to say.
        """
        best: list[Problem] | None = None
        for numbers in self._placings():
            problems = self._check_with(numbers)
            if best is None or len(problems) < len(best):
                best = problems
        return best or []

    def _placings(self) -> Iterable[dict[str, Decimal]]:
        symbols = sorted(self.symbols)
        if not symbols:
            return [{}]
        cuts = (cut for bracket in self.brackets for cut in (bracket.lower, bracket.upper) if cut is not None)
        known = sorted({bound for bound, _ in cuts if isinstance(bound, Decimal)}) or [Decimal(0)]
        slots = [known[0] - 1, *((low + high) / 2 for low, high in pairwise(known)), known[-1] + 1]
        step = min((high - low for low, high in pairwise(known)), default=Decimal(1)) / (4 * len(symbols))
        return [
            {name: slot + step * rank for rank, (name, slot) in enumerate(zip(order, chosen, strict=True))}
            for order in permutations(symbols)
            for chosen in product(slots, repeat=len(symbols))
        ]

    def _check_with(self, numbers: Mapping[str, Decimal]) -> list[Problem]:
        problems: list[Problem] = []
        solid = []
        for bracket in self.brackets:
            low, high = _place(bracket.lower, numbers), _place(bracket.upper, numbers)
            if low is not None and high is not None and low >= high:
                problems.append(self._problem("R023", bracket=bracket.name))
            else:
                solid.append(bracket)
        if not solid:
            return [*problems, self._problem("R022", found="")]
        solid.sort(key=lambda bracket: _sort_key(_place(bracket.lower, numbers)))
        if solid[0].lower is not None:
            problems.append(self._problem("R022", found=f"{solid[0].name} {_written(solid[0].lower)}"))
        reached = solid[0]
        for bracket in solid[1:]:
            end, start = _place(reached.upper, numbers), _place(bracket.lower, numbers)
            values = {
                "one": reached.name,
                "other": bracket.name,
                "end": _written(reached.upper),
                "start": _written(bracket.lower),
            }
            if end is None or start is None or start < end:
                problems.append(self._problem("R021", **values))
            elif start > end:
                problems.append(self._problem("R020", **values))
            further = _place(bracket.upper, numbers)
            if end is not None and (further is None or further > end):
                reached = bracket
        if reached.upper is not None:
            problems.append(self._problem("R022", found=f"{reached.name} {_written(reached.upper)}"))
        return problems

    def _problem(self, number: str, **values: object) -> Problem:
        return Problem(number, self.name, {"scheme": self.name, **values})


def _place(cut: tuple[Bound, int] | None, numbers: Mapping[str, Decimal]) -> tuple[Decimal, int] | None:
    if cut is None:
        return None
    bound, side = cut
    return (bound if isinstance(bound, Decimal) else numbers[bound], side)


def _sort_key(cut: tuple[Decimal, int] | None) -> tuple[Decimal, int]:
    return (Decimal("-Infinity"), 0) if cut is None else cut


def _written(cut: tuple[Bound, int] | None) -> str:
    return "∞" if cut is None else f"{cut[0]}"


def read_bound(written: str) -> Bound | None:
    """A bound as written in a table: empty, a number, or a name. ValueError for anything else."""
    if not written:
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite():
        return number
    if number is None and written.isidentifier():
        return written
    raise ValueError(f"{written!r} is neither a number nor a name")


def brackets_from(entries: Sequence[RuleEntry], name: str) -> BracketTable:
    """The scale that ``entries`` of a table with bracket columns make, in the order of the file. ValueError:
    bad bounds.
    """
    return BracketTable(
        name,
        tuple(
            Bracket(
                list(entry.key.values())[-1],
                read_bound(entry.attributes["at_least"]),
                read_bound(entry.attributes["above"]),
                read_bound(entry.attributes["below"]),
                read_bound(entry.attributes["up_to"]),
                entry,
            )
            for entry in entries
        ),
    )


def check_groups(entries: Iterable[RuleEntry], group: Sequence[str], file: str) -> list[Problem]:
    """Check every set of brackets of a table: one set per value of the key columns ``group``, place and
    validity.
    """
    sets: dict[tuple[str, ...], list[RuleEntry]] = {}
    for entry in entries:
        # A grade that only a veto gives has no stretch of the line.
        if entry.attributes.get("veto_only") != "yes":
            marks = (*(entry.key[column] for column in group), entry.place, entry.validity())
            sets.setdefault(marks, []).append(entry)
    problems: list[Problem] = []
    for found in sets.values():
        name = f"{file}:{found[0].row} {' '.join(found[0].key[column] for column in group)}"
        try:
            problems += brackets_from(found, name).check()
        except ValueError as error:
            problems.append(Problem("R024", name, {"scheme": name, "found": error}))
    return problems
