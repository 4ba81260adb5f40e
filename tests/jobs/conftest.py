"""People who start jobs, and kinds of jobs that exist for the tests only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hengneng.access import Actor


@pytest.fixture
def places(db: None) -> None:
    """Every place of the register."""
    from hengneng.registry.places import load_places

    load_places()


@pytest.fixture
def office(places: None) -> Callable[..., Actor]:
    """Somebody with an office: ``office("county_office", "650101")``; the sign-in name is made of both."""
    from hengneng.access import Actor, Held, Role
    from hengneng.registry.models import Organisation

    def make(role: str, place: str, name: str = "") -> Actor:
        identifier = name or f"{role}-{place}".replace("_", "-")
        body, _ = Organisation.objects.get_or_create(
            identifier=f"{role}-{place}",
            defaults={"kind": "department", "name_zh": identifier, "name_en": identifier, "place_id": place},
        )
        return Actor(hash(identifier) % 1000 + 1, identifier, identifier, (Held(Role(role), body.pk, place),))

    return make


@pytest.fixture
def kinds() -> Iterator[dict[str, Any]]:
    """Kinds registered by a test are gone after it."""
    from hengneng.jobs.kinds import _KINDS
    from hengneng.jobs.kinds import kinds as all_kinds

    before = dict(all_kinds())
    yield _KINDS
    _KINDS.clear()
    _KINDS.update(before)
