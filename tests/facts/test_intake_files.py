"""Files as they arrive: encodings, files cut off, files that cannot be used at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tables import (
    COLUMNS,
    assert_returned,
    row,
    take_in,
    text_of,
    values,
    write_table,
)

from hengneng.facts.models import Fact
from hengneng.problems import RefusedError

TakeIn = Callable[..., Any]

URUMQI = "energy_consumption_equivalent/650100"
GOOD = row("500", place="650200")
GOOD_KEY = "energy_consumption_equivalent/650200/2014"


CHINESE = row("500", place="乌鲁木齐市", unit="万吨标准煤", note="来自年报，含兵团")


@pytest.mark.parametrize(
    ("encoding", "notes"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("gbk", ["F005"]),
        ("gb18030", ["F005"]),
        ("utf-16", ["F005"]),
    ],
)
def test_encodings_are_read_and_named(take: TakeIn, encoding: str, notes: list[str]) -> None:
    result = take([CHINESE, row("#VALUE!", place="克拉玛依市")], encoding=encoding)
    assert_returned(result, {3: "F110"})
    assert [note.number for note in result.notes] == notes
    fact = Fact.objects.get()
    assert (fact.place_id, fact.note, fact.value) == ("650100", "来自年报，含兵团", 500)


def test_big_endian_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"\xfe\xff" + text_of([CHINESE]).encode("utf-16-be"))
    assert len(take_in(tmp_path / "table.csv").recorded) == 1


def test_windows_line_ends_and_blank_lines_are_harmless(tmp_path: Path) -> None:
    content = text_of([GOOD, row("500")]).replace("\n", "\r\n") + "\r\n\r\n,,,,,,,,,,,,\r\n"
    (tmp_path / "table.csv").write_bytes(content.encode())
    result = take_in(tmp_path / "table.csv")
    assert (len(result.recorded), result.refused) == (2, 0)


# Files cut off


def cut(tmp_path: Path, content: bytes) -> Any:
    """Import a file with this content."""
    (tmp_path / "table.csv").write_bytes(content)
    return take_in(tmp_path / "table.csv")


WHOLE = text_of([GOOD, row("500", note="乌鲁木齐")])


def test_a_file_cut_in_the_middle_of_a_row_keeps_the_rows_before(tmp_path: Path) -> None:
    result = cut(tmp_path, WHOLE[: WHOLE.rindex("10^4 tce")].encode())
    assert_returned(result, {3: "F101"})
    assert values() == {GOOD_KEY: "500"}


def test_a_file_cut_in_the_middle_of_a_number_records_no_wrong_number(tmp_path: Path) -> None:
    result = cut(tmp_path, WHOLE[: WHOLE.rindex("500") + 2].encode())
    assert_returned(result, {3: "F101"})
    assert values() == {GOOD_KEY: "500"}


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("taken", [1, 2])
def test_a_file_cut_in_the_middle_of_a_character_keeps_the_rows_before(
    tmp_path: Path, encoding: str, taken: int
) -> None:
    if (encoding, taken) == ("gbk", 2):
        taken = 3
    content = WHOLE[: WHOLE.rindex("齐") + 1].encode(encoding)[:-taken]
    result = cut(tmp_path, content)
    assert_returned(result, {3: "F101"})
    assert values() == {GOOD_KEY: "500"}


@pytest.mark.parametrize("rows_after", [0, 1, 5])
@pytest.mark.parametrize("quoted_after", [False, True])
def test_an_open_quote_does_not_swallow_what_stands_behind_it(
    tmp_path: Path, rows_after: int, quoted_after: bool
) -> None:
    note = "一，二, 三" if quoted_after else ""
    after = [row("500", period=str(2000 + index), note=note) for index in range(rows_after)]
    opened = text_of([row("500", place="659001", note="@")]).splitlines()[1].replace("@", '"被截断')
    content = "\n".join([*text_of([GOOD]).splitlines(), opened, *text_of(after).splitlines()[1:]])
    result = cut(tmp_path, content.encode())
    assert_returned(result, {3: "F107"})
    assert values() == {GOOD_KEY: "500"} | {f"{URUMQI}/{2000 + index}": "500" for index in range(rows_after)}


def test_a_file_cut_within_a_quoted_cell_keeps_the_rows_before(tmp_path: Path) -> None:
    content = text_of([GOOD, row("500", note="甲，乙, 丙")])
    result = cut(tmp_path, content[: content.rindex("丙")].encode())
    assert_returned(result, {3: "F107"})
    assert values() == {GOOD_KEY: "500"}


def test_a_quoted_cell_of_several_lines_is_one_cell(tmp_path: Path) -> None:
    result = cut(tmp_path, text_of([row("500", note="甲\n乙"), GOOD, row("#REF!", period="2013")]).encode())
    assert_returned(result, {5: "F110"})
    assert Fact.objects.get(place="650100").note == "甲\n乙"


def test_a_row_with_too_many_cells_comes_back_whole(tmp_path: Path) -> None:
    extra = text_of([row("500")]).splitlines()[1] + ",more"
    result = cut(tmp_path, (text_of([GOOD]) + extra + "\n").encode())
    assert_returned(result, {3: "F101"})
    assert "more" in result.returned.read_text("utf-8-sig")


@pytest.mark.parametrize("size", range(0, len(WHOLE.encode()), 7))
def test_no_cut_ever_records_something_that_was_not_there(tmp_path: Path, size: int) -> None:
    try:
        cut(tmp_path, WHOLE.encode()[:size])
    except RefusedError:
        assert values() == {}
        return
    whole = {GOOD_KEY: "500", f"{URUMQI}/2014": "500"}
    assert set(values().items()) <= set(whole.items())


# Files that cannot be used as a whole


def refused(path: Path) -> list[str]:
    """Numbers of the problems for which the whole file is refused; nothing is recorded."""
    with pytest.raises(RefusedError) as caught:
        take_in(path)
    assert Fact.objects.count() == 0
    assert not list(path.parent.glob("*.returned.csv"))
    return [problem.number for problem in caught.value.problems]


@pytest.mark.parametrize("missing", ["measure", "place", "period", "value", "unit"])
def test_a_missing_column_refuses_the_file(tmp_path: Path, missing: str) -> None:
    columns = [name for name in COLUMNS if name != missing]
    assert refused(write_table(tmp_path / "t.csv", [GOOD], columns)) == ["F002"]


def test_an_unknown_column_refuses_the_file(tmp_path: Path) -> None:
    assert refused(write_table(tmp_path / "t.csv", [GOOD], [*COLUMNS, "数值（亿）"])) == ["F003"]


def test_a_column_twice_refuses_the_file(tmp_path: Path) -> None:
    assert refused(write_table(tmp_path / "t.csv", [GOOD], [*COLUMNS, "value"])) == ["F003"]


def test_missing_and_unknown_columns_are_told_together(tmp_path: Path) -> None:
    columns = ["wert" if name == "value" else name for name in COLUMNS]
    assert refused(write_table(tmp_path / "t.csv", [GOOD], columns)) == ["F002", "F003"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", ",".join(COLUMNS).encode(), b"\r\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert refused(tmp_path / "t.csv") == ["F004"] or not content.strip()


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 20,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
        b"\xff\xfe\x00",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nnothing of a table",
        b'{"measure": "energy"}',
        b"<html><body>404</body></html>",
    ],
    ids=["workbook", "picture", "old-workbook", "odd-utf-16", "pdf", "json", "html"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert set(refused(tmp_path / "t.csv")) <= {"F001", "F002", "F003", "F004", "F006"}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "t.csv") == ["F001"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == ["F001"]
