"""Language of the page and secure headers."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from hengneng.language import LANGUAGES

COOKIE = "language"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

Respond = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The language of a page: ``?lang=`` (kept in a cookie), the cookie, the browser's wish; else Chinese."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.GET.get("lang", "")
        asked = [chosen, request.COOKIES.get(COOKIE, ""), request.headers.get("Accept-Language", "").lower()[:2]]
        request.language = next((each for each in asked if each in LANGUAGES), "zh")
        response = self.respond(request)
        if chosen in LANGUAGES:
            response.set_cookie(COOKIE, chosen, max_age=31_536_000, samesite="Lax", httponly=True)
        response.headers.setdefault("Content-Language", request.language)
        response.headers["Vary"] = "Accept-Language, Cookie"
        return response


class SecureHeadersMiddleware:
    """Nothing is loaded from elsewhere, no script stands in a page."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.respond(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
