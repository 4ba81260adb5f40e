"""What was known at two moments, side by side; every page of facts in both languages."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from support.fact_pages import FACT, TYPED, SignIn, csv_of, numbers_on, page_of, rows_in, take
from support.tables import row

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("facts pages")]


def test_two_moments_side_by_side(sign_in: SignIn) -> None:
    client = sign_in()
    first = timezone.localtime()
    client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    take([row("520", period="2015", explanation="new works")])
    asked = {"first": first.isoformat(), "second": (first + dt.timedelta(hours=1)).isoformat()}
    page = page_of(client.get("/facts/compare/", asked))
    assert rows_in(page) == 2
    for said in ("500", "510", "+10", "+2.0%", "520", "checked against the yearbook"):
        assert said in page
    assert re.search(r"<b>1</b> new", page)
    assert re.search(r"<b>1</b> corrected", page)
    assert re.search(r"<b>6</b> unchanged", page)
    assert rows_in(page_of(client.get("/facts/compare/", {**asked, "kind": "changed"}))) == 1
    rows = csv_of(client.get("/facts/compare/changes.csv", asked))
    assert {(one["old value"], one["new value"], one["difference"]) for one in rows} == {
        ("500", "510", "10"), ("", "520", ""),
    }  # fmt: skip


def test_the_comparison_shows_only_what_was_known_then(sign_in: SignIn) -> None:
    client = sign_in()
    client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    between = timezone.localtime()
    client.post(f"{FACT}correct/", {**TYPED, "value": "515", "revision": "2", "step": "record"})
    page = page_of(client.get("/facts/compare/", {"first": "2000-01-01", "second": between.isoformat()}))
    shown = numbers_on(page)
    assert "510" in shown
    assert "515" not in shown


def test_without_moments_the_last_day_of_recording_is_shown(sign_in: SignIn) -> None:
    assert rows_in(page_of(sign_in().get("/facts/compare/"))) == 7


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "address", ["/facts/", FACT, f"{FACT}correct/", "/facts/new/", "/facts/import/", "/facts/compare/"]
)
def test_every_page_in_both_languages(sign_in: SignIn, address: str, language: str) -> None:
    answer = sign_in().get(address, headers={"accept-language": language})
    page = page_of(answer)
    assert answer.headers["Content-Language"] == language
    assert not re.search(r"\sstyle=\"|<style|\son[a-z]+=\"", page)
    assert page.count("<h1") == 1
    assert answer.headers["Cache-Control"] == "no-store"
