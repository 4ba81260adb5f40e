"""The four plans of the project with their facts, loaded and published once a run, copied for every module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.module_data import copied, tell_planner

if TYPE_CHECKING:
    from django.test import Client

PLANS = Path(__file__).resolve().parents[2] / "plans"
FACTS = {"facts.csv": False, "facts.example.csv": True}


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Every plan with its facts, and what its pages show."""
    with copied(django_db_blocker, "plans", _load):
        yield


def _load() -> None:
    from hengneng.facts.intake.recording import Intake, import_file
    from hengneng.rules.divisions import subject_code
    from hengneng.standing.plans import load_plan_folder, plan_of
    from hengneng.standing.publishing import publish_what_never_was
    from hengneng.standing.report import period_shown

    for folder in sorted(path.parent for path in PLANS.glob("*/plan.yaml")):
        edition = load_plan_folder(folder).edition
        subjects = frozenset(subject_code(place.code) for place in plan_of(edition).places)
        for name, example in FACTS.items():
            if (folder / name).exists():
                intake = Intake(
                    recorded_by="test",
                    language="zh",
                    plan=edition.identifier,
                    plan_subjects=subjects,
                    example=example,
                )
                assert not import_file(folder / name, intake).refused
        tell_planner()
        period_shown(edition)
    publish_what_never_was()


@pytest.fixture
def site(loaded: None) -> Iterator[Client]:
    """A client of the loaded site; what a test writes is rolled back."""
    from django.db import transaction
    from django.test import Client

    with transaction.atomic():
        yield Client(headers={"host": "localhost"})
        transaction.set_rollback(True)


@pytest.fixture
def uncounted() -> Iterator[None]:
    """The calls of other tests do not count."""
    from hengneng.web.api.signing import _calls

    _calls.forget()
    yield
    _calls.forget()


@pytest.fixture
def signed_in(site: Client) -> Any:
    """Signs somebody in: ``signed_in("region_office", "650000")``."""
    from support.standing_pages import office

    def sign_in(role: str, place: str) -> Client:
        site.force_login(office(role, place))
        return site

    return sign_in
