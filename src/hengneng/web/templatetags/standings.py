"""The rows of a standing in templates."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from hengneng.web.speech import Speech
from hengneng.web.table_rows import rows_html
from hengneng.web.tables import Line

register = template.Library()


@register.simple_tag(takes_context=True)
def standing_rows(context: template.Context, lines: Sequence[Line], at: object) -> SafeString:
    """The rows of a table; ``at`` is its number on the page."""
    return rows_html(lines, str(at), Speech(context["language"]))
