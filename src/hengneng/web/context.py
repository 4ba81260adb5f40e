"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from hengneng import __version__
from hengneng.access import PUBLIC, Verb, scope_of
from hengneng.web.notices import notices


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


def person(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, and the notices that have not been shown."""
    actor = getattr(request, "actor", PUBLIC)
    return {
        "actor": actor,
        "notices": notices(request) if hasattr(request, "_messages") else [],
        "reads_log": not scope_of(actor, Verb.READ_LOG).nothing,
        "manages_people": not scope_of(actor, Verb.MANAGE_PEOPLE).nothing,
        "sees_unpublished": not scope_of(actor, Verb.SEE_UNPUBLISHED).nothing,
        "runs_jobs": not scope_of(actor, Verb.RUN_JOBS).nothing,
    }
