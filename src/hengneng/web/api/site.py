"""The interface put together, and its addresses."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from hengneng.web.api import duties, facts, jobs, people, plans, reference
from hengneng.web.api.errors import by_status
from hengneng.web.api.frame import new_api

api = new_api()
for router in (
    people.router, plans.router, plans.figures_router, facts.router, duties.router, jobs.router,
    reference.places_router, reference.rules_router, reference.formulas_router,
):  # fmt: skip
    api.add_router("", router)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description of the interface (OpenAPI 3.1) in the language asked for."""
    from hengneng.web.api.description import described

    content = json.dumps(described(getattr(request, "language", "zh")), ensure_ascii=False)
    return HttpResponse(content, content_type="application/json; charset=utf-8")


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """404: there is no such address of the interface."""
    return by_status(404, request.path)


addresses: list[URLPattern | URLResolver] = [
    path("api/v1/openapi.json", openapi, name="openapi"),
    path("api/v1/", api.urls),
    re_path(r"^api/v.*$", unknown),
]
