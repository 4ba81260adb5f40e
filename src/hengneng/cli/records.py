"""What commands that need the database share: a ready database, plans by name, places by code or name."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from hengneng.database.ready import prepare_database
from hengneng.language import listed
from hengneng.periods import Period
from hengneng.problems import Problem, RefusedError
from hengneng.rules.divisions import DivisionError, find_division, subject_code

if TYPE_CHECKING:
    from hengneng.accounts.models import Person
    from hengneng.plans.model import Plan
    from hengneng.registry.models import PlanEdition


def ready() -> None:
    """Make the database ready. RefusedError C011 when it cannot be used."""
    from django.db import DatabaseError

    try:
        prepare_database()
    except (DatabaseError, ValueError) as error:
        raise RefusedError(
            Problem("C011", "HENGNENG_DATABASE_URL", {"found": str(error).strip().splitlines()[0].rstrip("?.")})
        ) from error


def edition(identifier: str) -> PlanEdition:
    """The newest edition of a loaded plan. RefusedError C001."""
    from hengneng.registry.models import PlanEdition
    from hengneng.standing.plans import current_edition

    try:
        return current_edition(identifier)
    except PlanEdition.DoesNotExist:
        known = sorted(set(PlanEdition.objects.values_list("identifier", flat=True)))
        raise RefusedError(
            Problem("C001", "PLAN", {"found": identifier, "expected": ", ".join(known) or "—"})
        ) from None


def period(written: str) -> Period:
    """A period. RefusedError C004."""
    try:
        return Period.parse(written)
    except ValueError:
        raise RefusedError(Problem("C004", "--period", {"found": written})) from None


def place_of(plan: Plan, written: str, when: Period) -> str:
    """The stable code of one of the plan's places, given by code, by the plan's name or by a registered name. C005."""
    subjects = {subject_code(place.code): place.name for place in plan.places}
    own = {place.name: subject_code(place.code) for place in plan.places}
    subject = own.get(written)
    if subject is None:
        try:
            subject = subject_code(written)
        except DivisionError:
            try:
                subject = subject_code(find_division(written, when.start, when.end).code)
            except DivisionError:
                subject = None
    if subject not in subjects:
        expected = listed(f"{name} {code}" for code, name in subjects.items())
        raise RefusedError(Problem("C005", "--place", {"found": written, "plan": plan.id, "expected": expected}))
    return subject


def user() -> str:
    """Who is at the terminal, for the records."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def person_of(identifier: str) -> Person:
    """Somebody by their sign-in name. RefusedError C014."""
    from hengneng.accounts.models import Person

    found = Person.objects.filter(identifier=identifier).first()
    if found is None:
        raise RefusedError(Problem("C014", "IDENTIFIER", {"found": identifier}))
    return found
