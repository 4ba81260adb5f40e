"""Both languages of everything: the catalogue, and the messages that the program asks for."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from hengneng.language import LANGUAGES, Text, catalogue, default_language, message, read_catalogue

SOURCE = Path(__file__).parents[1] / "src" / "hengneng"
PYTHON = "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))
TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.html")))
ASKED = re.compile(r"""(?:\b(?:words|message)\(|\{%\s*words|\{%\s*message)\s*["']([^"']+)["']""")
# Ids that are put together: everything up to the first part that varies.
PREFIX = re.compile(r"""f?["']([a-z_]+\.(?:[a-z0-9_]+\.)*)(?:\{|["'])""")
CODES = re.compile(r"""(?:Unknown|UndefinedError)\(\s*["']([a-z-]+)["']""")
CHINESE = re.compile("[\u4e00-\u9fff]")


def placeholders(text: str) -> set[str]:
    """Names of the placeholders of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_that_is_asked_for_is_there() -> None:
    asked = {found.rstrip(".") for found in ASKED.findall(PYTHON + TEMPLATES)}
    assert len(asked) > 40
    # A group of messages may be asked for, with the last part of the id given by the data.
    groups = {identifier.rpartition(".")[0] for identifier in catalogue()}
    assert asked - set(catalogue()) - groups == set()


def test_every_reason_code_has_its_words() -> None:
    codes = set(CODES.findall(PYTHON))
    assert len(codes) > 10
    assert {f"reason.{code}" for code in codes} - set(catalogue()) == set()


def test_every_message_is_asked_for_somewhere() -> None:
    everything = PYTHON + TEMPLATES
    prefixes = {found for found in PREFIX.findall(everything) if found != "reason."}
    prefixes |= {f"{found.rstrip('.')}." for found in ASKED.findall(everything)}
    codes = {f"reason.{code}" for code in re.findall(r"""["']([a-z]+(?:-[a-z]+)+)["']""", everything)}
    unused = [
        identifier
        for identifier in catalogue()
        if f'"{identifier}"' not in everything
        and f"'{identifier}'" not in everything
        and identifier not in codes
        and not any(identifier.startswith(prefix) for prefix in prefixes)
    ]
    assert unused == []


@pytest.mark.parametrize("identifier", sorted(catalogue()))
def test_both_languages_say_the_same_placeholders(identifier: str) -> None:
    text = catalogue()[identifier]
    assert placeholders(text.zh) == placeholders(text.en)


def test_the_english_texts_are_english() -> None:
    chinese = [identifier for identifier, text in catalogue().items() if CHINESE.search(text.en)]
    # A language is named in itself.
    assert [one for one in chinese if "language" not in one] == []


def test_a_text_needs_both_languages() -> None:
    for given in ({"zh": "", "en": "x"}, {"zh": "一", "en": ""}):
        with pytest.raises(ValueError, match="both languages"):
            Text(**given)


def test_a_text_within_a_text_keeps_its_language() -> None:
    outer, inner = Text(zh="在{where}", en="in {where}"), Text(zh="新疆", en="Xinjiang")
    assert outer.format(where=inner) == Text(zh="在新疆", en="in Xinjiang")
    assert [outer.format(where=inner).in_language(language) for language in LANGUAGES] == ["在新疆", "in Xinjiang"]


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 acts are"), (1, "1 act is"), ("1", "1 act is"), (12, "12 acts are")]
)
def test_english_tells_one_from_many(count: object, said: str) -> None:
    text = Text(zh="共 {count} 条", en="{count} {count:act|acts} {count:is|are}").format(count=count)
    assert text == Text(zh=f"共 {count} 条", en=said)


def test_other_formats_stay_what_they_are() -> None:
    assert Text(zh="{x:.1f}", en="{x:,}").format(x=1234.5) == Text(zh="1234.5", en="1,234.5")


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(KeyError):
        message("no.such.message")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('a = { zh = "一" }', "exactly zh and en"),
        ('a = { zh = "一", en = "one", fr = "un" }', "exactly zh and en"),
        ('a = "one"', "neither a message nor a group"),
        ('a = { zh = "", en = "one" }', "both languages"),
    ],
)
def test_a_broken_catalogue_is_refused(tmp_path: Path, written: str, found: str) -> None:
    (tmp_path / "a.toml").write_text(written, "utf-8")
    with pytest.raises(ValueError, match=found):
        read_catalogue(tmp_path)


def test_a_message_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text('[g]\nx = { zh = "一", en = "one" }', "utf-8")
    with pytest.raises(ValueError, match="twice"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "zh"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"HENGNENG_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"HENGNENG_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ({"HENGNENG_LANG": "xx", "LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_language_of_the_process(environment: dict[str, str], language: str) -> None:
    assert default_language(environment) == language
