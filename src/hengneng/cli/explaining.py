"""`hengneng explain FIGURE`: from a verdict down to the cell of a file and the words of a clause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import click

from hengneng.cli.output import json_option, marks_in_words, number, print_json, said, shown_time, words
from hengneng.formulas import formulas
from hengneng.language import Text
from hengneng.problems import Problem, RefusedError
from hengneng.rules.units import unit
from hengneng.trace import Figure, Source

MINIMUM_DIGITS = 6


@click.command(help=words("cli.explain.help"))
@click.argument("figure", metavar="FIGURE")
@json_option
def explain(figure: str, as_json: bool) -> None:
    """Explain a figure or a verdict."""
    from hengneng.cli.records import ready

    ready()
    if "/" in figure:
        verdict, found = _by_name(figure)
    else:
        verdict, found = None, _by_digest(figure)
    if as_json:
        print_json({"verdict": verdict, "digest": found.digest, "figure": found.to_json()})
        return
    for line in (*(_verdict_lines(verdict) if verdict else ()), *derivation_lines(found)):
        click.echo(line)


def _by_digest(written: str) -> Figure:
    from hengneng.standing.models import StoredFigure
    from hengneng.standing.storing import load_figure

    if len(written) < MINIMUM_DIGITS:
        raise _no_figure(written, words("cli.explain.too_short", count=MINIMUM_DIGITS))
    found = list(StoredFigure.objects.filter(digest__startswith=written.lower()).values_list("digest", flat=True)[:3])
    if len(found) != 1:
        raise _no_figure(written, words("cli.explain.ambiguous" if found else "cli.explain.none"))
    return load_figure(found[0])


def _by_name(written: str) -> tuple[dict[str, Any], Figure]:
    """PLAN/TARGET/PLACE/PERIOD with, if wanted, the role of one of its figures."""
    from hengneng.cli.standing import read_standing
    from hengneng.standing.storing import load_figure

    parts = written.split("/")
    if len(parts) not in (4, 5):
        raise _no_figure(written, "PLAN/TARGET/PLACE/PERIOD[/ROLE]")
    plan, target, place, period, *role = parts
    rows = [row for row in read_standing(plan, period, None, place).rows if row.target.id == target]
    if not rows:
        raise _no_figure(written, words("cli.explain.no_target", target=target))
    content = dict(rows[0].content)
    figures: Mapping[str, Any] = content["figures"]
    chosen = role[0] if role else content["deciding"] or next(iter(figures), "")
    if chosen not in figures:
        raise _no_figure(written, ", ".join(figures) or said(rows[0].reason or Text(zh="—", en="—")))
    shown = {
        **content,
        "place_name": {"zh": rows[0].place_name.zh, "en": rows[0].place_name.en},
        "role": chosen,
    }
    return shown, load_figure(figures[chosen]["figure"])


def _no_figure(written: str, expected: str) -> RefusedError:
    return RefusedError(Problem("C002", "FIGURE", {"found": written, "expected": expected}))


def _verdict_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    place = said(Text(**verdict["place_name"]))
    yield f"{verdict['plan']} · {verdict['target']} · {place} · {verdict['period']}"
    yield f"{words('cli.explain.verdict')}: {words('verdict.' + verdict['verdict'])}"
    if verdict["warning"]:
        warning = verdict["warning"]
        yield f"{words('evaluation.warning')}: {said(Text(**warning['label']))}"
    for entry in verdict["consequences"]:
        yield f"{words('cli.explain.consequence')}: {entry['consequence']} ({entry['rule']})"
    others = [role for role in verdict["figures"] if role != verdict["role"]]
    yield words("cli.explain.others", roles=", ".join(others))
    yield ""


def derivation_lines(node: Figure | Source, depth: int = 0, role: str = "") -> Iterator[str]:
    """The derivation as indented lines: what, how much, by which formula, from what."""
    indent = "   " * depth
    marks = f"  〔{marks_in_words(sorted(node.marks))}〕" if node.marks else ""
    value = _nothing(node) if node.value is None else _value(node, node.value)
    yield f"{indent}{said(node.label)} = {value}{marks}"
    if isinstance(node, Figure):
        formula = formulas().get(node.formula)
        if formula is not None:
            yield f"{indent}│ {said(formula.title)} {node.formula}@{node.formula_version}: {formula.equation}"
            yield f"{indent}│ {words('cli.explain.formula_source')}: {said(formula.source)}"
        for name, inner in node.inputs:
            yield from derivation_lines(inner, depth + 1, name)
        return
    for name in (
        "clause",
        "quote",
        "document",
        "printed",
        "fact",
        "as_reported",
        "source",
        "cell",
        "edition",
        "standard_coal",
        "standard_coal_edition",
        "source_via",
        "confidence",
        "valid_from",
        "valid_to",
        "recorded_at",
        "recorded_by",
        "reason",
        "note",
    ):
        found = node.reference.get(name)
        if found:
            yield f"{indent}│ {words(f'cli.explain.reference.{name}')}: {_reference(name, found)}"


def _reference(name: str, found: object) -> object:
    """A part of a reference as people read it."""
    if isinstance(found, Mapping) and set(found) == {"zh", "en"}:
        return said(Text(**found))
    if name == "confidence":
        return words(f"confidence.{found}")
    if name == "recorded_at":
        return shown_time(dt.datetime.fromisoformat(str(found)))
    return found


def _value(node: Figure | Source, value: float) -> str:
    """A value with all its digits, and as people read it: yes or no, a level, a rate also in per cent."""
    formula = formulas().get(node.formula) if isinstance(node, Figure) else None
    if formula is not None and formula.result == "truth":
        return words("cli.explain.yes" if value else "cli.explain.no")
    if formula is not None and formula.result == "ordinal":
        return str(int(value))
    if node.unit == "1":
        return f"{value!r} ({number(value, '1')})"
    return f"{value!r} {said(unit(node.unit).label)}"


def _nothing(node: Figure | Source) -> str:
    if isinstance(node, Source) and "word" in node.reference:
        return words(f"operator.{node.reference['word']}")
    if node.unknown is not None:
        return f"{words('verdict.unknown')} ({said(node.unknown.text())})"
    return words("cli.explain.a_table")
