"""Calling the interface in tests: people with tokens, and reading what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from hengneng.access import Verb
from hengneng.accounts.models import Appointment, Person
from hengneng.accounts.tokens import issue
from hengneng.acts import new_act_id
from hengneng.registry.models import Organisation

ERROR_FIELDS = {"code", "status", "message", "where", "problems", "id"}


def person(role: str, place: str, name: str = "") -> Person:
    """Somebody with an office at a place (stable code)."""
    identifier = (name or f"{role}-{place}").replace("_", "-")
    body, _ = Organisation.objects.get_or_create(
        identifier=f"test-{role}-{place}",
        defaults={
            "kind": "county_office", "name_zh": f"{place}办公室", "name_en": f"Office of {place}", "place_id": place,
        },
    )  # fmt: skip
    made, fresh = Person.objects.get_or_create(identifier=identifier, defaults={"name": f"Holder of {identifier}"})
    if fresh:
        Appointment.objects.create(person=made, role=role, organisation=body, act=new_act_id())
    return made


@dataclass(frozen=True)
class Caller:
    """A program that calls with a token; without one, the public."""

    secret: str = ""

    @classmethod
    def of(cls, role: str, place: str, verbs: list[Verb] | None = None) -> Caller:
        """A program of the holder of an office, allowed everything that they may do unless ``verbs`` say less."""
        return cls(issue(person(role, place), "a program", [*(verbs if verbs is not None else Verb)], 30)[1])

    @property
    def headers(self) -> dict[str, str]:
        """What it sends with every request."""
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON of an answer, whose status must be ``status``."""
        response = Client().get(f"/api/v1{path}", query, headers=self.headers)
        return answered(response, status)

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        """The same for something that is sent."""
        response = Client().post(
            f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=self.headers
        )
        return answered(response, status)


def answered(response: Any, status: int) -> Any:
    """The JSON of a response with that status; an error must have the one shape."""
    assert response.status_code == status, f"{response.status_code}: {response.content.decode()[:2000]}"
    found = response.json()
    if status >= 400:
        assert set(found) == {"error"}
        error = found["error"]
        assert set(error) == ERROR_FIELDS
        assert error["status"] == status
        assert error["message"]["zh"]
        assert error["message"]["en"]
        assert all(set(problem) == {"check", "severity", "where", "text"} for problem in error["problems"])
        return error
    return found
