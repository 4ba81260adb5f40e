"""The page about the program, and the pages of what goes wrong."""

from __future__ import annotations

import logging
import secrets
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hengneng import __version__
from hengneng.formulas import formulas
from hengneng.language import message
from hengneng.registry.models import PlanEdition
from hengneng.rules import rule_tables
from hengneng.web.questions import RefusedRequestError, refusal

logger = logging.getLogger("hengneng.web")


def about(request: HttpRequest) -> HttpResponse:
    """What this is, and in which version."""
    content = {
        "version": __version__,
        "formulas": len(formulas()),
        "tables": len(rule_tables()),
        "editions": PlanEdition.objects.order_by("identifier", "-edition"),
    }
    return render(request, "web/about.html", content)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request cannot be understood."""
    return refusal(request, RefusedRequestError(400, message("web.refused.bad")))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form that did not come from our own page of this session."""
    return refusal(request, RefusedRequestError(403, message("web.refused.form")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: there is no such page."""
    return refusal(request, RefusedRequestError(404, message("web.refused.page", found=request.path)))


def failure(request: HttpRequest) -> HttpResponse:
    """500: our fault. The id on the page is the id in the log."""
    identifier = secrets.token_hex(4)
    logger.error("failure %s at %s %s", identifier, request.method, request.path, exc_info=sys.exc_info())
    return render(request, "web/failure.html", {"identifier": identifier}, status=500)
