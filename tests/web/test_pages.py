"""Every page in both languages, what it says, where its links lead, how much it asks of the database."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

if TYPE_CHECKING:
    from django.test import Client

# One worker loads the plans, not each.
pytestmark = pytest.mark.xdist_group("pages")

PLANS = ("china-12th-five-year", "china-2020", "qinghai-2019", "xinjiang-2015")
PAGES = (
    "/",
    "/about/",
    *(f"/plans/{plan}/" for plan in PLANS),
    *(f"/plans/{plan}/document/" for plan in PLANS),
    "/plans/xinjiang-2015/?period=2014&place=650100",
    "/plans/xinjiang-2015/?period=2014&indicator=energy_intensity",
    "/plans/xinjiang-2015/?period=2014&as-of=2016-01-01",
)
FACT = "/facts/energy_consumption_equivalent/650100/2010/"
MOST_QUERIES = 40
HEAVIEST = 400_000  # bytes
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def text_of(answer: Any) -> str:
    content: str = answer.content.decode()
    return content


def figures_in(page: str) -> list[str]:
    return sorted(set(re.findall(r'href="(/figures/[0-9a-f]+/)"', page)))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_pages_answer_in_both_languages(site: Client, address: str, language: str) -> None:
    answer = site.get(address, headers={"accept-language": language})
    page = text_of(answer)
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=\"|<style|\son[a-z]+=\"", page)
    assert len(answer.content) < HEAVIEST


@pytest.fixture
def auditor(site: Client) -> Client:
    """Somebody signed in who reads everything."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    person = Person.objects.create(identifier="reader", name="reader")
    body = Organisation.objects.filter(place="650000").first()
    Appointment.objects.create(person=person, role=Role.AUDITOR, organisation=body, valid_from="2000-01-01")
    site.force_login(person)
    return site


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_fact_is_for_those_who_sign_in(site: Client, language: str) -> None:
    answer = site.get(FACT, headers={"accept-language": language})
    assert answer.status_code == 403
    assert "/sign-in/?next=" in text_of(answer)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_fact_answers_in_both_languages(auditor: Client, language: str) -> None:
    answer = auditor.get(FACT, headers={"accept-language": language})
    page = text_of(answer)
    assert answer.status_code == 200
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    assert "facts.example.csv" in page


@pytest.mark.parametrize("series", ["nothing/650100/2014", "energy_consumption_equivalent/650100/1899"])
def test_a_fact_that_is_not_there(auditor: Client, series: str) -> None:
    assert auditor.get(f"/facts/{series}/").status_code == 404


def test_the_english_first_page_has_no_chinese_words(site: Client) -> None:
    page = text_of(site.get("/", {"lang": "en"}))
    page = re.sub(r'<a id="language".*?</a>', "", page)
    assert not CHINESE.search(page)


def test_the_first_page_says_the_finding_and_where_to_go(site: Client) -> None:
    page = text_of(site.get("/", headers={"accept-language": "zh"}))
    for plan in PLANS:
        assert f'href="/plans/{plan}/"' in page
    table = text_of(site.get("/plans/xinjiang-2015/?indicator=energy_intensity&period=2014"))
    found = re.search(r"(\d+) 个地州市中 (\d+) 个落后进度", page)
    assert found is not None
    assert int(found[1]) == table.count("<tr data-searchable=")
    assert "示例数据" in page


def test_sentences_count_what_the_table_shows(site: Client) -> None:
    page = text_of(site.get("/plans/xinjiang-2015/?period=2014&indicator=energy_intensity"))
    said = re.search(r'<h2 class="finding">万元GDP能耗：(\d+) 个地州市中 (\d+) 个落后进度</h2>', page)
    assert said is not None
    rows = re.findall(r'<tr data-searchable="[^"]*" class="(\w+)">', page)
    assert (int(said[1]), int(said[2])) == (len(rows), rows.count("behind"))


def test_links_to_figures_and_clauses_resolve(site: Client) -> None:
    page = text_of(site.get("/plans/xinjiang-2015/?period=2014&indicator=energy_intensity"))
    links = figures_in(page)
    assert len(links) > 50
    for link in links[::17]:
        assert site.get(link).status_code == 200
    anchors = set(re.findall(r'href="/plans/xinjiang-2015/document/#(clause-[\d.]+)"', page))
    document = text_of(site.get("/plans/xinjiang-2015/document/"))
    assert anchors
    assert all(f'id="{anchor}"' in document for anchor in anchors)


def test_a_figure_reads_as_a_proof_down_to_the_cell(site: Client) -> None:
    page = text_of(site.get("/plans/xinjiang-2015/?period=2014&place=650100&indicator=energy_intensity"))
    verdict = re.search(r'<td class="verdict".*?href="(/figures/[0-9a-f]+/)"', page, re.DOTALL)
    assert verdict is not None
    proof = text_of(site.get(verdict[1], headers={"accept-language": "zh"}))
    assert "<math" in proof
    assert "facts.example.csv:" in proof
    assert "万元GDP能耗分别比2010年下降13%" in proof
    assert "示例数据" in proof
    assert re.search(r'href="/facts/energy_consumption_equivalent/650100/20\d\d/"', proof)
    assert 'href="/plans/xinjiang-2015/document/#clause-1.3"' in proof


def test_the_json_of_a_figure_hashes_to_its_name(site: Client) -> None:
    link = figures_in(text_of(site.get("/plans/qinghai-2019/")))[0]
    answer = site.get(link.rstrip("/") + ".json")
    assert json.loads(answer.content)["format"] == "trace/1"
    digest = hashlib.sha256(answer.content).hexdigest()
    assert link.strip("/").split("/")[1] == digest[:16]
    assert site.get(f"/figures/{digest}/").status_code == 200


def test_the_csv_has_sources_and_marks(site: Client) -> None:
    answer = site.get("/plans/xinjiang-2015/standing.csv?period=2014&indicator=energy_intensity&lang=en")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="xinjiang-2015-2014.csv"' in answer.headers["Content-Disposition"]
    text = answer.getvalue().decode("utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 15
    urumqi = next(row for row in rows if row["place code"] == "650100")
    assert urumqi["marks"] == "example data"
    assert "facts.example.csv" in urumqi["sources of the facts"]
    assert urumqi["target value"] == "13"
    assert 0.12 < float(urumqi["achieved"]) < 0.13
    assert len(urumqi["digest of the figure"]) == 64


def test_what_is_missing_is_empty_in_the_csv_and_never_zero(site: Client) -> None:
    text = site.get("/plans/china-2020/standing.csv?period=2020&lang=en").getvalue().decode("utf-8-sig")
    unknown = [row for row in csv.DictReader(io.StringIO(text)) if row["verdict"] == "unknown"]
    assert unknown
    assert all(row["reason"] for row in unknown)
    assert any(row["achieved"] == "" for row in unknown)


def test_unknown_is_shown_with_its_reason(site: Client) -> None:
    page = text_of(site.get("/plans/china-2020/?period=2020", headers={"accept-language": "zh"}))
    assert '<td class="achieved number unknown"' in page
    assert re.search(r'<li id="note-1-\d+">缺.*年的数据', page)
    assert '<details class="unjudged">' in page


def test_published_verdicts_stand_beside_ours(site: Client) -> None:
    page = text_of(site.get("/plans/qinghai-2019/", headers={"accept-language": "zh"}))
    assert "超额完成" in page
    assert "✓ 一致" in page


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("period=soon", "soon"),
        ("as-of=yesterday", "yesterday"),
        ("indicator=beauty", "beauty"),
        ("place=110000", "110000"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_understood_is_refused_with_a_way_out(
    site: Client, query: str, named: str, language: str
) -> None:
    answer = site.get(f"/plans/xinjiang-2015/?{query}&lang={language}")
    page = text_of(answer)
    assert answer.status_code == 400
    assert named in page
    assert 'href="/plans/xinjiang-2015/"' in page


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nowhere/", 404),
        ("/plans/nothing/", 404),
        ("/plans/nothing/standing.csv", 404),
        ("/plans/nothing/document/", 404),
        (f"/figures/{'0' * 64}/", 404),
        (f"/figures/{'0' * 64}.json", 404),
        ("/figures/abc/", 400),
        ("/figures/not-a-digest/", 400),
    ],
)
def test_what_is_not_there(site: Client, address: str, status: int) -> None:
    answer = site.get(address)
    assert answer.status_code == status
    assert 'href="/"' in text_of(answer)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_failure_gives_an_id_that_is_in_the_log(
    site: Client, language: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("hengneng.web.views.documents.documents_of", broken)
    site.raise_request_exception = False
    answer = site.get("/plans/xinjiang-2015/document/", {"lang": language})
    identifier = re.search(r'<code>([0-9a-f]{8})</code>', text_of(answer))
    assert answer.status_code == 500
    assert identifier is not None
    assert identifier[1] in caplog.text
    assert "on purpose" not in text_of(answer)


def test_the_language_is_kept_and_the_page_too(site: Client) -> None:
    page = text_of(site.get("/plans/xinjiang-2015/?period=2013&lang=zh"))
    assert 'href="/plans/xinjiang-2015/?period=2013&amp;lang=en"' in page
    site.get("/", {"lang": "en"})
    assert '<html lang="en">' in text_of(site.get("/about/"))


def test_queries_do_not_grow_with_the_places(site: Client) -> None:
    counts = {}
    for plan, place in (("china-2020", ""), ("china-2020", "&place=110000")):
        address = f"/plans/{plan}/?period=2020{place}"
        site.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert site.get(address).status_code == 200
        counts[place] = len(queries)
    assert max(counts.values()) <= MOST_QUERIES
    assert abs(counts[""] - counts["&place=110000"]) <= 5
