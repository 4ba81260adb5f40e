"""Items of a request, parted into readings of the store and what is set aside with its reason."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hengneng.key_units.items import Item, ItemRefusedError, Profile, plain_fields, read_item
from hengneng.key_units.periods import BEIJING, period_of
from hengneng.metering.limits import limit as metering_limit
from hengneng.problems import Problem
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.points import Points, micro_from_text

# What makes two items the same although they were sent at different moments.
_SAME = ("dataCode", "statType", "statDate", "dataValue", "valid")
NOT_CONFIGURED = "G207"


@dataclass(frozen=True)
class Known:
    """What a door knows of a device: number of the meter by code and type; its profile; seconds of real time."""

    meters: Mapping[tuple[str, str], int]
    profile: Profile
    seconds: int

    @classmethod
    def of(cls, meters: Mapping[tuple[str, str], int], profile: Profile, interval: int | None) -> Known:
        """Real-time items come at the interval that was agreed with the device, else every quarter of an hour."""
        return cls(meters, profile, interval or metering_limit("seconds_between_readings"))


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
    """Readings (``places`` say which item each is) and items set aside."""

    points: Points
    places: tuple[int, ...]
    aside: tuple[Aside, ...]


def part(given: Sequence[object], known: Known) -> Parted:
    """Part items into readings (end of their period, millionths) and those set aside (G201 to G209)."""
    meters, at, values, places = [], [], [], []
    aside: list[Aside] = []
    for place, one in enumerate(given):
        valid: bool | None = None
        try:
            fields = plain_fields(one, f"data[{place}]", known.profile)
            valid = known.profile.valid(fields.get("valid", ""))
            item = read_item(fields, f"data[{place}]", known.profile)
            end, value = _end(item, fields, place, known), _micro(item, fields, place)
            meter = _meter(item, fields, place, known)
        except ItemRefusedError as refused:
            content = json.dumps(one, ensure_ascii=True)
            aside.append(Aside(place, content, _digest(one, refused.problem.number), valid, refused.problem))
            continue
        meters.append(meter)
        at.append(end)
        values.append(value)
        places.append(place)
    return Parted(Points.of(meters, at, values), tuple(places), tuple(aside))


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
