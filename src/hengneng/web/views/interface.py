"""The interface for programs as a document, and the tokens with which programs sign in."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from hengneng.access import Verb, scope_of
from hengneng.accounts.models import Person, Token
from hengneng.accounts.tokens import issue, longest_days, revoke, tokens_of
from hengneng.language import Text, message
from hengneng.problems import RefusedError
from hengneng.web.api.description import read
from hengneng.web.api.limits import limit
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered, speech_of

FIELDS = {"name": "token-name", "days": "token-days", "verbs": "token-verbs"}
MOST_DIGITS = 6


@answered
def reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters, answers and errors."""
    content = {
        "groups": read(speech_of(request).language),
        "signed_in_limit": limit("requests_a_minute_signed_in"),
        "public_limit": limit("requests_a_minute_public"),
        "most_rows": limit("most_rows_a_page"),
        "host": request.get_host(),
        "scheme": request.scheme,
    }
    return render(request, "web/interface.html", content)


@answered
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens, and issuing one: its secret is on the answer, and nowhere else ever after."""
    person = _own(request)
    if request.method != "POST":
        return _tokens(request, person, {"name": "", "days": "", "chosen": []})
    name, days = request.POST.get("name", ""), request.POST.get("days", "").strip()
    chosen = request.POST.getlist("verbs")
    given = {"name": name, "days": days, "chosen": chosen}
    possible = {str(verb) for verb in _verbs(request)}
    number = int(days) if days.isascii() and days.isdigit() and len(days) <= MOST_DIGITS else 0
    try:
        token, secret = issue(person, name, [verb for verb in chosen if verb in possible], number)
    except RefusedError as refused:
        errors = [
            (FIELDS[problem.where], Text(zh=problem.text("zh"), en=problem.text("en")))
            for problem in refused.problems
        ]
        return _tokens(request, person, given, errors=errors, status=400)
    response = _tokens(request, person, {"name": "", "days": "", "chosen": []}, made=token, new_secret=secret)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@answered
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """Make one's own token useless."""
    person = _own(request)
    found = Token.objects.filter(person=person, pk=min(number, 2**63 - 1)).select_related("person").first()
    if found is None:
        way = (reverse("tokens"), message("web.tokens.title"))
        raise RefusedRequestError(404, message("web.tokens.none_such"), [way])
    revoke(person.identifier, found)
    notify(request, message("web.tokens.was_revoked", name=found.name))
    return redirect("tokens")


def _verbs(request: HttpRequest) -> list[Verb]:
    """What the person may do anywhere, and so may allow a token to do."""
    actor = actor_of_request(request)
    return [verb for verb in Verb if not scope_of(actor, verb).nothing]


def _tokens(
    request: HttpRequest, person: Person, given: Mapping[str, object], *, status: int = 200, **more: object
) -> HttpResponse:
    content = {
        "tokens": tokens_of(person),
        "verbs": _verbs(request),
        "longest_days": longest_days(),
        "given": given,
        "errors": [],
        **more,
    }
    return render(request, "web/interface_tokens.html", content, status=status)


def _own(request: HttpRequest) -> Person:
    if not isinstance(request.user, Person):
        way = (f"{reverse('sign-in')}?next={reverse('tokens')}", message("web.refused.sign_in"))
        raise RefusedRequestError(403, message("web.tokens.sign_in"), [way])
    return request.user


addresses = [
    path("api/", reference, name="interface"),
    path("account/tokens/", tokens, name="tokens"),
    path("account/tokens/<int:number>/revoke/", revoke_token, name="token-revoke"),
]
