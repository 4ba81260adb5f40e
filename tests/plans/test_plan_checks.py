"""Faults planted in a copy of a plan folder, as they happen to people: each is caught, with its number and place."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from folders import PLANS, SHIPPED, copied, edit_text, edit_yaml, planted, refused, shipped

from hengneng.plans.checks import check_plan

XINJIANG_DUE = [target.id for target in shipped("xinjiang-2015").plan.targets]
DUE_ELSEWHERE = [target.id for target in shipped("xinjiang-2015").plan.targets if target.reads.due]
HOPED_FOR = [target.id for target in shipped("xinjiang-2015").plan.targets if target.strength == "hoped_for"]


def index_of(plan: str, target: str) -> int:
    """Place of a target in its list."""
    return [one.id for one in shipped(plan).plan.targets].index(target)


@pytest.mark.parametrize("plan", SHIPPED)
def test_the_shipped_plans_are_accepted_with_nothing_but_information(plan: str) -> None:
    report = check_plan(PLANS / plan)
    assert [(p.number, p.where, p.text("en")) for p in report.problems if p.refuses] == []
    assert report.accepted
    assert report.counts["targets"] == len(shipped(plan).plan.targets)


def test_every_plan_of_the_project_is_among_the_tested() -> None:
    assert {path.parent.name for path in PLANS.glob("*/plan.yaml")} == set(SHIPPED)


def test_the_counts_of_the_first_plan_are_those_of_the_document() -> None:
    counts = check_plan(PLANS / "xinjiang-2015").counts
    assert (counts["places"], counts["hoped_for"], counts["targets"]) == (16, 5, 23)
    assert counts["binding"] == 18


# Changed numbers, in the data, in data and quote, in the source text


@pytest.mark.parametrize("plan", SHIPPED)
def test_value_and_quote_changed_together_are_caught_by_the_text(plan: str) -> None:
    for index, target in enumerate(shipped(plan).plan.targets):
        if target.value is None:
            continue
        number = re.search(rf"(?<!\d){re.escape(format(target.value, 'f'))}(?!\d)", target.quote)
        assert number, target.id
        changed = target.quote[: number.start()] + str(target.value + 1) + target.quote[number.end() :]

        def edit(data: dict[str, Any], i: int = index, q: str = changed) -> None:
            data["targets"][i].update(value=data["targets"][i]["value"] + 1, quote=q)

        assert "P201" in planted(plan, edit), target.id


@pytest.mark.parametrize(
    ("plan", "file", "old", "new"),
    [
        ("xinjiang-2015", "source.zh.txt", "分别比2010年下降13%", "分别比2010年下降12%"),
        (
            "qinghai-2019",
            "source.zh.txt",
            "西宁市：2019年单位GDP能耗比2018年下降0.1%",
            "西宁市：2019年单位GDP能耗比2018年下降0.2%",
        ),
        ("china-2020", "source.zh.txt", "比2015年降低15%", "比2015年降低16%"),
        (
            "china-12th-five-year",
            "source.zh.txt",
            "北京：2015年单位国内生产总值能耗比2010年降低17%",
            "北京：2015年单位国内生产总值能耗比2010年降低18%",
        ),
    ],
)
@pytest.mark.parametrize("with_hash", [False, True])
def test_a_number_changed_in_the_source_text_is_caught(
    tmp_path: Path, plan: str, file: str, old: str, new: str, with_hash: bool
) -> None:
    folder = copied(plan, tmp_path)
    edit_text(folder, file, old, new)
    if with_hash:
        original = hashlib.sha256((PLANS / plan / file).read_bytes()).hexdigest()
        edit_text(folder, "plan.yaml", original, hashlib.sha256((folder / file).read_bytes()).hexdigest())
    found = refused(folder)
    # With the hash made to fit, the quote no longer stands in the text, and its number has no owner.
    assert ({"P201", "P303"} <= found) if with_hash else ("P004" in found)


@pytest.mark.parametrize("plan", SHIPPED)
def test_an_invisible_change_of_the_source_text_is_caught(tmp_path: Path, plan: str) -> None:
    folder = copied(plan, tmp_path)
    with (folder / "source.zh.txt").open("ab") as file:
        file.write(b"\n")
    assert refused(folder) == {"P004"}


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_quote_altered_by_one_character_is_caught(plan: str) -> None:
    for part in ("targets", "tasks", "rules", "observations", "waived_numbers"):
        for index, entry in enumerate(getattr(shipped(plan).plan, part)):
            middle = len(entry.quote) // 2
            changed = entry.quote[:middle] + ("某" if entry.quote[middle] != "某" else "乙") + entry.quote[middle + 1 :]
            found = planted(plan, lambda data, p=part, i=index, q=changed: data[p][i].update(quote=q))  # type: ignore[misc]
            assert "P201" in found, (part, getattr(entry, "id", index))


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_clause_quote_that_is_not_in_the_text_is_caught(plan: str) -> None:
    for index in range(len(shipped(plan).plan.clauses)):
        assert "P201" in planted(plan, lambda data, i=index: data["clauses"][i].update(quotes=["此语不在原文"]))  # type: ignore[misc]


# Due dates and strengths, one by one


@pytest.mark.parametrize("target", XINJIANG_DUE)
@pytest.mark.parametrize("due", ["2014-12-31", "2016-12-31", "2015-06-30", "2020-12-31"])
def test_a_wrong_due_date_is_caught(target: str, due: str) -> None:
    index = index_of("xinjiang-2015", target)
    assert "P207" in planted("xinjiang-2015", lambda data: data["targets"][index].update(due=due))


@pytest.mark.parametrize("target", DUE_ELSEWHERE)
def test_taking_away_where_the_due_date_is_read_is_caught(target: str) -> None:
    index = index_of("xinjiang-2015", target)
    assert "P207" in planted("xinjiang-2015", lambda data: data["targets"][index]["reads"].update(due=None))


def test_there_are_five_hoped_for_targets() -> None:
    assert len(HOPED_FOR) == 5


@pytest.mark.parametrize("target", HOPED_FOR)
def test_a_hoped_for_target_made_binding_is_caught(tmp_path: Path, target: str) -> None:
    folder = copied("xinjiang-2015", tmp_path)
    edit_yaml(folder, "targets.yaml", lambda data: data[index_of("xinjiang-2015", target)].update(strength="binding"))
    assert refused(folder) == {"P208"}


@pytest.mark.parametrize("target", sorted(set(XINJIANG_DUE) - set(HOPED_FOR)))
def test_a_binding_target_made_hoped_for_is_caught(target: str) -> None:
    index = index_of("xinjiang-2015", target)
    assert planted("xinjiang-2015", lambda data: data["targets"][index].update(strength="hoped_for")) == {"P208"}


# The form of the files


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("file", ["plan.yaml", "targets.yaml", "indicators.yaml", "clauses.yaml"])
def test_a_key_twice_is_caught(tmp_path: Path, plan: str, file: str) -> None:
    folder = copied(plan, tmp_path)
    path = folder / file
    text = path.read_text("utf-8")
    line = re.search(r"^(  |)(issued_on|indicator|direction|id): .*$", text, re.MULTILINE)
    if line is None:
        line = re.search(r"^  (summary|quotes):.*$", text, re.MULTILINE)
        assert line
        path.write_text(text[: line.start()] + f"  {line[1]}: [x]\n" + text[line.start() :], "utf-8")
    else:
        path.write_text(text[: line.start()] + line[0] + "\n" + text[line.start() :], "utf-8")
    assert refused(folder) == {"P002"}


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("file", ["targets.yaml", "indicators.yaml", "clauses.yaml", "places.yaml", "tasks.yaml"])
def test_an_unknown_field_is_caught_and_its_line_named(tmp_path: Path, plan: str, file: str) -> None:
    folder = copied(plan, tmp_path)
    edit_yaml(folder, file, lambda data: data[0].update(weight=3))
    report = check_plan(folder)
    assert {p.number for p in report.problems} == {"P003"}
    assert re.fullmatch(rf"{file}:\d+", report.problems[0].where)
    assert "weight" in report.problems[0].text("en")


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_duplicate_id_is_caught(tmp_path: Path, plan: str) -> None:
    folder = copied(plan, tmp_path)
    edit_yaml(folder, "targets.yaml", lambda data: data[1].update(id=data[0]["id"]))
    assert "P006" in refused(folder)


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("file", ["plan.yaml", "targets.yaml", "places.yaml", "clauses.yaml", "indicators.yaml"])
def test_a_missing_file_is_caught(tmp_path: Path, plan: str, file: str) -> None:
    folder = copied(plan, tmp_path)
    (folder / file).unlink()
    assert "P001" in refused(folder)


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_missing_source_text_is_caught(tmp_path: Path, plan: str) -> None:
    folder = copied(plan, tmp_path)
    (folder / "source.zh.txt").unlink()
    assert "P005" in refused(folder)


@pytest.mark.parametrize("content", [b"", b"[", b"- {", b"\xff\xfe\x00", b"just words", b"key: value", b"- 1\n- 2\n"])
@pytest.mark.parametrize("file", ["plan.yaml", "targets.yaml", "waived_numbers.yaml"])
def test_a_file_that_is_no_plan_is_refused_with_a_number(tmp_path: Path, file: str, content: bytes) -> None:
    folder = copied("qinghai-2019", tmp_path)
    (folder / file).write_bytes(content)
    assert refused(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == {"P001"}


def test_a_source_outside_the_folder_is_refused(tmp_path: Path) -> None:
    folder = copied("qinghai-2019", tmp_path)
    edit_yaml(folder, "plan.yaml", lambda data: data["sources"][0].update(file="../qinghai-2019/source.zh.txt"))
    assert "P005" in refused(folder)


def test_a_number_in_yaml_keeps_every_digit(tmp_path: Path) -> None:
    folder = copied("xinjiang-2015", tmp_path)
    edit_text(folder, "targets.yaml", "value: 23.5", "value: 23.50000000000000001")
    assert "P203" in refused(folder)


# What does not exist or does not fit


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize(
    ("part", "change", "number"),
    [
        ("indicators", {"formula": "no_such_formula"}, "P102"),
        ("indicators", {"formula": "share"}, "P102"),
        ("indicators", {"inputs": {"energy": "energy_consumption_equivalent"}}, "P102"),
        ("indicators", {"inputs": {"energy": "no_such_measure", "value_added": "gdp_constant_2010"}}, "P103"),
        ("indicators", {"inputs": {"energy": "gdp_current", "value_added": "gdp_constant_2010"}}, "P103"),
        ("indicators", {"unit": "kgce/kg"}, "P104"),
        ("indicators", {"unit": "kgce/10^4 yuan"}, "P104"),
        ("indicators", {"basis": {"price": "current", "energy": "equivalent"}}, "P105"),
        ("indicators", {"basis": {"price": "constant", "energy": "calorific"}}, "P105"),
        ("targets", {"clause": "no-such-clause"}, "P101"),
        ("targets", {"indicator": "no-such-indicator"}, "P101"),
        ("targets", {"places": ["999999"]}, "P101"),
        ("targets", {"source": "no-such-source"}, "P101"),
    ],
)
def test_what_does_not_exist_or_fit_is_caught(plan: str, part: str, change: dict[str, Any], number: str) -> None:
    assert number in planted(plan, lambda data: data[part][0].update(change))


@pytest.mark.parametrize(
    ("field", "value", "number"),
    [
        ("warning_scheme", "no-such-scheme", "P107"),
        ("warning_scheme", "power-shortage-2011", "P107"),
        ("comparison", "no-such-rule", "P109"),
        ("jurisdiction", "110000", "P109"),
        ("in_force", {"first": "2020-01-01", "last": "2010-01-01"}, "P109"),
        ("last_checked", {"by": "x", "on": "2001-01-01"}, "P109"),
        ("supersedes", "xinjiang-2015", "P109"),
    ],
)
def test_a_head_that_makes_no_sense_is_caught(field: str, value: Any, number: str) -> None:
    assert number in planted("xinjiang-2015", lambda data: data["head"].update({field: value}))


@pytest.mark.parametrize("field", ["condition", "consequence"])
def test_an_unknown_condition_or_consequence_is_caught(tmp_path: Path, field: str) -> None:
    folder = copied("xinjiang-2015", tmp_path)
    edit_yaml(folder, "rules.yaml", lambda data: data[0].update({field: "eval('1')"}))
    assert refused(folder) == {"P106"}


def test_a_task_of_somebody_unknown_is_caught() -> None:
    assert "P101" in planted("qinghai-2019", lambda data: data["tasks"][0].update(lead="nobody"))
    assert "P101" in planted("qinghai-2019", lambda data: data["tasks"][0]["cooperating"].append("nobody"))


# Places


@pytest.mark.parametrize(
    ("plan", "code", "change"),
    [
        ("xinjiang-2015", "652100", {"valid_to": None}),
        ("xinjiang-2015", "652100", {"valid_to": "2015-04-30"}),
        ("xinjiang-2015", "652200", {"valid_to": "2015-12-31"}),
        ("xinjiang-2015", "650100", {"valid_from": "2010-01-01"}),
        ("xinjiang-2015", "654000-direct", {"excludes": []}),
        ("xinjiang-2015", "654000-direct", {"excludes": ["654200"]}),
        ("xinjiang-2015", "654000-direct", {"excludes": ["654200", "654300", "652700"]}),
        ("xinjiang-2015", "654000-direct", {"code": "654000"}),
        ("xinjiang-2015", "652300", {"name": "昌吉市"}),
        ("xinjiang-2015", "652100", {"note": None}),
        ("qinghai-2019", "630200", {"valid_from": None}),
        ("qinghai-2019", "630200", {"valid_from": "2013-01-01"}),
        ("qinghai-2019", "630200", {"code": "632100"}),
        ("qinghai-2019", "630100", {"name": "海东市"}),
        ("china-2020", "110000", {"valid_to": "2018-01-01"}),
        ("china-12th-five-year", "540000", {"name": "西康"}),
    ],
)
def test_a_place_that_disagrees_with_the_register_is_caught(plan: str, code: str, change: dict[str, Any]) -> None:
    index = [place.code for place in shipped(plan).plan.places].index(code)
    found = planted(plan, lambda data: data["places"][index].update(change))
    assert found & {"P108", "P101"}, found


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_place_with_two_roles_or_none_is_caught(plan: str) -> None:
    for index in range(len(shipped(plan).plan.places)):
        role = shipped(plan).plan.places[index].role
        turned = "assessed" if role == "region" else "region"
        assert planted(plan, lambda data, i=index, r=turned: data["places"][i].update(role=r))  # type: ignore[misc]


# Coverage


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_removed_waiver_leaves_a_number_without_owner(plan: str) -> None:
    for index in range(len(shipped(plan).plan.waived_numbers)):
        assert "P303" in planted(plan, lambda data, i=index: data["waived_numbers"].pop(i))  # type: ignore[misc]


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_waiver_must_not_hide_a_target(plan: str) -> None:
    target = next(t for t in shipped(plan).plan.targets if t.value is not None)
    waiver = {"quote": target.quote, "reason": {"zh": "放行", "en": "waived"}, "source": target.source}
    assert "P304" in planted(plan, lambda data: data["waived_numbers"].append(waiver)) or planted(
        plan, lambda data: (data["targets"].remove(data["targets"][0]), data["waived_numbers"].append(waiver))
    )


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_clause_that_nothing_carries_out_is_caught(plan: str) -> None:
    clauses = [clause.id for clause in shipped(plan).plan.clauses]
    for clause in clauses:

        def empty(data: dict[str, Any], name: str = clause) -> None:
            for part in ("targets", "observations", "tasks", "rules"):
                data[part] = [entry for entry in data[part] if entry["clause"] != name]

        assert "P305" in planted(plan, empty), clause


@pytest.mark.parametrize("plan", SHIPPED)
def test_two_targets_for_one_place_are_caught(plan: str) -> None:
    def twice(data: dict[str, Any]) -> None:
        data["targets"].append({**data["targets"][0], "id": "another"})

    assert "P301" in planted(plan, twice)


@pytest.mark.parametrize("number", ["P306", "P307", "P308"])
def test_information_never_refuses(number: str) -> None:
    found = {problem.number for plan in SHIPPED for problem in check_plan(PLANS / plan).problems}
    assert number in found


def test_one_bad_entry_does_not_hide_the_others() -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["targets"][0]["value"] += 1
        data["targets"][1]["base_year"] += 1
        data["targets"][2]["strength"] = "hoped_for"

    assert {"P203", "P204", "P208"} <= planted("xinjiang-2015", spoil)


# Each check on what the quotes say is the one that speaks


@pytest.mark.parametrize(
    ("plan", "target", "change", "number"),
    [
        ("xinjiang-2015", "intensity-13", {"value": "14"}, "P203"),
        ("xinjiang-2015", "intensity-13", {"base_year": 2005}, "P204"),
        ("xinjiang-2015", "commercial-vehicle-energy", {"base_year": 2010}, "P204"),
        ("xinjiang-2015", "industrial-saving", {"kind": "reduction_against_base", "base_year": 2010}, "P205"),
        ("xinjiang-2015", "intensity-13", {"kind": "level", "base_year": None}, "P205"),
        ("qinghai-2019", "increment-xining", {"operator": "at_least"}, "P206"),
        ("qinghai-2019", "increment-xining", {"operator": "at_least"}, "P110"),
        ("xinjiang-2015", "green-buildings", {"operator": "at_most"}, "P110"),
        ("xinjiang-2015", "intensity-13", {"unit": "10^4 tce"}, "P110"),
        ("xinjiang-2015", "intensity-13", {"indicator": "industrial_energy_intensity"}, "P209"),
        ("xinjiang-2015", "passenger-gas-hybrid-share", {"indicator": "freight_gas_hybrid_share"}, "P209"),
        ("xinjiang-2015", "intensity-13", {"places": ["650100", "650200"]}, "P210"),
        ("xinjiang-2015", "intensity-13", {"places": ["650100", "650200", "659001"]}, ""),
        ("xinjiang-2015", "intensity-13", {"places": ["650100", "650200", "659001", "650000"]}, "P210"),
        ("xinjiang-2015", "intensity-13", {"places": ["650100", "650200", "652300"]}, "P301"),
        ("xinjiang-2015", "intensity-13", {"places": ["650100", "650200"]}, "P302"),
        ("xinjiang-2015", "intensity-13", {"quote": "2015年", "reads": {}}, "P202"),
        ("xinjiang-2015", "intensity-13", {"clause": "9.1"}, "P211"),
        ("xinjiang-2015", "emission-cod", {"indicator": "emission_ammonia_nitrogen"}, "P309"),
        ("china-2020", "increment-xinjiang", {"first_year": 2020}, "P212"),
        ("china-2020", "increment-xinjiang", {"first_year": None}, "P212"),
    ],
)
def test_the_check_that_speaks(plan: str, target: str, change: dict[str, Any], number: str) -> None:
    index = index_of(plan, target)
    found = planted(plan, lambda data: data["targets"][index].update(change))
    assert (number in found) if number else (found == set())
