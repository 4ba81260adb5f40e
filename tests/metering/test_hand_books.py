"""Books that people keep: what spreadsheets and hands do is undone or refused, and the cell is named."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from hengneng.access import terminal_actor
from hengneng.metering import hand_books
from hengneng.metering.hand_books import moment_of, plain_number, unread
from hengneng.metering.importing import ImportedReadings, import_readings
from hengneng.metering.intake import KnownMeters
from hengneng.metering.models import Meter
from hengneng.problems import RefusedError
from hengneng.readings.reader import readings_of
from hengneng.readings.store import Store

from .conftest import Register, at, meter

FIRST, SECOND = at("2026-06-01"), at("2026-06-02")


@pytest.fixture(autouse=True)
def _meters(register: Register) -> None:
    register([meter("HS-E-01", "mill"), meter("HS-E-02", "mill"), meter("010104", "mill", number=500)])


def book(folder: Path, rows: Sequence[Sequence[object]], mac: bool = False) -> Path:
    made = Workbook()
    if mac:
        made.epoch = CALENDAR_MAC_1904
    for row in rows:
        made.active.append(list(row))
    file = folder / "book.xlsx"
    made.save(file)
    return file


def take(store: Store, file: Path) -> ImportedReadings:
    return import_readings(store, file, terminal_actor(), "en")


def kept(store: Store, identifier: str) -> list[tuple[int, int]]:
    table = readings_of(store, Meter.objects.get(identifier=identifier).number, 0, 2**40)
    return list(zip(table["at"].to_pylist(), table["value"].to_pylist(), strict=True))


def found(result: ImportedReadings) -> list[tuple[str, str]]:
    return sorted((one.where.partition(":")[2], one.number) for one in result.problems)


def test_a_column_for_each_meter(store: Store, tmp_path: Path) -> None:
    rows = [
        ["钢厂抄表簿", None, None],
        [],
        ["日期", "HS-E-01", "HS-E-02"],
        [dt.date(2026, 6, 1), 1024.5, "１，２００"],
        ["2026年6月2日", "1,031.25", "－"],
        ["2026/6/3 8:30", None, 1031.2500000000002],
    ]
    result = take(store, book(tmp_path, rows))
    assert (result.refused, result.points) == (0, 4)
    assert kept(store, "HS-E-01") == [(FIRST, 1_024_500_000), (SECOND, 1_031_250_000)]
    assert kept(store, "HS-E-02") == [(FIRST, 1_200_000_000), (at("2026-06-03", 8.5), 1_031_250_000)]
    assert {note.number: note.values for note in result.notes}["E208"] == {"count": 2}, "not read is no zero"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_the_encodings_of_spreadsheets(store: Store, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes('抄表日期,HS-E-01,HS-E-02\n2026-06-01,"1,024.5",\n2026-06-02,x,7\n'.encode(encoding))
    result = take(store, file)
    assert kept(store, "HS-E-01") == [(FIRST, 1_024_500_000)]
    assert kept(store, "HS-E-02") == [(SECOND, 7_000_000)]
    assert found(result) == [("3:HS-E-01", "E203")]


def test_one_row_a_reading_in_gbk_with_chinese_names(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes("表计,抄表时间,读数,备注\nHS-E-01,2026-06-01 00:00,5,好\n".encode("gbk"))
    assert take(store, file).points == 1
    assert kept(store, "HS-E-01") == [(FIRST, 5_000_000)]


@pytest.mark.parametrize(("mac", "serial"), [(False, 46174), (True, 44712)])
def test_serial_days_count_from_where_the_workbook_counts(
    store: Store, tmp_path: Path, mac: bool, serial: int
) -> None:
    take(store, book(tmp_path, [["date", "HS-E-01"], [serial, 1], [serial + 0.5, 2]], mac))
    assert kept(store, "HS-E-01") == [(FIRST, 1_000_000), (at("2026-06-01", 12), 2_000_000)]


def test_serial_days_in_a_csv_have_two_meanings_and_are_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("date,HS-E-01\n46174,1\n2026-06-02,2\n", "utf-8")
    assert found(take(store, file)) == [("2:date", "E202")]
    assert kept(store, "HS-E-01") == [(SECOND, 2_000_000)]


def test_what_cannot_be_read_is_refused_cell_by_cell(store: Store, tmp_path: Path) -> None:
    rows = [
        ["日期", "HS-E-01", "HS-E-99", 10104],
        ["2026-06-01", "=1+1", 1, 2],
        ["2026-06-02", "#VALUE!", None, None],
        ["合计", 3, None, None],
        ["2026-06-03", "1,2", None, None],
        ["2026-06-04", 4, None, None],
    ]
    result = take(store, book(tmp_path, rows))
    assert found(result) == [
        ("A4", "E202"), ("B2", "E207"), ("B3", "E203"), ("B5", "E203"), ("C1", "E201"), ("D1", "E206"),
    ]  # fmt: skip
    lost = next(one for one in result.problems if one.number == "E206")
    assert "010104" in lost.text("en")
    assert kept(store, "HS-E-01") == [(at("2026-06-04"), 4_000_000)]
    # What came back is a table of one row a reading, which can be corrected and handed in.
    with result.returned.open(encoding="utf-8-sig", newline="") as opened:
        rows_back = list(csv.DictReader(opened))
    assert {"line": "4", "meter": "HS-E-01", "time": "合计", "value": "3"}.items() <= rows_back[4].items()


def test_a_formula_that_reads_another_file_is_refused_even_with_a_value(store: Store, tmp_path: Path) -> None:
    file = book(tmp_path, [["date", "HS-E-01", "HS-E-02"], ["2026-06-01", 111, 222]])
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<v>111</v>", b"<f>[1]Sheet1!A1</f><v>111</v>")
                content = content.replace(b"<v>222</v>", b"<f>C1*2</f><v>222</v>")
            target.writestr(name, content)
    file.write_bytes(changed.getvalue())
    assert found(take(store, file)) == [("B2", "E207")]
    assert kept(store, "HS-E-02") == [(FIRST, 222_000_000)], "a computed value is a value"


def test_a_number_that_means_two_meters_means_neither() -> None:
    meters = KnownMeters({"010104": 500, "east": 10104, "0077": 77, "07": 7, "007": 8})
    assert meters.find("10104") == 0
    assert meters.without_zeros("10104") == "010104"
    assert meters.find("77") == 77, "both meanings are the same meter"
    assert meters.find("7") == 0
    assert (meters.find("07"), meters.find("500")) == (7, 500)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("1,200", "1200"), ("１２．５", "12.5"), ("-1,234,567.25", "-1234567.25"), ("－5", "-5"), (" 7 ", " 7 ")],
)
def test_numbers_of_hands(written: str, plain: str) -> None:
    assert plain_number(written) == plain


@pytest.mark.parametrize("written", ["1,2", "12,00", "1,2345", "1.234,5", "1，2"])
def test_a_comma_with_two_meanings_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        plain_number(written)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026年6月1日", (2026, 6, 1, 0, 0, 0)), ("2026.6.1", (2026, 6, 1, 0, 0, 0)),
        ("２０２６／６／１　８：０５", (2026, 6, 1, 8, 5, 0)), ("2026年6月1日8时5分", (2026, 6, 1, 8, 5, 0)),
        ("2026-06-01T08:05:07", (2026, 6, 1, 8, 5, 7)),
    ],
)  # fmt: skip
def test_times_of_hands(written: str, found: tuple[int, ...]) -> None:
    assert moment_of(written) == dt.datetime(*found)  # noqa: DTZ001


@pytest.mark.parametrize("written", ["6月1日", "2026-13-01", "2026年2月30日", "46174", "1/6/2026", "", "合计"])
def test_what_is_no_time(written: str) -> None:
    assert moment_of(written) is None


def test_what_says_that_nothing_was_read() -> None:
    assert all(unread(one) for one in ("", " ", "－", "-", "—", "/", "未抄"))
    assert not any(unread(one) for one in ("0", "０", "-1", "无表"))


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_books, "limit", lambda name: 1000)
    with pytest.raises(RefusedError, match="E204"):
        take(store, book(tmp_path, [["date", "HS-E-01"], ["2026-06-01", 1]]))


@pytest.mark.parametrize("rows", [[["date", "value"]], [["a", "b"], [1, 2]], []])
def test_a_book_without_a_head_is_refused(store: Store, tmp_path: Path, rows: list[list[object]]) -> None:
    file = book(tmp_path, rows)
    if rows == [["date", "value"]]:
        assert take(store, file).points == 0
        return
    with pytest.raises(RefusedError, match="E001"):
        take(store, file)


def test_a_unit_in_the_head_is_converted_exactly_and_said(store: Store, tmp_path: Path) -> None:
    head = ["日期", "HS-E-01(万kWh)", "HS-E-02（kWh）"]
    rows = [head, ["2026-06-01", "12.3456", "7"], ["2026-06-02", "0.0000000001", ""]]
    result = take(store, book(tmp_path, rows))
    assert kept(store, "HS-E-01") == [(FIRST, 123_456_000_000), (SECOND, 1)], "123,456 kWh and a millionth"
    assert kept(store, "HS-E-02") == [(FIRST, 7_000_000)]
    notes = [one.text("zh").partition("。")[0] for one in result.notes if one.number == "E211"]
    assert notes == ["“HS-E-01(万kWh)”列的数值已换算为 kWh", "“HS-E-02（kWh）”列的数值已换算为 kWh"]
    long = tmp_path / "long.csv"
    long.write_text("表计,时间,读数/万kWh\nHS-E-01,2026-06-03,12.5\nHS-E-01,2026-06-04,x\n", "utf-8")
    result = take(store, long)
    assert kept(store, "HS-E-01")[-1] == (at("2026-06-03"), 125_000_000_000)
    assert [number for _, number in found(result)] == ["E203"]


@pytest.mark.parametrize(
    ("head", "number"), [("读数(t)", "E209"), ("用电量(万kWh)", "E210"), ("电量/万kWh", "E210")]
)
def test_a_unit_that_does_not_fit_and_an_amount_for_a_register_are_refused(
    store: Store, tmp_path: Path, head: str, number: str
) -> None:
    result = take(store, book(tmp_path, [["表计", "时间", head], ["HS-E-01", "2026-06-01", "1"]]))
    assert found(result) == [("C2", number)]
    assert kept(store, "HS-E-01") == []


def test_amounts_with_a_unit_go_to_a_meter_of_amounts(store: Store, tmp_path: Path) -> None:
    Meter.objects.filter(identifier="HS-E-01").update(kind=Meter.Kind.AMOUNT)
    rows = [["表计", "时间", "用电量(万kWh)"], ["HS-E-01", "2026-06-01", "1.5"]]
    assert take(store, book(tmp_path, rows)).refused == 0
    assert kept(store, "HS-E-01") == [(FIRST, 15_000_000_000)]
