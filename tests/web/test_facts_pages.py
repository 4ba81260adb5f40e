"""Pages of facts: who sees which, found, page by page, corrected, uploaded, compared; what was typed is kept."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.tables import row, text_of, years

from hengneng.access import Role
from hengneng.accounts.models import Appointment, Person
from hengneng.acts import new_act_id
from hengneng.acts.models import Act
from hengneng.facts import limits
from hengneng.facts.intake.recording import Intake, import_content
from hengneng.facts.models import Fact, FactImport
from hengneng.registry.models import Organisation
from hengneng.registry.places import load_places

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("facts pages")]
URUMQI, HAMI, COUNTY = "650100", "652200", "650109"
MEASURE = "energy_consumption_equivalent"
FACT = f"/facts/{MEASURE}/{URUMQI}/2014/"
TYPED = {
    "value": "510", "unit": "10^4 tce", "state": "reported", "source": "letter of 2015-07-10", "cell": "page 3",
    "confidence": "sourced", "note": "a note", "reason": "checked against the yearbook", "revision": "1",
}  # fmt: skip
SignIn = Callable[..., Client]


@pytest.fixture
def recorded() -> None:
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


@pytest.fixture
def sign_in(recorded: None) -> SignIn:
    """A client of somebody with a role at a place."""

    def enter(place: str = URUMQI, role: Role = Role.PREFECTURE_OFFICE, name: str = "clerk") -> Client:
        body, _ = Organisation.objects.get_or_create(
            identifier=f"office-{place}",
            defaults={"kind": "department", "name_zh": "办公室", "name_en": "Office", "place_id": place},
        )
        person = Person.objects.create(identifier=f"{name}-{place}-{role}".replace("_", "-"), name="某人")
        Appointment.objects.create(person=person, role=role, organisation=body, act=new_act_id())
        client = Client(headers={"host": "localhost", "accept-language": "en"})
        client.force_login(person)
        return client

    return enter


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


# History and correcting


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_history_says_who_when_why_and_how_much(sign_in: SignIn, language: str) -> None:
    client = sign_in()
    answer = client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    assert answer.status_code == 303
    page = page_of(client.get(FACT, headers={"accept-language": language}))
    assert rows_in(page) == 2
    for said in ("510", "+10", "+2.0%", "checked against the yearbook", "clerk-650100", "letter of 2015-07-10", "<svg"):
        assert said in page
    assert page.index(">2</th>".replace(">2", "2")) < page.index("first" if language == "en" else "首次")


def test_after_a_correction_the_page_says_so_once(sign_in: SignIn) -> None:
    client = sign_in()
    answer = client.post(f"{FACT}correct/", {**TYPED, "step": "record"}, follow=True)
    assert "this is revision 2" in page_of(answer)
    assert "this is revision 2" not in page_of(client.get(FACT))
    act = Act.objects.get(verb="fact.correct")
    assert (act.place, act.reason) == (URUMQI, TYPED["reason"])


def test_the_form_shows_the_present_and_the_last_period(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"{FACT}correct/"))
    assert "Recorded now (revision 1)" in page
    assert "<b>500</b>" in page
    assert "Last period: 2013" in page
    assert "<b>498</b>" in page


def test_a_preview_changes_nothing(sign_in: SignIn) -> None:
    page = page_of(sign_in().post(f"{FACT}correct/", {**TYPED, "step": "preview"}))
    assert "What will change" in page
    assert "+10 (+2.0%)" in page
    assert 'value="record"' in page
    assert Fact.objects.filter(revision=2).count() == 0
    assert not Act.objects.filter(verb="fact.correct").exists()


@pytest.mark.parametrize("step", ["preview", "record"])
def test_what_was_typed_is_kept_after_an_error(sign_in: SignIn, step: str) -> None:
    typed = {**TYPED, "value": "1,200", "reason": "", "unit": "tce", "state": "estimated", "step": step}
    page = page_of(sign_in().post(f"{FACT}correct/", typed), 422)
    assert 'value="1,200"' in page
    assert 'value="letter of 2015-07-10"' in page
    assert 'value="page 3"' in page
    assert ">a note</textarea>" in page
    assert re.search(r'value="tce" selected', page)
    assert re.search(r'value="estimated" checked', page)
    assert 'href="#field-value"' in page
    assert 'href="#field-reason"' in page
    assert page.count('id="field-value"') == 1


def test_what_needs_an_explanation_asks_for_it(sign_in: SignIn) -> None:
    client = sign_in()
    page = page_of(client.post(f"{FACT}correct/", {**TYPED, "value": "5000000", "step": "record"}), 422)
    assert 'href="#field-explanation"' in page
    explained = {**TYPED, "value": "400", "explanation": "a large works was closed", "step": "record"}
    assert client.post(f"{FACT}correct/", explained).status_code == 303


def test_the_second_of_two_people_gets_a_clear_conflict(sign_in: SignIn) -> None:
    first, second = sign_in(name="first"), sign_in(name="second")
    assert first.post(f"{FACT}correct/", {**TYPED, "step": "record"}).status_code == 303
    typed = {**TYPED, "value": "505", "reason": "my own reason", "step": "record"}
    page = page_of(second.post(f"{FACT}correct/", typed), 409)
    assert "first-650100-prefecture-office revised this figure to 510" in page
    assert 'value="505"' in page
    assert ">my own reason</textarea>" in page
    assert 'name="revision" value="2"' in page
    assert Fact.objects.filter(revision=3).count() == 0
    assert second.post(f"{FACT}correct/", {**typed, "revision": "2"}).status_code == 303


def test_the_preview_is_overtaken_too(sign_in: SignIn) -> None:
    first, second = sign_in(name="first"), sign_in(name="second")
    first.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    page_of(second.post(f"{FACT}correct/", {**TYPED, "value": "505", "step": "preview"}), 409)


@pytest.mark.parametrize("revision", ["", "x", "-1", "999999999999999999999", "²"])
def test_a_broken_revision_is_a_conflict_not_a_failure(sign_in: SignIn, revision: str) -> None:
    answer = sign_in().post(f"{FACT}correct/", {**TYPED, "revision": revision, "step": "record"})
    assert answer.status_code == 409


def test_missing_is_recorded_with_its_reason(sign_in: SignIn) -> None:
    client = sign_in()
    typed = {**TYPED, "value": "", "state": "missing", "note": "the report was withdrawn", "step": "record"}
    assert client.post(f"{FACT}correct/", typed).status_code == 303
    page = page_of(client.get(FACT))
    assert "the report was withdrawn" in page
    assert Fact.objects.get(revision=2).value is None


def test_what_depends_on_a_fact_is_named_and_becomes_stale(sign_in: SignIn) -> None:
    from hengneng.standing.models import StaleMark

    target = _a_dependency()
    client = sign_in()
    preview = page_of(client.post(f"{FACT}correct/", {**TYPED, "step": "preview"}))
    assert "Once recorded, 1 verdict is marked" in preview or target in preview
    client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    assert StaleMark.objects.filter(target=target, fact__endswith="#2").exists()
    assert "to be computed again" in page_of(client.get(FACT))


def _a_dependency() -> str:
    """A plan with one target whose verdict has asked for the fact; its target."""
    from pathlib import Path

    from hengneng.standing.models import Dependency
    from hengneng.standing.plans import load_plan_folder, plan_of

    edition = load_plan_folder(Path(__file__).parents[2] / "plans" / "xinjiang-2015").edition
    target = plan_of(edition).targets[0].id
    Dependency.objects.get_or_create(
        plan=edition, target=target, place_id=URUMQI, period="2014", measure=MEASURE, subject_id=URUMQI,
        fact_period="2014",
    )  # fmt: skip
    return target


# New facts


def test_a_new_fact_in_two_steps(sign_in: SignIn) -> None:
    client = sign_in()
    subject = {"measure": MEASURE, "place": "乌鲁木齐市", "period": "2015"}
    form = page_of(client.get("/facts/new/", subject))
    assert "Last period: 2014" in form
    assert "<b>500</b>" in form
    typed = {**TYPED, **subject, "place": URUMQI, "value": "520"}
    assert "What will change" in page_of(client.post("/facts/new/", {**typed, "step": "preview"}))
    answer = client.post("/facts/new/", {**typed, "step": "record"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/facts/{MEASURE}/{URUMQI}/2015/"
    assert Act.objects.filter(verb="fact.record").count() == 1


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        ({"measure": "beauty", "place": URUMQI, "period": "2015"}, "field-measure"),
        ({"measure": MEASURE, "place": "Atlantis", "period": "2015"}, "field-place"),
        ({"measure": MEASURE, "place": URUMQI, "period": "soon"}, "field-period"),
        ({"measure": MEASURE, "place": URUMQI, "period": "2014"}, "field-measure"),
    ],
)
def test_what_a_new_fact_is_about_is_checked(sign_in: SignIn, subject: dict[str, str], field: str) -> None:
    page = page_of(sign_in().get("/facts/new/", subject), 422)
    assert f'href="#{field}"' in page
    assert f'value="{subject["place"]}"' in page


def test_a_new_fact_about_a_place_of_others_is_refused(sign_in: SignIn) -> None:
    client = sign_in()
    subject = {"measure": MEASURE, "place": HAMI, "period": "2015"}
    assert client.get("/facts/new/", subject).status_code == 403
    assert client.post("/facts/new/", {**TYPED, **subject, "step": "record"}).status_code == 403


# Files


def upload(client: Client, content: bytes, **typed: str) -> Any:
    return client.post("/facts/import/", {"file": SimpleUploadedFile("report.csv", content), **typed})


def test_a_file_is_taken_in_and_what_is_wrong_comes_back(sign_in: SignIn) -> None:
    client = sign_in()
    rows = [row("520", period="2015"), row("1,200", period="2016"), row("230", place=HAMI, period="2015")]
    answer = upload(client, text_of(rows).encode(), source="report")
    assert answer.status_code == 303
    page = page_of(client.get(answer.headers["Location"]))
    for said in ("F112", "F108", "Download the refused rows", "520"):
        assert said in page
    returned = client.get(answer.headers["Location"] + "returned.csv")
    assert returned.headers["Content-Disposition"] == 'attachment; filename="report.returned.csv"'
    assert returned.headers["X-Content-Type-Options"] == "nosniff"
    lines = list(csv.DictReader(io.StringIO(returned.content.decode("utf-8-sig"))))
    assert [line["result"][:6] for line in lines] == ["[F112]", "[F108]"]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not a CSV table"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"PK\x03\x04", "a workbook"),
        (b"a,b\n1,2\n", "Columns are missing"),
        (b"", "no rows"),
    ],
)
def test_what_is_no_table_is_refused_in_words_and_the_rest_is_kept(
    sign_in: SignIn, content: bytes, number: str
) -> None:
    page = page_of(upload(sign_in(), content, source="my source", reason="my reason"), 422)
    assert number in page
    assert 'value="my source"' in page
    assert 'value="my reason"' in page
    assert not FactImport.objects.exists()


def test_without_a_file(sign_in: SignIn) -> None:
    assert "No file is chosen" in page_of(sign_in().post("/facts/import/", {"source": "x"}), 422)


def test_what_became_of_an_upload_is_not_for_others(sign_in: SignIn) -> None:
    answer = upload(sign_in(), text_of([row("520", period="2015")]).encode())
    assert sign_in(HAMI).get(answer.headers["Location"]).status_code == 403
    assert sign_in(HAMI, name="again").get(answer.headers["Location"] + "returned.csv").status_code == 403
    assert sign_in("650000", Role.AUDITOR).get(answer.headers["Location"]).status_code == 200


def test_a_large_file_is_left_to_a_job(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from hengneng.jobs.models import Job
    from hengneng.web.tasks import import_facts

    monkeypatch.setitem(limits.limit.values, "rows_taken_in_at_once", 1)
    client = sign_in()
    answer = upload(client, text_of([row("520", period="2015"), row("230", place=HAMI)]).encode())
    assert answer.status_code == 303
    job = Job.objects.get(kind="facts.import")
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert Fact.objects.filter(period="2015").count() == 0
    done = import_facts(lambda *_, **__: None, **job.parameters)
    assert done.content == {"recorded": 1, "corrected": 0, "refused": 1}
    assert client.get(done.address).status_code == 200


# Two moments


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
