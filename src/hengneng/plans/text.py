"""The source text of a plan: where quotes stand, which numbers it has, how its sentences and paragraphs part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

# Character for character, so that positions in the source stay valid.
_NARROW = str.maketrans("０１２３４５６７８９．％，", "0123456789.%，")

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_SENTENCE_ENDS = "。；！？\n"


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` (end excluded) of a source text."""

    start: int
    end: int

    def __contains__(self, position: int) -> bool:
        return self.start <= position < self.end


@dataclass(frozen=True)
class PrintedNumber:
    """A number as it stands in the text, with its exact value."""

    span: Span
    value: Decimal


@dataclass(frozen=True)
class SourceText:
    """The text of one source file."""

    file: str
    text: str

    @cached_property
    def narrow(self) -> str:
        """The text with full-width digits, points and percent signs made narrow; same length, same positions."""
        return self.text.translate(_NARROW)

    @cached_property
    def numbers(self) -> tuple[PrintedNumber, ...]:
        """Every number in Arabic digits, in order."""
        return tuple(numbers_in(self.narrow))

    def find(self, quote: str) -> tuple[Span, ...]:
        """Every place where ``quote`` stands verbatim."""
        found = self._found.get(quote)
        if found is None:
            spans, at = [], self.text.find(quote)
            while at >= 0:
                spans.append(Span(at, at + len(quote)))
                at = self.text.find(quote, at + 1)
            found = self._found[quote] = tuple(spans)
        return found

    @cached_property
    def _found(self) -> dict[str, tuple[Span, ...]]:
        """Where quotes stand that have been looked for: several checks ask for the same ones."""
        return {}

    def sentence(self, position: int) -> Span:
        """The sentence around ``position``."""
        return self._between(position, _SENTENCE_ENDS)

    def paragraph(self, position: int) -> Span:
        """The paragraph (line) around ``position``."""
        return self._between(position, "\n")

    def _between(self, position: int, ends: str) -> Span:
        start = max(self.text.rfind(end, 0, position) for end in ends) + 1
        stops = [stop for end in ends if (stop := self.text.find(end, position)) >= 0]
        return Span(start, min(stops, default=len(self.text)))

    def line_number(self, position: int) -> int:
        """Line of ``position``, counted from 1."""
        return self.text.count("\n", 0, position) + 1

    def around(self, span: Span, characters: int = 12) -> str:
        """The words around a span, on one line, for messages."""
        return self.text[max(0, span.start - characters) : span.end + characters].replace("\n", " ").strip()


def numbers_in(text: str) -> Iterator[PrintedNumber]:
    """The numbers of ``text`` (narrow digits), in order."""
    for found in NUMBER.finditer(text):
        yield PrintedNumber(Span(found.start(), found.end()), Decimal(found.group().replace(",", "")))
