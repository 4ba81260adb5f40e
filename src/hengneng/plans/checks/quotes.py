"""Checks P2: what the data say is what the quoted words say.

Each statement is read twice: once by whoever wrote the data, once here from the quote alone. The two must agree on
value, unit, base year, direction, operator, due date, firmness, indicator and places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from hengneng.language import Text, listed
from hengneng.plans import reading
from hengneng.plans.loader import LoadedPlan
from hengneng.plans.model import Kind, Operator, Stated, Strength, Target, Task
from hengneng.plans.text import SourceText, Span
from hengneng.problems import Problem
from hengneng.rules.divisions import division, divisions, subject_code

_PART_ENDS = "，；。\n"


@dataclass
class ReadQuotes:
    """Findings of the reading, and which characters of which source text are claimed by a statement."""

    problems: list[Problem] = field(default_factory=list)
    claimed: dict[str, set[int]] = field(default_factory=dict)

    def claim(self, text: SourceText, span: Span) -> None:
        """Mark the characters of ``span`` as claimed."""
        self.claimed.setdefault(text.file, set()).update(range(span.start, span.end))


@dataclass(frozen=True)
class Passage:
    """A statement with its quote in its place. ``value_at`` is where its value stands (None: no value printed)."""

    stated: Stated
    text: SourceText
    span: Span
    where: str
    value_at: Span | None

    @property
    def quote(self) -> str:
        """The quote with narrow digits."""
        return self.text.narrow[self.span.start : self.span.end]

    @property
    def position(self) -> int:
        """Where the statement culminates: its value, or the end of its quote."""
        return self.value_at.start if self.value_at else self.span.end

    @property
    def part(self) -> str:
        """The part of the sentence around the value, between commas; without a value the whole quote."""
        if self.value_at is None:
            return self.quote
        text = self.text.narrow
        start = max(text.rfind(end, 0, self.position) for end in _PART_ENDS) + 1
        stops = [stop for end in _PART_ENDS if (stop := text.find(end, self.position)) >= 0]
        return text[start : min(stops, default=len(text))]

    def problem(self, number: str, **values: object) -> Problem:
        """A finding about this statement."""
        return Problem(number, self.where, {"identifier": self.stated.id, **values})


def read_all(loaded: LoadedPlan) -> ReadQuotes:
    """Read every quote of the plan."""
    read = ReadQuotes()
    for part in ("targets", "observations"):
        for index, stated in enumerate(getattr(loaded.plan, part)):
            _read_stated(loaded, stated, loaded.where(part, index), read)
    for index, task in enumerate(loaded.plan.tasks):
        _read_task(loaded, task, loaded.where("tasks", index), read)
    for part in ("clauses", "rules", "waived_numbers"):
        for index, entry in enumerate(getattr(loaded.plan, part)):
            quotes = entry.quotes if part == "clauses" else [entry.quote]
            for quote in quotes:
                _find(loaded, quote, entry.source, getattr(entry, "id", part), loaded.where(part, index), read)
    for organisation in loaded.plan.head.organisations:
        if organisation.quote:
            _find(loaded, organisation.quote, organisation.source, organisation.id, "plan.yaml", read)
    return read


def _find(
    loaded: LoadedPlan, quote: str, source: str | None, identifier: str, where: str, read: ReadQuotes
) -> tuple[SourceText, tuple[Span, ...]]:
    text = loaded.text_of(source)
    spans = text.find(quote)
    if not spans:
        read.problems.append(
            Problem("P201", where, {"identifier": identifier, "file": text.file, "quote": _short(quote)})
        )
    return text, spans


def _read_stated(loaded: LoadedPlan, stated: Stated, where: str, read: ReadQuotes) -> None:
    text, spans = _find(loaded, stated.quote, stated.source, stated.id, where, read)
    for name, words in stated.reads:
        if words is not None:
            _find(loaded, words, stated.source, f"{stated.id}, reads.{name}", where, read)
    if not spans:
        return
    if len(spans) > 1:
        read.problems.append(
            Problem("P202", where, {"identifier": stated.id, "count": len(spans), "quote": _short(stated.quote)})
        )
        return
    passage, problems = _locate_value(loaded, stated, text, spans[0], where, read)
    read.problems += problems
    if passage is None:
        return
    if passage.value_at:
        read.claim(text, passage.value_at)
    read.problems += _clause(loaded, passage)
    read.problems += _indicator(loaded, passage)
    read.problems += _places(loaded, passage)
    if isinstance(stated, Target):
        read.problems += _base_year(passage, stated, read)
        read.problems += _direction(passage, stated)
        read.problems += _operator(passage, stated)
        read.problems += _first_year(passage, stated)
        read.problems += _due(loaded, passage, stated, read)
        read.problems += _strength(passage, stated)


def _clause(loaded: LoadedPlan, passage: Passage) -> Iterator[Problem]:
    """A statement stands among the words of its clause: between the first and the last of them.

    A transcription has tables, whose head is quoted by the clause and whose cells by the targets: nothing to compare.
    """
    if any(s.kind != "full_text" and s.file == passage.text.file for s in loaded.plan.head.sources):
        return
    clause = loaded.plan.clause(passage.stated.clause)
    spans = [span for quote in clause.quotes for span in loaded.text_of(clause.source).find(quote)]
    same_text = loaded.text_of(clause.source).file == passage.text.file
    if spans and not (same_text and min(s.start for s in spans) <= passage.position <= max(s.end for s in spans)):
        yield passage.problem("P211", value=clause.id)


def _locate_value(
    loaded: LoadedPlan, stated: Stated, text: SourceText, span: Span, where: str, read: ReadQuotes
) -> tuple[Passage | None, list[Problem]]:
    bare = Passage(stated, text, span, where, None)
    if stated.value is None:
        return bare, []
    printed = reading.quantities(bare.quote)
    # As printed, digit for digit: 1.0 is not 1, for the digits say how precisely a target is meant.
    wanted = stated.value.as_tuple()
    fitting = [q for q in printed if q.value.as_tuple() == wanted and q.unit == stated.unit]
    if not fitting:
        # The unit of a printed number is a code; numbers without a unit are years and the like.
        shown = listed([str(q) for q in printed if q.unit] or [str(q) for q in printed])
        for number in printed:
            read.claim(text, Span(span.start + number.span.start, span.start + number.span.end))
        return None, [bare.problem("P203", value=stated.value, unit=stated.unit, found=shown)]
    passages = [
        Passage(stated, text, span, where, Span(span.start + q.span.start, span.start + q.span.end)) for q in fitting
    ]
    agreeing = [p for p in passages if not list(_indicator(loaded, p))]
    return (agreeing or passages)[0], []


def _named_before(loaded: LoadedPlan, passage: Passage) -> tuple[str | None, Text]:
    """The indicator word that the quote puts before the value, and all indicator words it has."""
    found = reading.mentions(passage.quote, loaded.indicator_words)
    shown = listed(word for word, _ in found)
    if passage.value_at is None:
        own = set(loaded.plan.indicator(passage.stated.indicator).words)
        return next((word for word, _ in found if word in own), None), shown
    at = passage.value_at.start - passage.span.start
    before = [(word, span) for word, span in found if span.end <= at]
    same_unit = [q for q in reading.quantities(passage.quote) if q.unit == passage.stated.unit]
    if reading.RESPECTIVELY in passage.quote and len(same_unit) > 1:
        first = same_unit[0].span.start
        named = [word for word, span in found if span.end <= first]
        order = [q.span.start for q in same_unit].index(at)
        return (named[-len(same_unit) :][order] if len(named) >= len(same_unit) else None), shown
    return (before[-1][0] if before else None), shown


def _indicator(loaded: LoadedPlan, passage: Passage) -> Iterator[Problem]:
    own = set(loaded.plan.indicator(passage.stated.indicator).words)
    named, shown = _named_before(loaded, passage)
    if named is None and passage.stated.reads.indicator:
        elsewhere = reading.mentions(passage.stated.reads.indicator, loaded.indicator_words)
        named = elsewhere[-1][0] if elsewhere else None
        shown = listed(word for word, _ in elsewhere)
    if named not in own:
        yield passage.problem("P209", value=passage.stated.indicator, found=shown)


def _places(loaded: LoadedPlan, passage: Passage) -> Iterator[Problem]:
    plan, codes = loaded.plan, _registered_names() | loaded.place_codes
    in_quote = {word: codes[word] for word, _ in reading.mentions(passage.quote, tuple(codes))}
    subjects = {subject_code(code) for code in plan.places_of(passage.stated)}
    region = {subject_code(p.code) for p in plan.places if p.role == "region"}
    named = {word: subject_code(code) for word, code in in_quote.items()}
    if not set(named.values()) <= region or subjects <= region:
        # Beside its parts, or in a statement about itself, the region may be named in passing.
        named = {word: subject for word, subject in named.items() if subject not in region}
    missing = sorted(word for word, subject in named.items() if subject not in subjects)
    extra: list[str] = []
    if isinstance(passage.stated.places, list):
        names = {subject_code(place.code): place.name for place in plan.places}
        unnamed = set() if subjects - region else region
        extra = sorted(names[s] for s in subjects - set(named.values()) - unnamed)
    if missing or extra:
        yield passage.problem("P210", missing=listed(missing), extra=listed(extra))


@cache
def _registered_names() -> dict[str, str]:
    """Names of regions, prefectures, assessed units and cities directly under a region: how a quote names a place."""
    levels = ("region", "prefecture", "assessed-unit")
    return {
        name: one.code
        for one in divisions()
        if one.level in levels or (one.parent and division(one.parent).level == "group")
        for name in (one.name.zh, *one.aliases)
        if len(name) > 1
    }


def _base_year(passage: Passage, target: Target, read: ReadQuotes) -> Iterator[Problem]:
    if target.base_year is None:
        return
    elsewhere = target.reads.base_year
    words = elsewhere or passage.quote
    found = reading.base_years(words, target.due.year)
    offset = passage.text.find(elsewhere)[0].start if elsewhere and passage.text.find(elsewhere) else passage.span.start
    before = [f for f in found if offset + f[1].start <= passage.position] or found
    for _, span in found:
        read.claim(passage.text, Span(offset + span.start, offset + span.end))
    if not before or before[-1][0] != target.base_year:
        shown = listed(words[s.start - 1 : s.end + 1] for _, s in found)
        yield passage.problem("P204", value=target.base_year, found=shown)


def _direction(passage: Passage, target: Target) -> Iterator[Problem]:
    words = reading.direction_words(passage.part)
    falls = [w for w in words if w.means == "lower"]
    if target.kind.is_reduction and not falls:
        found = listed(w.word for w in words)
        yield passage.problem("P205", value=target.kind, found=found, expected="下降/降低")
    if not target.kind.is_reduction and falls:
        yield passage.problem("P205", value=target.kind, found=falls[0].word, expected="reduction / 下降")


def _operator(passage: Passage, target: Target) -> Iterator[Problem]:
    words = reading.operator_words(target.reads.operator or passage.part)
    if not words:
        meant, found = Operator.AT_LEAST, passage.part
        if target.kind is Kind.CAP:
            yield passage.problem("P206", value=target.operator, found=found, expected="—")
            return
    else:
        chosen = words[-1]
        if chosen.means not in (Operator.AT_LEAST, Operator.AT_MOST):
            yield passage.problem("P206", value=target.operator, found=chosen.word, expected="—")
            return
        meant, found = Operator(chosen.means), chosen.word
    if target.operator is not meant:
        yield passage.problem("P206", value=target.operator, found=_short(found), expected=meant)


def _first_year(passage: Passage, target: Target) -> Iterator[Problem]:
    found = reading.first_years(passage.quote)
    if target.first_year is not None and target.first_year not in found:
        yield passage.problem("P212", value=target.first_year, found=listed(map(str, found)))
    if target.first_year is None and found and target.kind in (Kind.CAP, Kind.AMOUNT):
        yield passage.problem("P212", value="—", found=listed(map(str, found)))


def _due(loaded: LoadedPlan, passage: Passage, target: Target, read: ReadQuotes) -> Iterator[Problem]:
    found = _dates(loaded, passage.text, passage.span, passage.position, target.reads.due, read)
    if found is None:
        yield passage.problem("P207", value=target.due, found=f"“{_short(target.reads.due or '')}” (…)")
    elif not found or found[-1] != target.due:
        yield passage.problem("P207", value=target.due, found=listed(map(str, found)))


def _dates(
    loaded: LoadedPlan, text: SourceText, quote: Span, position: int, elsewhere: str | None, read: ReadQuotes
) -> list[dt.date] | None:
    """Dates that the quote, or the words elsewhere that settle it, give up to ``position``; else those after it.

    None when the words elsewhere govern nothing here: they come before in the same paragraph, or stand in the title.
    """
    words, offset = text.text[quote.start : quote.end], quote.start
    if elsewhere is not None:
        spans = [span for span in text.find(elsewhere) if _governs(loaded, text, span, position)]
        if not spans:
            return None
        words, offset = elsewhere, spans[-1].start
    found = [(due, Span(offset + span.start, offset + span.end)) for due, span in reading.due_dates(words)]
    for _, span in found:
        read.claim(text, span)
    before = [due for due, span in found if span.start <= position]
    return before or [due for due, _ in found]


def _governs(loaded: LoadedPlan, text: SourceText, span: Span, position: int) -> bool:
    same_paragraph = text.paragraph(span.start) == text.paragraph(position) and span.start <= position
    line = text.paragraph(span.start)
    in_title = text.text[line.start : line.end].strip("　 ") == loaded.plan.head.title.zh
    return same_paragraph or in_title


def _strength(passage: Passage, target: Target) -> Iterator[Problem]:
    sentence = passage.text.sentence(passage.position)
    stop = passage.position if passage.value_at else passage.span.end
    words = target.reads.strength or passage.text.text[sentence.start : stop]
    found = reading.strength_words(words)
    hoped = [w for w in found if w.means == reading.HOPED_FOR]
    meant = Strength.HOPED_FOR if hoped else Strength.BINDING
    if target.strength is not meant:
        shown = hoped[-1].word if hoped else _short(words, 30)
        yield passage.problem("P208", value=target.strength, found=shown, expected=meant)


def _read_task(loaded: LoadedPlan, task: Task, where: str, read: ReadQuotes) -> None:
    text, spans = _find(loaded, task.quote, task.source, task.id, where, read)
    if not spans:
        return
    if task.reads.due:
        _find(loaded, task.reads.due, task.source, f"{task.id}, reads.due", where, read)
    found = _dates(loaded, text, spans[0], spans[0].end, task.reads.due, read)
    allowed = {loaded.plan.head.in_force.last} if found == [] else set(found or ())
    if task.due not in allowed:
        shown = listed((str(due) for due in sorted(allowed)), nothing=f"“{_short(task.reads.due or '')}” (…)")
        read.problems.append(Problem("P207", where, {"identifier": task.id, "value": task.due, "found": shown}))


def _short(words: str, size: int = 40) -> str:
    return words if len(words) <= size else f"{words[:size]}…"
