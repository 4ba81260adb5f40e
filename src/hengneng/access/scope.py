"""The same answers as :mod:`hengneng.access.deciding`, for whole tables: which rows somebody may see or act on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from hengneng.access.actors import Actor
from hengneng.access.table import YES, Verb, Where, permissions
from hengneng.registry.models import Ancestry

NOTHING = Q(pk__in=[])
# An empty Q would vanish when it is joined with another by "or".
EVERYTHING = ~NOTHING
Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True)
class Reach:
    """What one office reaches with a verb."""

    place: str | None
    organisation_id: int | None
    cells: frozenset[Where]


@dataclass(frozen=True)
class Scope:
    """Where somebody may do something."""

    everything: bool = False
    reaches: tuple[Reach, ...] = field(default=())

    @property
    def nothing(self) -> bool:
        """Whether nothing at all is reached."""
        return not self.everything and not any(reach.cells for reach in self.reaches)

    def condition(self, place: str, organisation: str | None) -> Q:
        """The rows within the scope; ``place`` and ``organisation`` are names of lookups."""
        if self.everything:
            return EVERYTHING
        found = NOTHING
        for reach in self.reaches:
            found |= _condition(reach, place, organisation)
        return found


def scope_of(actor: Actor, verb: Verb) -> Scope:
    """Where ``actor`` may do ``verb``."""
    if actor.operator:
        return Scope(everything=True)
    if actor.allowed is not None and verb not in actor.allowed:
        return Scope()
    reaches = []
    for held in actor.held:
        cells = frozenset(where for where, code in permissions()[held.role, verb].items() if code == YES)
        if cells == frozenset(Where):
            return Scope(everything=True)
        reaches.append(Reach(held.place, held.organisation_id, cells))
    return Scope(reaches=tuple(reaches))


def seen_by(
    actor: Actor, queryset: Rows, verb: Verb, place: str = "place", organisation: str | None = None
) -> Rows:
    """The rows on which ``actor`` may do ``verb``; ``place`` and ``organisation`` name the lookups that lead there."""
    return queryset.filter(scope_of(actor, verb).condition(place, organisation))


def _condition(reach: Reach, place: str, organisation: str | None) -> Q:
    own = Q(**{organisation: reach.organisation_id}) if organisation and reach.organisation_id is not None else None
    found = _by_place(reach, place)
    if own is None:
        return found
    # What belongs to one's own organisation is judged by that column alone.
    if Where.OWN_ORGANISATION in reach.cells:
        return found | own
    return found & ~own | found & Q(**{f"{organisation}__isnull": True})


def _by_place(reach: Reach, place: str) -> Q:
    found = NOTHING
    if reach.place is None:
        return EVERYTHING if Where.ELSEWHERE in reach.cells else found
    up = Ancestry.objects.filter(descendant=reach.place, distance__gt=0).values("ancestor")
    down = Ancestry.objects.filter(ancestor=reach.place, distance__gt=0).values("descendant")
    here = Q(**{place: reach.place})
    if Where.OWN_PLACE in reach.cells:
        found |= here
    if Where.BELOW in reach.cells:
        found |= Q(**{f"{place}__in": down})
    if Where.ABOVE in reach.cells:
        found |= Q(**{f"{place}__in": up})
    if Where.ELSEWHERE in reach.cells:
        found |= ~here & ~Q(**{f"{place}__in": down}) & ~Q(**{f"{place}__in": up})
    return found
