"""Write docs/reference from the code, or with --check say which committed pages differ from it.

One page for each thing that scripts and data rely on. The order is that of the code or of the alphabet, and no page
holds a date, so that equal code gives equal pages.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import EnumType
from pathlib import Path
from types import GenericAlias, UnionType
from typing import Any, get_args, get_origin

from reference_site import acts_page, jobs_page, limits_page, permissions_page
from reference_words import cell, code, table

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Made from the code by tools/reference.py. Change the code, then run that file. -->"

DESCRIPTIONS = tomllib.loads((FOLDER / "descriptions.toml").read_text("utf-8"))


def commands_page() -> Iterator[str]:
    """Every command with its arguments and options, from click."""
    import click

    from hengneng.cli.main import commands

    yield "# Commands"
    yield ""
    yield "Exit status: 0 good; 1 the input is at fault, with numbered [problems](checks.md) on standard error;"
    yield "2 wrong use."
    yield "Standard output carries the result alone: a table, or with `--json` one JSON document."
    yield "Texts are Chinese or English, see [settings](settings.md)."

    def walk(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
        own = click.Context(command, info_name=name.rpartition(" ")[2], parent=context)
        usage = " ".join([name, *command.collect_usage_pieces(own)])
        yield ""
        yield f"## `{name}`"
        yield ""
        yield cell(command.help or "")
        yield ""
        yield f"    {usage}"
        options = [p for p in command.get_params(own) if isinstance(p, click.Option)]
        yield ""
        yield from table(("option", "meaning", "default"), (_option(option, own) for option in options))
        if isinstance(command, click.Group):
            for word in command.list_commands(own):
                inner = command.get_command(own, word)
                assert inner is not None
                yield from walk(f"{name} {word}", inner, own)

    root = commands()
    yield from walk("hengneng", root, click.Context(click.Group(), info_name=""))


def _option(option: Any, context: Any) -> tuple[str, str, str]:
    record = option.get_help_record(context)
    shown = option.default if isinstance(option.default, str | int) and not isinstance(option.default, bool) else ""
    return f"`{record[0]}`", record[1], str(shown)


def checks_page() -> Iterator[str]:
    """Every numbered check."""
    from hengneng.problems import Severity, checks

    meanings = {
        Severity.FATAL: "the file or folder as a whole is not used",
        Severity.CRITICAL: "the row or entry is refused",
        Severity.NEEDS_EXPLANATION: "refused until somebody has explained it",
        Severity.INFORMATION: "worth knowing; nothing is refused",
    }
    yield "# Checks 检查项"
    yield ""
    yield "Every problem that a command reports has the number of a check. Words in braces are filled in when found."
    yield ""
    yield from table(("severity", "what happens"), ((f"`{s}`", meanings[s]) for s in Severity))
    rooms = {
        "A": "The log of acts 操作日志",
        "C": "Commands 命令",
        "D": "Duties 任务",
        "E": "Meters and their files 仪表与读数文件",
        "F": "Tables of facts 数据表",
        "G": "Doors 入口",
        "H": "Frames of HJ 212 报文",
        "J": "Jobs 后台作业",
        "K": "Signs of fabrication in emission data 造假线索",
        "L": "Loading plans 载入计划",
        "M": "The store of readings 读数存储",
        "N": "Monitoring of emissions 在线监测",
        "P": "Plan folders 计划文件夹",
        "R": "Rule tables 规则表",
        "T": "Tokens 令牌",
        "U": "People 人员",
    }
    letter = ""
    for number, check in sorted(checks().items()):
        if number[0] != letter:
            letter = number[0]
            yield ""
            yield f"## {rooms[letter]}"
        yield ""
        yield f"### {number}"
        yield ""
        yield from table(
            (f"`{check.severity}`", "English", "中文"),
            (
                ("holds", check.specification.en, check.specification.zh),
                ("found", check.text.en, check.text.zh),
                ("way out", check.remedy.en, check.remedy.zh),
            ),
        )


def formulas_page() -> Iterator[str]:
    """Every formula with its equation, parameters, source and certainty."""
    from hengneng.formulas import formulas

    yield "# Formulas 公式"
    yield ""
    yield "Try any of them: `hengneng formula NAME key=value …`. Rates are fractions of 1; write `2.5%` for per cent."
    yield "A missing input gives *unknown* with the reason, never zero. The number behind `@` is the version: it"
    yield "changes when equal inputs would give another result."
    for name, formula in formulas().items():
        yield ""
        yield f"## `{name}@{formula.version}`"
        yield ""
        yield f"{formula.title.en} · {formula.title.zh}"
        yield ""
        yield f"$${formula.equation}$$"
        yield ""
        yield f"- result: {formula.result}, unit {_unit(formula.unit)}"
        yield f"- source: {cell(formula.source.en)}"
        yield f"- confidence: `{formula.confidence}`"
        yield f"- in: `src/hengneng/formulas/{formula.subject}.py`"
        yield ""
        rows = (
            (code(p.name), p.label.en, p.label.zh, _kind(p), _unit(p.unit), "optional" if p.optional else "")
            for p in formula.parameters
        )
        yield from table(("parameter", "English", "中文", "kind", "unit", ""), rows)


def _kind(parameter: Any) -> str:
    words = " ".join(code(word) for word in parameter.words)
    return f"{parameter.kind}: {words}" if words else parameter.kind


def _unit(unit: str) -> str:
    return "of the value itself" if unit == "any" else code(unit)


def rule_tables_page() -> Iterator[str]:
    """Every rule table: columns, editions, how many rows of which confidence."""
    from hengneng.rules.loader import COMMON
    from hengneng.rules.tables import rule_tables

    yield "# Rule tables 规则表"
    yield ""
    yield "Parameters that are data: dated, cited, with the confidence of their source. A row whose confidence is not"
    yield "`sourced`, or whose value is named in `unverified_fields`, is marked *unverified* wherever it is used."
    yield "`hengneng rules show TABLE [--on DATE] [--place CODE]` prints the rows."
    yield ""
    yield "Every table also has these columns:"
    yield ""
    common = next(iter(rule_tables().values())).columns
    yield from table(
        ("column", "English", "中文"), ((code(c.name), c.meaning.en, c.meaning.zh) for c in common if c.name in COMMON)
    )
    for name, found in sorted(rule_tables().items()):
        yield ""
        yield f"## `{name}`"
        yield ""
        yield f"{found.title.en} · {found.title.zh}"
        yield ""
        yield f"{cell(found.description.en)} {cell(found.description.zh)}"
        yield ""
        counts = Counter(entry.confidence for entry in found.entries)
        shown = ", ".join(f"{count} `{word}`" for word, count in sorted(counts.items()))
        doubtful = sum(entry.unverified for entry in found.entries)
        yield f"- rows: {len(found.entries)} ({shown}); shown as unverified: {doubtful}"
        editions = sorted({entry.edition for entry in found.entries if entry.edition})
        yield f"- editions: {'; '.join(editions) if editions else 'one'}"
        bounds = {entry.valid_from for entry in found.entries} | {entry.valid_to for entry in found.entries}
        yield f"- dated rows: {'yes' if bounds - {None} else 'no'}"
        yield ""
        own = (c for c in found.columns if c.name not in COMMON)
        yield from table(
            ("column", "role", "English", "中文", "content"),
            ((code(c.name), c.role, c.meaning.en, c.meaning.zh, _content(c)) for c in own),
        )


def _content(column: Any) -> str:
    shown = " ".join(code(word) for word in column.words) if column.words else column.kind
    return f"{shown}, required" if column.required and column.role != "key" else shown


def facts_page() -> Iterator[str]:
    """The columns of a table of facts and of published verdicts."""
    from hengneng.facts.intake import rows
    from hengneng.facts.intake import table as reading
    from hengneng.standing.plans import PUBLISHED_COLUMNS as published

    yield "# Tables of facts 数据表"
    yield ""
    yield "A CSV file with a head line; UTF-8, UTF-16 with a byte order mark, or GB 18030 (GBK). The columns may stand"
    yield "in any order. How to import it: [how-to](../how-to/import-facts.md). What is checked: [checks](checks.md)."
    yield ""
    yield "## Columns"
    yield ""
    columns = [(c, "required") for c in reading.REQUIRED] + [(c, "") for c in reading.OPTIONAL]
    rows_shown = ((code(c), need, DESCRIPTIONS["fact_columns"][c]) for c, need in columns)
    yield from table(("column", "", "meaning"), rows_shown)
    yield ""
    yield f"A column `{reading.RESULT_COLUMN}`, as returned files have it, is ignored."
    yield ""
    yield "## States"
    yield ""
    states: dict[str, list[str]] = {}
    for word, quality in rows.STATES.items():
        if quality is not None:
            states.setdefault(str(quality), []).append(code(word))
    yield from table(("write", "recorded as"), ((" or ".join(words), code(q)) for q, words in states.items()))
    yield ""
    yield "An empty state with a value is `reported`, with the value 0 `reported-zero`."
    yield ""
    yield "## Confidences"
    yield ""
    yield ", ".join(code(word) for word in rows.CONFIDENCES)
    yield ""
    yield "## `published.csv` of a plan folder"
    yield ""
    yield "Verdicts as they were published, shown beside ours. The columns stand in this order."
    yield ""
    yield from table(("column", "meaning"), ((code(c), DESCRIPTIONS["published_columns"][c]) for c in published))


def plan_page() -> Iterator[str]:
    """The fields of a plan folder, from the models; the conditions and consequences of its rules."""
    from hengneng.plans import model
    from hengneng.plans.conditions import CONDITIONS, consequences
    from hengneng.plans.loader import HEAD_FILE, OPTIONAL_FILES, PART_FILES

    yield "# Plan folders 计划文件夹"
    yield ""
    yield f"Format `{model.FORMAT}`. Unknown fields are refused."
    yield "By example: [how to write a plan](../how-to/write-a-plan.md)."
    yield ""
    files = [(HEAD_FILE, model.Head, "one")]
    files += [(f"{p}.yaml", m, "a list, optional" if p in OPTIONAL_FILES else "a list") for p, m in PART_FILES.items()]
    yield from table(
        ("file", "holds", ""), ((code(f), f"[{m.__name__}](#{m.__name__.lower()})", how) for f, m, how in files)
    )
    done: list[type] = []
    for _, each, _ in files:
        yield from _model(each, done)
    yield ""
    yield "## Conditions of rules"
    yield ""
    yield "Tested functions in `src/hengneng/plans/conditions.py`. Unknown never triggers a consequence."
    yield ""
    yield from table(("condition", "holds when"), ((code(n), inspect.getdoc(f)) for n, f in CONDITIONS.items()))
    yield ""
    yield "## Consequences of rules"
    yield ""
    yield from table(("consequence", "English", "中文"), ((code(n), t.en, t.zh) for n, t in consequences().items()))


def _model(model: Any, done: list[type]) -> Iterator[str]:
    if model in done:
        return
    done.append(model)
    yield ""
    yield f"## {model.__name__}"
    yield ""
    yield cell((inspect.getdoc(model) or "").replace(":class:", ""))
    yield ""
    inner: list[type] = []
    rows = []
    for name, field in model.model_fields.items():
        inner += _models_in(field.annotation)
        meaning = field.description or DESCRIPTIONS["plan_fields"].get(name)
        if meaning is None:
            raise SystemExit(f"{model.__name__}.{name} has no description: add one to the model")
        need = "required" if field.is_required() else ""
        rows.append((code(name), _type(field.annotation), need, meaning))
    yield from table(("field", "type", "", "meaning"), rows)
    for one in inner:
        yield from _model(one, done)


def _models_in(annotation: Any) -> list[type]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and not isinstance(annotation, GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _type(annotation: Any) -> str:
    from pydantic import BaseModel

    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, EnumType):
        return " or ".join(code(str(member)) for member in annotation)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"{_type(arguments[0])} → {_type(arguments[1])}"
    if origin is UnionType or str(origin) == "typing.Union":
        return " or ".join(_type(one) for one in arguments if one is not type(None))
    if str(origin) == "typing.Literal":
        return " or ".join(code(str(word)) for word in arguments)
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {"str": "text", "int": "whole number", "date": "date", "Decimal": "number"}
    return names.get(annotation.__name__, annotation.__name__)


def trace_page() -> Iterator[str]:
    """The format trace/1: fields, qualities, marks, reasons, and one figure in full."""
    from hengneng import trace
    from hengneng.formulas import formulas

    yield f"# The format {trace.FORMAT}"
    yield ""
    yield "How a figure carries its derivation. Its canonical JSON (sorted keys, no blanks, UTF-8, numbers as text) has"
    yield "a SHA-256 digest, which names the figure. `hengneng explain FIGURE --json` gives it. Values are float64,"
    yield "unrounded, written as the shortest text that reads back to the same number."
    yield ""
    yield "## Figure"
    yield ""
    figure = formulas()["decline_from_change"].given({"change": -0.075})
    keys = {
        "format": f"always `{trace.FORMAT}`",
        "kind": "`figure`; of an input also `fact`, `rule`, `target` or `given`",
        "indicator": "what the figure is, within its plan",
        "label": "its name in both languages",
        "subject": "code of the place it is about",
        "period": "its period as written",
        "value": "the number as text, or null",
        "unit": "code of the unit",
        "formula": "name and version",
        "inputs": "each with its `role` (the parameter) and all of its own fields; an input may be a figure again",
        "quality": "one of the states below",
        "marks": "what a reader must be told, below",
        "unknown": "null, or `code` and `values` of the reason: exactly one of value and unknown is there",
    }
    yield from table(("field", "content"), ((code(k), keys[k]) for k in figure.to_json()))
    yield ""
    yield "## Other inputs"
    yield ""
    source_keys = {
        **keys,
        "kind": "`fact`, `rule`, `target` or `given` (typed in by the user of `hengneng formula`)",
        "reference": "where it comes from: for a fact its name, value as reported, source, cell, when recorded and by "
        "whom; for a rule table, key, edition, source, validity, row; for a target clause, quote, document",
    }
    names = [f.name for f in fields(trace.Source)]
    yield from table(("field", "content"), ((code(name), source_keys[name]) for name in names))
    yield ""
    yield from _trace_words()
    yield "## A whole figure"
    yield ""
    yield f"Digest `{figure.digest}`:"
    yield ""
    yield "```json"
    yield json.dumps(figure.to_json(), ensure_ascii=False, indent=2)
    yield "```"


def _trace_words() -> Iterator[str]:
    """Qualities, marks and reasons with their words."""
    from hengneng import trace
    from hengneng.language import catalogue

    yield "## Qualities"
    yield ""
    yield from table(
        ("quality", "English", "中文"),
        ((code(q), catalogue()[f"quality.{q}"].en, catalogue()[f"quality.{q}"].zh) for q in trace.Quality),
    )
    yield ""
    yield "## Marks"
    yield ""
    yield from table(
        ("mark", "English", "中文"),
        ((code(m), catalogue()[f"mark.{m}"].en, catalogue()[f"mark.{m}"].zh) for m in trace.Mark),
    )
    yield ""
    yield "## Reasons why there is no number"
    yield ""
    reasons = sorted((k.removeprefix("reason."), t) for k, t in catalogue().items() if k.startswith("reason."))
    yield from table(("code", "English", "中文"), ((code(reason), t.en, t.zh) for reason, t in reasons))
    yield ""


def measures_page() -> Iterator[str]:
    """Every measure that a fact can be about."""
    from hengneng.rules.measures import measures

    yield "# Measures 量"
    yield ""
    yield "What a fact can be about. A measure is kept in one unit; other units of the same dimension are converted."
    yield "Limits of plausibility are the project's own judgement: a value beyond them needs an explanation (F202)."
    yield ""
    rows = (
        (code(m.code), m.name.en, m.name.zh, code(m.unit), "yes" if m.may_be_negative else "")
        for _, m in sorted(measures().items())
    )
    yield from table(("code", "English", "中文", "unit", "may be negative"), rows)


def units_page() -> Iterator[str]:
    """Every unit with its factor and spellings."""
    from hengneng.rules.tables import rule_table

    yield "# Units 单位"
    yield ""
    yield "`factor` base units of the dimension make one unit. Any spelling may be written in a table of facts; blanks"
    yield "and full-width characters make no difference."
    yield ""
    rows = (
        (
            code(e.key["code"]),
            e.attributes["name_en"],
            e.attributes["name_zh"],
            e.attributes["dimension"],
            e.value,
            e.unit,
            e.attributes["spellings"].replace("|", ", "),
        )
        for e in rule_table("units").entries
    )
    yield from table(("code", "English", "中文", "dimension", "factor", "base unit", "other spellings"), rows)


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "commands.md": commands_page,
    "acts.md": acts_page,
    "checks.md": checks_page,
    "facts-csv.md": facts_page,
    "formulas.md": formulas_page,
    "jobs.md": jobs_page,
    "limits.md": limits_page,
    "measures.md": measures_page,
    "permissions.md": permissions_page,
    "plan-fields.md": plan_page,
    "rule-tables.md": rule_tables_page,
    "trace.md": trace_page,
    "units.md": units_page,
}


def pages() -> dict[str, str]:
    """Every page by file name, as the code gives it."""
    return {name: "\n".join([NOTE, "", *make()]) + "\n" for name, make in PAGES.items()}


def main(arguments: list[str]) -> int:
    """Write or compare; 1 when a committed page differs."""
    os.environ["HENGNENG_LANG"] = "en"
    with tempfile.TemporaryDirectory() as home:
        os.environ["HENGNENG_HOME"] = home
        os.environ.pop("HENGNENG_DATABASE_URL", None)
        os.environ["DJANGO_SETTINGS_MODULE"] = "hengneng.web.settings"
        import django

        django.setup()
        made = pages()
    if "--check" not in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (FOLDER / name).write_text(text, "utf-8")
        return 0
    differing = [n for n, text in made.items() if not (FOLDER / n).is_file() or (FOLDER / n).read_text("utf-8") != text]
    for name in differing:
        print(f"docs/reference/{name} differs from the code: run .venv/bin/python tools/reference.py", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
