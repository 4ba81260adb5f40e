"""The two languages of every text: Chinese first, English complete.

A text that people read is never a string of one language. It is a :class:`Text`, or the id of an entry of the
message catalogue (``messages/*.toml``), where each entry has ``zh`` and ``en`` with the same placeholders.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

CATALOGUE_FOLDER = Path(__file__).parent / "messages"


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        if not self.zh or not self.en:
            raise ValueError(f"a text needs both languages: zh={self.zh!r}, en={self.en!r}")

    def in_language(self, language: Language) -> str:
        """The text in ``language``."""
        return self.zh if language == "zh" else self.en

    def format(self, **values: object) -> Text:
        """Both languages with their placeholders filled; a value that is a Text is filled in its own language."""
        return Text(zh=self.zh.format(**_in("zh", values)), en=self.en.format(**_in("en", values)))


class _Value:
    """A value that knows, besides its own formats, ``{count:fact|facts}``: the one word for 1, the other otherwise."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __format__(self, wanted: str) -> str:
        one, bar, many = wanted.partition("|")
        if not bar:
            return format(self.value, wanted)
        return one if str(self.value) == "1" else many


def _in(language: Language, values: Mapping[str, object]) -> dict[str, object]:
    said = {name: value.in_language(language) if isinstance(value, Text) else value for name, value in values.items()}
    return {name: _Value(value) for name, value in said.items()}


def listed(parts: Iterable[str | Text], nothing: str = "—") -> Text:
    """An enumeration as each language writes it; ``nothing`` where there are no parts."""
    texts = [Text(zh=part, en=part) if isinstance(part, str) else part for part in parts]
    if not texts:
        return Text(zh=nothing, en=nothing)
    return Text(zh="、".join(text.zh for text in texts), en=", ".join(text.en for text in texts))


def read_catalogue(folder: Path) -> dict[str, Text]:
    """Read every ``*.toml`` of ``folder`` into one catalogue: id (table path joined by dots) -> Text.

    Raises ValueError when an id occurs twice or lacks a language.
    """
    found: dict[str, Text] = {}

    def walk(prefix: str, node: Mapping[str, object], file: Path) -> None:
        if isinstance(node.get("zh"), str) or isinstance(node.get("en"), str):
            if set(node) != {"zh", "en"}:
                raise ValueError(f"{file.name}: message {prefix} needs exactly zh and en, found {sorted(node)}")
            if prefix in found:
                raise ValueError(f"{file.name}: message {prefix} is defined twice")
            found[prefix] = Text(zh=str(node["zh"]), en=str(node["en"]))
            return
        for key, value in node.items():
            if not isinstance(value, dict):
                raise ValueError(f"{file.name}: {prefix}.{key} is neither a message nor a group of messages")
            walk(f"{prefix}.{key}" if prefix else key, value, file)

    for file in sorted(folder.glob("*.toml")):
        walk("", tomllib.loads(file.read_text("utf-8")), file)
    return found


@cache
def catalogue() -> Mapping[str, Text]:
    """The message catalogue of the program."""
    return read_catalogue(CATALOGUE_FOLDER)


def message(identifier: str, /, **values: object) -> Text:
    """The message ``identifier`` in both languages with its placeholders filled. KeyError when there is none."""
    return catalogue()[identifier].format(**values)


def default_language(environment: Mapping[str, str] | None = None) -> Language:
    """Language of this process: ``HENGNENG_LANG`` (zh or en); else English where the locale says so; else Chinese."""
    environment = os.environ if environment is None else environment
    chosen = environment.get("HENGNENG_LANG", "").lower()[:2]
    if chosen == "zh":
        return "zh"
    if chosen == "en":
        return "en"
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "en" if locale.lower().startswith("en") else "zh"
