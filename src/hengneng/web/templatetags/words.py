"""Texts in templates: every one is an entry of the message catalogue, or a text in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from hengneng.language import Language, Text, message
from hengneng.web.speech import Speech

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


@register.filter
def of(mapping: Mapping[str, Any], key: str) -> Any:
    """The entry of a mapping; None when there is none."""
    return mapping.get(key)
