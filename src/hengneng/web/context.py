"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from hengneng import __version__


def language(request: HttpRequest) -> dict[str, Any]:
    """The language of the page, the other one, and the address of this page in the other one."""
    chosen = getattr(request, "language", "zh")
    other = "en" if chosen == "zh" else "zh"
    query = request.GET.copy()
    query["lang"] = other
    return {
        "language": chosen,
        "other_language": other,
        "other_address": f"{request.path}?{query.urlencode()}",
        "version": __version__,
    }
