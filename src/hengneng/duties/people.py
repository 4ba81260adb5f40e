"""Organisations and people to whom a duty can be given."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from hengneng.access import Actor, Verb, decide
from hengneng.accounts.models import Appointment, Person
from hengneng.duties.models import Duty
from hengneng.duties.policy import handed_down_to
from hengneng.registry.models import Ancestry, Organisation, valid_on
from hengneng.rules.divisions import division, subject_code


def related_places(place: str) -> list[str]:
    """The place, all above it and all below it: the organisations there can have to do with it."""
    lines = Ancestry.objects.filter(Q(ancestor=place) | Q(descendant=place))
    return sorted({code for line in lines.values_list("ancestor_id", "descendant_id") for code in line})


def organisations_for(duty: Duty) -> QuerySet[Organisation]:
    """Organisations at the place of the duty, above or below it; those that exist today."""
    today = timezone.localdate()
    found = Organisation.objects.filter(valid_on(today), place__in=related_places(duty.place_id))
    return found.order_by("place", "kind", "identifier")


def organisations_to_choose(actor: Actor, duty: Duty) -> list[Organisation]:
    """Of these, the ones to which ``actor`` may give the duty."""
    if not decide(actor, Verb.ASSIGN_DUTIES, duty.place_id, duty.lead_id).allowed:
        return []
    own = actor.organisations
    # Somebody who may give it to any organisation at the place may give it to all; else only to their own.
    anyone = decide(actor, Verb.ASSIGN_DUTIES, duty.place_id, None).allowed
    return [one for one in organisations_for(duty) if anyone or one.pk in own]


def people_at(organisation: Organisation | int | None) -> QuerySet[Person]:
    """Who holds an office at the organisation today."""
    key = organisation.pk if isinstance(organisation, Organisation) else organisation
    today = timezone.localdate()
    held = Appointment.objects.filter(valid_on(today), ended=None, organisation=key).exclude(role="administrator")
    return Person.objects.filter(is_active=True, pk__in=held.values("person")).order_by("name", "identifier")


def taker_at(place: str) -> Organisation | None:
    """The organisation that takes a duty handed down to a place: by the order of the policy, there or next above."""
    kinds = handed_down_to()
    above = list(Ancestry.objects.filter(descendant=place).order_by("distance").values_list("ancestor_id", flat=True))
    today = timezone.localdate()
    found = Organisation.objects.filter(valid_on(today), place__in=above, kind__in=kinds)
    ordered = sorted(found, key=lambda one: (above.index(one.place_id), kinds.index(one.kind), one.identifier))
    return ordered[0] if ordered else None


def places_below(duty: Duty, plan_places: Iterable[str]) -> list[str]:
    """Places to which the duty can be handed down: those that the plan assesses, else those directly below."""
    below = set(
        Ancestry.objects.filter(ancestor=duty.place_id, distance__gt=0).values_list("descendant_id", flat=True)
    )
    assessed = [place for place in plan_places if place in below]
    if assessed:
        return assessed
    one = division(duty.place_id)
    # A unit that only the plan knows has no parts in the register: they are those of the place around it.
    around = subject_code(one.parent) if one.level == "assessed-unit" else duty.place_id
    left_out = {one.code, *(subject_code(code) for code in one.excludes)}
    direct = Ancestry.objects.filter(ancestor=around, distance=1).exclude(descendant__in=left_out)
    return list(direct.order_by("descendant").values_list("descendant_id", flat=True))
