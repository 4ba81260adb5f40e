"""The command line as a contract: JSON, exit codes, numbered problems, near suggestions, both languages."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.homes import Finished, Home
from support.tables import row, write_table

PLANS = Path(__file__).parents[2] / "plans"
Ask = Callable[..., Finished]

VERDICT = "xinjiang-2015/intensity-13/650100/2014"
FACT = "energy_consumption_equivalent/650100/2010"
CHINESE = re.compile("[\u4e00-\u9fff]")

# What scripts may rely on: these keys are there; more may come.
KEYS: Mapping[tuple[str, ...], set[str]] = {
    ("plan", "check", str(PLANS / "qinghai-2019")): {"folder", "accepted", "plan", "counts", "problems"},
    ("plan", "list"): {"plans"},
    ("facts", "history", FACT): {"fact", "revisions"},
    ("standing", "xinjiang-2015"): {"plan", "edition", "title", "period", "as_of", "superseded_by", "counts", "rows"},
    ("standing", "qinghai-2019", "--period", "2019", "--place", "西宁市"): {"rows", "counts"},
    ("standing", "qinghai-2019", "--as-of", "2001-01-01"): {"as_of", "rows"},
    ("explain", VERDICT): {"verdict", "digest", "figure"},
    ("rules", "show", "warning_schemes"): {"table", "title", "on", "place", "entries"},
    ("formula", "--list"): {"formulas"},
    ("formula", "yearly_decline", "intensity_before=2", "intensity_now=1.9"): {"value", "unit", "digest", "figure"},
}


@pytest.mark.parametrize("words", KEYS, ids=lambda words: " ".join(words[:2]))
def test_json_has_its_keys_and_nothing_else_is_printed(ask: Ask, words: tuple[str, ...]) -> None:
    done = ask(*words, "--json")
    assert done.code == 0, done
    assert done.errors == ""
    assert set(done.json) >= KEYS[words]


def test_check_names_every_part_and_ends_by_what_it_finds(ask: Ask) -> None:
    done = ask("check", "--json")
    items = done.json["items"]
    assert set(items) >= {"home", "database", "rules", "formulas", "plans", "stale", "frontend"}
    assert done.json["good"] is all(item["good"] for item in items.values())
    assert done.code == (0 if done.json["good"] else 1)
    assert items["plans"]["found"] == "china-12th-five-year, china-2020, qinghai-2019, xinjiang-2015"


def test_a_row_of_the_standing_has_what_a_page_shows(ask: Ask) -> None:
    rows = ask("standing", "xinjiang-2015", "--json").json["rows"]
    needed = {"target", "place", "place_name", "period", "verdict", "reason", "figures", "deciding", "warning", "pace"}
    needed |= {"marks", "consequences", "key", "clause", "target_value", "target_unit", "strength", "due", "published"}
    for one in rows:
        assert set(one) >= needed
        assert (one["verdict"] == "unknown") == (one["reason_text"] is not None)
    assert {one["place"] for one in rows} >= {"650100", "654000-direct", "652100"}


# Wrong use, wrong input


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["standing"],
        ["standing", "qinghai-2019", "--no-such-option"],
        ["plan", "check"],
        ["formula"],
        ["formula", "yearly_decline", "novalue"],
        ["--lang", "fr", "check"],
        ["run", "--port", "0", "--no-serve"],
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2(ask: Ask, words: list[str]) -> None:
    done = ask(*words)
    assert done.code == 2
    assert done.output == ""
    assert "Traceback" not in done.errors


@pytest.mark.parametrize(
    ("words", "number", "suggestion"),
    [
        (["standing", "xinjiang-2016"], "C001", "xinjiang-2015"),
        (["explain", "0000000000"], "C002", ""),
        (["explain", "abc"], "C002", "6"),
        (["explain", "xinjiang-2015/no-such/650100/2014"], "C002", "no-such"),
        (["explain", f"{VERDICT}/no-such-role"], "C002", "cumulative"),
        (["standing", "qinghai-2019", "--as-of", "gestern"], "C003", "2015-07-10"),
        (["rules", "show", "units", "--on", "2015-02-30"], "C003", "2015-07-10"),
        (["standing", "qinghai-2019", "--period", "2019Q5"], "C004", "2015H1"),
        (["standing", "qinghai-2019", "--place", "乌鲁木齐市"], "C005", "西宁市"),
        (["rules", "show", "warning_scheme"], "C006", "warning_schemes"),
        (["formula", "yearly_declin"], "C007", "yearly_decline"),
        (["formula", "yearly_decline", "x=1"], "C008", "intensity_before"),
        (["formula", "yearly_decline", "intensity_before=abc", "intensity_now=1"], "C008", "intensity_before"),
        (["facts", "history", "energy_consumption_equivalent/999999/2010"], "C009", "energy_consumption_equivalent/"),
        (["facts", "history", "nonsense"], "C009", ""),
        (["plan", "check", "no-such-folder"], "C012", "plan.yaml"),
        (["plan", "load", "no-such-folder"], "C012", "plan.yaml"),
        (["rules", "show", "coal_equivalents", "--place", "999999"], "F104", ""),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else None,
)
def test_wrong_input_ends_with_1_a_number_and_a_way_out(
    ask: Ask, words: list[str], number: str, suggestion: str
) -> None:
    done = ask(*words, "--json")
    assert done.code == 1
    assert re.match(rf"1\. \[{number}\] ", done.errors)
    assert suggestion in done.errors
    (problem,) = done.json["problems"]
    assert problem["check"] == number
    assert set(problem) == {"check", "severity", "where", "text"}
    assert set(problem["text"]) == {"zh", "en"}


def test_a_database_that_cannot_be_reached_is_a_numbered_problem(tmp_path: Path, home: Home) -> None:
    for url in ("mysql://x/y", "postgresql://nobody@127.0.0.1:1/none"):
        done = home.run("plan", "list", environment={"HENGNENG_DATABASE_URL": url})
        assert done.code == 1, done
        assert done.errors.startswith("1. [C011] ")
        assert "Traceback" not in done.errors


def test_a_port_that_is_taken_is_a_numbered_problem(ask: Ask) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = ask("serve", "--port", taken.getsockname()[1])
    assert done.code == 1
    assert done.errors.startswith("1. [C010] ")


def test_problems_of_a_plan_are_numbered_and_name_file_and_line(ask: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(PLANS / "qinghai-2019", folder)
    text = (folder / "targets.yaml").read_text("utf-8")
    (folder / "targets.yaml").write_text(
        text.replace("value: 160", "value: 161").replace("value: 50", "value: 51"), "utf-8"
    )
    done = ask("plan", "check", folder)
    assert done.code == 1
    lines = done.errors.splitlines()
    assert [line.split(".")[0] for line in lines] == [str(n) for n in range(1, len(lines) + 1)]
    assert re.match(r"1\. \[P203\] targets\.yaml:\d+ ", lines[0])
    loaded = ask("plan", "load", folder)
    assert loaded.code == 1
    assert "[P203]" in loaded.errors


# Explaining


def sources(figure: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything below a figure that is no figure."""
    found = []
    for node in figure["inputs"]:
        found += sources(node) if node["kind"] == "figure" else [node]
    return found


def test_a_verdict_is_explained_down_to_a_cell_and_the_words_of_a_clause(ask: Ask) -> None:
    explained = ask("explain", VERDICT, "--json").json
    references = [one["reference"] for one in sources(explained["figure"])]
    lines = (PLANS / "xinjiang-2015" / "facts.example.csv").read_text("utf-8-sig").splitlines()
    cells = [one["cell"] for one in references if one.get("cell", "").startswith("facts.example.csv:")]
    assert cells
    for reference in references:
        if reference.get("cell", "").startswith("facts.example.csv:"):
            line = int(re.match(r"facts\.example\.csv:(\d+)", reference["cell"])[1])
            measure, place, period, value = lines[line - 1].split(",")[:4]
            assert (measure, place, period) == (reference["measure"], reference["subject"], reference["period"])
            assert reference["as_reported"].startswith(value)
    quotes = {one["quote"] for one in references if "quote" in one}
    assert "乌鲁木齐市、克拉玛依市、石河子市万元GDP能耗分别比2010年下降13%" in quotes


def test_the_words_of_an_explanation_name_cell_clause_and_formula(ask: Ask) -> None:
    said = ask("explain", VERDICT).output
    assert re.search(r"facts\.example\.csv:\d+", said)
    assert "乌鲁木齐市、克拉玛依市、石河子市万元GDP能耗分别比2010年下降13%" in said
    assert "cumulative_decline@" in said
    assert "示例数据" in said


def test_every_figure_of_a_verdict_can_be_explained_by_role_and_by_digest(ask: Ask) -> None:
    verdict = ask("explain", VERDICT, "--json").json["verdict"]
    for role in ("cumulative", "warning"):
        digest = verdict["figures"][role]["figure"]
        by_role = ask("explain", f"{VERDICT}/{role}", "--json").json
        by_digest = ask("explain", digest[:16], "--json").json
        assert by_role["digest"] == by_digest["digest"] == digest
        assert by_role["figure"] == by_digest["figure"]


def test_a_digest_that_fits_several_figures_is_refused(ask: Ask) -> None:
    assert ask("explain", "______").code == 1
    assert ask("explain", "%%%%%%").code == 1


# History, rules, formulas


def test_the_history_of_a_fact_shows_every_revision_and_its_reason(home: Home, tmp_path: Path) -> None:
    for value, reason in (("500", ""), ("505", "核减重复计算"), ("503", "再核")):
        table = write_table(tmp_path / "t.csv", [row(value, reason=reason)])
        assert home.run("facts", "import", table).code == 0
    history = home.run("facts", "history", "energy_consumption_equivalent/乌鲁木齐市/2014", "--json").json
    assert [(one["reported"], one["reason"]) for one in history["revisions"]] == [
        ("500 10^4 tce", ""),
        ("505 10^4 tce", "核减重复计算"),
        ("503 10^4 tce", "再核"),
    ]
    assert [one["revises"] for one in history["revisions"]] == [
        None,
        *(one["fact"] for one in history["revisions"][:2]),
    ]
    assert "核减重复计算" in home.run("facts", "history", "energy_consumption_equivalent/650100/2014#2").output


@pytest.mark.parametrize(("on", "value"), [("2015-12-31", "2008"), ("2022-01-01", "2020")])
def test_rules_are_shown_as_in_force_on_a_day(ask: Ask, on: str, value: str) -> None:
    entries = ask("rules", "show", "coal_equivalents", "--on", on, "--json").json["entries"]
    for one in entries:
        assert (one["valid_from"] or "0") <= on <= (one["valid_to"] or "9")
    assert any(value in (one["edition"] or "") for one in entries)


@pytest.mark.parametrize("name", ["administrative_divisions", "comparison_precision", "measures"])
def test_a_table_is_shown_whole(ask: Ask, name: str) -> None:
    from hengneng.rules import rule_table

    shown = ask("rules", "show", name, "--json").json
    assert len(shown["entries"]) == len(rule_table(name).entries)


def test_every_formula_is_listed_with_parameters_units_and_source(ask: Ask) -> None:
    from hengneng.formulas import formulas

    listed = ask("formula", "--list", "--json").json["formulas"]
    assert {one["name"] for one in listed} == set(formulas())
    for one in listed:
        assert one["equation"]
        assert one["source"]
        assert one["parameters"]
        assert all(parameter["unit"] for parameter in one["parameters"])


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["cumulative_decline", "declines=-1.51%,2.20%,4.18%"], 0.04873),
        (["logarithmic_progress", "cumulative=4.872989404%", "target=17%"], 0.26811),
        (["required_annual_rate", "target=17%", "cumulative=4.872989404%", "years_remaining=2"], 0.06591),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else None,
)
def test_a_formula_computes_what_was_published(ask: Ask, words: list[str], value: float) -> None:
    assert ask("formula", *words, "--json").json["value"] == pytest.approx(value, abs=0.000005)


# Editions and amendments


def copy_of_qinghai(tmp_path: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the plan folder with changes of its files."""
    folder = tmp_path / "copy"
    shutil.copytree(PLANS / "qinghai-2019", folder, dirs_exist_ok=True)
    for file, old, new in changes:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")
    return folder


def test_the_same_edition_with_other_content_is_refused_and_a_new_edition_accepted(home: Home, tmp_path: Path) -> None:
    first = home.run("plan", "load", PLANS / "qinghai-2019", "--json").json
    assert (first["created"], first["edition"]) == (True, 1)
    assert home.run("plan", "load", PLANS / "qinghai-2019", "--json").json["created"] is False
    change = ("plan.yaml", "en: General Office", "en: The General Office")
    text = (PLANS / "qinghai-2019" / "plan.yaml").read_text("utf-8")
    if change[1] not in text:
        change = ("indicators.yaml", "en: Energy per unit of GDP", "en: Energy for each unit of GDP")
    refused = home.run("plan", "load", copy_of_qinghai(tmp_path, change))
    assert refused.code == 1
    assert refused.errors.startswith("1. [L001] ")
    again = home.run("plan", "load", copy_of_qinghai(tmp_path, ("plan.yaml", "edition: 1", "edition: 2")), "--json")
    assert (again.json["created"], again.json["edition"]) == (True, 2)


def test_an_amendment_is_shown_where_its_plan_is_shown(home: Home, tmp_path: Path) -> None:
    home.run("plan", "load", PLANS / "qinghai-2019")
    amendment = copy_of_qinghai(
        tmp_path, ("plan.yaml", "id: qinghai-2019\n", "id: qinghai-2019-amended\nsupersedes: qinghai-2019\n")
    )
    assert home.run("plan", "load", amendment).code == 0
    listed = {one["plan"]: one["superseded_by"] for one in home.run("plan", "list", "--json").json["plans"]}
    assert listed == {"qinghai-2019": "qinghai-2019-amended", "qinghai-2019-amended": None}
    standing = home.run("standing", "qinghai-2019")
    assert "qinghai-2019-amended" in standing.output


@pytest.mark.parametrize(
    ("old", "new"),
    [("intensity-xining,", "no-such-target,"), ("超额完成", "好极了"), ("target,place", "ziel,place")],
)
def test_published_verdicts_that_cannot_be_used_refuse_the_plan(home: Home, tmp_path: Path, old: str, new: str) -> None:
    done = home.run("plan", "load", copy_of_qinghai(tmp_path, ("published.csv", old, new)))
    assert done.code == 1
    assert "[L002]" in done.errors


# Languages


ENGLISH = {"HENGNENG_LANG": "en"}


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["plan", "--help"],
        ["facts", "import", "--help"],
        ["standing", "--help"],
        ["explain", "--help"],
        ["rules", "show", "--help"],
        ["formula", "--help"],
        ["serve", "--help"],
        ["worker", "--help"],
        ["check", "--help"],
        ["run", "--help"],
        ["plan", "list"],
        ["check"],
        ["formula", "yearly_decline", "intensity_before=0", "intensity_now=1"],
    ],
    ids=" ".join,
)
def test_english_output_is_english(ask: Ask, words: list[str]) -> None:
    done = ask(*words, environment=ENGLISH)
    # Documents that a formula cites keep the names that they have.
    said = "\n".join(line for line in done.output.splitlines() if "from: " not in line)
    assert not CHINESE.search(said), said
    assert not CHINESE.search(done.errors)


def test_an_english_standing_is_english_but_for_quoted_words(ask: Ask) -> None:
    rows = ask("standing", "xinjiang-2015", "--json").json["rows"]
    verbatim = {one["verdict"] for row in rows for one in row["published"]}
    said = ask("standing", "xinjiang-2015", environment=ENGLISH).output
    for words in verbatim:
        said = said.replace(words, "")
    assert not CHINESE.search(said), [line for line in said.splitlines() if CHINESE.search(line)][:5]


def test_english_problems_are_english_but_for_what_was_found(ask: Ask, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", [row("１２"), row("500", period="xx"), row("", period="2013")])
    home_errors = ask("facts", "import", table, environment=ENGLISH)
    assert home_errors.code == 1
    assert not CHINESE.search(home_errors.errors.replace("１２", ""))


def test_the_option_and_the_variable_choose_the_same_language(ask: Ask) -> None:
    assert ask("--lang", "en", "plan", "list").output == ask("plan", "list", environment=ENGLISH).output
    assert ask("--lang", "zh", "plan", "list", environment=ENGLISH).output == ask("plan", "list").output
    assert ask("--lang=en", "check", "--help").output == ask("check", "--help", environment=ENGLISH).output


def test_json_is_the_same_in_both_languages(ask: Ask) -> None:
    for words in (["standing", "qinghai-2019"], ["rules", "show", "warning_schemes"], ["plan", "list"]):
        chinese, english = (ask(*words, "--json", environment=e).output for e in ({}, ENGLISH))
        assert json.loads(chinese) == json.loads(english)
