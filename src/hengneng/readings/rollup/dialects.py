"""The one template of the roll-up, and the few words that engines write differently."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hengneng.readings.limits import limit
from hengneng.readings.points import DAY

_TEMPLATE = Path(__file__).with_name("template.sql")
_PART = re.compile(r"^-- part: (\w+)\n(.*?)(?=^-- part: |\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
HOURS_OF_A_DAY = 24


@dataclass(frozen=True)
class Dialect:
    """``div``: whole division; ``wide``: whole numbers beyond 64 bits; ``each_hour``, ``each_day``: a row for
    each hour of an interval, or day of a state.

    ``window_days``: a table of the days of the window, counted from 0, with ``{days}`` for how many there are.
    """

    name: str
    div: str
    wide: str
    each_hour: str
    each_day: str
    window_days: str


DUCKDB = Dialect(
    name="duckdb",
    div="//",
    wide="HUGEINT",
    each_hour="unnest(range(first_hour, last_hour + 1))",
    each_day="unnest(range(first_day, last_day + 1))",
    window_days="(SELECT CAST(range AS INTEGER) AS day FROM range({days}))",
)
SPARK = Dialect(
    name="spark",
    div="DIV",
    wide="DECIMAL(38, 0)",
    each_hour="explode(sequence(first_hour, last_hour))",
    each_day="explode(sequence(first_day, last_day))",
    window_days="(SELECT CAST(id AS INT) AS day FROM range({days}))",
)


@cache
def parts() -> Mapping[str, str]:
    """The parts of the template by name, without comments."""
    return {name: _COMMENT.sub("", text).strip() for name, text in _PART.findall(_TEMPLATE.read_text("utf-8"))}


def statement(part: str, dialect: Dialect, start: int, end: int, **words: object) -> str:
    """The ``part`` for whole days from ``start`` to ``end`` (seconds UTC); ``words`` are those of the part."""
    days = (end - start) // DAY
    return parts()[part].format(
        start=start,
        end=end,
        longest=limit("longest_interval_seconds"),
        div=dialect.div,
        wide=dialect.wide,
        each_hour=dialect.each_hour,
        each_day=dialect.each_day,
        window_days=dialect.window_days.format(days=days),
        **words,
    )
