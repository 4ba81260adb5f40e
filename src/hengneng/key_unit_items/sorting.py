"""Items of a request, parted into readings of the store and what is set aside with its reason."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hengneng.key_units.items import Item, ItemRefusedError, Profile, plain_fields, read_item
from hengneng.key_units.periods import BEIJING, period_of
from hengneng.metering.limits import limit as metering_limit
from hengneng.problems import Problem
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.points import Points, micro_from_text

# What makes two items the same although they were sent at different moments.
_SAME = ("dataCode", "statType", "statDate", "dataValue", "valid")
NOT_CONFIGURED, OUT_OF_RANGE = "G207", "G215"


@dataclass(frozen=True)
class Range:
    """What a configuration says that values may be (``dataValueMin``, ``dataValueMax``), in the unit of the item.

    None: it does not say. Both ends belong to it.
    """

    least: Decimal | None = None
    most: Decimal | None = None

    @classmethod
    def of(cls, least: str, most: str) -> Range:
        """From the fields as written. What is no number says nothing, nor does a range in which nothing lies: 0 to 0
        is what forms have that nobody has filled in.
        """
        low, high = _bound(least), _bound(most)
        return cls() if low is not None and high is not None and low >= high else cls(low, high)

    def __contains__(self, value: Decimal) -> bool:
        return not ((self.least is not None and value < self.least) or (self.most is not None and value > self.most))

    def __str__(self) -> str:
        return f"{_shown(self.least)} … {_shown(self.most)}"


def _bound(written: str) -> Decimal | None:
    try:
        found = Decimal(written.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _shown(bound: Decimal | None) -> str:
    return "" if bound is None else f"{bound}"


@dataclass(frozen=True)
class Known:
    """What a door knows of a device: number of the meter by code and type; its profile; seconds of real time.

    ``ranges``: what its values may be, by code and type, as far as the configuration says it.
    """

    meters: Mapping[tuple[str, str], int]
    profile: Profile
    seconds: int
    ranges: Mapping[tuple[str, str], Range]

    @classmethod
    def of(
        cls,
        meters: Mapping[tuple[str, str], int],
        profile: Profile,
        interval: int | None,
        ranges: Mapping[tuple[str, str], Range] | None = None,
    ) -> Known:
        """Real-time items come at the interval that was agreed with the device, else every quarter of an hour."""
        return cls(meters, profile, interval or metering_limit("seconds_between_readings"), ranges or {})


@dataclass(frozen=True)
class Aside:
    """One item that is not counted: its place among those given, as it came, what its mark says, and why."""

    place: int
    content: str
    digest: str
    valid: bool | None
    problem: Problem


@dataclass(frozen=True)
class Parted:
    """Readings (``places`` say which item each is), items set aside, and items that count and are doubtful (G215)."""

    points: Points
    places: tuple[int, ...]
    aside: tuple[Aside, ...]
    doubtful: tuple[Aside, ...]


def part(given: Sequence[object], known: Known) -> Parted:
    """Part items into readings (end of their period, millionths) and those set aside (G201 to G209).

    A value outside the range of its configuration counts and is doubtful (G215): no document lets a platform refuse it.
    """
    meters, at, values, places = [], [], [], []
    aside: list[Aside] = []
    doubtful: list[Aside] = []
    for place, one in enumerate(given):
        valid: bool | None = None
        try:
            fields = plain_fields(one, f"data[{place}]", known.profile)
            valid = known.profile.valid(fields.get("valid", ""))
            item = read_item(fields, f"data[{place}]", known.profile)
            end, value = _end(item, fields, place, known), _micro(item, fields, place)
            meter = _meter(item, fields, place, known)
        except ItemRefusedError as refused:
            aside.append(_aside(one, place, valid, refused.problem))
            continue
        expected = known.ranges.get((str(item.code), item.stat_type))
        if expected is not None and item.value not in expected:
            found = {"code": item.code, "found": fields.get("dataValue", "")[:80], "expected": str(expected)}
            doubtful.append(_aside(one, place, valid, Problem(OUT_OF_RANGE, f"data[{place}].dataValue", found)))
        meters.append(meter)
        at.append(end)
        values.append(value)
        places.append(place)
    return Parted(Points.of(meters, at, values), tuple(places), tuple(aside), tuple(doubtful))


def _aside(one: object, place: int, valid: bool | None, problem: Problem) -> Aside:
    return Aside(place, json.dumps(one, ensure_ascii=True), _digest(one, problem.number), valid, problem)


def _end(item: Item, fields: Mapping[str, str], place: int, known: Known) -> int:
    try:
        end = period_of(item.stat_type, item.at, known.seconds).end
        if not _first() <= end <= _last():
            raise ValueError
    except (ValueError, OverflowError):
        raise ItemRefusedError(
            Problem("G204", f"data[{place}].statDate", {"found": fields.get("statDate", "")})
        ) from None
    return int(end.timestamp())


def _first() -> dt.datetime:
    return dt.datetime(readings_limit("earliest_year"), 1, 1, tzinfo=BEIJING) + dt.timedelta(days=1)


def _last() -> dt.datetime:
    return dt.datetime(readings_limit("latest_year"), 12, 31, tzinfo=BEIJING)


def _micro(item: Item, fields: Mapping[str, str], place: int) -> int:
    try:
        return micro_from_text(str(item.value))
    except ValueError:
        found = fields.get("dataValue", "")[:80]
        raise ItemRefusedError(Problem("G205", f"data[{place}].dataValue", {"found": found})) from None


def _meter(item: Item, fields: Mapping[str, str], place: int, known: Known) -> int:
    if item.valid is False:
        raise ItemRefusedError(Problem("G206", f"data[{place}].valid", {"found": fields.get("valid", "")}))
    found = known.meters.get((str(item.code), item.stat_type))
    if found is None:
        values = {"code": item.code, "found": item.stat_type}
        raise ItemRefusedError(Problem(NOT_CONFIGURED, f"data[{place}].dataCode", values))
    return found


def _digest(one: object, number: str) -> str:
    same: object = [one.get(name) for name in _SAME] if isinstance(one, Mapping) and one.get("dataCode") else one
    return hashlib.sha256(json.dumps([number, same], sort_keys=True).encode()).hexdigest()
