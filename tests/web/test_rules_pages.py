"""Pages of the rules: every table, rows that derivations link to, what changes on a date, the formulas."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from hengneng.formulas import formulas
from hengneng.rules import rule_table, rule_tables
from hengneng.rules.changes import changes_between, changes_of
from hengneng.web.speech import Speech

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rules pages")]
HEAVIEST = 400_000  # bytes


@pytest.fixture
def visitor() -> Client:
    """Somebody who has not signed in."""
    from django.test import Client

    return Client(headers={"host": "localhost"})


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()
    return html.unescape(answer.content.decode())


def rows_of(page: str) -> list[int]:
    return [int(row) for row in re.findall(r'<tr id="row-(\d+)"', page)]


def csv_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_is_listed_with_its_rows(visitor: Client, language: str) -> None:
    page = text_of(visitor.get("/rules/", {"lang": language}))
    for name, table in rule_tables().items():
        assert f'href="/rules/{name}/"' in page
        assert Speech(language).said(table.title) in page
        assert f'data-sort="{len(table.entries)}"' in page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", list(rule_tables()))
def test_every_row_of_every_table_is_shown_once(visitor: Client, name: str, language: str) -> None:
    found: list[int] = []
    address = f"/rules/{name}/?lang={language}"
    while address:
        answer = visitor.get(address)
        assert len(answer.content) < HEAVIEST
        page = text_of(answer)
        found += rows_of(page)
        further = re.search(r'href="\?([^"]*)" rel="next"', page)
        address = f"/rules/{name}/?{further[1]}" if further else ""
    assert found == [entry.row for entry in rule_table(name).entries]


def test_a_link_to_a_row_opens_the_page_on_which_it_is(visitor: Client) -> None:
    last = rule_table("industries").entries[-1].row
    assert last in rows_of(text_of(visitor.get(f"/rules/industries/?row={last}")))
    assert last not in rows_of(text_of(visitor.get("/rules/industries/")))


def test_brackets_read_as_intervals(visitor: Client) -> None:
    page = text_of(visitor.get("/rules/assessment_grades/?lang=en"))
    assert "at least 80, below 95" in page
    chinese = text_of(visitor.get("/rules/assessment_grades/?lang=zh"))
    assert "不低于 80，低于 95" in chinese
    assert "the required decline" in text_of(visitor.get("/rules/warning_schemes/?lang=en"))


def test_unverified_rows_and_fields_are_marked(visitor: Client) -> None:
    page = text_of(visitor.get("/rules/coal_equivalents/?unverified=yes&lang=en"))
    entries = rule_table("coal_equivalents").entries
    whole = [entry.row for entry in entries if entry.unverified]
    assert page.count('<span class="mark unverified">') == len([row for row in rows_of(page) if row in whole])
    grades = text_of(visitor.get("/rules/assessment_grades/?lang=en"))
    assert "this field is not verified" in grades


def test_rows_in_force_on_a_day(visitor: Client) -> None:
    address = "/rules/electricity_conversions/?on="
    before, after = (rows_of(text_of(visitor.get(f"{address}{day}"))) for day in ("2010-06-01", "2021-06-01"))
    entries = {entry.row: entry for entry in rule_table("electricity_conversions").entries}
    assert before
    assert after
    assert all(entries[row].valid_on(dt.date(2010, 6, 1)) for row in before)
    assert before != after


def test_search_and_place(visitor: Client) -> None:
    assert len(rows_of(text_of(visitor.get("/rules/administrative_divisions/", {"search": "乌鲁木齐市"})))) == 1
    page = text_of(visitor.get("/rules/units/", {"place": "650100", "lang": "en"}))
    assert "Rules that apply at Urumqi" in page or "Rules that apply at Ürümqi" in page
    empty = text_of(visitor.get("/rules/units/", {"search": "no such thing anywhere", "lang": "en"}))
    assert "No row fits" in empty
    assert "Show all rows" in empty


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("/rules/nothing/", 404, "nothing"),
        ("/rules/units/?on=soon", 400, "soon"),
        ("/rules/units/?place=Atlantis", 400, "Atlantis"),
        ("/rules/changes/?from=soon", 400, "soon"),
        ("/rules/changes/?table=nothing", 404, "nothing"),
        ("/rules/nothing/rows.csv", 404, "nothing"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_understood_is_refused_with_a_way_out(
    visitor: Client, address: str, status: int, named: str, language: str
) -> None:
    answer = visitor.get(address, headers={"accept-language": language})
    assert answer.status_code == status
    assert named in answer.content.decode()
    assert 'href="/rules/' in answer.content.decode()


def test_the_export_is_the_file_with_its_rows(visitor: Client) -> None:
    rows = csv_of(visitor.get("/rules/coal_equivalents/rows.csv?search=raw_coal&lang=en"))
    entries = [entry for entry in rule_table("coal_equivalents").entries if entry.key["carrier"] == "raw_coal"]
    assert [int(row[0]) for row in rows[1:]] == [entry.row for entry in entries]
    assert {Decimal(row[3]) for row in rows[1:]} == {entry.value for entry in entries}


def test_no_cell_of_an_export_is_a_formula(visitor: Client) -> None:
    for name in rule_tables():
        for row in csv_of(visitor.get(f"/rules/{name}/rows.csv")):
            assert not [cell for cell in row if cell.startswith(("=", "@", "+"))]


# What changes


def test_a_change_has_the_old_value_beside_the_new() -> None:
    found = changes_between([rule_table("electricity_conversions")], dt.date(2020, 1, 1), dt.date(2020, 1, 1))
    net = next(change for change in found if change.entry.key["conversion"] == "net-coal-rate")
    assert net.kind == "replaced"
    assert net.before is not None
    assert net.after is not None
    assert net.before.value is not None
    assert net.after.value is not None
    assert net.difference == net.after.value - net.before.value
    assert net.ratio == net.difference / net.before.value


def test_every_beginning_and_end_is_a_change_once() -> None:
    for table in rule_tables().values():
        changes = changes_of(table)
        begun = [change.after for change in changes if change.after]
        assert len(begun) == sum(entry.valid_from is not None for entry in table.entries)
        assert all(change.day == change.after.valid_from for change in changes if change.after)
        ended = [change.before for change in changes if change.before]
        assert len(ended) == sum(entry.valid_to is not None for entry in table.entries)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_changes_between_two_days(visitor: Client, language: str) -> None:
    page = text_of(visitor.get("/rules/changes/", {"from": "2021-04-01", "to": "2021-04-01", "lang": language}))
    expected = changes_between(rule_tables().values(), dt.date(2021, 4, 1), dt.date(2021, 4, 1))
    assert page.count('<th scope="row"') == len(expected)
    old, new = (f"/rules/coal_equivalents/?row={row}#row-{row}" for row in _raw_coal())
    assert old in page
    assert new in page
    narrowed = text_of(visitor.get("/rules/changes/?from=2021-04-01&to=2021-04-01&table=electricity_conversions"))
    assert 0 < narrowed.count('<th scope="row"') < len(expected)


def _raw_coal() -> list[int]:
    entries = rule_table("coal_equivalents").by_key["general-rules", "raw_coal"]
    return [entry.row for entry in entries]


def test_without_changes_ahead_the_latest_are_shown(visitor: Client) -> None:
    page = text_of(visitor.get("/rules/changes/?lang=en"))
    assert "Nothing changes in this time" in page
    assert "The latest changes" in page
    assert page.count('<th scope="row"') > 0


def test_days_given_in_the_wrong_order_are_understood(visitor: Client) -> None:
    right = text_of(visitor.get("/rules/changes/?from=2021-01-01&to=2021-12-31"))
    wrong = text_of(visitor.get("/rules/changes/?from=2021-12-31&to=2021-01-01"))
    assert right.count('<th scope="row"') == wrong.count('<th scope="row"')


# Formulas


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_formula_with_its_equation_and_inputs(visitor: Client, language: str) -> None:
    answer = visitor.get("/rules/formulas/", {"lang": language})
    page = text_of(answer)
    assert len(answer.content) < HEAVIEST
    assert page.count("<math") + page.count('<p class="equation">') == len(formulas())
    for one in formulas().values():
        assert f'id="formula-{one.name}"' in page
        for parameter in one.parameters:
            assert f"<code>{parameter.name}</code>" in page


def test_subjects_of_formulas_have_their_words() -> None:
    from hengneng.language import catalogue

    assert not [s for f in formulas().values() if f"web.rules.subjects.{(s := f.subject)}" not in catalogue()]
