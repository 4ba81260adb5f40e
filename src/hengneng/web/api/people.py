"""Who am I, what may I; and the log of acts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from hengneng.access import Actor, Verb, require, scope_of, seen_by
from hengneng.acts.models import Act
from hengneng.language import catalogue
from hengneng.registry.models import Organisation, Place
from hengneng.web.api.errors import not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.shapes import JsonObject, Line, Listed, Paging, Words, listed, moment, words
from hengneng.web.questions import actor_of_request

router = Router(tags=["people"])


class Office(Schema):
    """A role at an organisation."""

    role: str = Field(description="api.field.role")
    role_label: Words
    organisation: str | None = Field(description="api.field.organisation")
    organisation_name: Words | None
    place: str | None = Field(description="api.field.place")


class Leave(Schema):
    """Something that the caller may do."""

    verb: str = Field(description="api.field.verb")
    label: Words
    anywhere: bool = Field(description="api.field.anywhere")
    places: list[str] = Field(description="api.field.leave_places")


class Me(Schema):
    """Who calls."""

    signed_in: bool = Field(description="api.field.signed_in")
    identifier: str = Field(description="api.field.identifier")
    name: str
    offices: list[Office] = Field(description="api.field.offices")
    token_verbs: list[str] | None = Field(description="api.field.token_verbs")
    may: list[Leave] = Field(description="api.field.may")


@operation(router, "GET", "/me", "me", Me)
def me(request: HttpRequest) -> JsonObject:
    """Who calls, and what they may."""
    actor = actor_of_request(request)
    known = Organisation.objects.filter(pk__in=actor.organisations)
    bodies: dict[int | None, Organisation] = {one.pk: one for one in known}
    return {
        "signed_in": actor.signed_in,
        "identifier": actor.identifier,
        "name": actor.name,
        "offices": [_office(held, bodies.get(held.organisation_id)) for held in actor.held],
        "token_verbs": None if actor.allowed is None else sorted(str(verb) for verb in actor.allowed),
        "may": [leave for verb in Verb if (leave := _leave(actor, verb))],
    }


def _office(held: Any, organisation: Organisation | None) -> JsonObject:
    from hengneng.language import message

    return {
        "role": str(held.role),
        "role_label": words(message(f"access.role.{held.role}")),
        "organisation": organisation.identifier if organisation else None,
        "organisation_name": words(organisation.label) if organisation else None,
        "place": held.place,
    }


def _leave(actor: Actor, verb: Verb) -> JsonObject | None:
    scope = scope_of(actor, verb)
    if scope.nothing:
        return None
    places = [] if scope.everything else sorted({reach.place for reach in scope.reaches if reach.place and reach.cells})
    return {"verb": str(verb), "label": words(verb.label()), "anywhere": scope.everything, "places": places}


class ActAnswer(Schema):
    """An act of the log."""

    id: str = Field(description="api.field.act")
    sequence: int = Field(description="api.field.sequence")
    at: str = Field(description="api.field.moment")
    who: str = Field(description="api.field.who")
    verb: str = Field(description="api.field.act_verb")
    verb_label: Words | None
    kind: str = Field(description="api.field.act_kind")
    name: str = Field(description="api.field.act_name")
    place: str | None = Field(description="api.field.place")
    reason: str = Field(description="api.field.reason")
    details: dict[str, Any] = Field(description="api.field.details")
    digest: str = Field(description="api.field.act_digest")


class ActsAsked(Paging):
    """Which acts."""

    kind: Line | None = Field(None, description="api.field.act_kind")
    name: Line | None = Field(None, description="api.field.act_name")
    who: Line | None = Field(None, description="api.field.who")


@operation(router, "GET", "/acts", "acts", Listed[ActAnswer])
def acts(request: HttpRequest, asked: Query[ActsAsked]) -> JsonObject:
    """The log, the newest first."""
    found = _acts(actor_of_request(request)).order_by("-sequence")
    for name in ("kind", "name", "who"):
        if value := getattr(asked, name):
            found = found.filter(**{name: value})
    return listed(found, asked, _act)


@operation(router, "GET", "/acts/{act}", "act", ActAnswer)
def act(request: HttpRequest, act: Line) -> JsonObject:
    """One act."""
    found = _acts(actor_of_request(request)).filter(identifier=act).first()
    if found is None:
        raise not_found("act", act, "path.act")
    return _act(found)


def _acts(actor: Actor) -> Any:
    if scope_of(actor, Verb.READ_LOG).nothing:
        require(actor, Verb.READ_LOG)
    return seen_by(actor, Act.objects.all(), Verb.READ_LOG, place="place", organisation="organisation")


def _act(one: Act) -> JsonObject:
    return {
        "id": one.identifier,
        "sequence": one.sequence,
        "at": moment(one.at),
        "who": one.who,
        "verb": one.verb,
        "verb_label": words(catalogue().get(f"act.{one.verb}")),
        "kind": one.kind,
        "name": one.name,
        "place": one.place or None,
        "reason": one.reason,
        "details": one.details,
        "digest": one.digest,
    }


def place_or_404(code: str, where: str = "path.place") -> Place:
    """A place by its stable code. ApiError 404."""
    found = Place.objects.filter(pk=code).first()
    if found is None:
        raise not_found("place", code, where)
    return found
