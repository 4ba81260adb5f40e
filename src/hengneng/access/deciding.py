"""One question, one answer, and the reason when it is no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from django.db.models import Q

from hengneng.access.actors import Actor, Held
from hengneng.access.table import YES, Verb, Where, permissions, roles_that_may
from hengneng.language import Text, listed, message
from hengneng.registry.models import Ancestry, Organisation, Place

NOTHING = Text(zh="—", en="—")


@dataclass(frozen=True)
class Decision:
    """Yes, or no with the reason. ``said`` puts it into words, which takes a few questions to the database."""

    allowed: bool
    said: Callable[[], Text]
    code: str = YES

    @cached_property
    def reason(self) -> Text:
        """Why, in words; asked for only where somebody reads it."""
        return self.said()


class RefusedAccessError(Exception):
    """Somebody may not do what they asked for."""

    def __init__(self, verb: Verb, decision: Decision) -> None:
        self.verb, self.decision = verb, decision
        super().__init__(decision.reason.en)


def decide(actor: Actor, verb: Verb, place: str | None = None, organisation: int | None = None) -> Decision:
    """Whether ``actor`` may do ``verb`` to a thing at ``place`` (stable code) that belongs to ``organisation`` (key).

    A thing without a place counts as being at the actor's own. Of several roles the one that may decides.
    """
    if actor.operator:
        return Decision(True, partial(message, "access.allowed"))
    if actor.allowed is not None and verb not in actor.allowed:
        return Decision(False, partial(message, "access.reason.token", verb=verb.label()), "token")
    refusals = []
    for held in actor.held:
        code = permissions()[held.role, verb][where_is(held, place, organisation)]
        if code == YES:
            return Decision(True, partial(message, "access.allowed"))
        refusals.append((held, code))
    held, code = refusals[0]
    return Decision(False, partial(_reason, code, held, verb, place, organisation), code)


def require(actor: Actor, verb: Verb, place: str | None = None, organisation: int | None = None) -> None:
    """Raise RefusedAccessError unless :func:`decide` says yes."""
    decision = decide(actor, verb, place, organisation)
    if not decision.allowed:
        raise RefusedAccessError(verb, decision)


def where_is(held: Held, place: str | None, organisation: int | None) -> Where:
    """How a thing lies to the holder of an office."""
    if organisation is not None and organisation == held.organisation_id:
        return Where.OWN_ORGANISATION
    if held.place is None:
        return Where.ELSEWHERE
    if place is None or place == held.place:
        return Where.OWN_PLACE
    lines = Q(ancestor=held.place, descendant=place) | Q(ancestor=place, descendant=held.place)
    found = Ancestry.objects.filter(lines).values_list("ancestor_id", flat=True).first()
    if found is None:
        return Where.ELSEWHERE
    return Where.BELOW if found == held.place else Where.ABOVE


def _reason(code: str, held: Held, verb: Verb, place: str | None, organisation: int | None) -> Text:
    return message(
        f"access.reason.{code}",
        verb=verb.label(),
        role=message(f"access.role.{held.role}"),
        roles=listed([message(f"access.role.{role}") for role in roles_that_may(verb)], "—"),
        own=_place_name(held.place),
        place=_place_name(place),
        organisation=_organisation_name(held.organisation_id),
        other=_organisation_name(organisation),
    )


def _place_name(code: str | None) -> Text:
    from django.utils import timezone

    place = Place.objects.filter(pk=code).first() if code else None
    return place.name_on(timezone.localdate()) if place else NOTHING


def _organisation_name(key: int | None) -> Text:
    found = Organisation.objects.filter(pk=key).first() if key else None
    return found.label if found else NOTHING
