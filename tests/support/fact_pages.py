"""What the tests of the pages of facts have in common: the facts, who reads them, what stands on a page."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from typing import Any

from django.test import Client

from hengneng.access import Role
from hengneng.accounts.models import Appointment, Person
from hengneng.acts import new_act_id
from hengneng.facts.intake.recording import Intake, import_content
from hengneng.registry.models import Organisation
from hengneng.registry.places import load_places
from support.tables import row, text_of, years

URUMQI, HAMI, COUNTY = "650100", "652200", "650109"
MEASURE = "energy_consumption_equivalent"
FACT = f"/facts/{MEASURE}/{URUMQI}/2014/"
TYPED = {
    "value": "510", "unit": "10^4 tce", "state": "reported", "source": "letter of 2015-07-10", "cell": "page 3",
    "confidence": "sourced", "note": "a note", "reason": "checked against the yearbook", "revision": "1",
}  # fmt: skip
SignIn = Callable[..., Client]


def record() -> None:
    """Facts of two prefectures and a county of the first."""
    load_places()
    rows = [
        *years("480", "490", "495", "498", "500"),
        *years("200", "210", "220", place=HAMI),
        row("60", place=COUNTY),
        row("900", measure="gdp_constant_2010", unit="10^8 yuan", source="another yearbook", confidence="memory-low"),
    ]
    take(rows)


def take(rows: list[dict[str, str]], **changes: Any) -> None:
    content = text_of(rows).encode()
    result = import_content(content, "table.csv", Intake(**{"recorded_by": "tester", "language": "zh", **changes}))
    assert not result.refused


def sign_in(place: str = URUMQI, role: Role = Role.PREFECTURE_OFFICE, name: str = "clerk") -> Client:
    """A client of somebody with a role at a place."""
    body, _ = Organisation.objects.get_or_create(
        identifier=f"office-{place}",
        defaults={"kind": "department", "name_zh": "办公室", "name_en": "Office", "place_id": place},
    )
    person = Person.objects.create(identifier=f"{name}-{place}-{role}".replace("_", "-"), name="某人")
    Appointment.objects.create(person=person, role=role, organisation=body, act=new_act_id())
    client = Client(headers={"host": "localhost", "accept-language": "en"})
    client.force_login(person)
    return client


def page_of(answer: Any, status: int = 200) -> str:
    text: str = html.unescape(answer.content.decode())
    assert answer.status_code == status, text
    return text


def numbers_on(page: str) -> set[str]:
    """Whole numbers, also in attributes: a clock that says 05:15 does not say 515."""
    return set(re.findall(r"(?<![\w.])\d+(?:[.,:]\d+)*(?!\w)", page))


def rows_in(page: str) -> int:
    return page.count('<th scope="row"')


def csv_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))
