"""What stands in a message: topic, sequence, items; and what is said back.

Two forms of JSON, of which each item names a meter, a time and a value:

    {"sequence": 17, "items": [{"meter": "HS-E-01", "time": "2026-06-01T08:15:00+08:00", "value": 1024.5}]}
    {"seq": 17, "ts": "2026-06-01T08:15:00+08:00", "items": [{"code": "HS-E-01", "value": 1024.5, "flag": "N"}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hengneng.gateways.mqtt.limits import limit
from hengneng.language import LANGUAGES
from hengneng.metering.intake import KnownMeters, micro_of, seconds_of
from hengneng.problems import Problem
from hengneng.readings.points import Points

READINGS, STATUS, ACKNOWLEDGED = "readings", "status", "acknowledged"
NORMAL = ("", "N")  # flag of a value in which nothing is wrong (HJ 212-2017, table 8)
# Numbers stay as they are written, so that no digit is lost on the way.
_JSON = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_METER, _TIME = ("meter", "code"), ("time", "ts")
_SHOWN = 80  # characters of what was found, in a message


class BadMessageError(Exception):
    """A message that is not taken as a whole: why, and its sequence as far as it could be read."""

    def __init__(self, problem: Problem, sequence: int | None = None) -> None:
        self.problem, self.sequence = problem, sequence
        super().__init__(problem.number)


@dataclass(frozen=True)
class Address:
    """What a topic says: unit, device, and what the message is about."""

    unit: str
    device: str
    kind: str


@dataclass(frozen=True)
class Message:
    """A message as it was sent; ``time`` is that of all items that have none of their own."""

    sequence: int
    time: str
    items: Sequence[Any]


@dataclass
class Taken:
    """What is taken of a message, and what is refused: number of the item from 1, and why."""

    points: Points
    count: int = 0
    problems: list[tuple[int, Problem]] = field(default_factory=list)

    def refuse(self, item: int, number: str, **values: object) -> None:
        """Note one item."""
        self.count += 1
        if len(self.problems) < limit("problems_in_acknowledgement"):
            self.problems.append((item, Problem(number, f"items:{item}", values)))


def topic_of(prefix: str, unit: str, device: str, kind: str) -> str:
    """``prefix/unit/device/kind``."""
    return f"{prefix}/{unit}/{device}/{kind}"


def address_of(prefix: str, topic: str) -> Address | None:
    """The address in a topic; None when it is not one of ours."""
    parts = topic.removeprefix(f"{prefix}/").split("/")
    if not topic.startswith(f"{prefix}/") or len(parts) != 3:
        return None
    return Address(*parts)


def read_message(payload: bytes) -> Message:
    """Read a message. BadMessageError G302 to G305, G312."""
    if len(payload) > limit("bytes_of_message"):
        values = {"found": len(payload), "expected": limit("bytes_of_message")}
        raise BadMessageError(Problem("G304", READINGS, values))
    try:
        found = _JSON.decode(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadMessageError(Problem("G302", READINGS, {"found": shown(payload.decode("utf-8", "replace"))}))
    sequence = _sequence(found)
    items = found.get("items")
    if not isinstance(items, list):
        raise BadMessageError(Problem("G302", "items", {"found": shown(items)}), sequence)
    if not items:
        raise BadMessageError(Problem("G312", "items"), sequence)
    if len(items) > limit("items_in_message"):
        values = {"found": len(items), "expected": limit("items_in_message")}
        raise BadMessageError(Problem("G305", "items", values), sequence)
    time = _first(found, _TIME)
    return Message(sequence, time if isinstance(time, str) else "", items)


def _sequence(found: Mapping[str, Any]) -> int:
    written = _first(found, ("sequence", "seq"))
    most = limit("characters_in_sequence")
    if not isinstance(written, str) or len(written) > most or not (written.isascii() and written.isdecimal()):
        raise BadMessageError(Problem("G303", "sequence", {"found": shown(written), "expected": most}))
    return int(written)


def take_items(message: Message, meters: KnownMeters) -> Taken:
    """The readings of a message for ``meters``. Refused item by item: G309, G310, E201, E202, E203."""
    taken = Taken(Points.empty())
    numbers: list[int] = []
    times: list[int] = []
    values: list[int] = []
    for place, item in enumerate(message.items, start=1):
        if not isinstance(item, dict):
            taken.refuse(place, "G309", found=shown(item))
            continue
        meter, time, value = _first(item, _METER), _first(item, _TIME, message.time), item.get("value")
        if not (isinstance(meter, str) and isinstance(time, str) and isinstance(value, str)):
            taken.refuse(place, "G309", found=shown(item))
            continue
        flag = item.get("flag")
        number, at, micro = meters.find(meter), seconds_of(time), micro_of(value)
        if flag is not None and flag not in NORMAL:
            taken.refuse(place, "G310", found=shown(flag))
        elif not number:
            taken.refuse(place, "E201", found=shown(meter), count=1)
        elif at is None:
            taken.refuse(place, "E202", found=shown(time))
        elif micro is None:
            taken.refuse(place, "E203", found=shown(value))
        else:
            numbers.append(number)
            times.append(at)
            values.append(micro)
    taken.points = Points.of(numbers, times, values)
    return taken


def acknowledgement(
    sequence: int | None,
    *,
    taken: int = 0,
    refused: int = 0,
    arrival: int | None = None,
    problems: Sequence[tuple[int | None, Problem]] = (),
    again: int = 0,
) -> bytes:
    """What is said back. ``again``: nothing was decided, the device sends the message again after so many seconds."""
    content: dict[str, object] = {"sequence": sequence, "taken": taken, "refused": refused, "arrival": arrival}
    if again:
        content["again"] = again
    content["problems"] = [_told(item, problem) for item, problem in problems]
    # What was found may hold halves of characters, which JSON can say and UTF-8 cannot.
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _told(item: int | None, problem: Problem) -> dict[str, object]:
    texts = {language: problem.text(language) for language in LANGUAGES}
    named = {} if item is None else {"item": item}
    return {**named, "check": problem.number, "where": problem.where, "text": texts}


def _first(found: Mapping[str, Any], names: Sequence[str], otherwise: Any = None) -> Any:
    # Asked for every item of every message: a loop costs half of what a generator does.
    for name in names:
        value = found.get(name)
        if value is not None:
            return value
    return otherwise


def shown(found: object) -> str:
    """What was found, for a message: some characters of it, an em dash where nothing was."""
    text = found if isinstance(found, str) else "—" if found is None else json.dumps(found, ensure_ascii=False)
    return text[:_SHOWN]
