"""Pages of signing in and out, of one-time links, and of one's own account."""

from __future__ import annotations

from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hengneng.access import Verb, scope_of
from hengneng.accounts import totp
from hengneng.accounts.links import find_link, set_password, use_link
from hengneng.accounts.models import Person, SignInAttempt
from hengneng.accounts.passwords import PasswordError
from hengneng.accounts.policy import policy
from hengneng.accounts.signing_in import Refusal, sign_in, sign_out_everywhere
from hengneng.acts import record
from hengneng.language import LANGUAGES, Text, message
from hengneng.web.addresses import address_of
from hengneng.web.middleware import COOKIE
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered

BACKEND = "hengneng.accounts.backend.PersonBackend"
SECRET_IN_SESSION = "totp_secret"
SIGN_INS_SHOWN = 10

Errors = list[tuple[str, Text]]


@answered
@sensitive_post_parameters()
def enter(request: HttpRequest) -> HttpResponse:
    """Sign in by name and password."""
    following = request.POST.get("next") or request.GET.get("next", "")
    if request.method != "POST":
        ended = request.GET.get("ended") or getattr(request, "session_ended", False)
        return render(request, "web/account/sign_in.html", {"next": following, "ended": ended})
    identifier = request.POST.get("identifier", "")
    found = sign_in(
        identifier, request.POST.get("password", ""), request.POST.get("code", ""), address_of(request)
    )
    if isinstance(found, Refusal):
        content = {"next": following, "identifier": identifier, "errors": [("identifier", found.text)]}
        response = render(request, "web/account/sign_in.html", content, status=429 if found.wait else 400)
        if found.wait:
            response.headers["Retry-After"] = str(int(found.wait.total_seconds()) + 1)
        return response
    return _let_in(request, found, following)


def _let_in(request: HttpRequest, person: Person, following: str = "") -> HttpResponse:
    login(request, person, backend=BACKEND)
    safe = url_has_allowed_host_and_scheme(following, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(following if safe and following else reverse("home"))
    response.set_cookie(COOKIE, person.language, max_age=31_536_000, samesite="Lax", httponly=True)
    return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("home")


@answered
@sensitive_post_parameters()
def first_sign_in(request: HttpRequest, secret: str) -> HttpResponse:
    """Set a password by a one-time link, and go in."""
    link = find_link(secret)
    if link is None:
        raise RefusedRequestError(404, message("web.account.link_over"))
    content = {"person": link.person, "expires": link.expires_at, "least": policy().least_characters}
    if request.method != "POST":
        return render(request, "web/account/first_sign_in.html", content)
    errors = _new_password_faults(request, link.person)
    if errors:
        return render(request, "web/account/first_sign_in.html", {**content, "errors": errors}, status=400)
    person = use_link(secret, request.POST["password"])
    if person is None:
        raise RefusedRequestError(404, message("web.account.link_over"))
    notify(request, message("web.account.welcome", name=person.name))
    return _let_in(request, person)


def _new_password_faults(request: HttpRequest, person: Person) -> Errors:
    password, again = request.POST.get("password", ""), request.POST.get("again", "")
    errors: Errors = []
    try:
        validate_password(password, person)
    except ValidationError as refused:
        errors += [("password", one.text) for one in refused.error_list if isinstance(one, PasswordError)]
    if not errors and password != again:
        errors.append(("again", message("web.account.not_the_same")))
    return errors


def _own(request: HttpRequest) -> Person:
    """Whoever is signed in. RefusedRequestError 403 for the public."""
    if not isinstance(request.user, Person):
        way = (f"{reverse('sign-in')}?next={request.path}", message("web.refused.sign_in"))
        raise RefusedRequestError(403, message("web.account.sign_in_first"), [way])
    return request.user


@answered
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: offices, what they allow, password, second factor, sessions, tokens."""
    return _account(request, _own(request))


def _account(request: HttpRequest, person: Person, errors: Errors | None = None, status: int = 200) -> HttpResponse:
    from hengneng.access.presenting import table_for

    secret = request.session.get(SECRET_IN_SESSION, "")
    content = {
        "person": person,
        "appointments": person.appointments.filter(ended=None).select_related("organisation__place"),
        "permissions": table_for(actor_of_request(request)),
        "tokens": person.tokens.filter(revoked_at=None),
        "verbs": [verb for verb in Verb if not scope_of(actor_of_request(request), verb).nothing],
        "longest_days": policy().longest_token.days,
        "sign_ins": SignInAttempt.objects.filter(identifier=person.identifier).order_by("-at")[:SIGN_INS_SHOWN],
        "secret": secret,
        "picture": totp.picture(person, secret) if secret else "",
        "least": policy().least_characters,
        "errors": errors or [],
    }
    return render(request, "web/account/account.html", content, status=status)


@answered
@require_POST
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password; every other session ends."""
    person = _own(request)
    errors: Errors = []
    if not person.check_password(request.POST.get("present", "")):
        errors.append(("present", message("web.account.present_wrong")))
    errors += _new_password_faults(request, person)
    if errors:
        return _account(request, person, errors, 400)
    with transaction.atomic():
        set_password(person, request.POST["password"])
        record(person.identifier, "person.password", "person", person.identifier)
    update_session_auth_hash(request, person)
    notify(request, message("web.account.password_changed"))
    return redirect("account")


@answered
@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """The language in which the site greets this person."""
    person, language = _own(request), request.POST.get("language", "")
    if language not in LANGUAGES:
        raise RefusedRequestError(400, message("web.refused.bad"))
    Person.objects.filter(pk=person.pk).update(language=language)
    response = redirect("account")
    response.set_cookie(COOKIE, language, max_age=31_536_000, samesite="Lax", httponly=True)
    return response


@answered
@require_POST
def second_factor(request: HttpRequest) -> HttpResponse:
    """Begin, finish or end the use of a second factor."""
    person, act = _own(request), request.POST.get("act", "")
    if act == "begin":
        request.session[SECRET_IN_SESSION] = totp.new_secret()
    elif act == "cancel":
        request.session.pop(SECRET_IN_SESSION, None)
    elif act == "finish" and SECRET_IN_SESSION in request.session:
        if not totp.switch_on(person, request.session[SECRET_IN_SESSION], request.POST.get("code", "")):
            return _account(request, person, [("code", message("web.account.code_wrong"))], 400)
        del request.session[SECRET_IN_SESSION]
        notify(request, message("web.account.second_factor_is_on"))
    elif act == "end":
        if not person.check_password(request.POST.get("present", "")):
            return _account(request, person, [("end-present", message("web.account.present_wrong"))], 400)
        totp.switch_off(person, person.identifier)
        notify(request, message("web.account.second_factor_is_off"))
    return redirect(f"{reverse('account')}#second-factor")


@answered
@require_POST
def leave_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session, this one too."""
    person = _own(request)
    sign_out_everywhere(person, person.identifier)
    logout(request)
    return redirect(f"{reverse('sign-in')}?ended=everywhere")


addresses = [
    path("sign-in/", enter, name="sign-in"),
    path("sign-out/", leave, name="sign-out"),
    path("first-sign-in/<str:secret>/", first_sign_in, name="first-sign-in"),
    path("account/", account, name="account"),
    path("account/password/", change_password, name="account-password"),
    path("account/language/", change_language, name="account-language"),
    path("account/second-factor/", second_factor, name="account-second-factor"),
    path("account/sign-out-everywhere/", leave_everywhere, name="account-sign-out-everywhere"),
]
