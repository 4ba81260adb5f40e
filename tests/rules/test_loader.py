"""The loader refuses what is wrong in a table, all of it, and says where."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules.written_tables import COMMON_COLUMNS, DICTIONARY, GOOD, HEADER, write

from hengneng.problems import RefusedError
from hengneng.rules.checks import check_folder
from hengneng.rules.loader import load_table


def refusals(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as caught:
        load_table(folder, "trial")
    for problem in caught.value.problems:
        assert problem.text("zh")
        assert problem.text("en")
    return [(problem.number, problem.where) for problem in caught.value.problems]


def test_a_sound_table_loads(tmp_path: Path) -> None:
    table = load_table(write(tmp_path, GOOD, GOOD.replace("2008-06-01,2021-03-31", "2021-04-01,")), "trial")
    assert [str(entry.value) for entry in table.entries] == ["0.7143", "0.7143"]
    assert [entry.row for entry in table.entries] == [2, 3]
    assert table.key_columns == ("carrier",)


@pytest.mark.parametrize(
    ("row", "number"),
    [
        (GOOD.replace("GB/T 2589-2008", ""), "R005"),
        (GOOD.replace("kgce/kg", "kgce/kilo"), "R006"),
        (GOOD.replace("2021-03-31", "2021-03-32"), "R007"),
        (GOOD.replace("2021-03-31", "20210331"), "R007"),
        (GOOD.replace("0.7143", "0,7143").replace("0,7143", '"0,7143"'), "R008"),
        (GOOD.replace("0.7143", ""), "R008"),
        (GOOD.replace("0.7143", "NaN"), "R008"),
        (GOOD.replace("20908", "20 908"), "R008"),
        (GOOD.replace("sourced", "certain"), "R009"),
        (GOOD.replace("2021-03-31", "2008-05-31"), "R011"),
        (GOOD.replace("coal,", ",", 1), "R013"),
        (GOOD.replace("calorific", "calorie"), "R014"),
        (GOOD.replace("sourced,,", "sourced,worth,"), "R015"),
        (GOOD + ",more", "R016"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, row: str, number: str) -> None:
    assert refusals(write(tmp_path, row)) == [(number, "trial.csv:2")]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("GB/T 2589-2008", "").replace("kgce/kg", "stone").replace("sourced", "sure")
    found = refusals(write(tmp_path, bad, GOOD.replace("coal", "coke").replace("0.7143", "x")))
    assert sorted(found) == [
        ("R005", "trial.csv:2"),
        ("R006", "trial.csv:2"),
        ("R008", "trial.csv:3"),
        ("R009", "trial.csv:2"),
    ]


def test_overlap_and_repetition(tmp_path: Path) -> None:
    overlapping = GOOD.replace("2008-06-01,2021-03-31", "2021-03-31,")
    assert refusals(write(tmp_path, GOOD, overlapping)) == [("R010", "trial.csv:3")]
    assert refusals(write(tmp_path, GOOD, GOOD)) == [("R012", "trial.csv:3")]


def test_two_places_do_not_overlap(tmp_path: Path) -> None:
    local = GOOD.replace("2021-03-31,,", "2021-03-31,650000,")
    assert len(load_table(write(tmp_path, GOOD, local), "trial").entries) == 2


def test_columns(tmp_path: Path) -> None:
    assert refusals(write(tmp_path, GOOD, header=HEADER.replace("source_via", "seen_at"))) == [
        ("R003", "trial.csv:1"),
        ("R004", "trial.csv:1"),
    ]


def test_files(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "trial.csv").unlink()
    assert refusals(tmp_path) == [("R001", "trial.csv")]
    (tmp_path / "trial.csv").write_bytes(HEADER.encode() + "\n能源".encode("gb18030"))
    assert refusals(tmp_path) == [("R001", "trial.csv")]
    (tmp_path / "trial.toml").unlink()
    assert refusals(tmp_path) == [("R001", "trial.toml")]


@pytest.mark.parametrize("cut", ['title = { zh = "试验表", en = "Trial" }', 'value = "number"\n'])
def test_a_broken_dictionary(tmp_path: Path, cut: str) -> None:
    replacement = 'value = "numbr"\n' if cut.startswith("value") else ""
    assert refusals(write(tmp_path, GOOD, dictionary=DICTIONARY.replace(cut, replacement))) == [
        ("R002", "trial.toml")
    ]


def test_brackets_are_checked_on_loading(tmp_path: Path) -> None:
    def column(role: str, name: str) -> str:
        return (
            f"[{role}.{name}]\n"
            f'label = {{ zh = "{name}", en = "{name}" }}\n'
            f'meaning = {{ zh = "{name}", en = "{name}" }}\n'
        )

    bounds = ("at_least", "above", "below", "up_to")
    dictionary = (
        'title = { zh = "级", en = "Grades" }\n'
        'description = { zh = "级。", en = "Grades." }\n'
        'brackets = ["scheme"]\n'
        + "".join(column("keys", name) for name in ("scheme", "grade"))
        + "".join(column("attributes", name) for name in bounds)
    )
    header = f"scheme,grade,{','.join(bounds)},{COMMON_COLUMNS}"
    tail = ",,,,,project,,memory-low,,"

    def table(fair: str) -> Path:
        rows = [f"a,good,80,,,{tail}", f"a,fair,{fair}{tail}", f"a,bad,,,60,{tail}"]
        return write(tmp_path, *rows, header=header, dictionary=dictionary)

    assert len(load_table(table("60,,80,"), "trial").entries) == 3
    assert refusals(table("60,,79,")) == [("R020", "trial.csv:2 a")]
    assert refusals(table("60,61,79,")) == [("R024", "trial.csv:2 a")]


def test_an_unknown_place_is_found_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("2021-03-31,,", "2021-03-31,990000,"))
    assert [problem.number for problem in check_folder(tmp_path)] == ["R017"]


def test_the_shipped_folder_is_sound() -> None:
    assert check_folder() == []
