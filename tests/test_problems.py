"""Numbered checks: complete, in both languages, each used by the program and known to a test."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hengneng.problems import CHECKS_FOLDER, Problem, RefusedError, Severity, checks, read_checks

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "hengneng"
NUMBER = re.compile(r"""["']([A-Z]\d{3})["']""")
USED = {number for path in SOURCE.rglob("*.py") for number in NUMBER.findall(path.read_text("utf-8"))}
TESTED = {number for path in TESTS.rglob("*.py") for number in re.findall(r"\b[A-Z]\d{3}\b", path.read_text("utf-8"))}
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_number_that_the_program_uses_is_defined() -> None:
    assert USED - set(checks()) == set()


def test_every_defined_number_is_used_by_the_program() -> None:
    assert set(checks()) - USED == set()


def test_every_defined_number_is_known_to_a_test() -> None:
    assert set(checks()) - TESTED == set()


@pytest.mark.parametrize("file", sorted(CHECKS_FOLDER.glob("checks-*.toml")), ids=lambda file: file.stem)
def test_each_file_of_checks_is_in_the_order_of_its_numbers(file: Path) -> None:
    numbers = list(tomllib.loads(file.read_text("utf-8")))
    assert numbers == sorted(numbers)
    assert all(re.fullmatch(r"[A-Z]\d{3}", number) for number in numbers)


@pytest.mark.parametrize("number", sorted(checks()))
def test_each_check_is_whole_and_says_the_same_in_both_languages(number: str) -> None:
    check = checks()[number]
    assert check.number == number
    filled = Problem(number, "t.csv:1", dict.fromkeys(check.placeholders, "x"))
    assert CHINESE.search(filled.text("zh")) or check.text.zh == "{found}"
    assert not CHINESE.search(filled.text("en"))
    assert "{" not in filled.text("zh") + filled.text("en")
    for text in (check.text, check.remedy, check.specification):
        assert set(re.findall(r"\{(\w+)", text.zh)) == set(re.findall(r"\{(\w+)", text.en))
    assert re.findall(r"\{", check.specification.zh) == []


def test_a_problem_without_its_values_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="lacks the values"):
        Problem("F110", "t.csv:2:value")


def test_an_unknown_number_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Problem("Z999", "nowhere")  # an unknown number on purpose


def test_a_problem_tells_machines_what_it_tells_people() -> None:
    problem = Problem("F110", "t.csv:2:value", {"found": "#REF!"})
    assert problem.to_json() == {
        "check": "F110",
        "severity": "critical",
        "where": "t.csv:2:value",
        "text": {"zh": problem.text("zh"), "en": problem.text("en")},
    }
    assert "#REF!" in problem.text("zh")
    assert "#REF!" in problem.text("en")


@pytest.mark.parametrize(("number", "refuses"), [("F001", True), ("F110", True), ("F201", True), ("F005", False)])
def test_only_information_lets_the_input_pass(number: str, refuses: bool) -> None:
    problem = Problem(number, "x", dict.fromkeys(checks()[number].placeholders, "x"))
    assert problem.refuses is refuses
    assert refuses is (problem.severity is not Severity.INFORMATION)


def test_refusing_names_every_problem() -> None:
    problems = [Problem("F004", "a.csv"), Problem("F110", "a.csv:2:value", {"found": "#N/A"})]
    error = RefusedError(*problems)
    assert error.problems == tuple(problems)
    assert "F004" in str(error)
    assert "F110 a.csv:2:value" in str(error)


CHECK = """
[{number}]
severity = "critical"
specification = {{ zh = "一", en = "one" }}
text = {{ zh = "一", en = "one" }}
remedy = {{ zh = "一", en = "one" }}
"""


def test_a_number_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"checks-{name}.toml").write_text(CHECK.format(number="A001"), "utf-8")
    with pytest.raises(ValueError, match="twice"):
        read_checks(tmp_path)


@pytest.mark.parametrize("lacking", ["severity", "remedy", 'en = "one"'])
def test_a_check_without_a_part_is_refused(tmp_path: Path, lacking: str) -> None:
    written = CHECK.format(number="A001")
    lines = [line for line in written.splitlines() if not line.startswith(lacking)]
    text = "\n".join(lines) if lacking != 'en = "one"' else written.replace(', en = "one"', "", 1)
    (tmp_path / "checks-a.toml").write_text(text, "utf-8")
    with pytest.raises((KeyError, TypeError)):
        read_checks(tmp_path)
