"""Pages of duties: in both languages, for every role, with what was typed kept, evidence never served as a page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from duties.conftest import CHANGJI, HAMI, PDF, PLAN, bulletin, duty_of, hami, loaded, people
from openpyxl import load_workbook

from hengneng.duties import reporting
from hengneng.duties.files import path_of
from hengneng.duties.models import Assignment, Duty, Evidence, ProgressReport
from hengneng.problems import Problem

if TYPE_CHECKING:
    from django.test import Client

    from hengneng.access import Actor

__all__ = ["bulletin", "hami", "loaded", "people"]  # fixtures of the duties, used here as they are

MATRIX, CALENDAR, DOCUMENT = f"/plans/{PLAN}/duties/", f"/plans/{PLAN}/calendar/", f"/plans/{PLAN}/document/"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def sign_in(people: dict[str, Actor]) -> Callable[[str], Client]:
    """A client of somebody: ``sign_in("hami")``; ``public`` is nobody."""
    from django.test import Client

    from hengneng.accounts.models import Person

    def sign_in(who: str) -> Client:
        client = Client(headers={"host": "localhost"})
        if who != "public":
            client.force_login(Person.objects.get(identifier=f"example.{who}"))
        return client

    return sign_in


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8-sig")


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text_of(answer))))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "address",
    [
        MATRIX,
        f"{MATRIX}?view=grid",
        f"{MATRIX}?on=2015-09-01&sort=urgency&state=unassigned",
        f"{MATRIX}?q=nothing-fits-this",
        CALENDAR,
        f"{CALENDAR}?on=2015-09-01&month=2015-09",
        DOCUMENT,
        "/duties/{hami}/",
        "/duties/{hami}/?on=2015-09-01",
        "/duties/{bulletin}/",
    ],
)
def test_pages_answer_in_both_languages(
    sign_in: Any, hami: Duty, bulletin: Duty, address: str, language: str
) -> None:
    answer = sign_in("region").get(
        address.format(hami=hami.pk, bulletin=bulletin.pk), headers={"accept-language": language}
    )
    page = text_of(answer)
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert not re.search(r"\sstyle=\"|<style|\son[a-z]+=\"", page)
    assert len(answer.content) < 400_000
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels.count(1) == 1
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    assert labelled <= set(re.findall(r'\sid="([^"]+)"', page))


def test_ids_are_used_once(sign_in: Any, people: Any, hami: Duty) -> None:
    reporting.submit_report(people["hami"], hami.pk, 10, "x")
    for who in ("region", "hami", "auditor"):
        found = re.findall(r'\sid="([^"]+)"', text_of(sign_in(who).get(f"/duties/{hami.pk}/")))
        assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("who", "matrix", "own", "other"),
    [
        ("region", 200, 200, 200),
        ("hami", 200, 200, 403),
        ("county.hami", 200, 200, 403),
        ("changji", 200, 403, 200),
        ("department", 200, 200, 200),
        ("auditor", 200, 200, 200),
        ("unit", 200, 403, 403),
        ("administrator", 403, 403, 403),
        ("public", 403, 403, 403),
    ],
)
def test_who_opens_what(sign_in: Any, hami: Duty, who: str, matrix: int, own: int, other: int) -> None:
    client = sign_in(who)
    files = (f"/plans/{PLAN}/{name}" for name in ("duties.csv", "duties.xlsx", "calendar.ics"))
    for address in (MATRIX, CALENDAR, *files):
        assert client.get(address).status_code == (matrix if who != "unit" else 200)
    assert client.get(f"/duties/{hami.pk}/").status_code == own
    assert client.get(f"/duties/{duty_of(hami.task, CHANGJI).pk}/").status_code == other


def test_the_public_sees_the_document_without_persons_and_progress(sign_in: Any, people: Any, bulletin: Duty) -> None:
    reporting.submit_report(people["department"], bulletin.pk, 45, "公众不应看到的进展")
    page = text_of(sign_in("public").get(DOCUMENT))
    assert "按月发布全区及各地节能工作进展情况" in page
    assert "各地州市人民政府（行署）" in page
    for hidden in (people["department"].name, "公众不应看到的进展", f"/duties/{bulletin.pk}/"):
        assert hidden not in page
    signed_in = text_of(sign_in("region").get(DOCUMENT))
    assert people["department"].name in signed_in
    assert f"/duties/{bulletin.pk}/" in signed_in


def test_counts_choices_and_files_stay_within_ones_scope(sign_in: Any, hami: Duty) -> None:
    client, office = sign_in("county.hami"), "昌吉回族自治州节能减排领导小组办公室"
    assert office not in text_of(client.get(MATRIX))
    assert office in text_of(sign_in("region").get(MATRIX))
    mine = rows_of(client.get(f"/plans/{PLAN}/duties.csv"))
    assert len(mine) == 1 + 123 + 1
    assert not any(CHANGJI in row for row in mine)
    assert len(rows_of(sign_in("region").get(f"/plans/{PLAN}/duties.csv"))) == 1 + 123 + 15
    book = load_workbook(io.BytesIO(client.get(f"/plans/{PLAN}/duties.xlsx").content), read_only=True)
    assert sum(1 for _ in book.active.iter_rows()) == 1 + 123 + 1
    assert text_of(client.get(f"/plans/{PLAN}/calendar.ics")).count("BEGIN:VEVENT") == 123 + 1 + 5


def test_the_files_answer_the_same_question_as_the_page(sign_in: Any, hami: Duty) -> None:
    found = rows_of(sign_in("region").get(f"/plans/{PLAN}/duties.csv?place={HAMI}", headers={"accept-language": "en"}))
    assert [(row[0], row[1], row[4]) for row in found[1:]] == [("1.2", "1.2-assign", HAMI)]
    assert not CHINESE.search(found[1][2])
    assert not CHINESE.search("".join(found[0]))


@pytest.mark.parametrize(
    "question",
    ["on=2015-13-01", "on=9999-12-31", "on=x", "state=x", "sort=x", "view=x", "organisation=x"],
)
def test_an_address_that_cannot_be_understood(sign_in: Any, question: str) -> None:
    answer = sign_in("region").get(f"{MATRIX}?{question}")
    assert answer.status_code == 400
    assert question.partition("=")[2] in text_of(answer)


def test_addresses_of_nothing(sign_in: Any) -> None:
    client = sign_in("region")
    for address in ("/duties/999999/", "/duties/999999/people/", "/evidence/999999/", "/plans/none/duties/"):
        assert client.get(address).status_code == 404
    assert client.get(f"{CALENDAR}?month=x").status_code == 400
    assert client.get(f"{CALENDAR}?month=9999-12").status_code == 400


def test_assigning_on_the_page(sign_in: Any, people: Any) -> None:
    duty = Duty.objects.filter(current=None).first()
    assert duty is not None
    client, address = sign_in("region"), f"/duties/{duty.pk}/"
    page = text_of(client.get(f"{address}?lead=regional-development-reform"))
    assert people["department"].name in page
    part = text_of(client.get(f"{address}people/?lead=regional-development-reform"))
    assert "example.department" in part
    form = {"act": "assign", "lead": "regional-development-reform", "person": "example.department", "based_on": "0"}
    answer = client.post(address, form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{address}#who"
    page = text_of(client.get(address))
    assert "已分派：自治区发展改革委，责任人 示例·发改委经办人。" in page
    assert "指定责任人" not in page
    again = client.post(address, form)
    assert again.status_code == 400
    assert "示例·自治区办公室已作了另一次分派" in text_of(again)


def test_what_was_typed_is_kept_after_an_error(sign_in: Any, bulletin: Duty) -> None:
    address = f"/duties/{bulletin.pk}/"
    form = {
        "act": "assign", "lead": "regional-environment", "person": "example.hami", "due": "2016-02-01",
        "cooperating": ["regional-transport"], "reason": "", "based_on": "1",
    }  # fmt: skip
    answer = sign_in("region").post(address, form)
    page = text_of(answer)
    assert answer.status_code == 400
    assert '<option value="regional-environment" selected>' in page
    assert '<option value="regional-transport" selected>' in page
    assert 'value="2016-02-01"' in page
    assert 'href="#assign-person"' in page
    assert 'href="#assign-reason"' in page
    assert Assignment.objects.filter(duty=bulletin).count() == 1
    client = sign_in("department")
    answer = client.post(address, {"act": "report", "per_cent": "一半", "text": "写了很多", "claimed": "通报 2 期"})
    page = text_of(answer)
    assert answer.status_code == 400
    for typed in ('value="一半"', ">写了很多</textarea>", ">通报 2 期</textarea>", 'href="#report-per_cent"'):
        assert typed in page
    answer = sign_in("region").post(address, {"act": "milestone", "title": "布置", "due": "2015-02-30"})
    assert 'value="布置"' in text_of(answer)
    assert 'href="#milestone-due"' in text_of(answer)
    assert Problem("D024", "due", {"found": "2015-02-30"}).text("zh") in text_of(answer)


def test_the_way_of_a_report(sign_in: Any, people: Any, hami: Duty) -> None:
    address, office, region = f"/duties/{hami.pk}/", sign_in("hami"), sign_in("region")
    report = {"act": "report", "per_cent": "40", "text": "已完成四成", "claimed": ""}
    assert office.post(address, {**report, "draft": "1"}).status_code == 303
    assert "已完成四成" in text_of(office.get(address))
    assert "已完成四成" not in text_of(region.get(address))
    assert office.post(address, report).status_code == 303
    assert "已完成四成" in text_of(region.get(address))
    key = str(ProgressReport.objects.get(duty=hami).pk)
    returned = region.post(address, {"act": "review", "report": key, "return": "1", "reason": ""})
    assert returned.status_code == 400
    again = {"act": "review", "report": key, "return": "1", "reason": "请附清单"}
    assert region.post(address, again).status_code == 303
    assert "请附清单" in text_of(office.get(address))
    assert region.post(address, {"act": "remind", "text": "请尽快"}).status_code == 303
    reminder = str(hami.reminders.get().pk)
    assert office.post(address, {"act": "acknowledge", "reminder": reminder, "text": "好"}).status_code == 303
    page = text_of(region.get(address))
    for verb in ("催办", "回复催办", "审核进展报告", "提交进展报告"):
        assert f"<td>{verb}</td>" in page


def test_milestones_and_handing_down_on_the_page(sign_in: Any, bulletin: Duty) -> None:
    address, region = f"/duties/{bulletin.pk}/", sign_in("region")
    assert region.post(address, {"act": "milestone", "title": "布置", "due": "2015-08-01"}).status_code == 303
    client = sign_in("department")
    assert client.post(address, {"act": "reach", "number": "6", "reached_on": "2015-08-01"}).status_code == 303
    gone = {"act": "withdraw_milestone", "number": "5", "reason": "不再要求"}
    assert region.post(address, gone).status_code == 303
    assert region.post(address, {**gone, "number": "99"}).status_code == 400
    parts = f"/duties/{duty_of('1.2-review').pk}/"
    assert region.post(parts, {"act": "hand_down", "places": [HAMI]}).status_code == 303
    assert region.post(parts, {"act": "hand_down", "all": "1"}).status_code == 303
    assert region.post(parts, {"act": "hand_down", "all": "1"}).status_code == 400
    assert Duty.objects.filter(task="1.2-review").count() == 16


@pytest.mark.parametrize("who", ["county.hami", "department", "auditor", "supervision"])
def test_sending_a_form_that_is_not_shown_is_refused(sign_in: Any, hami: Duty, who: str) -> None:
    answer = sign_in(who).post(f"/duties/{hami.pk}/", {"act": "report", "per_cent": "1", "text": "x"})
    assert answer.status_code == 403
    assert not ProgressReport.objects.filter(duty=hami).exists()


def test_forms_that_are_not_ours(sign_in: Any, people: Any, hami: Duty, bulletin: Duty) -> None:
    region, report = sign_in("region"), reporting.submit_report(people["hami"], hami.pk, 1, "x")
    for form in ({"act": "x"}, {}, {"act": "review", "report": str(report.pk), "accept": "1"}):
        assert region.post(f"/duties/{bulletin.pk}/", form).status_code == 400


def test_evidence_is_a_download_and_never_a_page(sign_in: Any, people: Any, hami: Duty) -> None:
    address, office = f"/duties/{hami.pk}/", sign_in("hami")
    file = SimpleUploadedFile("清单.pdf", PDF, content_type="text/html")
    assert office.post(address, {"act": "attach", "file": file, "demand": "0", "note": "x"}).status_code == 303
    found = Evidence.objects.get(duty=hami)
    assert path_of(found.digest).read_bytes() == PDF
    answer = sign_in("region").get(f"/evidence/{found.pk}/")
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    for who in ("changji", "unit", "administrator", "public"):
        assert sign_in(who).get(f"/evidence/{found.pk}/").status_code == 403
    path_of(found.digest).chmod(0o600)
    path_of(found.digest).write_bytes(b"x")
    damaged = office.get(f"/evidence/{found.pk}/")
    assert damaged.status_code == 404
    assert "D035" in text_of(damaged)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("drawing.svg", b"<svg><script>alert(1)</script></svg>"),
        ("page.pdf", b"<!doctype html><script>alert(1)</script>"),
        ("large.pdf", PDF + b"0" * 20_000_001),
        ("empty.pdf", b""),
    ],
)
def test_files_that_are_refused(sign_in: Any, hami: Duty, name: str, content: bytes) -> None:
    form = {"act": "attach", "file": SimpleUploadedFile(name, content), "note": "说明"}
    answer = sign_in("hami").post(f"/duties/{hami.pk}/", form)
    page = text_of(answer)
    assert answer.status_code == 400
    assert name in page
    assert 'href="#attach-file"' in page
    assert 'value="说明"' in page
    assert not Evidence.objects.filter(duty=hami).exists()


def test_the_calendar_file_is_whole(sign_in: Any, bulletin: Duty) -> None:
    answer = sign_in("region").get(f"/plans/{PLAN}/calendar.ics")
    content = answer.content
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    unfolded = content.decode().replace("\r\n ", "")
    assert f"UID:duty-{bulletin.pk}-1@localhost" in unfolded
    assert "DTSTART;VALUE=DATE:20150831" in unfolded


def test_the_months_turn_and_count(sign_in: Any, bulletin: Duty) -> None:
    page = text_of(sign_in("region").get(f"{CALENDAR}?on=2015-09-01&month=2015-12"))
    assert "<h2>2015-12</h2>" in page
    assert "month=2016-01" in page
    assert "month=2015-11" in page
    assert "另有 120 项" in page


def test_the_document_shows_who_has_what(sign_in: Any, hami: Duty) -> None:
    page = text_of(sign_in("region").get(DOCUMENT))
    duty = duty_of("1.2-assign")
    assert f'href="/duties/{duty.pk}/"' in page
    assert "下级 15 处，已完成 0" in page
    assert "#assign" in page
    assert "2015-12-31 起逾期（10 年）" in page
    auditor = text_of(sign_in("auditor").get(DOCUMENT))
    assert "#assign" not in auditor
