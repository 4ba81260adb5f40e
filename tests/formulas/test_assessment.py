"""Points, grades and warning levels: worse data never come out better."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.formulas import formulas
from hengneng.formulas.comparison import meets
from hengneng.formulas.levels import ordinal_of
from hengneng.formulas.schedule import completion_ratio
from hengneng.formulas.scoring import Ladder, Rung, grade, target_points
from hengneng.formulas.warning import warning_level, warning_level_by_ratio
from hengneng.language import Text
from hengneng.rules.brackets import Bracket, BracketTable
from hengneng.rules.schemes import bracket_table
from hengneng.rules.tables import rule_table
from hengneng.trace import Source

D = Decimal
LADDER = Ladder(
    tuple(Rung(D(f"0.{n}") if n < 10 else D(1), D(4 * n)) for n in range(5, 11)),
    bonus_step=D("0.1"),
    bonus_points=D(3),
    bonus_maximum=D(9),
)
GRADES = BracketTable(
    "grades",
    (
        Bracket("1", at_least=D(95)),
        Bracket("2", at_least=D(80), below=D(95)),
        Bracket("3", at_least=D(60), below=D(80)),
        Bracket("4", below=D(60)),
    ),
)
# Numbered like the scheme of 2021: 1 is the gravest.
WARNINGS = BracketTable(
    "warnings",
    (
        Bracket("1", below=D(0)),
        Bracket("2", at_least=D(0), below="required"),
        Bracket("3", at_least="required"),
    ),
)
# Numbered the other way: 0 is the best.
BY_RATIO = BracketTable(
    "by-ratio",
    (
        Bracket("0", at_least=D(1)),
        Bracket("1", at_least=D("0.9"), below=D(1)),
        Bracket("2", above=D("0.5"), below=D("0.9")),
        Bracket("3", up_to=D("0.5")),
    ),
)
declines = st.floats(-0.1, 0.1)
required_rates = st.floats(0.001, 0.1)


@given(declines, st.floats(0, 0.05), required_rates, st.integers(0, 60))
def test_a_lower_decline_never_scores_better(
    decline: float, less: float, required: float, measures: int
) -> None:
    worse = decline - less
    scores = [target_points(completion_ratio(d, required), LADDER) for d in (worse, decline)]
    assert scores[0] <= scores[1]
    met = [meets(d, required, "at_least") for d in (worse, decline)]
    grades = [grade(score + measures, m, GRADES, 4) for score, m in zip(scores, met, strict=True)]
    assert grades[0] >= grades[1]


@given(declines, st.floats(0, 0.05), required_rates)
def test_a_lower_decline_never_warns_less(decline: float, less: float, required: float) -> None:
    worse = decline - less
    assert warning_level(worse, required, WARNINGS) <= warning_level(decline, required, WARNINGS)
    assert warning_level_by_ratio(worse, required, BY_RATIO) >= warning_level_by_ratio(
        decline, required, BY_RATIO
    )


@pytest.mark.parametrize(
    ("actual", "target", "points"),
    [
        (0.0252, 0.028, 36),
        (0.022, 0.02, 43),
        (0.02199, 0.02, 40),
        (0.01, 0.02, 20),
        (0.026, 0.02, 49),
        (0.04, 0.02, 49),
    ],
)
def test_steps_are_whole_and_float_noise_costs_none(actual: float, target: float, points: int) -> None:
    assert target_points(completion_ratio(actual, target), LADDER) == points


def test_the_veto_decides_alone() -> None:
    assert grade(109.0, False, GRADES, 4) == 4
    assert grade(95.0, True, GRADES, 4) == 1
    assert grade(94.99, True, GRADES, 4) == 2


def test_a_maximum_caps_points_and_bonus() -> None:
    capped = Ladder(LADDER.rungs, bonus_step=D("0.1"), bonus_points=D(3), maximum=D(42))
    assert target_points(1.5, capped) == 42


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Ladder(()),
        lambda: Ladder((Rung(D(1), D(40)), Rung(D("0.9"), D(36)))),
        lambda: Ladder((Rung(D("0.9"), D(40)), Rung(D(1), D(36)))),
        lambda: Ladder((Rung(D(1), D(40)),), points_below=D(50)),
        lambda: Ladder((Rung(D(1), D(40)),), bonus_step=D(0), bonus_points=D(3)),
        lambda: Ladder((Rung(D(1), D(40)),), bonus_points=D(3)),
    ],
)
def test_a_ladder_that_rewards_the_worse_is_refused(broken: object) -> None:
    with pytest.raises(ValueError, match="ladder"):
        broken()  # type: ignore[operator]


def test_without_data_there_is_no_level() -> None:
    required = Source("target", Text(zh="要求", en="requirement"), 0.03, "1", {})
    made = formulas()["warning_level"].figure(
        {"decline": None, "required": required, "brackets": WARNINGS},
        indicator="warning",
        label=Text(zh="预警等级", en="warning level"),
        subject="540000",
        period="2015H1",
    )
    assert made.value is None
    assert made.unknown is not None
    assert made.unknown.text().zh.startswith("未预测")


def test_a_bracket_needs_an_ordinal() -> None:
    with pytest.raises(ValueError, match="red has no ordinal"):
        ordinal_of(Bracket("red"))


def test_every_ladder_of_the_rule_tables_can_be_climbed() -> None:
    table = rule_table("assessment_ladders")
    for scheme in {entry.key["scheme"] for entry in table.entries}:
        ladder = Ladder.from_brackets(bracket_table("assessment_ladders", scheme))
        assert ladder.points(D(-1)) == ladder.points_below
    assert Ladder.from_brackets(bracket_table("assessment_ladders", "region-2007")) == LADDER


def test_a_bonus_below_the_target_or_a_bracket_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="no points"):
        Ladder.from_brackets(GRADES)


def test_levels_of_the_rule_tables_have_ordinals() -> None:
    levels = bracket_table("warning_schemes", "national-2021")
    assert [warning_level(d, 0.03, levels) for d in (-0.003, 0.0, 0.03)] == [1, 2, 3]
    assert warning_level_by_ratio(0.02, 0.04, bracket_table("warning_schemes", "ratio-four-level")) == 3
    assert grade(80.0, True, bracket_table("assessment_grades", "region-2007"), 4) == 2
