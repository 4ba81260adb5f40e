"""Everything that arrives broken: good rows are kept, bad rows come back and say which check they failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.homes import Finished
from support.tables import (
    COLUMNS,
    assert_returned,
    returned_rows,
    row,
    take_in,
    values,
    write_table,
    years,
)

from hengneng.facts.models import Fact

TakeIn = Callable[..., Any]

URUMQI = "energy_consumption_equivalent/650100"
GOOD = row("500", place="650200")
GOOD_KEY = "energy_consumption_equivalent/650200/2014"


def returned_unchanged(result: Any, bad: dict[str, str], number: str) -> None:
    """The good row is kept, the bad one comes back as it was written, and nothing of it is recorded."""
    (back,) = assert_returned(result, {3: number})
    assert {name: back[name] for name in COLUMNS} == bad
    assert values() == {GOOD_KEY: "500"}


# One cell that is no number


@pytest.mark.parametrize("written", ["#VALUE!", "#REF!", "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#new!"])
def test_errors_of_spreadsheets_come_back(take: TakeIn, written: str) -> None:
    bad = row(written)
    returned_unchanged(take([GOOD, bad]), bad, "F110")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("１２３", "123"), ("１２３．４", "123.4"), ("12３", "123"), ("－５００", "-500"), ("１，２３４", "1234")],
)
def test_full_width_digits_come_back_with_what_they_may_mean(take: TakeIn, written: str, meant: str) -> None:
    bad = row(written)
    result = take([GOOD, bad])
    returned_unchanged(result, bad, "F111")
    assert result.problems[0].values["expected"] == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1,234", "1234"),
        ("1,234.5", "1234.5"),
        ("1 234", "1234"),
        ("1\u00a0234", "1234"),
        ("1\u202f234", "1234"),
        ("12'345", "12345"),
    ],
)
def test_thousands_separators_come_back_with_what_they_may_mean(take: TakeIn, written: str, meant: str) -> None:
    bad = row(written)
    result = take([GOOD, bad])
    returned_unchanged(result, bad, "F112")
    assert result.problems[0].values["expected"] == meant


@pytest.mark.parametrize("written", ["abc", "12,5", "1e3", "0x10", "nan", "inf", "12%", "500万", "1.2.3", "十二", "٣"])
def test_what_is_no_number_comes_back(take: TakeIn, written: str) -> None:
    bad = row(written)
    returned_unchanged(take([GOOD, bad]), bad, "F114")


@pytest.mark.parametrize("written", ["", "-", "—", "…", "NA", "N/A", "null", "无", "/"])
def test_an_empty_cell_is_not_zero(take: TakeIn, written: str) -> None:
    bad = row(written)
    returned_unchanged(take([GOOD, bad]), bad, "F113")


def test_missing_needs_a_reason(take: TakeIn) -> None:
    bad = row("", state="missing")
    returned_unchanged(take([GOOD, bad]), bad, "F113")


def test_missing_with_a_reason_is_recorded_as_missing(take: TakeIn) -> None:
    result = take([row("", state="missing", note="统计局尚未公布")])
    assert result.refused == 0
    (fact,) = Fact.objects.all()
    assert (fact.state, fact.value, fact.note) == ("missing", None, "统计局尚未公布")


def test_zero_is_reported_zero(take: TakeIn) -> None:
    take([row("0", measure="residential_area_retrofitted", unit="10^4 m2")])
    (fact,) = Fact.objects.all()
    assert (fact.state, fact.value) == ("reported-zero", 0)


@pytest.mark.parametrize(("value", "state"), [("500", "missing"), ("500", "zero"), ("500", "guessed")])
def test_state_and_value_must_fit(take: TakeIn, value: str, state: str) -> None:
    bad = row(value, state=state)
    returned_unchanged(take([GOOD, bad]), bad, "F115")


def test_estimated_stays_estimated(take: TakeIn) -> None:
    take([row("500", state="estimated")])
    assert Fact.objects.get().state == "estimated"


@pytest.mark.parametrize("unit", ["", "亩", "10^8 yuan", "万吨标准", "t/a"])
def test_a_unit_that_does_not_measure_this_comes_back(take: TakeIn, unit: str) -> None:
    bad = row("500", unit=unit)
    returned_unchanged(take([GOOD, bad]), bad, "F116")


def test_a_negative_value_of_what_cannot_be_negative_comes_back(take: TakeIn) -> None:
    bad = row("-500")
    returned_unchanged(take([GOOD, bad]), bad, "F117")


@pytest.mark.parametrize(("column", "written"), [("confidence", "sure"), ("example", "maybe")])
def test_words_outside_their_list_come_back(take: TakeIn, column: str, written: str) -> None:
    bad = row(**{column: written})
    returned_unchanged(take([GOOD, bad]), bad, "F118")


def test_an_unknown_measure_comes_back_with_near_ones(take: TakeIn) -> None:
    bad = row(measure="energy_consumption_equivalant")
    result = take([GOOD, bad])
    returned_unchanged(result, bad, "F102")
    assert "energy_consumption_equivalent" in str(result.problems[0].values["expected"])


@pytest.mark.parametrize("written", ["2014年", "２０１４", "14", "2014Q5", "2014-13", "2014/07", "", "201407"])
def test_what_is_no_period_comes_back(take: TakeIn, written: str) -> None:
    bad = row(period=written)
    returned_unchanged(take([GOOD, bad]), bad, "F103")


# The unit is wrong by a thousand or ten thousand


@pytest.mark.parametrize(("factor", "shown"), [("500000", "1,000"), ("5000000", "10,000"), ("0.5", "1/1,000")])
def test_a_unit_wrong_against_recorded_history_comes_back(take: TakeIn, factor: str, shown: str) -> None:
    take(years("500", "510"), name="history.csv")
    bad = row(factor, period="2012")
    result = take([bad, row("520", period="2013")])
    assert_returned(result, {2: "F201"})
    assert result.problems[0].values["factor"] == shown
    assert values() == {f"{URUMQI}/2010": "500", f"{URUMQI}/2011": "510", f"{URUMQI}/2013": "520"}


def test_the_unit_itself_wrong_by_ten_thousand_comes_back(take: TakeIn) -> None:
    take(years("500", "510"), name="history.csv")
    result = take([row("520", period="2012", unit="吨标准煤")])
    assert_returned(result, {2: "F201"})


@pytest.mark.parametrize("wrong", ["510000", "5100000", "0.051"])
def test_a_unit_wrong_within_a_new_file_comes_back(take: TakeIn, wrong: str) -> None:
    result = take(years("500", wrong, "520", "530"))
    assert_returned(result, {3: "F201"})
    assert set(values()) == {f"{URUMQI}/{year}" for year in (2010, 2012, 2013)}


def test_an_implausible_value_of_a_new_series_comes_back(take: TakeIn) -> None:
    result = take([GOOD, row("5000000")])
    assert_returned(result, {3: "F202"})


def test_a_large_value_that_is_explained_is_recorded_with_the_explanation(take: TakeIn) -> None:
    take(years("500", "510"), name="history.csv")
    result = take([row("500000", period="2012", explanation="新建园区并入统计")])
    assert result.refused == 0
    assert "新建园区并入统计" in Fact.objects.get(period="2012").note


def test_an_ordinary_change_is_no_suspicion(take: TakeIn) -> None:
    assert take(years("500", "1500", "300", "4000")).refused == 0


# Places


def test_an_unknown_place_comes_back_with_near_ones(take: TakeIn) -> None:
    bad = row(place="乌鲁木齐是")
    result = take([GOOD, bad])
    returned_unchanged(result, bad, "F104")
    assert "乌鲁木齐市（650100）" in str(result.problems[0].values["expected"])


@pytest.mark.parametrize(
    ("written", "period", "right"),
    [
        ("650500", "2014", "哈密地区（652200）"),
        ("吐鲁番地区", "2018", "吐鲁番市（650400）"),
        ("652100", "2018", "吐鲁番市（650400）"),
        ("650400", "2014", "吐鲁番地区（652100）"),
        ("哈密地区", "2017", "哈密市（650500）"),
    ],
)
def test_a_place_not_valid_then_comes_back_with_the_right_one(
    take: TakeIn, written: str, period: str, right: str
) -> None:
    bad = row(place=written, period=period)
    result = take([GOOD, bad])
    returned_unchanged(result, bad, "F105")
    assert right in str(result.problems[0].values["expected"])


def test_old_and_new_code_are_one_subject(take: TakeIn) -> None:
    result = take([row("500", place="652100", period="2014"), row("510", place="吐鲁番市", period="2016")])
    assert result.refused == 0
    assert {fact.place_id for fact in Fact.objects.all()} == {"652100"}


def test_a_place_outside_the_plan_comes_back(take: TakeIn) -> None:
    bad = row(place="630100")
    result = take([GOOD, bad], plan="xinjiang-2015", plan_subjects=frozenset({"650200"}))
    returned_unchanged(result, bad, "F106")


# The same thing twice


def test_a_row_twice_comes_back_and_the_first_is_kept(take: TakeIn) -> None:
    result = take([row("500"), row("500.0")])
    assert_returned(result, {3: "F203"})
    assert result.problems[0].values["first"] == 2
    assert values() == {f"{URUMQI}/2014": "500"}


def test_rows_that_contradict_each_other_all_come_back(take: TakeIn) -> None:
    result = take([row("500"), row("501"), row("502"), *years("500")[:0]])
    assert_returned(result, {2: "F203", 3: "F203", 4: "F203"})
    assert values() == {}


def test_the_same_place_by_code_and_by_name_is_the_same_row(take: TakeIn) -> None:
    assert_returned(take([row("500"), row("500", place="乌鲁木齐市")]), {3: "F203"})


def test_the_same_file_again_changes_nothing(take: TakeIn) -> None:
    rows = [*years("500", "510", "520"), row("", state="missing", note="未公布")]
    first = take(rows)
    again = take(rows)
    assert (len(first.recorded), first.unchanged) == (4, 0)
    assert (again.recorded, again.corrected, again.unchanged) == ([], [], 4)
    assert Fact.objects.count() == 4


def test_the_same_value_in_another_unit_is_unchanged(take: TakeIn) -> None:
    take([row("500")])
    assert take([row("5000000", unit="吨标准煤")]).unchanged == 1


def test_a_correction_is_a_new_revision_and_the_old_one_stays(take: TakeIn) -> None:
    take([row("500")])
    result = take([row("505", reason="核减重复计算")], name="later.csv")
    (old, new) = Fact.objects.order_by("revision")
    assert [fact.name for fact in result.corrected] == [f"{URUMQI}/2014#2"]
    assert (old.value, old.revision, old.reason) == (500, 1, "")
    assert (new.value, new.revision, new.reason, new.revises) == (505, 2, "核减重复计算", old)
    assert new.cell.startswith("later.csv:2")
    assert old.cell.startswith("table.csv:2")
    assert values() == {f"{URUMQI}/2014": "505"}


def test_a_correction_of_a_correction_may_return_to_the_first_value(take: TakeIn) -> None:
    take([row("500")])
    take([row("505", reason="一")])
    take([row("500", reason="二")])
    assert [(f.value, f.reason) for f in Fact.objects.order_by("revision")] == [(500, ""), (505, "一"), (500, "二")]
    assert [f.revises_id for f in Fact.objects.order_by("revision")][1:] == [
        f.pk for f in Fact.objects.order_by("revision")
    ][:2]


def test_a_correction_to_missing_and_back(take: TakeIn) -> None:
    take([row("500")])
    take([row("", state="missing", note="撤回", reason="误报")])
    assert values() == {f"{URUMQI}/2014": None}
    take([row("500", reason="恢复")])
    assert values() == {f"{URUMQI}/2014": "500"}
    assert Fact.objects.count() == 3


def test_a_correction_without_reason_is_said_to_have_none(take: TakeIn) -> None:
    take([row("500")])
    result = take([row("505")])
    assert [note.number for note in result.notes] == ["F204"]
    assert Fact.objects.get(revision=2).reason


def test_the_reason_of_the_call_stands_for_rows_without_one(take: TakeIn) -> None:
    take([row("500")])
    result = take([row("505")], reason="年报修订")
    assert result.notes == []
    assert Fact.objects.get(revision=2).reason == "年报修订"


# The returned file


def test_several_bad_rows_come_back_in_their_order_with_all_columns(take: TakeIn) -> None:
    rows = [row("#VALUE!"), GOOD, row("1,234", period="2013"), row("500", place="月球"), row("500", period="2012")]
    back = assert_returned(take(rows), {2: "F110", 4: "F112", 5: "F104"})
    assert [one["value"] for one in back] == ["#VALUE!", "1,234", "500"]
    assert list(back[0]) == [*COLUMNS, "result"]


def test_the_returned_file_says_what_is_wrong_in_the_language_of_the_caller(take: TakeIn) -> None:
    result = take([row("#VALUE!")], language="en")
    assert "spreadsheet error" in returned_rows(result.returned)[0]["result"]


def test_a_corrected_returned_file_is_taken_in(take: TakeIn) -> None:
    result = take([GOOD, row("1,234"), row("#REF!", period="2013")])
    back = returned_rows(result.returned)
    back[0]["value"], back[1]["value"] = "1234", "1200"
    again = take(back, name="again.csv", columns=[*COLUMNS, "result"], encoding="utf-8-sig")
    assert (len(again.recorded), again.refused) == (2, 0)
    assert values() == {GOOD_KEY: "500", f"{URUMQI}/2014": "1234", f"{URUMQI}/2013": "1200"}


def test_a_returned_file_that_was_not_corrected_comes_back_with_one_result_column(take: TakeIn) -> None:
    first = take([GOOD, row("1,234")])
    again = take_in(first.returned)
    assert_returned(again, {2: "F112"})
    assert again.returned.read_text("utf-8-sig").splitlines()[0].count("result") == 1


def test_a_file_in_a_folder_one_may_not_write_comes_back_elsewhere(
    take: TakeIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    result = take([row("#VALUE!")], return_folder=tmp_path / "elsewhere")
    assert result.returned == tmp_path / "elsewhere" / "table.returned.csv"
    assert result.returned.exists()


def test_a_file_without_fault_leaves_no_returned_file(take: TakeIn, tmp_path: Path) -> None:
    assert take([GOOD]).returned is None
    assert [path.name for path in tmp_path.glob("*.csv")] == ["table.csv"]


def test_every_digit_and_the_way_it_was_written_are_kept(take: TakeIn) -> None:
    take([row("1234.56789012345678901234567890", unit="万吨标准煤", cell="表3!F17", source="年报")])
    fact = Fact.objects.get()
    assert format(fact.value, "f") == "1234.56789012345678901234567890"
    assert (fact.reported_value, fact.reported_unit) == ("1234.56789012345678901234567890", "万吨标准煤")
    assert (fact.cell, fact.source.title) == ("table.csv:2 (表3!F17)", "年报")


def test_nothing_is_recorded_when_recording_fails_halfway(take: TakeIn) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        take([GOOD], on_arrival=fail)
    assert Fact.objects.count() == 0


# Through the command line


@pytest.mark.parametrize(
    ("rows", "columns", "number", "where"),
    [
        ([GOOD, row("#VALUE!")], COLUMNS, "F110", "table.csv:3:value"),
        ([GOOD, row("１２")], COLUMNS, "F111", "table.csv:3:value"),
        ([GOOD, row("500", place="650500")], COLUMNS, "F105", "table.csv:3:place"),
        ([GOOD], [*COLUMNS, "x"], "F003", "table.csv:1"),
    ],
)
def test_the_command_ends_with_1_and_numbers_the_problems(
    hengneng: Callable[..., Finished],
    tmp_path: Path,
    rows: list[dict[str, str]],
    columns: list[str],
    number: str,
    where: str,
) -> None:
    done = hengneng("facts", "import", write_table(tmp_path / "table.csv", rows, columns))
    assert done.code == 1
    assert done.errors.startswith(f"1. [{number}] {where} ")
    assert "Traceback" not in done.errors


def test_the_command_ends_with_0_when_every_row_is_good(hengneng: Callable[..., Finished], tmp_path: Path) -> None:
    done = hengneng("facts", "import", write_table(tmp_path / "table.csv", [GOOD]), "--json")
    assert done.code == 0
    assert done.json == {
        "file": "table.csv",
        "recorded": 1,
        "corrected": [],
        "unchanged": 0,
        "refused": 0,
        "problems": [],
        "notes": [],
        "returned": None,
    }
