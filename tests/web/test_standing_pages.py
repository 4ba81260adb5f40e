"""The standing page, the place page, the wall and publishing: what each says, to whom, at which cost."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from support.synthetic import YEARS, forget_places, load_model, synthetic_plan

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.django_db]

PLAN = "/plans/xinjiang-2015/"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LIGHTEST = 400_000  # bytes over the wire, of the page and everything it loads


def text_of(answer: Any) -> str:
    content: str = answer.content.decode()
    return content


def rows(page: str) -> list[str]:
    return re.findall(r'<tr data-searchable="([^"]*)"', page)


def office(role: str, place: str) -> Any:
    """Somebody with a role at a new body of a place."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    person = Person.objects.create(identifier=f"{role}-{place}", name=f"{role} {place}")
    body = Organisation.objects.create(
        identifier=f"body-{role}-{place}", kind="department", name_zh="机构", name_en="Body", place_id=place
    )
    Appointment.objects.create(person=person, role=Role(role), organisation=body, valid_from="2000-01-01")
    return person


@pytest.fixture
def signed_in(site: Client) -> Any:
    """Signs somebody in: ``signed_in("region_office", "650000")``."""

    def sign_in(role: str, place: str) -> Client:
        site.force_login(office(role, place))
        return site

    return sign_in


def correct(place: str = "650100") -> None:
    """A correction that makes the place miss its target, computed at once."""
    from hengneng.facts.models import Fact
    from hengneng.standing.arrival import facts_arrived
    from hengneng.standing.computing import recompute_stale

    old = Fact.objects.known_at(None).get(measure="energy_consumption_equivalent", place=place, period="2014")
    key, number = old.pk, old.revision
    old.pk, old.revises_id, old.revision, old.value, old.reason = None, key, number + 1, old.value * 2, "更正"
    old.save(force_insert=True)
    facts_arrived([old])
    recompute_stale()


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


def test_the_public_sees_what_was_published_and_says_so(site: Client) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014"))
    assert '<p class="status published">' in page
    assert '<p class="status nothing">' in text_of(site.get(f"{PLAN}?period=2009"))


def test_a_correction_is_seen_by_the_office_and_not_by_the_public(site: Client, signed_in: Any) -> None:
    address = f"{PLAN}?period=2014&indicator=energy_intensity&q=650100"
    before = text_of(site.get(address))
    correct()
    assert rows(text_of(site.get(address))) == rows(before)
    assert "on_track" in before
    link = re.search(r'<td class="achieved.*?href="(/figures/[0-9a-f]+/)"', before)
    assert link is not None
    assert site.get(link[1]).status_code == 200
    mine = text_of(signed_in("region_office", "650000").get(address))
    assert '<p class="status current">' in mine
    assert re.search(r'<tr data-searchable="[^"]*650100" class="behind">', mine)
    fresh = re.search(r'<td class="achieved.*?href="(/figures/[0-9a-f]+/)"', mine)
    assert fresh is not None
    assert fresh[1] != link[1]
    assert site.get(fresh[1]).status_code == 200
    site.logout()
    assert site.get(fresh[1]).status_code == 403
    assert site.get(fresh[1].rstrip("/") + ".json").status_code == 403
    export = site.get(f"{PLAN}standing.csv?period=2014&indicator=energy_intensity&place=650100&lang=en").getvalue()
    assert b"behind" not in export


def test_an_office_reads_its_own_places_as_they_are_now(signed_in: Any) -> None:
    correct("650100")
    correct("652300")
    page = text_of(signed_in("prefecture_office", "650100").get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    level = dict(re.findall(r'<tr data-searchable="[^"]* ([^ "]+)" class="(\w+)">', page))
    assert len(level) == 15
    assert level["650100"] == "behind"


def test_publishing_from_the_page(site: Client, signed_in: Any) -> None:
    from hengneng.acts.models import Act
    from hengneng.standing.models import Publication

    correct()
    count = Publication.objects.count()
    assert site.get(f"{PLAN}publish/?period=2014").status_code == 403
    office_client = signed_in("region_office", "650000")
    asked = text_of(office_client.get(f"{PLAN}publish/?period=2014", headers={"accept-language": "zh"}))
    assert re.search(r"此后有 [1-9]\d* 项结论变动", asked)
    assert "示例数据" in asked
    answer = office_client.post(f"{PLAN}publish/?period=2014", {"note": "更正后重新公布"})
    assert answer.status_code in (302, 303)
    assert Publication.objects.count() == count + 1
    assert Act.objects.order_by("sequence").last().verb == "standing.publish"
    site.logout()
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity&q=650100"))
    assert "更正后重新公布" in page
    assert re.search(r'<tr data-searchable="[^"]*650100" class="behind">', page)


@pytest.mark.parametrize("role", ["auditor", "department", "administrator", "county_office"])
def test_others_may_not_publish(signed_in: Any, role: str) -> None:
    client = signed_in(role, "650000")
    assert client.get(f"{PLAN}publish/?period=2014").status_code == 403
    assert client.post(f"{PLAN}publish/?period=2014", {"note": ""}).status_code == 403
    assert "/publish/" not in text_of(client.get(f"{PLAN}?period=2014"))


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


@pytest.fixture
def sizes(db: None) -> Iterator[dict[int, str]]:
    """Plans of 15 and 300 places, by the address of their standing."""
    with transaction.atomic():
        model = load_model()
        yield {places: f"/plans/{synthetic_plan(model, places).identifier}/?period={YEARS[-1]}" for places in (15, 300)}
        transaction.set_rollback(True)
    forget_places()


@pytest.mark.parametrize("role", ["public", "auditor", "prefecture_office"])
def test_a_page_asks_no_more_for_300_places_than_for_15(sizes: dict[int, str], role: str) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    if role != "public":
        client.force_login(office(role, "650100"))
    counts = {}
    for places, address in sizes.items():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            page = text_of(client.get(address))
        counts[places] = len(queries)
        assert f">{places} 个地州市" in page or f"{places} 项" in page
    assert counts[300] <= counts[15] <= 40


def test_pages_of_a_long_table_turn(sizes: dict[int, str]) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    seen: list[str] = []
    for number in range(1, 9):
        seen += rows(text_of(client.get(f"{sizes[300]}&page={number}")))
    assert len(seen) == len(set(seen)) == 300


def test_the_page_with_all_it_loads_is_light(site: Client) -> None:
    from django.contrib.staticfiles.finders import find

    for plan in ("xinjiang-2015", "china-2020", "china-12th-five-year"):
        answer = site.get(f"/plans/{plan}/")
        total = len(gzip.compress(answer.content))
        for address in re.findall(r'(?:src|href)="/static/([^"]+)"', text_of(answer)):
            file = find(address)
            packed = find(f"{address}.gz")
            with open(packed or file, "rb") as content:
                total += len(content.read())
        assert total < LIGHTEST, plan


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


def published_row(page: str, place: str = "650100") -> str:
    found = re.search(rf'<tr data-searchable="[^"]* {place}" class="(\w+)">', page)
    assert found is not None
    return found[1]


def test_a_publication_is_read_as_it_was(signed_in: Any) -> None:
    client = signed_in("region_office", "650000")
    query = "period=2014&indicator=energy_intensity"
    correct()
    now = text_of(client.get(f"{PLAN}?{query}"))
    assert published_row(now) == "behind"
    link = re.search(r'href="(/plans/xinjiang-2015/\?publication=\d+)"', now)
    assert link is not None
    then = text_of(client.get(f"{link[1]}&{query}"))
    assert '<p class="status pinned">' in then
    assert published_row(then) == "on_track"
    assert 'name="publication"' in then
    export = client.get(link[1].replace("?", "standing.csv?") + f"&{query}&place=650100&lang=en").getvalue()
    assert b"behind" not in export
    # Another period leads out of the publication.
    assert '<p class="status current">' in text_of(client.get(f"{link[1]}&period=2013"))


@pytest.mark.parametrize("written", ["0", "99999", "x", "9" * 40, "-1"])
def test_a_publication_that_is_not_there(site: Client, written: str) -> None:
    answer = site.get(f"{PLAN}?publication={written}")
    assert answer.status_code == 404
    assert f'href="{PLAN}"' in text_of(answer)


def test_the_note_of_the_program_is_in_one_language(site: Client) -> None:
    chinese = text_of(site.get(f"{PLAN}?period=2014&lang=zh"))
    english = text_of(site.get(f"{PLAN}?period=2014&lang=en"))
    assert "演示：首次运行时自动公布。" in chinese
    assert "Demonstration" not in chinese
    assert "Demonstration: published by the first run." in english
    assert "演示" not in english


def test_what_has_changed_since_the_publication_is_shown_to_who_may_publish(signed_in: Any, site: Client) -> None:
    address = f"{PLAN}?period=2014&indicator=energy_intensity&lang=zh"
    office_client = signed_in("region_office", "650000")
    assert "公布的内容一致" in text_of(office_client.get(address))
    correct()
    page = text_of(office_client.get(address))
    said = re.search(r"公布以来有 (\d+) 项变动", page)
    assert said is not None
    assert page.count('<span class="mark changed">变动：公布时为“达到进度”</span>') == 1
    only = re.search(r'<a href="(/plans/xinjiang-2015/\?[^"]*changed=only)">', page)
    assert only is not None
    narrowed = text_of(office_client.get(only[1].replace("&amp;", "&")))
    assert len(rows(narrowed)) == narrowed.count('<span class="mark changed">') == int(said[1])
    site.logout()
    other = text_of(signed_in("auditor", "650000").get(address))
    assert 'class="mark changed"' not in other
    assert "项变动" not in other


def test_what_was_computed_again_with_the_same_result_has_not_changed(loaded: None) -> None:
    from hengneng.periods import Period
    from hengneng.standing.computing import compute, lines_of
    from hengneng.standing.plans import current_edition, plan_of
    from hengneng.standing.publishing import changed_since, in_force

    with transaction.atomic():
        edition = current_edition("xinjiang-2015")
        compute(edition, lines_of(plan_of(edition), Period.parse("2014")), "again")
        assert changed_since(in_force(edition)["2014"]) == 0
        transaction.set_rollback(True)


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


MOST = {"/": 80, "/plans/": 90, "/places/{}/": 70}


@pytest.mark.parametrize("role", ["public", "region_office"])
@pytest.mark.parametrize("address", MOST)
def test_queries_of_other_pages_are_bounded(db: None, role: str, address: str) -> None:
    """The same with a plan of 15 places as with one of 300, each alone in the database."""
    from django.test import Client

    counts = {}
    for places in (15, 300):
        with transaction.atomic():
            synthetic_plan(load_model(), places)
            client = Client(headers={"host": "localhost"})
            if role != "public":
                client.force_login(office(role, "650000"))
            asked = address.format(f"{places:06d}-000000")
            client.get(asked)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(asked).status_code == 200
            counts[places] = len(queries)
            transaction.set_rollback(True)
        forget_places()
    assert counts[300] <= counts[15] <= MOST[address], counts


@pytest.mark.parametrize("role", ["public", "auditor"])
def test_queries_of_a_figure_are_bounded(site: Client, signed_in: Any, role: str) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    links = sorted(set(re.findall(r'href="(/figures/[0-9a-f]+/)"', page)))
    if role != "public":
        signed_in(role, "650000")
    counts = []
    for link in links[::9]:
        site.get(link)
        with CaptureQueriesContext(connection) as queries:
            assert site.get(link).status_code == 200
        counts.append(len(queries))
    assert max(counts) <= 30, counts


def test_the_chart_knows_what_is_example_data(site: Client) -> None:
    import json

    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    found = re.search(r'<script id="chart-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    bars = json.loads(found[1])["bars"]
    assert len(bars) == 15
    assert all(bar["example"] for bar in bars)
    assert {bar["level"] for bar in bars} == {"behind", "on_track"}
