"""Judging with facts in memory: the worked case of Qinghai 2009, every kind of target, unknowns, marks."""

from __future__ import annotations

import pytest
from memory import (
    CHANGE,
    QINGHAI,
    both_ways,
    changed,
    changes,
    fact,
    judged,
    of_qinghai,
    qinghai_2010,
    shipped,
    value,
)

from hengneng.evaluation.facts import SeriesKey
from hengneng.evaluation.judging import Level
from hengneng.trace import Mark, Quality

XINING = "630100"


# The worked case: 青海省统计局, 关于节能目标完成情况的计算方法, 2009-09-17


WORKED = {
    "cumulative": (0.0487, 0.00005),
    "progress": (0.268, 0.0005),
    "remaining_total": (0.1275, 0.00005),
    "remaining_yearly": (0.0659, 0.00005),
    "required_yearly": (0.0366, 0.00005),
    "time_progress": (0.6, 1e-12),
}


@pytest.mark.parametrize("role", WORKED)
def test_the_worked_case_of_qinghai(role: str) -> None:
    printed, half_a_digit = WORKED[role]
    judgement = of_qinghai("2008", "1.51", "-2.20", "-4.18")
    assert value(judgement, role) == pytest.approx(printed, abs=half_a_digit)


def test_the_worked_case_is_behind_although_its_last_year_kept_pace() -> None:
    judgement = of_qinghai("2008", "1.51", "-2.20", "-4.18")
    assert (judgement.level, judgement.pace, judgement.deciding) == (Level.BEHIND, Level.ON_TRACK, "schedule_verdict")
    assert judgement.warning is not None
    assert judgement.warning.severity == 0


def test_a_rise_is_the_worst_warning() -> None:
    judgement = of_qinghai("2006", "1.51")
    assert judgement.warning is not None
    assert (judgement.level, judgement.warning.severity, judgement.warning.colour) == (Level.BEHIND, 3, "red")
    assert value(judgement, "progress") < 0


# Reduction against a base year, before and at the due date


@pytest.mark.parametrize(
    ("percent", "level"),
    [
        (["-3.66"], Level.ON_TRACK),
        (["-3.65"], Level.BEHIND),
        (["-10", "0", "0"], Level.BEHIND),
        (["-11", "0", "0"], Level.ON_TRACK),
        (["-3.66"] * 5, Level.MET),
        (["-3.0"] * 5, Level.NOT_MET),
        (["-17", "0", "0", "0", "0"], Level.MET),
        (["-30", "20", "0", "0", "0"], Level.NOT_MET),
    ],
)
def test_before_due_on_track_or_behind_at_due_met_or_not(percent: list[str], level: Level) -> None:
    assert of_qinghai(str(2005 + len(percent)), *percent).level is level


@pytest.mark.parametrize(
    ("period", "code"),
    [("2005", "before-base"), ("2004", "before-base"), ("2011", "after-due"), ("2007H1", "part-of-year")],
)
def test_a_period_outside_the_time_of_the_target_is_not_judged(period: str, code: str) -> None:
    judgement = of_qinghai(period, *["-3.66"] * 8)
    assert judgement.level is Level.UNKNOWN
    assert judgement.unknown is not None
    assert judgement.unknown.code == code


@pytest.mark.parametrize(
    ("comparison", "met"), [("one-decimal", True), ("decimals-of-target", True), ("unrounded", False)]
)
def test_19_983_is_20_where_the_plan_says_so(comparison: str, met: bool) -> None:
    judgement = of_qinghai("2010", "-4.0", "-4.1", "-4.2", "-4.5", "-5.0", plan=qinghai_2010("20", comparison))
    assert value(judgement, "cumulative") == pytest.approx(0.19983, abs=0.000005)
    assert judgement.level is (Level.MET if met else Level.NOT_MET)
    # The rule of rounding is a project decision: where it decides, that must be seen.
    assert judgement.marks == (frozenset({Mark.UNVERIFIED}) if met else frozenset())


@pytest.mark.parametrize(
    ("comparison", "met"), [("one-decimal", False), ("decimals-of-target", True), ("unrounded", False)]
)
def test_14_57_is_not_15_at_one_decimal(comparison: str, met: bool) -> None:
    judgement = of_qinghai("2010", "-14.57", "0", "0", "0", "0", plan=qinghai_2010("15", comparison))
    assert (judgement.level is Level.MET) is met


def test_rounding_that_does_not_decide_marks_nothing() -> None:
    assert of_qinghai("2010", *["-5.0"] * 5).marks == frozenset()
    assert of_qinghai("2010", *["-1.0"] * 5).marks == frozenset()


# Yearly reduction and caps


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ("-7.5", Level.MET),
        ("-0.1", Level.MET),
        ("-0.05", Level.MET),
        ("-0.04", Level.NOT_MET),
        ("0", Level.NOT_MET),
        ("3", Level.NOT_MET),
    ],
)
def test_a_yearly_reduction(change: str, level: Level) -> None:
    judgement = judged(shipped("qinghai-2019"), "intensity-xining", XINING, "2019", changes(XINING, 2019, change))
    assert judgement.level is level


@pytest.mark.parametrize(("increment", "level"), [("-22.67", Level.MET), ("160", Level.MET), ("161", Level.NOT_MET)])
def test_a_cap(increment: str, level: Level) -> None:
    facts = dict([fact("energy_consumption_increment", XINING, "2019", increment)])
    judgement = judged(shipped("qinghai-2019"), "increment-xining", XINING, "2019", facts)
    assert judgement.level is level
    assert value(judgement, "headroom") == pytest.approx(160 - float(increment))


def test_a_cap_before_due_is_on_track_or_behind() -> None:
    plan = changed(
        "qinghai-2019", lambda data: [t.update(due="2020-12-31") for t in data["targets"] if t["kind"] == "cap"]
    )
    for increment, level in (("100", Level.ON_TRACK), ("200", Level.BEHIND)):
        facts = dict([fact("energy_consumption_increment", XINING, "2019", increment)])
        assert judged(plan, "increment-xining", XINING, "2019", facts).level is level


def test_an_amount_before_due_and_not_yet_reached_is_unknown_for_want_of_a_schedule() -> None:
    plan = changed(
        "xinjiang-2015",
        lambda data: [t.update(due="2016-12-31") for t in data["targets"] if t["id"] == "industrial-saving"],
    )
    for saved, level in (("900", Level.UNKNOWN), ("1000", Level.ON_TRACK)):
        facts = dict([fact("industrial_energy_saving", "650000", "2015", saved)])
        judgement = judged(plan, "industrial-saving", "650000", "2015", facts)
        assert judgement.level is level
    assert judgement.unknown is None


@pytest.mark.parametrize(("saved", "level"), [("1000", Level.MET), ("999.9", Level.NOT_MET)])
def test_an_amount_at_due(saved: str, level: Level) -> None:
    facts = dict([fact("industrial_energy_saving", "650000", "2015", saved)])
    assert judged(shipped("xinjiang-2015"), "industrial-saving", "650000", "2015", facts).level is level


@pytest.mark.parametrize(("compliant", "level"), [("500", Level.MET), ("498", Level.NOT_MET)])
def test_a_share_of_a_hundred_per_cent_is_all_of_them(compliant: str, level: Level) -> None:
    facts = dict(
        [
            fact("new_commercial_vehicles_compliant", "650000", "2015", compliant),
            fact("new_commercial_vehicles", "650000", "2015", "500"),
        ]
    )
    assert judged(shipped("xinjiang-2015"), "new-vehicle-compliance", "650000", "2015", facts).level is level


def test_a_share_of_nothing_is_unknown_not_an_error() -> None:
    facts = dict(
        [
            fact("new_commercial_vehicles_compliant", "650000", "2015", "0", quality=Quality.REPORTED_ZERO),
            fact("new_commercial_vehicles", "650000", "2015", "0", quality=Quality.REPORTED_ZERO),
        ]
    )
    judgement = judged(shipped("xinjiang-2015"), "new-vehicle-compliance", "650000", "2015", facts)
    assert judgement.level is Level.UNKNOWN
    assert judgement.unknown is not None
    assert judgement.unknown.code == "division-by-zero"


def test_a_value_that_another_authority_fixes_is_unknown_and_says_who() -> None:
    facts = dict([fact("emission_cod", "650000", "2015", "60")])
    judgement = judged(shipped("xinjiang-2015"), "emission-cod", "650000", "2015", facts)
    assert judgement.level is Level.UNKNOWN
    assert judgement.unknown is not None
    assert judgement.unknown.code == "value-fixed-elsewhere"
    assert "环境保护部" in judgement.unknown.text().zh
    assert value(judgement, "actual") == 60


# Unknown spreads, and says why


def test_without_facts_every_target_of_every_plan_is_unknown_with_a_reason_in_both_languages() -> None:
    for name, period in (
        ("xinjiang-2015", "2015"),
        ("qinghai-2019", "2019"),
        ("china-2020", "2018"),
        ("china-12th-five-year", "2015"),
    ):
        plan = shipped(name)
        for target in plan.targets:
            judgement = judged(plan, target.id, plan.places_of(target)[0], period, {})
            assert judgement.level is Level.UNKNOWN, target.id
            assert judgement.unknown is not None
            assert judgement.unknown.text().zh
            assert judgement.unknown.text().en
            assert judgement.consequences == ()
            assert judgement.warning is None


def test_a_year_that_is_missing_makes_the_sum_unknown_and_is_named() -> None:
    facts = changes(QINGHAI, 2006, "-2.20", "-4.18", "-3")
    del facts[SeriesKey(CHANGE, QINGHAI, "2007")]
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", facts)
    assert judgement.level is Level.UNKNOWN
    assert judgement.unknown is not None
    assert "2007" in judgement.unknown.text().zh
    assert judgement.figures["cumulative"].value is None
    assert judgement.figures["progress"].value is None
    assert value(judgement, "yearly") == pytest.approx(0.03)


def test_a_reported_missing_keeps_its_reason_in_the_derivation() -> None:
    facts = dict([fact(CHANGE, XINING, "2019", None, reason="统计局未公布")])
    judgement = judged(shipped("qinghai-2019"), "intensity-xining", XINING, "2019", facts)
    assert judgement.level is Level.UNKNOWN
    reasons = [source.unknown.text().zh for source in judgement.figures["yearly"].sources() if source.unknown]
    assert any("统计局未公布" in reason for reason in reasons)


def test_a_zero_is_a_number() -> None:
    facts = dict([fact(CHANGE, XINING, "2019", "0", quality=Quality.REPORTED_ZERO)])
    judgement = judged(shipped("qinghai-2019"), "intensity-xining", XINING, "2019", facts)
    assert judgement.level is Level.NOT_MET
    assert value(judgement, "yearly") == 0


# Marks and quality spread


@pytest.mark.parametrize("mark", list(Mark))
@pytest.mark.parametrize("marked_year", [2006, 2007, 2008])
def test_a_mark_on_any_fact_reaches_the_verdict(mark: Mark, marked_year: int) -> None:
    facts = changes(QINGHAI, 2006, "-4", "-4", "-4")
    key, marked = fact(CHANGE, QINGHAI, str(marked_year), "-0.04", marks=frozenset({mark}))
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", {**facts, key: marked})
    assert judgement.marks == {mark}
    assert mark in judgement.figures["progress"].marks
    assert judgement.to_json()["marks"] == [str(mark)]


def test_an_estimate_makes_what_rests_on_it_estimated() -> None:
    facts = changes(QINGHAI, 2006, "-4", "-4", "-4")
    key, estimated = fact(CHANGE, QINGHAI, "2007", "-0.04", quality=Quality.ESTIMATED)
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", {**facts, key: estimated})
    assert judgement.figures["cumulative"].quality is Quality.ESTIMATED
    assert judgement.figures["schedule_verdict"].quality is Quality.ESTIMATED
    assert judgement.figures["yearly"].quality is Quality.REPORTED


def test_a_target_from_memory_marks_its_verdicts() -> None:
    plan = shipped("china-2020")
    facts = changes("120000", 2016, "-3", "-3", "-3")
    assert Mark.UNVERIFIED in judged(plan, "intensity-tianjin", "120000", "2018", facts).marks


# Several ways to the same figure


def test_the_published_rate_beats_the_recomputed_one_and_both_are_kept() -> None:
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2006", both_ways())
    assert value(judgement, "yearly") == pytest.approx(0.04)
    assert value(judgement, "yearly_recomputed") == pytest.approx(1 - (1070 / 550) / (1000 / 500))
    assert judgement.level is Level.ON_TRACK


def test_without_a_published_rate_the_levels_count() -> None:
    facts = {key: one for key, one in both_ways().items() if key.measure != CHANGE}
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2006", facts)
    assert value(judgement, "yearly") == pytest.approx(1 - (1070 / 550) / (1000 / 500))
    assert judgement.level is Level.BEHIND
    assert "yearly_recomputed" not in judgement.figures


def test_without_levels_growth_counts() -> None:
    facts = dict(
        [
            fact("energy_consumption_growth", QINGHAI, "2006", "0.05"),
            fact("gdp_growth", QINGHAI, "2006", "0.10"),
        ]
    )
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2006", facts)
    assert value(judgement, "yearly") == pytest.approx(1 - 1.05 / 1.10)


def test_a_gap_in_the_years_is_bridged_by_a_published_sum() -> None:
    facts = dict([fact("energy_intensity_cumulative_change", QINGHAI, "2006-2008", "-0.12")])
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", facts)
    assert value(judgement, "cumulative") == pytest.approx(0.12)
    assert judgement.level is Level.ON_TRACK


# Warnings by the other scheme


@pytest.mark.parametrize(
    ("change", "severity", "colour"),
    [("-3.66", 0, "green"), ("-3.4", 1, "yellow"), ("-3.0", 2, "orange"), ("-1.0", 3, "red"), ("2", 3, "red")],
)
def test_the_scheme_of_ratios(change: str, severity: int, colour: str) -> None:
    plan = qinghai_2010()
    plan = plan.model_copy(update={"head": plan.head.model_copy(update={"warning_scheme": "ratio-four-level"})})
    warning = of_qinghai("2006", change, plan=plan).warning
    assert warning is not None
    assert (warning.scheme, warning.severity, warning.colour) == ("ratio-four-level", severity, colour)


@pytest.mark.parametrize(
    ("change", "severity"), [("-3.67", 0), ("-3.65", 2), ("-0.01", 2), ("0", 2), ("0.01", 3), ("5", 3)]
)
def test_the_national_scheme(change: str, severity: int) -> None:
    warning = of_qinghai("2006", change).warning
    assert warning is not None
    assert (warning.scheme, warning.severity) == ("national-2021", severity)


# Dependencies and consequences


def test_what_was_asked_for_and_not_found_is_a_dependency() -> None:
    judgement = judged(shipped("qinghai-2019"), "intensity-xining", XINING, "2019", {})
    assert SeriesKey(CHANGE, XINING, "2019") in judgement.dependencies
    assert SeriesKey("energy_consumption_equivalent", XINING, "2018") in judgement.dependencies


def test_every_fact_of_a_derivation_is_a_dependency() -> None:
    facts = {**both_ways(), **changes(QINGHAI, 2007, "-3", "-3")}
    judgement = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", facts)
    names = {f"{key.measure}/{key.subject}/{key.period}" for key in judgement.dependencies}
    used = {
        source.reference["fact"].partition("#")[0]
        for figure in judgement.figures.values()
        for source in figure.sources()
        if source.kind == "fact" and "fact" in source.reference
    }
    assert used
    assert used <= names


def test_consequences_follow_the_verdict_and_never_the_unknown() -> None:
    plan = shipped("xinjiang-2015")
    missed = judged(plan, "intensity-13", "650100", "2015", changes("650100", 2011, *["-1"] * 5))
    met = judged(plan, "intensity-13", "650100", "2015", changes("650100", 2011, *["-4"] * 5))
    unknown = judged(plan, "intensity-13", "650100", "2015", {})
    conditions = {rule.id: rule.condition for rule in plan.rules}
    assert {conditions[rule] for rule, _ in missed.consequences} == {"target_missed", "behind_schedule"}
    assert {conditions[rule] for rule, _ in met.consequences} == {"target_met"}
    assert "veto_of_assessment" in {name for _, name in missed.consequences}
    assert unknown.consequences == ()


def test_a_target_that_only_hopes_has_no_consequence_of_missing_it() -> None:
    plan = shipped("xinjiang-2015")
    facts = dict([fact("green_building_floor_area", "650000", "2015", "10")])
    judgement = judged(plan, "green-buildings", "650000", "2015", facts)
    assert judgement.level is Level.NOT_MET
    assert judgement.consequences == ()
