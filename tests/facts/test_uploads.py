"""Uploaded files: told apart by content and size, rows outside one's places refused one by one, all of it kept."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from support.tables import row, text_of, years

from hengneng.access import Actor, RefusedAccessError, Role
from hengneng.access.actors import Held
from hengneng.acts.models import Act
from hengneng.database.written_once import WrittenOnceError
from hengneng.facts import limits, uploading
from hengneng.facts.models import Fact, FactImport
from hengneng.facts.uploading import Upload, is_large, take_in
from hengneng.problems import RefusedError
from hengneng.registry.places import load_places

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def _places() -> None:
    load_places()


def clerk(place: str = "650100", role: Role = Role.PREFECTURE_OFFICE) -> Actor:
    return Actor(None, f"clerk-{place}", "Clerk", (Held(role, None, place),))


def table(*rows: dict[str, str], name: str = "report.csv") -> Upload:
    return Upload(name, text_of(rows).encode())


def test_good_rows_are_recorded_bad_ones_come_back() -> None:
    kept = take_in(clerk(), table(row("500"), row("much", period="2013")), "en")
    assert (kept.recorded, kept.corrected, kept.unchanged, kept.refused) == (1, 0, 0, 1)
    assert [one["check"] for one in kept.problems] == ["F114"]
    (returned,) = csv.DictReader(io.StringIO(kept.returned))
    assert returned["value"] == "much"
    assert returned["result"].startswith("[F114]")
    fact = Fact.objects.get()
    assert (fact.act, fact.recorded_by, fact.value) == (kept.act, "clerk-650100", Decimal(500))


def test_rows_about_places_of_others_are_refused_one_by_one() -> None:
    kept = take_in(clerk(), table(row("500"), row("200", place="652200"), row("60", place="650109")), "en")
    assert (kept.recorded, kept.refused) == (2, 1)
    assert kept.problems[0]["check"] == "F108"
    assert kept.problems[0]["where"] == "report.csv:3:place"
    assert set(Fact.objects.values_list("place_id", flat=True)) == {"650100", "650109"}


def test_who_may_report_for_no_place_uploads_nothing() -> None:
    with pytest.raises(RefusedAccessError):
        take_in(clerk("650000", Role.AUDITOR), table(row("500")), "en")
    assert not FactImport.objects.exists()


def test_an_upload_is_an_act() -> None:
    kept = take_in(clerk(), table(row("500"), row("x", period="2013")), "en")
    act = Act.objects.get(identifier=kept.act)
    assert (act.verb, act.name, act.details["recorded"], act.details["refused"]) == ("fact.import", "report.csv", 1, 1)


def test_the_same_file_twice_records_nothing_twice() -> None:
    file = table(*years("480", "490", "500"))
    take_in(clerk(), file, "en")
    again = take_in(clerk(), file, "en")
    assert (again.recorded, again.unchanged) == (0, 3)


@pytest.mark.parametrize(
    "content",
    [
        SVG,
        b"\xef\xbb\xbf  " + SVG,
        b"<html></html>",
        b"PK\x03\x04rest of a workbook",
        b"%PDF-1.7",
        b"\x89PNG\r\n",
        b"MZ\x90",
        "<svg>".encode("utf-16"),
    ],
)
def test_what_is_no_table_is_refused_by_its_content(content: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        take_in(clerk(), Upload("innocent.csv", content), "en")
    assert [problem.number for problem in refused.value.problems] == ["F006"]
    assert not FactImport.objects.exists()


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.limit.values, "bytes_of_an_upload", 100)
    with pytest.raises(RefusedError) as refused:
        take_in(clerk(), table(*years("480", "490", "500")), "en")
    assert [problem.number for problem in refused.value.problems] == ["F007"]


def test_many_rows_are_work_for_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_large(table(row("500")))
    monkeypatch.setitem(limits.limit.values, "rows_taken_in_at_once", 2)
    assert is_large(table(*years("480", "490", "500")))


def test_content_that_waits_is_kept_until_it_is_taken_in() -> None:
    uploading.put_aside(b"measure", "0" * 64)
    assert uploading.fetch("0" * 64) == b"measure"
    uploading.throw_away("0" * 64)
    with pytest.raises(FileNotFoundError):
        uploading.fetch("0" * 64)


def test_what_became_of_an_upload_is_written_once() -> None:
    kept = take_in(clerk(), table(row("500")), "en")
    with pytest.raises(WrittenOnceError):
        FactImport.objects.filter(pk=kept.pk).update(refused=5)
