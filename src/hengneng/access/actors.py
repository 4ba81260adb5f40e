"""Who acts: a person with the offices of today, the public, or whoever sits at the terminal of the machine."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from django.utils import timezone

from hengneng.access.table import Verb
from hengneng.accounts.models import Person
from hengneng.accounts.roles import Role


@dataclass(frozen=True)
class Held:
    """A role at an organisation, which lies at a place (stable code)."""

    role: Role
    organisation_id: int | None
    place: str | None


@dataclass(frozen=True)
class Actor:
    """Somebody who acts. ``allowed``: the verbs of a token, None without one. ``operator``: at the machine itself."""

    person_id: int | None
    identifier: str
    name: str
    held: tuple[Held, ...]
    allowed: frozenset[Verb] | None = None
    operator: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether this is a person."""
        return self.person_id is not None

    @property
    def organisations(self) -> frozenset[int]:
        """Keys of the organisations where a role is held."""
        return frozenset(held.organisation_id for held in self.held if held.organisation_id is not None)

    @property
    def places(self) -> tuple[str, ...]:
        """Places of those organisations."""
        return tuple(dict.fromkeys(held.place for held in self.held if held.place))

    def has(self, *roles: Role) -> bool:
        """Whether any of the roles is held."""
        return any(held.role in roles for held in self.held)


PUBLIC = Actor(None, "public", "", (Held(Role.PUBLIC, None, None),))


def actor_of(person: Person, allowed: frozenset[Verb] | None = None) -> Actor:
    """A person with the offices held today; without any, what the public may."""
    held = tuple(
        Held(Role(one.role), one.organisation_id, one.organisation.place_id)
        for one in person.appointments_on(timezone.localdate())
    )
    return Actor(person.pk, person.identifier, person.name, held or PUBLIC.held, allowed)


def terminal_actor() -> Actor:
    """Whoever sits at the machine: may do everything, as the owner of the data folder does anyway, under their name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Actor(None, f"terminal:{user}", user, (), operator=True)
