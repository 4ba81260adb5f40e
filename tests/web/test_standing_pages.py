"""The standing page, the place page, the wall, and what needs somebody: what each says, and to whom."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.standing_pages import PLAN, correct, rows, text_of

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.django_db]

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", ["/places/650100/", "/places/650000/", "/wall/xinjiang-2015/", "/wall/china-2020/"])
def test_pages_answer_in_both_languages(site: Client, address: str, language: str) -> None:
    answer = site.get(address, headers={"accept-language": language})
    page = text_of(answer)
    assert answer.status_code == 200
    assert not re.search(r"\sstyle=\"|<style|\son[a-z]+=\"", page)
    if language == "en":
        bare = re.sub(r'<a id="language".*?</a>|<small>.*?</small>|<title>.*?</title>', "", page, flags=re.DOTALL)
        assert not CHINESE.search(bare)


def test_an_unknown_place_is_refused_with_a_way_out(site: Client) -> None:
    answer = site.get("/places/999999/")
    assert answer.status_code == 404
    assert "999999" in text_of(answer)


def test_a_code_of_today_leads_to_the_same_place(site: Client) -> None:
    assert "吐鲁番" in text_of(site.get("/places/650400/", headers={"accept-language": "zh"}))


def test_who_lags_and_why_is_said_in_a_sentence(site: Client) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014", headers={"accept-language": "zh"}))
    worst = re.search(r'<section class="worst-of">.*?</section>', page, re.DOTALL)
    assert worst is not None
    assert len(re.findall("<li>", worst[0])) == 3
    said = r"比基年(下降|上升) [\d.]+ %，按进度应降 [\d.]+ %（目标 \d+ %）；.*今后每年须降 [\d.]+ %"
    assert re.search(said, worst[0])
    assert rows(page)[0].split()[0] == re.search(r"<b>(.*?)</b>", worst[0])[1]


def test_every_place_has_its_tile(site: Client) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    assert len(re.findall(r'<li class="tile \w+', page)) == 15
    assert len(set(re.findall(r"c\d r\d", page))) == 15


def test_all_provinces_have_their_own_tile(site: Client) -> None:
    from hengneng.web.tiles import _layouts

    for layout, number in (("650000", 15), ("100000", 31)):
        positions = _layouts()[layout]
        assert len(positions) == len(set(positions.values())) == number


@pytest.mark.parametrize("sort", ["achieved", "-achieved", "gap", "-progress", "place"])
def test_sorting_is_in_the_address(site: Client, sort: str) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity&sort={sort}"))
    column = sort.removeprefix("-")
    direction = "descending" if sort.startswith("-") else "ascending"
    assert re.search(rf'<th scope="col" class="{column}[^"]*" aria-sort="{direction}"', page)
    if column != "place":
        values = [float(v) for v in re.findall(rf'<td class="{column}[^"]*" data-sort="([^"]+)"', page)]
        assert values == sorted(values, reverse=sort.startswith("-"))
    assert len(rows(page)) == 15


def test_searching_and_narrowing_by_verdict(site: Client) -> None:
    whole = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    found = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity&q=hami&level="))
    behind = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity&level=behind"))
    assert [row.split()[-1] for row in rows(found)] == ["652200"]
    assert len(rows(behind)) == len(re.findall(r'<tr data-searchable="[^"]*" class="behind">', whole))
    nothing = text_of(site.get(f"{PLAN}?period=2014&q=nowhere"))
    assert rows(nothing) == []
    assert '<div class="empty">' in nothing


@pytest.mark.parametrize("query", ["sort=beauty", "level=perfect", "page=0", "page=two", "page=-1"])
def test_what_cannot_be_understood_is_refused(site: Client, query: str) -> None:
    assert site.get(f"{PLAN}?period=2014&{query}").status_code == 400


def test_an_office_reads_its_own_places_as_they_are_now(signed_in: Any) -> None:
    correct("650100")
    correct("652300")
    page = text_of(signed_in("prefecture_office", "650100").get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    level = dict(re.findall(r'<tr data-searchable="[^"]* ([^ "]+)" class="(\w+)">', page))
    assert len(level) == 15
    assert level["650100"] == "behind"


def test_the_workbook_has_rows_and_says_what_it_is(site: Client) -> None:
    from openpyxl import load_workbook

    answer = site.get(f"{PLAN}standing.xlsx?period=2014&indicator=energy_intensity&lang=en")
    book = load_workbook(io.BytesIO(answer.content))
    first, second = book.worksheets
    head = [cell.value for cell in first[1]]
    assert first.max_row == 16
    assert isinstance(first.cell(row=2, column=head.index("achieved") + 1).value, float)
    about = {str(row[0].value): str(row[1].value) for row in second.iter_rows()}
    assert about["period"] == "2014"
    assert about["indicator"] == "energy_intensity/reduction_against_base"
    assert about["Exported by"] == "the public"
    assert "unit 1 is a rate" in about["Units"]
    columns = [at for at, name in enumerate(head) if "unit" in name]
    units = {tuple(row[at].value for at in columns) for row in first.iter_rows(min_row=2)}
    assert units == {("%", "1")}
    assert any(str(row[1].value).startswith("自治区") or "SHA-256" in str(row[1].value) for row in second.iter_rows())
    assert "published" in about["State"].lower()
    assert any("facts.example.csv" in str(row[1].value) for row in second.iter_rows())


def test_no_cell_is_taken_for_a_formula(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import load_workbook

    from hengneng.language import Text
    from hengneng.standing.report import Row

    bad = Text(zh='=HYPERLINK("http://x.invalid","看")', en="=1+1\x07")
    kept = Row.__init__

    def poisoned(self: Any, **fields: Any) -> None:
        kept(self, **{**fields, "place_name": bad})

    monkeypatch.setattr(Row, "__init__", poisoned)
    query = "period=2014&indicator=energy_intensity"
    text = site.get(f"{PLAN}standing.csv?{query}&lang=zh").getvalue().decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert not re.search(r'(^|,)"?=', text, re.MULTILINE)
    book = load_workbook(io.BytesIO(site.get(f"{PLAN}standing.xlsx?{query}&lang=en").content))
    types = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in types


def test_the_page_of_a_place_has_an_indicator_a_row(site: Client) -> None:
    page = text_of(site.get("/places/650100/", headers={"accept-language": "zh"}))
    assert page.count('<table class="standing" data-table>') == 1
    names = re.findall(r'<th scope="row" class="place indicator" data-sort="([^"]*)"', page)
    assert len(names) == len(set(names)) == 6
    assert "万元GDP能耗" in names
    for column in ("target", "achieved", "due", "gap", "progress", "trend", "warning", "verdict", "notes"):
        assert re.search(rf'<th scope="col" class="{column}( number)?">', page), column
    order = [page.index(part) for part in ('class="of-plan"', 'class="parts"', 'class="names"')]
    assert order == sorted(order)


def test_facts_of_a_place_are_in_the_unit_that_is_said(signed_in: Any) -> None:
    page = text_of(signed_in("auditor", "650000").get("/places/650000/", headers={"accept-language": "zh"}))
    facts = re.search(r'<section class="facts">.*?</section>', page, re.DOTALL)
    assert facts is not None
    row = re.search(r"<th[^>]*>全社会能源消费总量增长率|<th[^>]*>能源消费总量增长率.*?</tr>", facts[0], re.DOTALL)
    assert row is not None
    assert ">2.7<" in row[0]
    order = [page.index(part) for part in ('class="of-plan"', 'class="facts"', 'id="duties"', 'class="parts"')]
    assert order == sorted(order)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan counts as large: what is not current is left to a job."""
    monkeypatch.setattr("hengneng.standing.computing.limit", lambda name: 1)


def stale() -> None:
    """A correction that has not been worked in."""
    from hengneng.facts.models import Fact
    from hengneng.standing.computing import mark_stale

    mark_stale(Fact.objects.filter(measure="energy_consumption_equivalent", place="650100", period="2014"))


@pytest.mark.parametrize("address", [f"{PLAN}?period=2014", "/places/650100/", f"{PLAN}publish/?period=2014"])
def test_a_large_plan_that_is_not_current_says_so_and_shows_its_job(signed_in: Any, large: None, address: str) -> None:
    from hengneng.jobs.models import Job

    client = signed_in("region_office", "650000")
    assert "not-current" not in text_of(client.get(address))
    stale()
    page = text_of(client.get(address))
    job = Job.objects.get(kind="standing.compute")
    assert '<section class="not-current">' in page
    assert f'id="job-{job.pk}"' in page
    client.get(address)
    assert Job.objects.filter(kind="standing.compute").count() == 1
    if "publish" in address:
        assert client.post(address, {"note": ""}).status_code == 409
    client.logout()
    assert "not-current" not in text_of(client.get(f"{PLAN}?period=2014"))


def test_a_large_plan_is_not_judged_for_a_past_day_but_says_what_can_be_read(signed_in: Any, large: None) -> None:
    client = signed_in("region_office", "650000")
    answer = client.get(f"{PLAN}?period=2014&as-of=2199-01-01")
    page = text_of(answer)
    assert answer.status_code == 400
    way = re.search(r'href="(/plans/xinjiang-2015/\?publication=\d+)"', page)
    assert way is not None
    assert client.get(way[1]).status_code == 200
    assert 'href="/plans/xinjiang-2015/?period=2014"' in page


def test_a_period_that_the_plan_does_not_concern_is_not_computed(signed_in: Any) -> None:
    from hengneng.standing.models import ComputedPeriod

    assert signed_in("region_office", "650000").get(f"{PLAN}?period=1850").status_code == 200
    assert not ComputedPeriod.objects.filter(period="1850").exists()


def test_what_needs_somebody_is_in_the_order_of_urgency(signed_in: Any) -> None:
    from django.utils import timezone

    from hengneng.access import terminal_actor
    from hengneng.web.needs import GRAVITY, URGENCY, needs_of

    found = needs_of(terminal_actor(), timezone.localdate())
    order = [(URGENCY.index(need.urgency), GRAVITY.index(need.sign)) for need in found if need.sign in GRAVITY]
    assert order == sorted(order)
    assert {need.urgency for need in found} >= {"now", "later"}
    today = timezone.localdate()
    assert all(need.urgency == "now" for need in found if need.due is not None and need.due < today)


def test_the_chart_knows_what_is_example_data(site: Client) -> None:
    import json

    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    found = re.search(r'<script id="chart-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    bars = json.loads(found[1])["bars"]
    assert len(bars) == 15
    assert all(bar["example"] for bar in bars)
    assert {bar["level"] for bar in bars} == {"behind", "on_track"}
