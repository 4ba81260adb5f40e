"""Who may do what, where: the one layer through which pages, interface, exports, counts, selectors and search pass."""

from hengneng.access.actors import PUBLIC, Actor, Held, terminal_actor
from hengneng.access.deciding import Decision, RefusedAccessError, decide, require
from hengneng.access.scope import Scope, scope_of, seen_by
from hengneng.access.table import Verb, Where, permissions
from hengneng.accounts.roles import Role

__all__ = [
    "PUBLIC",
    "Actor",
    "Decision",
    "Held",
    "RefusedAccessError",
    "Role",
    "Scope",
    "Verb",
    "Where",
    "decide",
    "permissions",
    "require",
    "scope_of",
    "seen_by",
    "terminal_actor",
]
