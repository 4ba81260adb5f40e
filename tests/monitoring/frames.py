"""Frames for the tests of monitoring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hengneng.hj212 import new_message
from hengneng.hj212.times import BEIJING, written_time

MN = "010000A8900016F000169DC0"
BEGIN = dt.datetime(2026, 6, 1, tzinfo=BEIJING)
Group = Sequence[tuple[str, str]]


def frame(command: str, at: dt.datetime | str, *groups: Group, mn: str = MN, key: bytes | None = None) -> bytes:
    """A frame of 2017 with values for a time."""
    time = at if isinstance(at, str) else written_time(at)
    parameters = [(("DataTime", time),), *groups]
    made = new_message("2017", qn="20260601000000000", st="31", cn=command, mn=mn, ack=True, parameters=parameters)
    return made.frame(key=key)


def group(factor: str, flag: str = "N", **attributes: object) -> Group:
    """The attributes of a factor, its flag last; no flag when it is empty."""
    items = [(f"{factor}-{name}", str(value)) for name, value in attributes.items()]
    return [*items, (f"{factor}-Flag", flag)] if flag else items
