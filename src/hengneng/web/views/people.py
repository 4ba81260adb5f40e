"""Pages of people and their offices, for those who manage them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from hengneng.access import Role, Verb, require
from hengneng.access.appointing import (
    NewPerson,
    add_person,
    appoint,
    end_appointment,
    new_link,
    reset_second_factor,
    set_active,
)
from hengneng.access.presenting import role_label
from hengneng.accounts.models import Appointment, Person
from hengneng.accounts.policy import policy
from hengneng.accounts.roles import HELD_BY_NOBODY
from hengneng.accounts.signing_in import sign_out_everywhere
from hengneng.language import Text, message
from hengneng.problems import RefusedError
from hengneng.registry.models import Organisation
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered

PAGE = 50
ROLES = [role for role in Role if role is not HELD_BY_NOBODY]
LINK_IN_SESSION = "link_made"


def errors_of(refused: RefusedError) -> list[tuple[str, Text]]:
    """Numbered problems as the error list of a form: each at the field that its place names."""
    return [
        (problem.where, Text(zh=problem.text("zh"), en=problem.text("en"))) for problem in refused.problems
    ]


@answered
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name, role and organisation."""
    require(actor_of_request(request), Verb.MANAGE_PEOPLE)
    wanted, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    found = Person.objects.prefetch_related("appointments__organisation")
    if wanted:
        office = Q(appointments__ended=None) & (
            Q(appointments__organisation__name_zh__icontains=wanted)
            | Q(appointments__organisation__name_en__icontains=wanted)
        )
        found = found.filter(Q(name__icontains=wanted) | Q(identifier__icontains=wanted) | office).distinct()
    if role:
        found = found.filter(appointments__role=role, appointments__ended=None).distinct()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    content = {"page": page, "q": wanted, "role": role, "roles": [(one, role_label(one)) for one in ROLES]}
    return render(request, "web/people/people.html", content)


@answered
def add(request: HttpRequest) -> HttpResponse:
    """Add somebody; the page then shows their one-time link, once."""
    require(actor_of_request(request), Verb.MANAGE_PEOPLE)
    names = ("identifier", "name", "role", "organisation", "language")
    given = {name: request.POST.get(name, "").strip() for name in names}
    errors = []
    if request.method == "POST":
        try:
            person, secret = add_person(actor_of_request(request), NewPerson(**given))
        except RefusedError as refused:
            errors = errors_of(refused)
        else:
            notify(request, message("web.people.added", name=person.name))
            return _with_link(request, person, secret)
    content = {"given": given, "errors": errors, **_choices()}
    return render(request, "web/people/add.html", content, status=400 if errors else 200)


def _choices() -> dict[str, object]:
    return {
        "roles": [(one, role_label(one)) for one in ROLES],
        "organisations": Organisation.objects.order_by("place_id", "identifier"),
    }


def _person(identifier: str) -> Person:
    found = Person.objects.filter(identifier=identifier).first()
    if found is None:
        raise RefusedRequestError(404, message("web.people.none", found=identifier))
    return found


def _with_link(request: HttpRequest, person: Person, secret: str) -> HttpResponse:
    request.session[LINK_IN_SESSION] = [
        person.identifier, request.build_absolute_uri(reverse("first-sign-in", args=[secret]))
    ]  # fmt: skip
    return redirect("person", person.identifier)


@answered
def person(request: HttpRequest, identifier: str) -> HttpResponse:
    """One person: offices, link, access."""
    require(actor_of_request(request), Verb.MANAGE_PEOPLE)
    return _page(request, _person(identifier))


def _page(request: HttpRequest, found: Person, errors: list[tuple[str, Text]] | None = None) -> HttpResponse:
    made_for, link = request.session.get(LINK_IN_SESSION, ["", ""])
    if made_for == found.identifier and not errors:
        del request.session[LINK_IN_SESSION]
    content = {
        "person": found,
        "link": link if made_for == found.identifier else "",
        "hours": int(policy().link.total_seconds() // 3600),
        "appointments": found.appointments.select_related("organisation").order_by("ended", "id"),
        "errors": errors or [],
        **_choices(),
    }
    return render(request, "web/people/person.html", content, status=400 if errors else 200)


@answered
@require_POST
def change(request: HttpRequest, identifier: str) -> HttpResponse:
    """One act on a person: appoint, end an appointment, make a link, shut out, let in, reset the second factor."""
    actor, found, act = actor_of_request(request), _person(identifier), request.POST.get("act", "")
    require(actor, Verb.MANAGE_PEOPLE)
    reason = request.POST.get("reason", "").strip()
    try:
        if act == "link":
            return _with_link(request, found, new_link(actor, found))
        if act == "appoint":
            _appoint(request, found)
        elif act == "end":
            end_appointment(actor, _appointment(found, request.POST.get("appointment", "")), reason)
        elif act in ("shut-out", "let-in"):
            set_active(actor, found, act == "let-in", reason)
        elif act == "second-factor":
            reset_second_factor(actor, found, reason)
        elif act == "sign-out":
            sign_out_everywhere(found, actor.identifier)
        else:
            raise RefusedRequestError(400, message("web.refused.bad"))
    except RefusedError as refused:
        return _page(request, found, errors_of(refused))
    notify(request, message("web.people.done"))
    return redirect("person", found.identifier)


def _appoint(request: HttpRequest, found: Person) -> None:
    organisation = Organisation.objects.filter(identifier=request.POST.get("organisation", "")).first()
    role = request.POST.get("role", "")
    if organisation is None or role not in ROLES:
        raise RefusedRequestError(400, message("web.refused.bad"))
    appoint(actor_of_request(request), found, Role(role), organisation)


def _appointment(found: Person, key: str) -> Appointment:
    one = found.appointments.filter(pk=key if key.isdigit() else 0, ended=None).select_related("organisation").first()
    if one is None:
        raise RefusedRequestError(404, message("web.people.no_appointment"))
    return one


addresses = [
    path("people/", people, name="people"),
    path("people/add/", add, name="people-add"),
    path("people/<str:identifier>/", person, name="person"),
    path("people/<str:identifier>/change/", change, name="person-change"),
]
