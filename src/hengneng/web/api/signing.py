"""Who calls: the person of a token, the person of a session, or the public; and how often."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.utils import check_csrf

from hengneng.access import Actor, Verb
from hengneng.access.actors import actor_of
from hengneng.accounts.tokens import find
from hengneng.language import message
from hengneng.web.addresses import address_of
from hengneng.web.api.errors import ApiError
from hengneng.web.api.limits import limit
from hengneng.web.middleware import AnsweredRequest
from hengneng.web.questions import actor_of_request

SAFE = ("GET", "HEAD", "OPTIONS")
MINUTE = 60.0
CALLERS_KEPT = 10_000  # those seen last; a forgotten one only gets its whole minute again


class BearerToken:
    """Finds out who calls. A session is enough too; to change something it needs the token of its forms as well."""

    openapi_security_schema = {"type": "http", "scheme": "bearer", "description": "api.security.token"}

    def __call__(self, request: HttpRequest) -> Actor:
        written = request.headers.get("Authorization")
        if written is None:
            actor = actor_of_request(request)
            if actor.signed_in and request.method not in SAFE and check_csrf(request) is not None:
                raise ApiError(403, message("api.error.csrf"), "csrf", "X-CSRFToken")
        else:
            actor = _by_token(request, written)
        self.throttle(request, actor, written)
        refuse_nul(request)
        return actor

    @staticmethod
    def throttle(request: HttpRequest, actor: Actor, written: str | None) -> None:
        """429 for a token, person or address that asks too often."""
        if actor.signed_in:
            caller, most = written or f"person {actor.person_id}", limit("requests_a_minute_signed_in")
        else:
            caller, most = f"address {address_of(request)}", limit("requests_a_minute_public")
        wait = _calls.wait(caller, most)
        if wait:
            seconds = math.ceil(wait)
            raise ApiError(429, message("api.error.throttled", seconds=seconds, most=most), retry=seconds)


def _by_token(request: HttpRequest, written: str) -> Actor:
    scheme, _, secret = written.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ApiError(401, message("api.error.scheme"), "token_malformed", "Authorization")
    token = find(secret.strip())
    if token is None:
        # Guessing is throttled by address, as the public is.
        BearerToken.throttle(request, actor_of_request(request), None)
        raise ApiError(401, message("api.error.token"), "token_invalid", "Authorization")
    known = {str(verb) for verb in Verb}
    actor = actor_of(token.person, frozenset(Verb(verb) for verb in token.verbs if verb in known))
    # What the session of the same browser is must not matter from here on.
    request.user = AnonymousUser()
    cast(AnsweredRequest, request).actor = actor
    return actor


def refuse_nul(request: HttpRequest) -> None:
    """400 for a NUL character in the address: PostgreSQL knows none."""
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise ApiError(400, message("api.error.nul"), where=request.path.replace("\x00", "�"))


class Calls:
    """Calls of each caller within the running minute, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, caller: str, most: int) -> float:
        """Count a call; how many seconds the caller must wait, 0 when it may go on."""
        now = time.monotonic()
        with self._lock:
            since, number = self._seen.pop(caller, (now, 0))
            if now - since >= MINUTE:
                since, number = now, 0
            self._seen[caller] = (since, number + 1)
            while len(self._seen) > CALLERS_KEPT:
                self._seen.popitem(last=False)
        return since + MINUTE - now if number >= most else 0.0

    def forget(self) -> None:
        """Begin anew, for tests."""
        with self._lock:
            self._seen.clear()


_calls = Calls()
