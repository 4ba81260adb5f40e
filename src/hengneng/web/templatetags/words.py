"""Texts in templates: every one is an entry of the message catalogue, or a text in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from hengneng.language import Language, Text, message
from hengneng.problems import Problem
from hengneng.web.speech import MINUS, NOTHING, Speech, shown

register = template.Library()


def _language(context: template.Context) -> Language:
    language: Language = context["language"]
    return language


@register.simple_tag(takes_context=True)
def words(context: template.Context, identifier: str, *ending: object, **values: Any) -> str:
    """A message of the catalogue in the language of the page; ``ending`` parts are joined to the id by dots."""
    whole = ".".join([identifier, *(str(part) for part in ending)])
    filled = {name: value if isinstance(value, Text) else str(value) for name, value in values.items()}
    return message(whole, **filled).in_language(_language(context))


@register.simple_tag(takes_context=True)
def said(context: template.Context, text: Text | None) -> str:
    """A text in the language of the page; nothing for none."""
    return "" if text is None else text.in_language(_language(context))


@register.simple_tag(takes_context=True)
def unit(context: template.Context, code: str) -> str:
    """A unit in words."""
    return Speech(_language(context)).unit(code)


@register.simple_tag(takes_context=True)
def large(context: template.Context, value: float | Decimal | None, code: str) -> str:
    """A large amount once more, as the language counts it: in 万 and 亿, or in millions; empty for others."""
    speech = Speech(_language(context))
    counted = speech.large(value, code)
    return speech.words("web.large", amount=counted) if counted else ""


@register.simple_tag
def amount(value: float | Decimal | None) -> str:
    """A number for people, rounded half-up to two decimals; a dash for none."""
    return shown(value, "")


@register.simple_tag
def exact(value: Decimal | None) -> str:
    """A number with every digit that it has; a dash for none."""
    if value is None:
        return NOTHING
    text = f"{value:,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


@register.filter
def of(mapping: Mapping[str, Any], key: str) -> Any:
    """The entry of a mapping; None when there is none."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The query of this page with changes; an empty value takes the name out."""
    asked = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    encoded: str = asked.urlencode()
    return encoded


@register.simple_tag(takes_context=True)
def problem_text(context: template.Context, problem: Problem) -> str:
    """What a numbered problem found, with its way out."""
    return problem.text(_language(context))
