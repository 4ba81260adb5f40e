"""The table of permissions as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from hengneng.access.actors import Actor
from hengneng.access.table import READING, YES, Verb, Where, permissions
from hengneng.accounts.roles import Role
from hengneng.language import Text, message


@dataclass(frozen=True)
class Permitted:
    """A verb, and for every relation whether it is allowed; ``reads`` tells reading from changing."""

    verb: Verb
    label: Text
    reads: bool
    cells: tuple[tuple[Where, bool], ...]


def table_of(role: Role) -> list[Permitted]:
    """What a role may do."""
    return [_permitted(verb, [role]) for verb in Verb]


def table_for(actor: Actor) -> list[Permitted]:
    """What somebody may do with all their offices together."""
    return [_permitted(verb, [held.role for held in actor.held]) for verb in Verb]


def _permitted(verb: Verb, roles: list[Role]) -> Permitted:
    cells = tuple((where, any(permissions()[role, verb][where] == YES for role in roles)) for where in Where)
    return Permitted(verb, verb.label(), verb in READING, cells)


def wheres() -> list[tuple[Where, Text]]:
    """The columns of the table in words."""
    return [(where, where.label()) for where in Where]


def role_label(role: str) -> Text:
    """A role in words."""
    return message(f"access.role.{role}")
