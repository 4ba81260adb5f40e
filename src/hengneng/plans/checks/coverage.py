"""Checks P3: nothing of the document is left out, nothing is counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from hengneng.language import listed, message
from hengneng.plans.checks.quotes import ReadQuotes
from hengneng.plans.loader import HEAD_FILE, LoadedPlan
from hengneng.plans.model import PlanRule, Stated, Task
from hengneng.plans.reading import mentions
from hengneng.plans.text import numbers_in
from hengneng.problems import Problem


def findings(loaded: LoadedPlan, quoted: ReadQuotes) -> Iterator[Problem]:
    """All findings about coverage."""
    yield from _places(loaded)
    yield from _unprinted(loaded)
    yield from _waivers(loaded, quoted)
    yield from _numbers(loaded, quoted)
    yield from _clauses(loaded)
    yield from _notes(loaded)


def _places(loaded: LoadedPlan) -> Iterator[Problem]:
    plan = loaded.plan
    assessed = {place.code for place in plan.places if place.role == "assessed"}
    names = {place.code: place.name for place in plan.places}
    taken: dict[tuple[object, ...], dict[str, str]] = defaultdict(dict)
    lines: dict[tuple[object, ...], str] = {}
    for index, target in enumerate(plan.targets):
        group: tuple[object, ...] = (target.indicator, target.kind, target.base_year, target.due)
        lines.setdefault(group, loaded.where("targets", index))
        for code in plan.places_of(target):
            if code in taken[group]:
                yield Problem(
                    "P301",
                    loaded.where("targets", index),
                    {
                        "place": names[code],
                        "indicator": target.indicator,
                        "first": taken[group][code],
                        "second": target.id,
                    },
                )
            taken[group][code] = target.id
    for group, by_place in taken.items():
        missing = assessed - set(by_place)
        if missing and missing != assessed:
            shown = listed(sorted(names[code] for code in missing))
            yield Problem("P302", lines[group], {"indicator": str(group[0]), "missing": shown})


def _unprinted(loaded: LoadedPlan) -> Iterator[Problem]:
    """Where the document prints no value, no number is left over when a target is forgotten: the names must do."""
    plan = loaded.plan
    by_quote: dict[str, list[int]] = defaultdict(list)
    for index, target in enumerate(plan.targets):
        if target.value is None:
            by_quote[target.quote].append(index)
    for quote, indices in by_quote.items():
        had = {plan.targets[index].indicator for index in indices}
        words = {word: i.id for i in plan.indicators for word in i.words}
        named = {words[word] for word, _ in mentions(quote, tuple(words))}
        if named - had:
            yield Problem(
                "P309", loaded.where("targets", indices[0]), {"quote": quote, "missing": listed(sorted(named - had))}
            )


def _waivers(loaded: LoadedPlan, quoted: ReadQuotes) -> Iterator[Problem]:
    tasks_and_rules = {task.id for task in loaded.plan.tasks} | {rule.id for rule in loaded.plan.rules}
    for index, waiver in enumerate(loaded.plan.waived_numbers):
        where = loaded.where("waived_numbers", index)
        if waiver.see is not None and waiver.see not in tasks_and_rules:
            yield Problem(
                "P101", where, {"identifier": "waived_numbers", "what": message("aspect.task"), "name": waiver.see}
            )
        text = loaded.text_of(waiver.source)
        spans = text.find(waiver.quote)
        if not spans:
            continue
        claimed = quoted.claimed.setdefault(text.file, set())
        inside = [spans[0].start + n.span.start for n in numbers_in(text.narrow[spans[0].start : spans[0].end])]
        if len(spans) > 1:
            yield Problem("P304", where, {"quote": waiver.quote, "found": f"×{len(spans)}"})
        elif not inside:
            yield Problem("P304", where, {"quote": waiver.quote, "found": "0"})
        elif all(position in claimed for position in inside):
            yield Problem("P304", where, {"quote": waiver.quote, "found": "✓"})
        else:
            quoted.claim(text, spans[0])


def _numbers(loaded: LoadedPlan, quoted: ReadQuotes) -> Iterator[Problem]:
    for text in loaded.texts.values():
        claimed = quoted.claimed.get(text.file, set())
        for number in text.numbers:
            if not all(position in claimed for position in range(number.span.start, number.span.end)):
                shown = text.text[number.span.start : number.span.end]
                yield Problem(
                    "P303",
                    f"{text.file}:{text.line_number(number.span.start)}",
                    {
                        "line": text.line_number(number.span.start),
                        "number": shown,
                        "around": text.around(number.span),
                    },
                )


def _clauses(loaded: LoadedPlan) -> Iterator[Problem]:
    plan = loaded.plan
    parts: list[Sequence[Stated | Task | PlanRule]] = [
        plan.targets,
        plan.observations,
        plan.tasks,
        plan.rules,
    ]
    served = {entry.clause for part in parts for entry in part}
    for index, clause in enumerate(plan.clauses):
        if clause.id not in served:
            yield Problem("P305", loaded.where("clauses", index), {"clause": clause.id})


def _notes(loaded: LoadedPlan) -> Iterator[Problem]:
    plan = loaded.plan
    unassigned = sum(task.lead is None for task in plan.tasks)
    if unassigned:
        yield Problem("P306", "tasks.yaml", {"count": unassigned})
    for source in plan.head.sources:
        if source.confidence != "sourced":
            yield Problem("P307", HEAD_FILE, {"source": source.id, "confidence": source.confidence})
    for index, target in enumerate(plan.targets):
        if target.value_fixed_by is not None:
            yield Problem(
                "P308",
                loaded.where("targets", index),
                {"identifier": target.id, "authority": target.value_fixed_by.text()},
            )
