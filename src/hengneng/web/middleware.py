"""Who acts, the language of the page, and secure headers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hengneng.access import PUBLIC, Actor
from hengneng.access.actors import actor_of
from hengneng.accounts.models import Person
from hengneng.accounts.policy import policy
from hengneng.language import LANGUAGES, Language

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



class AnsweredRequest(HttpRequest):
    """A request with what the middleware here finds out of it; views ask for that in ``web/questions.py``."""

    user: Person | AnonymousUser
    language: Language
    actor: Actor
    session_ended: bool


Respond = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The language of a page: ``?lang=`` (kept in a cookie), the cookie, the browser's wish; else Chinese."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: AnsweredRequest) -> HttpResponse:
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


class ActorMiddleware:
    """Who acts: the person of the session, unless it has been idle or open for too long; else the public."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: AnsweredRequest) -> HttpResponse:
        if request.user.is_authenticated and self._is_over(request):
            logout(request)
            request.session_ended = True
        request.actor = actor_of(request.user) if request.user.is_authenticated else PUBLIC
        response = self.respond(request)
        if request.actor.signed_in:
            # What one person sees must not be kept for the next one at the same desk.
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @staticmethod
    def _is_over(request: HttpRequest) -> bool:
        now, limits = timezone.now(), policy()
        opened, seen = (
            dt.datetime.fromisoformat(request.session[name]) if name in request.session else now
            for name in ("opened", "seen")
        )
        if now - seen > limits.idle or now - opened > limits.longest_session:
            return True
        if "opened" not in request.session or now - seen > limits.refresh:
            request.session["opened"] = opened.isoformat()
            request.session["seen"] = now.isoformat()
        return False
