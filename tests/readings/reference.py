"""The rules of the roll-up once more, by hand: whole numbers of Python, plain loops, nothing shared with the program.

Written from the rules (neighbouring readings, rollover, reset, even spread, local days) and not from the program; the
program must give the same to the last integer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

OFFSET = 8 * 3600
DAY = 86_400
LONGEST = 400 * DAY


@dataclass(frozen=True)
class Version:
    """A version of a meter, numbers as in the register: micro-units, thousandths, seconds."""

    meter: int
    valid_from: int = 0
    valid_to: int = 1 << 62
    kind: str = "register"
    modulus: int | None = None
    multiplier: int = 1000
    capacity: int | None = None
    interval: int | None = 900


@dataclass
class Cell:
    """Quantity and seconds of an hour or a day, and what of them is estimated."""

    quantity: int = 0
    covered: int = 0
    estimated: int = 0
    estimated_seconds: int = 0


@dataclass
class Reference:
    """Results by (meter, day, hour) and (meter, day); states by day."""

    hours: dict[tuple[int, int, int], Cell] = field(default_factory=lambda: defaultdict(Cell))
    days: dict[tuple[int, int], Cell] = field(default_factory=lambda: defaultdict(Cell))
    readings: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    expected: dict[tuple[int, int], int] = field(default_factory=dict)
    states: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)


def day_of(at: int) -> int:
    """Local day in which the second that ends at ``at`` lies: a reading at midnight closes the day before."""
    return (at - 1 + OFFSET) // DAY


def quantity_of(a: int, b: int, seconds: int, one: Version, share: Fraction, allowance: Fraction) -> int:
    """What passed between two readings, after the multiplier, rounded down."""
    if one.kind == "amount":
        increment = b
    elif b >= a:
        increment = b - a
    else:
        increment = b
        if one.modulus is not None and one.modulus >= a:
            wrapped = one.modulus - a + b
            if one.capacity is None:
                possible = wrapped <= share * one.modulus
            else:
                possible = (
                    Fraction(wrapped * one.multiplier, 1000) <= Fraction(one.capacity * seconds, 3600) * allowance
                )
            if possible:
                increment = wrapped
    return increment * one.multiplier // 1000


def toward_zero(number: int, divisor: int) -> int:
    """Whole part of a quotient."""
    whole = abs(number) // divisor
    return whole if number >= 0 else -whole


def version_at(versions: list[Version], meter: int, until: int) -> Version | None:
    """The version that is valid at the last second before ``until``."""
    for one in versions:
        if one.meter == meter and one.valid_from <= until - 1 < one.valid_to:
            return one
    return None


def rolled_up(
    points: list[tuple[int, int, int]],
    versions: list[Version],
    share: Fraction = Fraction(1, 20),
    allowance: Fraction = Fraction(11, 10),
    gap: Fraction = Fraction(3, 2),
) -> Reference:
    """Results of (meter, at, value) in the order of their arrival."""
    current: dict[int, dict[int, int]] = defaultdict(dict)
    for meter, at, value in points:
        current[meter][at] = value
    found = Reference()
    if not points:
        return found
    every = [day_of(at) for _, at, _ in points]
    for meter, series in current.items():
        times = sorted(series)
        for place, until in enumerate(times):
            one = version_at(versions, meter, until)
            if one is None:
                continue
            found.readings[meter, day_of(until)] += 1
            if one.kind == "level":
                continue
            if place:
                since, a = times[place - 1], series[times[place - 1]]
            elif one.kind == "amount":
                since, a = until, 0
            else:
                continue
            # An amount is of its own interval, whatever time has passed since the one before.
            if one.kind == "amount" and (not place or until - since > gap * one.interval):
                assert one.interval is not None
                since = until - one.interval
            seconds = until - since
            if seconds > LONGEST:
                continue
            quantity = quantity_of(a, series[until], seconds, one, share, allowance)
            estimated = one.interval is not None and seconds > gap * one.interval
            spread(found, meter, since, until, quantity, estimated)
    for day in range(min(every), max(every) + 1):
        end = (day + 1) * DAY - OFFSET
        found.states[day] = {
            meter: (max(at for at in series if at <= end), series[max(at for at in series if at <= end)])
            for meter, series in current.items()
            if any(at <= end for at in series)
        }
    for meter, day in set(found.days) | set(found.readings):
        expect(found, versions, meter, day)
    return found


def spread(found: Reference, meter: int, since: int, until: int, quantity: int, estimated: bool) -> None:
    """Evenly over the time, hour by hour."""
    time = since
    while time < until:
        upto = min(until, (time // 3600 + 1) * 3600)
        part = toward_zero(quantity * (upto - since), until - since) - toward_zero(
            quantity * (time - since), until - since
        )
        day, second = divmod(time + OFFSET, DAY)
        for cell in (found.hours[meter, day, second // 3600], found.days[meter, day]):
            cell.quantity += part
            cell.covered += upto - time
            cell.estimated += part if estimated else 0
            cell.estimated_seconds += upto - time if estimated else 0
        time = upto


def expect(found: Reference, versions: list[Version], meter: int, day: int) -> None:
    """How many readings the versions that are valid in the day ask for."""
    begin, end = day * DAY - OFFSET, (day + 1) * DAY - OFFSET
    total, known = 0, False
    for one in versions:
        if one.meter == meter and one.interval is not None and one.valid_from < end and one.valid_to > begin:
            total += (min(one.valid_to, end) - max(one.valid_from, begin)) // one.interval
            known = True
    if known:
        found.expected[meter, day] = total
