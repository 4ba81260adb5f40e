"""How the meters of a day are added up: which belong to which unit, carrier and process, and what turns them to coal.

Made once for every stretch of days in which neither the register nor a coefficient changes; a day then costs a few
passes over arrays. All sums are of whole numbers, so that parts add up to the whole exactly, in any order.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hengneng.metering.cells import local_zone
from hengneng.metering.coefficients import Coal, Conversion, OwnValue, coal
from hengneng.metering.engine import Held, held_versions
from hengneng.metering.models import Meter, MeterVersion
from hengneng.trace import canonical_json

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DAY = 86400
_SAFE = 2**62


@dataclass(frozen=True)
class Group:
    """What a row of energy is about; ``process`` empty is the whole unit."""

    unit: int
    carrier: str
    process: str


@dataclass(frozen=True)
class Arrangement:
    """The meters in service at the end of a day.

    ``numbers`` are sorted; ``due[i]`` readings a day are expected of meter i, ``kinds[i]`` says which of
    ``coefficients`` (carrier, own value) it has. The members of group g are ``members[starts[g]:starts[g + 1]]``,
    indices into ``numbers``.
    """

    numbers: Ints
    kinds: Ints
    due: Ints
    coefficients: tuple[tuple[str, OwnValue | None], ...]
    groups: tuple[Group, ...]
    members: Ints
    starts: Ints
    digest: str

    @cached_property
    def sizes(self) -> Ints:
        """How many meters each group has."""
        if not len(self.starts):
            return self.starts
        return np.diff(np.append(self.starts, len(self.members)))

    @cached_property
    def kinds_of_groups(self) -> list[tuple[int, ...]]:
        """Which coefficients take part in each group."""
        if not len(self.starts):
            return []
        ends = np.append(self.starts[1:], len(self.members))
        kinds = self.kinds[self.members]
        return [tuple(sorted(set(kinds[start:end].tolist()))) for start, end in zip(self.starts, ends, strict=True)]

    def members_of(self, group: Group) -> list[int]:
        """Numbers of the meters that are added up for ``group``; none for one that is not there."""
        if group not in self.groups:
            return []
        place = self.groups.index(group)
        start = int(self.starts[place])
        return [int(number) for number in self.numbers[self.members[start : start + int(self.sizes[place])]]]

    def coal_on(self, day: dt.date) -> tuple[Coal, ...]:
        """The coefficients on a day, in the order of ``coefficients``."""
        return tuple(coal(carrier, day, own) for carrier, own in self.coefficients)


class Register:
    """The register as it is now, or what it holds of one ``unit`` (key), ready for any day. Read it again after a
    change.
    """

    def __init__(self, unit: int | None = None, held: Iterable[Held] | None = None) -> None:
        """``held``: the whole register, if it has been read already."""
        if held is None:
            found = MeterVersion.objects.select_related("meter")
            held = held_versions(found if unit is None else found.filter(meter__unit=unit))
        self._held = [one for one in held if one.version.meter.kind != Meter.Kind.LEVEL]
        self._bounds = sorted({edge for one in self._held for edge in (one.since, one.until)})
        self._made: dict[int, Arrangement] = {}

    def on(self, day: dt.date) -> Arrangement:
        """The arrangement of a local day: what holds at its end, as for every interval of readings."""
        end = int(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), local_zone()).timestamp())
        stretch = bisect_left(self._bounds, end)
        if stretch not in self._made:
            self._made[stretch] = arrange([one for one in self._held if one.since < end <= one.until])
        return self._made[stretch]


def arrange(held: Sequence[Held]) -> Arrangement:
    """Arrange the versions that hold at one moment.

    Whole unit: meters without a meter above them. Process: its meters, save those below another meter of the process.
    """
    held = sorted(held, key=lambda one: one.version.meter.number)
    meters = [one.version.meter for one in held]
    process_of = {one.version.meter_id: one.version.process for one in held}
    kinds: dict[tuple[str, OwnValue | None], int] = {}
    kind_of = []
    members: dict[Group, list[int]] = {}
    for index, (one, meter) in enumerate(zip(held, meters, strict=True)):
        version = one.version
        kind_of.append(kinds.setdefault((meter.carrier, _own(version)), len(kinds)))
        if version.parent_id is None:
            members.setdefault(Group(meter.unit_id, meter.carrier, ""), []).append(index)
        above = None if version.parent_id is None else process_of.get(version.parent_id)
        if version.process and above != version.process:
            members.setdefault(Group(meter.unit_id, meter.carrier, version.process), []).append(index)
    groups = tuple(sorted(members, key=lambda one: (one.unit, one.carrier, one.process)))
    lengths = [len(members[group]) for group in groups]
    numbers = np.array([meter.number for meter in meters], np.int64)
    due = np.array([DAY // one.version.interval for one in held], np.int64)
    order = np.array([index for group in groups for index in members[group]], np.int64)
    said = hashlib.sha256(canonical_json([[g.unit, g.carrier, g.process] for g in groups]))
    for array in (numbers, np.array(kind_of, np.int64), due, order, np.array(lengths, np.int64)):
        said.update(array.tobytes())
    return Arrangement(
        numbers=numbers,
        kinds=np.array(kind_of, np.int64),
        due=due,
        coefficients=tuple(kinds),
        groups=groups,
        members=order,
        starts=np.cumsum([0, *lengths[:-1]], dtype=np.int64) if lengths else np.zeros(0, np.int64),
        digest=said.hexdigest(),
    )


def _own(version: MeterVersion) -> OwnValue | None:
    if version.own_coefficient is None:
        return None
    return OwnValue(version.own_coefficient, version.unit_of_measure, version.own_coefficient_source)


@dataclass(frozen=True)
class MeterDays:
    """What the roll-up says of the meters of one day, a column each (see readings/rollup/results.py, ``days``)."""

    meter: Ints
    quantity: Ints
    covered: Ints
    estimated: Ints
    estimated_seconds: Ints
    readings: Ints
    expected: Ints


@dataclass(frozen=True)
class Sums:
    """Sums of every group of an arrangement. ``read``: how many of its meters have a quantity.

    ``calorific`` and ``equivalent`` in millionths of a kgce; where ``…_known`` is false a coefficient is missing.
    """

    quantity: Ints
    estimated: Ints
    covered: Ints
    estimated_seconds: Ints
    readings: Ints
    expected: Ints
    read: Ints
    calorific: Ints
    calorific_known: Bools
    equivalent: Ints
    equivalent_known: Bools


def add_up(arrangement: Arrangement, coals: Sequence[Coal], given: MeterDays) -> Sums:
    """Add up the meter-days of one day. A meter of which nothing is covered has no quantity; unknown ones do not count.

    Standard coal is rounded half-even to a millionth of a kgce for every meter, then added.
    """
    at = np.searchsorted(arrangement.numbers, given.meter)
    at[at == len(arrangement.numbers)] = 0
    known = arrangement.numbers[at] == given.meter if len(arrangement.numbers) else at < 0
    place = at[known]
    covered = given.covered > 0

    def spread(values: Ints, otherwise: Ints | None = None) -> Ints:
        found = np.zeros(len(arrangement.numbers), np.int64) if otherwise is None else otherwise.copy()
        found[place] = values[known]
        return found

    def group(values: Ints) -> Ints:
        if not len(arrangement.starts):
            return np.zeros(0, np.int64)
        return np.add.reduceat(values[arrangement.members], arrangement.starts)

    whole, has = spread(given.quantity * covered), spread(covered.astype(np.int64))
    expected = spread(given.expected, arrangement.due)
    found: list[tuple[Ints, Bools]] = []
    for conversions in ([one.calorific for one in coals], [one.equivalent for one in coals]):
        value, missing = _to_coal(whole, arrangement.kinds, conversions)
        found.append((group(value), group(has * missing) == 0))
    (calorific, calorific_known), (equivalent, equivalent_known) = found
    return Sums(
        quantity=group(whole),
        estimated=group(spread(given.estimated)),
        covered=group(spread(given.covered)),
        estimated_seconds=group(spread(given.estimated_seconds)),
        readings=group(np.minimum(spread(given.readings), expected)),
        expected=group(expected),
        read=group(has),
        calorific=calorific,
        calorific_known=calorific_known,
        equivalent=equivalent,
        equivalent_known=equivalent_known,
    )


def _to_coal(quantity: Ints, kinds: Ints, conversions: Sequence[Conversion]) -> tuple[Ints, Ints]:
    """Millionths of a kgce of every meter, and 1 where there is no coefficient."""
    factors = [one.factor for one in conversions]
    if not factors:
        return quantity, quantity
    missing = np.array([factor is None for factor in factors], np.int64)[kinds]
    numerators = [0 if factor is None else factor.numerator for factor in factors]
    denominators = [1 if factor is None else factor.denominator for factor in factors]
    largest = int(np.abs(quantity).max(initial=0)) * max(numerators)
    # Beyond what 64 bits hold the same is done with Python's numbers: slower, never wrong.
    fits = largest < _SAFE and max(denominators) < _SAFE
    kind = np.int64 if fits else object
    above = np.array(numerators, kind)[kinds] * quantity.astype(kind)
    below = np.array(denominators, kind)[kinds]
    return half_even(above, below).astype(np.int64), missing


def half_even(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``above / below`` to the nearest whole number, ties to the even one; ``below`` positive."""
    whole = above // below
    rest = above - whole * below
    more = below - rest
    nearest: npt.NDArray[Any] = whole + ((rest > more) | ((rest == more) & (whole % 2 == 1)))
    return nearest
