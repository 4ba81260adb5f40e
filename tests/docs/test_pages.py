"""Links lead somewhere, commands on the pages exist, and what the pages show is what comes out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from support.homes import Finished, Home

from docs.reading import DOCS, ROOT, Call, anchors, blocks, calls, headings, links, pages
from docs.test_tutorial import LANGUAGES, compare
from hengneng.cli.main import commands

CONSOLES = [
    pytest.param(page, call, id=f"{page.relative_to(ROOT)}:{call.line}")
    for page in pages()
    for block in blocks(page)
    if block.language == "console"
    for call in calls(block)
]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} is not there"
        assert file.is_relative_to(ROOT), f"{target} leads out of the project"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, to_do = set(), [ROOT / "README.md"]
    while to_do:
        page = to_do.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        to_do += [(page.parent / target.partition("#")[0]).resolve() for target in links(page) if ":" not in target]
    assert not [str(page) for page in pages() if page not in reached]


@pytest.mark.parametrize(("page", "call"), CONSOLES)
def test_commands_on_the_pages_can_be_given(
    page: Path, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = [block for block in blocks(page) if block.file]
    for block in files:
        (tmp_path / str(block.file)).parent.mkdir(exist_ok=True)
        (tmp_path / str(block.file)).write_text("\n".join(block.lines), "utf-8")
    monkeypatch.chdir(tmp_path if files else ROOT)
    words = shlex.split(call.command.partition(" | ")[0])
    if words[0] != "hengneng":
        return
    command: click.Command = commands()
    context = command.make_context("hengneng", words[1:])
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, arguments = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(arguments), parent=context)


@pytest.fixture(scope="module")
def qinghai(make_home: Callable[[], Home]) -> Home:
    """A home that has the plan which the pages take their examples from."""
    home = make_home()
    folder = ROOT / "plans" / "qinghai-2019"
    assert home.run("plan", "load", folder).code == 0
    assert home.run("facts", "import", folder / "facts.csv", "--plan", "qinghai-2019").code == 0
    return home


@pytest.mark.parametrize(
    ("page", "call"), [p for p in CONSOLES if p.values[0] not in LANGUAGES.values() and p.values[1].shown]
)
def test_pages_show_what_comes_out(page: Path, call: Call, qinghai: Home) -> None:
    words = shlex.split(call.command)
    done: Finished = qinghai.run(*words[1:], environment={"HENGNENG_LANG": "en"})
    compare(call, (done.output + done.errors).splitlines(), page)


def test_the_readmes_name_the_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for name in ("README.md", "README.zh-CN.md"):
        named = re.findall(r"^    make (\w+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
        assert named == ["run", "test"]
        for target in named:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readmes_have_the_same_shape() -> None:
    shapes = [[level for level, _ in headings(ROOT / name)] for name in ("README.md", "README.zh-CN.md")]
    assert shapes[0] == shapes[1]


def test_the_tutorials_have_the_same_shape() -> None:
    shapes = [[level for level, _ in headings(page)] for page in LANGUAGES.values()]
    assert shapes[0] == shapes[1]


def test_every_how_to_is_listed() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    for folder in ("how-to", "explanation", "decisions", "reference"):
        for page in (DOCS / folder).glob("*.md"):
            assert f"({folder}/{page.name})" in index, page.name
