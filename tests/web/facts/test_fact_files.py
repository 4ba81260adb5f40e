"""Files of facts on their page: what is taken in, what comes back, who sees what became of it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from support.fact_pages import HAMI, SignIn, page_of
from support.tables import row, text_of

from hengneng.access import Role
from hengneng.facts import limits
from hengneng.facts.models import Fact, FactImport

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("facts pages")]


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
