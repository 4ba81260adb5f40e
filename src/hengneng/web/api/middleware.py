"""Whatever happens below /api/ is answered as the interface answers: in one shape, and 304 to who has it already."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware

from hengneng.web.api.errors import by_status, failure

ROOT = "/api/v"


class ApiAnswersMiddleware:
    """Turns the pages of errors below /api/ into the one shape of errors."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond
        self.conditional = ConditionalGetMiddleware(respond)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.respond(request)
        if not request.path_info.startswith(ROOT):
            return response
        if response.status_code >= 400 and not response.get("Content-Type", "").startswith("application/json"):
            answer = by_status(response.status_code, request.path)
            for name in ("Allow", "Retry-After"):
                if response.has_header(name):
                    answer[name] = response[name]
            return answer
        return self.conditional.process_response(request, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A failure outside of the frame."""
        return failure(request, exception) if request.path_info.startswith(ROOT) else None
