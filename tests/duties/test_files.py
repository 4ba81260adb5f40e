"""Files of evidence: known by their content, refused with words, given back unchanged."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from duties.conftest import PDF, refused

from hengneng.duties.files import check, give_back, keep, path_of
from hengneng.duties.policy import limit

PNG, JPEG = b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0...."
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def office(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("通报.PDF", PDF),
        ("a.png", PNG),
        ("a.jpg", JPEG),
        ("a.jpeg", JPEG),
        ("a.docx", office("word/document.xml")),
        ("a.xlsx", office("xl/workbook.xml")),
        ("a.csv", "地区,数\n哈密,1\n".encode()),
        ("a.txt", "通报全文".encode("gb18030")),
    ],
)
def test_these_are_taken(name: str, content: bytes) -> None:
    assert check(name, [content]).name == name


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("drawing.svg", SVG, "D032"),
        ("page.html", HTML, "D032"),
        ("program.exe", b"MZ\x00", "D032"),
        ("no-ending", PDF, "D032"),
        ("page.pdf", HTML, "D033"),
        ("drawing.png", SVG, "D033"),
        ("drawing.txt", b"\xef\xbb\xbf  " + SVG, "D033"),
        ("page.csv", HTML, "D033"),
        ("a.pdf", PNG, "D033"),
        ("a.txt", b"a\x00b", "D033"),
        ("a.docx", office("xl/workbook.xml"), "D033"),
        ("a.xlsx", b"PK\x03\x04 broken", "D033"),
        ("a.docx", office("word/document.xml", "word/vbaProject.bin"), "D034"),
        ("a.pdf", b"", "D031"),
    ],
)
def test_these_are_refused_with_words(name: str, content: bytes, number: str) -> None:
    with refused({number}) as error:
        check(name, [content])
    assert name in error.value.problems[0].text("zh")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hengneng.duties.files.limit", lambda name: 10_000 if name == "unpacked_bytes" else limit(name))
    with refused({"D034"}):
        check("a.docx", [office("word/document.xml", content=b"0" * 10_000)])


def test_a_large_file_is_not_read_to_its_end() -> None:
    parts = 0

    def endless() -> Any:
        nonlocal parts
        while True:
            parts += 1
            yield b"0" * 1_000_000

    with refused({"D030"}):
        check("a.pdf", endless())
    assert parts == limit("bytes_of_a_file") // 1_000_000 + 1


@pytest.mark.parametrize(
    ("given", "name"), [("../../etc/a.pdf", "a.pdf"), ("C:\\x\\a.pdf", "a.pdf"), ("a\r\nX: y.pdf", "aX: y.pdf")]
)
def test_a_name_is_a_name_and_no_path(given: str, name: str) -> None:
    assert check(given, [PDF]).name == name


def test_what_was_kept_comes_back_and_what_was_changed_does_not(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    checked = check("a.pdf", [PDF])
    assert keep(checked) == keep(checked) == path_of(checked.digest)
    assert give_back(checked.digest, "a.pdf") == PDF
    path_of(checked.digest).chmod(0o600)
    path_of(checked.digest).write_bytes(b"changed")
    with refused({"D035"}):
        give_back(checked.digest, "a.pdf")
    path_of(checked.digest).unlink()
    with refused({"D035"}):
        give_back(checked.digest, "a.pdf")
