"""The source text of a plan beside its clauses: paragraphs with the quoted words marked, clauses where they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hengneng.plans.model import Clause, Plan, PlanRule, SourceDocument, Target, Task
from hengneng.plans.text import SourceText, Span
from hengneng.registry.models import PlanEdition
from hengneng.standing.plans import plan_of


@dataclass(frozen=True)
class Piece:
    """Words of a paragraph; ``clauses`` are the ids of those that quote them."""

    text: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class ClauseShown:
    """A clause with all that rests on it."""

    clause: Clause
    targets: list[Target]
    tasks: list[Task]
    rules: list[PlanRule]


@dataclass
class Paragraph:
    """A paragraph of the source, and the clauses whose first quote stands in it."""

    pieces: list[Piece]
    clauses: list[ClauseShown] = field(default_factory=list)


@dataclass(frozen=True)
class DocumentShown:
    """One source document."""

    source: SourceDocument
    paragraphs: list[Paragraph]


def documents_of(edition: PlanEdition) -> list[DocumentShown]:
    """Every source document that a clause quotes, in the order of the plan."""
    plan = plan_of(edition)
    clauses = _with_parts(plan)
    first = plan.head.sources[0].id
    shown = []
    for source in plan.head.sources:
        own = [one for one in clauses if (one.clause.source or first) == source.id]
        if own or source.id == first:
            text = SourceText(source.file, edition.texts[source.id])
            shown.append(DocumentShown(source, _paragraphs(text, own)))
    return shown


def _with_parts(plan: Plan) -> list[ClauseShown]:
    targets: dict[str, list[Target]] = defaultdict(list)
    tasks: dict[str, list[Task]] = defaultdict(list)
    rules: dict[str, list[PlanRule]] = defaultdict(list)
    for target in plan.targets:
        targets[target.clause].append(target)
    for task in plan.tasks:
        tasks[task.clause].append(task)
    for rule in plan.rules:
        rules[rule.clause].append(rule)
    return [ClauseShown(one, targets[one.id], tasks[one.id], rules[one.id]) for one in plan.clauses]


def _paragraphs(source: SourceText, clauses: Sequence[ClauseShown]) -> list[Paragraph]:
    marked = [
        (span, one.clause.id) for one in clauses for quote in one.clause.quotes for span in source.find(quote)
    ]
    bounds = _lines(source.text)
    paragraphs = [Paragraph(_pieces(source.text, bound, marked)) for bound in bounds]
    for one in clauses:
        starts = [span.start for quote in one.clause.quotes for span in source.find(quote)]
        at = next((i for i, bound in enumerate(bounds) if starts and min(starts) in bound), 0)
        paragraphs[at].clauses.append(one)
    return paragraphs


def _lines(text: str) -> list[Span]:
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            found.append(Span(at, at + len(line)))
        at += len(line)
    return found or [Span(0, 0)]


def _pieces(text: str, bound: Span, marked: Sequence[tuple[Span, str]]) -> list[Piece]:
    inside = [(max(s.start, bound.start), min(s.end, bound.end), clause) for s, clause in marked
              if s.start < bound.end and s.end > bound.start]
    cuts = sorted({bound.start, bound.end, *(start for start, _, _ in inside), *(end for _, end, _ in inside)})
    pieces = []
    for start, end in pairwise(cuts):
        clauses = dict.fromkeys(clause for first, last, clause in inside if first <= start and end <= last)
        pieces.append(Piece(text[start:end].strip("\n\u3000\ufeff"), tuple(clauses)))
    return [piece for piece in pieces if piece.text]
