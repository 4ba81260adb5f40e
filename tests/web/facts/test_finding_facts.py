"""Pages of facts: who sees which, found, page by page, as files."""

from __future__ import annotations

import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from support.fact_pages import (
    COUNTY,
    FACT,
    HAMI,
    MEASURE,
    TYPED,
    URUMQI,
    SignIn,
    csv_of,
    numbers_on,
    page_of,
    rows_in,
    take,
)
from support.tables import row

from hengneng.access import Role
from hengneng.facts import limits
from hengneng.facts.models import Fact

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("facts pages")]


# Who sees what


def test_strangers_are_asked_to_sign_in(recorded: None) -> None:
    stranger = Client(headers={"host": "localhost", "accept-language": "en"})
    for address in (
        "/facts/", FACT, f"{FACT}correct/", "/facts/compare/", "/facts/new/", "/facts/import/", "/facts/facts.csv",
        "/facts/facts.xlsx", "/facts/compare/changes.csv",
    ):  # fmt: skip
        page = page_of(stranger.get(address), 403)
        assert "/sign-in/?next=" in page
        assert "495" not in numbers_on(page)


def test_a_county_sees_its_own_and_nothing_else(sign_in: SignIn) -> None:
    county = sign_in(COUNTY, Role.COUNTY_OFFICE)
    page = page_of(county.get("/facts/"))
    assert "1 fact" in page
    assert rows_in(page) == 1
    assert [one["place code"] for one in csv_of(county.get("/facts/facts.csv"))] == [COUNTY]
    assert rows_in(page_of(county.get("/facts/", {"place": URUMQI}))) == 0
    assert "No fact fits" in page_of(county.get("/facts/", {"place": HAMI}))


@pytest.mark.parametrize("address", [FACT, f"{FACT}correct/", f"/facts/{MEASURE}/{HAMI}/2010/"])
def test_a_county_is_refused_what_lies_elsewhere_with_the_reason(sign_in: SignIn, address: str) -> None:
    county = sign_in(COUNTY, Role.COUNTY_OFFICE)
    page = page_of(county.get(address), 403)
    assert "500" not in numbers_on(page)


def test_whether_a_fact_exists_elsewhere_is_not_told(sign_in: SignIn) -> None:
    county = sign_in(COUNTY, Role.COUNTY_OFFICE)
    there, not_there = (county.get(f"/facts/{MEASURE}/{HAMI}/{year}/").content for year in (2010, 1999))
    strip = re.compile(rb"2010|1999|csrf[^>]*>")
    assert strip.sub(b"", there) == strip.sub(b"", not_there)


def test_counts_selectors_and_comparisons_pass_the_same_gate(sign_in: SignIn) -> None:
    hami = sign_in(HAMI)
    assert "3 facts" in page_of(hami.get("/facts/"))
    choice = page_of(hami.get("/facts/new/"))
    assert f'value="{HAMI}"' in choice
    assert f'value="{URUMQI}"' not in choice
    compared = page_of(hami.get("/facts/compare/", {"first": "2000-01-01"}))
    assert rows_in(compared) == 3
    assert {one["place code"] for one in csv_of(hami.get("/facts/compare/changes.csv", {"first": "2000-01-01"}))} == {
        HAMI
    }


def test_a_prefecture_sees_what_lies_below(sign_in: SignIn) -> None:
    assert "7 facts" in page_of(sign_in(URUMQI).get("/facts/"))


def test_an_auditor_sees_all_and_corrects_nothing(sign_in: SignIn) -> None:
    auditor = sign_in("650000", Role.AUDITOR)
    assert "10 facts" in page_of(auditor.get("/facts/"))
    assert "/correct/" not in page_of(auditor.get(FACT))
    assert auditor.post(f"{FACT}correct/", {**TYPED, "step": "record"}).status_code == 403
    assert auditor.get("/facts/new/").status_code == 403
    assert auditor.get("/facts/import/").status_code == 403
    assert Fact.objects.filter(revision=2).count() == 0


# Finding


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, 7),
        ({"measure": MEASURE}, 6),
        ({"place": "乌鲁木齐市"}, 6),
        ({"place": "urumqi"}, 6),
        ({"period": "2014"}, 3),
        ({"source": "another"}, 1),
        ({"state": "missing"}, 0),
        ({"confidence": "memory-low"}, 1),
        ({"example": "yes"}, 0),
        ({"corrected": "yes"}, 0),
        ({"since": "2000-01-01"}, 7),
        ({"until": "2000-01-01"}, 0),
        ({"measure": MEASURE, "period": "2013"}, 1),
    ],
)
def test_facts_are_found(sign_in: SignIn, asked: dict[str, str], expected: int) -> None:
    client = sign_in()
    assert rows_in(page_of(client.get("/facts/", asked))) == expected
    assert len(csv_of(client.get("/facts/facts.csv", asked))) == expected


@pytest.mark.parametrize(
    "order", ["-recorded", "recorded", "place", "-place", "measure", "-measure", "period", "-period"]
)
def test_page_by_page_every_fact_is_met_once_in_both_directions(
    sign_in: SignIn, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.limit.values, "facts_a_page", 3)
    client = sign_in()
    whole = [(one["measure code"], one["place code"], one["period"]) for one in csv_of(
        client.get("/facts/facts.csv", {"order": order})
    )]  # fmt: skip
    link = re.compile(r'<a class="figure" href="/facts/(\w+)/(\d+)/([^/]+)/"')
    met, pages, address = [], [], f"/facts/?order={order}"
    while address:
        page = page_of(client.get(address))
        pages.append(link.findall(page))
        met += pages[-1]
        further = re.search(r'href="\?([^"]*)" rel="next"', page)
        address = f"/facts/?{further[1]}" if further else ""
    assert met == whole
    back = re.search(r'href="\?([^"]*)" rel="prev"', page)
    assert back is not None
    assert link.findall(page_of(client.get(f"/facts/?{back[1]}"))) == pages[-2]


@pytest.mark.parametrize(
    ("query", "named"),
    [("period=soon", "soon"), ("since=soon", "soon"), ("measure=beauty", "beauty"), ("state=x", "x"), ("order=y", "y")],
)
def test_what_cannot_be_understood_is_refused_with_a_way_out(sign_in: SignIn, query: str, named: str) -> None:
    page = page_of(sign_in().get(f"/facts/?{query}"), 400)
    assert named in page
    assert 'href="/facts/"' in page


def test_a_count_goes_no_further_than_anybody_reads(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.limit.values, "facts_counted", 5)
    assert "More than 5 facts" in page_of(sign_in().get("/facts/"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_is_too_large_says_what_to_do(
    sign_in: SignIn, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.limit.values, "rows_exported_as_csv", 3)
    monkeypatch.setitem(limits.limit.values, "rows_exported_as_excel", 3)
    page = page_of(sign_in().get(f"/facts/facts.{kind}", {"measure": MEASURE}), 400)
    assert f"/facts/?measure={MEASURE}" in page


def test_the_workbook_has_numbers_and_no_formulas(sign_in: SignIn) -> None:
    from openpyxl import load_workbook

    take([row("7", place=URUMQI, period="2015", note='=HYPERLINK("x")', explanation="small")])
    answer = sign_in().get("/facts/facts.xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 9
    assert 500 in [one[9] for one in rows]
    assert not [cell for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]


def test_the_list_asks_the_database_no_more_for_more_facts(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    counts = []
    for size in (2, 7):
        monkeypatch.setitem(limits.limit.values, "facts_a_page", size)
        with CaptureQueriesContext(connection) as queries:
            page_of(client.get("/facts/"))
        counts.append(len(queries))
    assert counts[1] - counts[0] <= 1
    assert counts[1] < 25
