"""Nothing that scripts and data rely on is undocumented. Compared with the code itself, not with the generator."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import click
from support.waiting import PATIENCE

from docs.reading import DOCS, ROOT, headings
from hengneng.cli.main import commands
from hengneng.formulas import formulas
from hengneng.language import catalogue
from hengneng.plans.conditions import CONDITIONS, consequences
from hengneng.plans.loader import HEAD_FILE, PART_FILES
from hengneng.plans.model import Head, Target
from hengneng.problems import checks
from hengneng.rules.measures import measures
from hengneng.rules.tables import rule_tables
from hengneng.rules.units import units

REFERENCE = DOCS / "reference"


def _page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def _sections(name: str) -> set[str]:
    return {words for _, words in headings(REFERENCE / name)}


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None
            yield from _walk(f"{name} {word}", inner)


def test_the_committed_reference_is_what_the_code_gives() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr


def test_every_command_and_option_is_documented() -> None:
    sections = re.split(r"^## ", _page("commands.md"), flags=re.MULTILINE)
    by_name = {section.split("`")[1]: section for section in sections[1:]}
    for name, command in _walk("hengneng", commands()):
        assert name in by_name, f"{name} is not in commands.md"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                for option in parameter.opts:
                    assert re.search(rf"{re.escape(option)}\b", by_name[name]), f"{name} {option}"
            else:
                assert (parameter.metavar or parameter.human_readable_name or "") in by_name[name]


def test_every_setting_is_documented() -> None:
    page = _page("settings.md")
    program = "\n".join(file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
    tests = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").glob("*.py"))
    make = (ROOT / "Makefile").read_text("utf-8")
    names = set(re.findall(r"\bHENGNENG_[A-Z_]*[A-Z]\b", program + tests))
    names |= set(re.findall(r"""envvar=["'](\w+)["']""", program))
    names |= set(re.findall(r"""environ(?:ment)?(?:\.get\(|\[)\s*["']([A-Z_]+)["']""", program))
    names |= set(re.findall(r"^(\w+) \?=", make, re.MULTILINE))
    # Set for Django by the program itself, and the search path: neither is ours to be set.
    names -= {"DJANGO_SETTINGS_MODULE", "PATH"}
    missing = sorted(name for name in names if f"`{name}`" not in page)
    assert not missing, f"not in docs/reference/settings.md: {missing}"


def _routes(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    """Addresses of the site; those of the interface and of the administration have descriptions of their own."""
    for one in patterns:
        route = before + str(one.pattern).removeprefix("^").removesuffix("$").replace("\\", "")
        if route == "admin/" or hasattr(one, "callback"):
            yield re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]*>", "<>", route)
        elif route == "api/v1/":
            yield route
        else:
            yield from _routes(one.url_patterns, route)


def test_every_page_of_the_site_is_documented() -> None:
    from hengneng.web.urls import urlpatterns

    # The last one answers whatever else is asked of the interface.
    served = set(_routes(urlpatterns)) - {"api/v.*"}
    addresses = re.findall(r"^\| `/([^`]*)`", _page("site.md"), re.MULTILINE)
    listed = [re.sub(r"<[^>]*>", "<>", address) for address in addresses]
    assert len(listed) == len(set(listed))
    assert set(listed) == served


def test_every_act_job_and_limit_is_documented() -> None:
    from hengneng.jobs.kinds import kinds

    acts, jobs, limits = _page("acts.md"), _page("jobs.md"), _page("limits.md")
    assert not [
        name for name in catalogue() if name.startswith("act.") and f"`{name.removeprefix('act.')}`" not in acts
    ]
    assert not [name for name in kinds() if f"`{name}`" not in jobs]
    program = ROOT / "src" / "hengneng"
    for file in (*program.rglob("limits.toml"), *program.rglob("policy.toml")):
        assert f"`src/hengneng/{file.relative_to(program)}`" in limits, file
        for name, entry in tomllib.loads(file.read_text("utf-8")).items():
            names = [name] if "reason" in entry else [f"{name}.{inner}" for inner in entry]
            assert not [each for each in names if f"| `{each}` |" not in limits], file


def test_every_role_verb_and_reason_is_documented() -> None:
    from hengneng.access import Role, Verb

    page = _page("permissions.md")
    assert not [word for word in (*Role, *Verb) if f"`{word}`" not in page]


def test_every_check_is_documented() -> None:
    assert set(checks()) <= _sections("checks.md")


def test_every_formula_is_documented() -> None:
    wanted = {f"`{formula.name}@{formula.version}`" for formula in formulas().values()}
    assert wanted <= _sections("formulas.md")
    page = _page("formulas.md")
    for formula in formulas().values():
        assert f"$${formula.equation}$$" in page, formula.name
        assert all(f"`{parameter.name}`" in page for parameter in formula.parameters), formula.name


def test_every_rule_table_is_documented_with_its_columns() -> None:
    page = _page("rule-tables.md")
    for name, table in rule_tables().items():
        assert f"`{name}`" in _sections("rule-tables.md")
        assert all(f"`{column.name}`" in page for column in table.columns), name


def test_every_measure_and_unit_is_documented() -> None:
    listed, spelled = _page("measures.md"), _page("units.md")
    assert not [code for code in measures() if f"`{code}`" not in listed]
    assert not [code for code in units() if f"`{code}`" not in spelled]


def test_every_field_of_a_plan_is_documented() -> None:
    page = _page("plan-fields.md")
    for model in (Head, Target, *PART_FILES.values()):
        assert not [name for name in model.model_fields if f"`{name}`" not in page], model.__name__
    for file in (HEAD_FILE, *(f"{part}.yaml" for part in PART_FILES)):
        assert f"`{file}`" in page
    for name in (*CONDITIONS, *consequences()):
        assert f"`{name}`" in page


def test_every_reason_is_documented() -> None:
    page = _page("trace.md")
    codes = [name.removeprefix("reason.") for name in catalogue() if name.startswith("reason.")]
    assert not [code for code in codes if f"`{code}`" not in page]


def test_every_verdict_quality_and_mark_is_in_the_glossary() -> None:
    glossary = (DOCS / "glossary.md").read_text("utf-8")
    words = [text for name, text in catalogue().items() if name.startswith(("verdict.", "quality.", "mark."))]
    assert words
    for text in words:
        assert text.zh in glossary, text.zh
        assert text.en in glossary, text.en
