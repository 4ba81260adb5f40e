"""What the tests of the pages of standings have in common: who reads them, a correction, what stands on a page."""

from __future__ import annotations

import re
from typing import Any

PLAN = "/plans/xinjiang-2015/"


def text_of(answer: Any) -> str:
    content: str = answer.content.decode()
    return content


def rows(page: str) -> list[str]:
    return re.findall(r'<tr data-searchable="([^"]*)"', page)


def office(role: str, place: str) -> Any:
    """Somebody with a role at a new body of a place."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    person = Person.objects.create(identifier=f"{role}-{place}", name=f"{role} {place}")
    body = Organisation.objects.create(
        identifier=f"body-{role}-{place}", kind="department", name_zh="机构", name_en="Body", place_id=place
    )
    Appointment.objects.create(person=person, role=Role(role), organisation=body, valid_from="2000-01-01")
    return person


def correct(place: str = "650100") -> None:
    """A correction that makes the place miss its target, computed at once."""
    from hengneng.facts.models import Fact
    from hengneng.standing.arrival import facts_arrived
    from hengneng.standing.computing import recompute_stale

    old = Fact.objects.known_at(None).get(measure="energy_consumption_equivalent", place=place, period="2014")
    key, number = old.pk, old.revision
    old.pk, old.revises_id, old.revision, old.value, old.reason = None, key, number + 1, old.value * 2, "更正"
    old.save(force_insert=True)
    facts_arrived([old])
    recompute_stale()
