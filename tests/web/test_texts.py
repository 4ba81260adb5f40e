"""No text stands in one language only."""

import re
from pathlib import Path

import pytest

import hengneng.web
from hengneng.facts.intake.rows import CONFIDENCES
from hengneng.language import catalogue
from hengneng.plans.conditions import CONDITIONS

WEB = Path(hengneng.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SCRIPTS = sorted((WEB / "static" / "web").glob("*.js"))
# Names that are the same in every language, and what is typed on a keyboard or a command line.
SAME_EVERYWHERE = re.compile(r"<code>.*?</code>|<kbd>.*?</kbd>|SHA-256|JSON|trace/1|CSV", re.DOTALL)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_bare_words(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not CHINESE.search(text), "a Chinese text belongs into messages/web.toml"
    bare = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", " ", text, flags=re.DOTALL)
    bare = SAME_EVERYWHERE.sub(" ", bare)
    bare = re.sub(r"<(script|style|math|svg).*?</\1>", " ", bare, flags=re.DOTALL)
    said = re.sub(r"<[^>]*>", " ", re.sub(r"&[a-z]+;", " ", bare))
    assert not re.findall(r"[A-Za-z]{2,}", said)
    for name in ("title", "aria-label", "placeholder", "alt"):
        for value in re.findall(rf'\s{name}="([^"]*)"', re.sub(r"{%.*?%}|{{.*?}}", "", text)):
            assert not re.search(r"[A-Za-z]{2,}", value), f"{name}={value}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_say_nothing_themselves(script: Path) -> None:
    assert not CHINESE.search(script.read_text("utf-8"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_nothing_inline_that_the_policy_forbids(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|javascript:|https?://(?!www\.w3\.org)", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_messages_used_in_templates_exist() -> None:
    for template in TEMPLATES:
        for identifier, rest in re.findall(r"""{% words ["']([^"']+)["']([^%]*)%}""", template.read_text("utf-8")):
            if identifier in catalogue():
                continue
            assert rest.strip(), f"{template.name}: {identifier}"
            assert any(known.startswith(f"{identifier}.") for known in catalogue()), f"{template.name}: {identifier}"


def test_people_are_addressed_politely() -> None:
    assert not [name for name, text in catalogue().items() if "你" in text.zh]


def test_every_condition_of_a_rule_has_its_words() -> None:
    assert not [name for name in CONDITIONS if f"condition.{name}" not in catalogue()]


def test_every_confidence_of_a_fact_has_its_words() -> None:
    assert not [name for name in CONFIDENCES if f"confidence.{name}" not in catalogue()]
