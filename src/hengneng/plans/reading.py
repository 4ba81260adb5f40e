"""Reading what a quote says, independently of what the data claim: values, base year, due date, direction, strength.

The words that carry these meanings are rule tables (``comparison_words``, ``strength_words``); this module only knows
where in a sentence to look for them.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from hengneng.plans.text import Span, numbers_in
from hengneng.rules import rule_table
from hengneng.rules.units import normal_spelling, spellings

_BASE_YEAR = re.compile(r"[比较](\d{4})年")
_YEAR_BEFORE = re.compile(r"比上年|比上一年|较上年|同比")
_DUE = re.compile(r"(?P<year>\d{4})年(?!度)(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?)?[底末]?")
_SPAN = re.compile(r"(\d{4})年?[—–-]+\d{4}年")
RESPECTIVELY = "分别"
# The word of the rule table strength_words for what a document merely hopes for.
HOPED_FOR = "hoped-for"
# Texts whose meaning is remembered: a plan has some hundred quotes, and they are read again at every change of it.
_READ_LATELY = 4096


@dataclass(frozen=True)
class Quantity:
    """A number with the unit printed after it, as it stands. ``unit`` is None when what follows is no unit."""

    span: Span
    value: Decimal
    unit: str | None
    printed: str

    def __str__(self) -> str:
        return self.printed


@cache
def _longest_spelling() -> int:
    return max(len(spelling) for spelling in spellings())


@lru_cache(_READ_LATELY)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of ``text`` with the unit that stands right behind it (the longest known spelling)."""
    known = spellings()
    longest = _longest_spelling()
    found = []
    for number in numbers_in(text):
        rest = normal_spelling(text[number.span.end : number.span.end + longest + 1])
        fitting = next((rest[:size] for size in range(len(rest), 0, -1) if rest[:size] in known), None)
        unit = known[fitting].code if fitting else None
        printed = text[number.span.start : number.span.end] + (fitting or "")
        found.append(Quantity(number.span, number.value, unit, printed))
    return tuple(found)


def base_years(text: str, due_year: int) -> list[tuple[int, Span]]:
    """Years that ``text`` compares with, each with where its digits stand; 上年 means the year before ``due_year``."""
    named = [(int(m.group(1)), Span(m.start(1), m.end(1))) for m in _BASE_YEAR.finditer(text)]
    before = [(due_year - 1, Span(m.start(), m.end())) for m in _YEAR_BEFORE.finditer(text)]
    return named + before


def first_years(text: str) -> list[int]:
    """First years of the spans that ``text`` names: 2016—2020年, or a five-year plan by its word (十三五)."""
    spans = [int(match.group(1)) for match in _SPAN.finditer(text)]
    plans = {e.key["word"]: int(e.value) for e in rule_table("planning_periods").entries if e.value is not None}
    return spans + [plans[word] for word, _ in mentions(text, tuple(plans))]


@lru_cache(_READ_LATELY)
def due_dates(text: str) -> tuple[tuple[dt.date, Span], ...]:
    """Last days of the dates in ``text``, years that are only compared with left out."""
    compared = {span.start for _, span in base_years(text, 0)}
    found = []
    for match in _DUE.finditer(text):
        if match.start("year") in compared:
            continue
        year, month = int(match["year"]), int(match["month"] or 12)
        day = int(match["day"]) if match["day"] else calendar.monthrange(year, month)[1]
        found.append((dt.date(year, month, day), Span(match.start(), match.end())))
    return tuple(found)


@dataclass(frozen=True)
class Meaning:
    """A word of the document and what the rule table says it means."""

    word: str
    means: str
    span: Span


@lru_cache(_READ_LATELY)
def _meanings(table: str, aspect: str, text: str) -> tuple[Meaning, ...]:
    """Words of ``table`` in ``text`` with their ``aspect``; of overlapping words the longest counts."""
    found: list[Meaning] = []
    entries = [entry for entry in rule_table(table).entries if entry.key["word"] in text]
    for entry in sorted(entries, key=lambda e: -len(e.key["word"])):
        means = (entry.text if aspect == "text" else entry.attributes[aspect]) or ""
        for match in re.finditer(re.escape(entry.key["word"]), text):
            span = Span(match.start(), match.end())
            if not any(span.start in other.span or other.span.start in span for other in found):
                found.append(Meaning(entry.key["word"], means, span))
    return tuple(sorted((m for m in found if m.means), key=lambda m: m.span.start))


def operator_words(text: str) -> tuple[Meaning, ...]:
    """Words that say at_least or at_most."""
    return _meanings("comparison_words", "operator", text)


def direction_words(text: str) -> tuple[Meaning, ...]:
    """Words that say that something falls (lower) or rises (higher)."""
    return _meanings("comparison_words", "direction", text)


def strength_words(text: str) -> tuple[Meaning, ...]:
    """Words that bind or hope."""
    return _meanings("strength_words", "text", text)


@lru_cache(_READ_LATELY)
def mentions(text: str, words: tuple[str, ...]) -> tuple[tuple[str, Span], ...]:
    """Which of ``words`` stand in ``text``, in order; where words overlap, the longest counts."""
    found: list[tuple[str, Span]] = []
    for word in sorted({word for word in words if word in text}, key=lambda w: (-len(w), w)):
        for match in re.finditer(re.escape(word), text):
            span = Span(match.start(), match.end())
            if not any(span.start in other or other.start in span for _, other in found):
                found.append((word, span))
    return tuple(sorted(found, key=lambda f: f[1].start))
