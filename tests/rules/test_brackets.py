"""Scales: every number lies in exactly one bracket, and damage is found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.rules import RuleNotFoundError, rule_tables
from hengneng.rules.brackets import Bracket, BracketTable, OutsideBracketsError, read_bound
from hengneng.rules.schemes import bracket_table

SCHEMES = [
    (name, scheme)
    for name, table in rule_tables().items()
    if table.group
    for scheme in sorted({entry.key[table.group[0]] for entry in table.entries})
]
VALUES = st.one_of(
    st.decimals(-100, 200, places=4),
    st.sampled_from(
        [Decimal(text) for text in ("0", "0.05", "0.1", "0.2", "0.5", "0.6", "0.7", "0.8", "0.9", "1")]
        + [Decimal(text) for text in ("50", "60", "70", "80", "90", "95", "300", "3000", "30000")]
    ),
)


@pytest.mark.parametrize(("table", "scheme"), SCHEMES)
def test_shipped_schemes_are_sound(table: str, scheme: str) -> None:
    assert bracket_table(table, scheme).check() == []


@given(scheme=st.sampled_from(SCHEMES), value=VALUES, required=st.decimals(0, 20, places=4))
def test_exactly_one_bracket(scheme: tuple[str, str], value: Decimal, required: Decimal) -> None:
    scale = bracket_table(*scheme)
    numbers = dict.fromkeys(scale.symbols, required)
    holding = [bracket for bracket in scale.brackets if bracket.holds(value, numbers)]
    assert holding == [scale.pick(value, **numbers)]


@given(scheme=st.sampled_from(SCHEMES), data=st.data())
def test_a_removed_bracket_is_noticed(scheme: tuple[str, str], data: st.DataObject) -> None:
    scale = bracket_table(*scheme)
    gone = data.draw(st.integers(0, len(scale.brackets) - 1))
    assert replace(scale, brackets=scale.brackets[:gone] + scale.brackets[gone + 1 :]).check()


@given(
    scheme=st.sampled_from(SCHEMES), data=st.data(), by=st.decimals("-0.04", "0.04", places=4).filter(bool)
)
def test_a_shifted_bound_is_noticed(scheme: tuple[str, str], data: st.DataObject, by: Decimal) -> None:
    scale = bracket_table(*scheme)
    bounds = [
        (position, name)
        for position, bracket in enumerate(scale.brackets)
        for name in ("at_least", "above", "below", "up_to")
        if isinstance(getattr(bracket, name), Decimal)
    ]
    position, name = data.draw(st.sampled_from(bounds))
    brackets = list(scale.brackets)
    brackets[position] = replace(brackets[position], **{name: getattr(brackets[position], name) + by})
    assert replace(scale, brackets=tuple(brackets)).check()


def test_ends_count_once() -> None:
    low, high = Bracket("low", below=Decimal(60)), Bracket("high", at_least=Decimal(60))
    assert BracketTable("t", (low, high)).check() == []
    both = BracketTable("t", (Bracket("low", up_to=Decimal(60)), high))
    assert [problem.number for problem in both.check()] == ["R021"]
    neither = BracketTable("t", (low, Bracket("high", above=Decimal(60))))
    assert [problem.number for problem in neither.check()] == ["R020"]
    with pytest.raises(OutsideBracketsError):
        neither.pick(Decimal(60))


def test_other_damage() -> None:
    number = Decimal(1)
    assert [p.number for p in BracketTable("t", (Bracket("a", at_least=number),)).check()] == ["R022"]
    assert "R023" in [
        p.number for p in BracketTable("t", (Bracket("a", at_least=number, below=number),)).check()
    ]
    inside = (Bracket("all"), Bracket("inner", at_least=number, up_to=number))
    assert [p.number for p in BracketTable("t", inside).check()] == ["R021"]
    with pytest.raises(ValueError, match="two lower bounds"):
        Bracket("a", at_least=number, above=number)
    with pytest.raises(ValueError, match="neither"):
        read_bound("NaN")
    assert read_bound("required") == "required"


@pytest.mark.parametrize(
    ("ratio", "colour"),
    [
        ("1.00", "green"),
        ("0.99", "yellow"),
        ("0.90", "yellow"),
        ("0.89", "orange"),
        ("0.51", "orange"),
        ("0.50", "red"),
        ("-0.2", "red"),
    ],
)
def test_ratio_levels(ratio: str, colour: str) -> None:
    entry = bracket_table("warning_schemes", "ratio-four-level").pick(Decimal(ratio)).entry
    assert entry is not None
    assert entry.attributes["colour"] == colour


@pytest.mark.parametrize(
    ("decline", "required", "level"),
    [
        ("-0.003", "0.03", "level-1"),
        ("0", "0.03", "level-2"),
        ("0.0299", "0.03", "level-2"),
        ("0.03", "0.03", "level-3"),
        # An allowed rise: intensity that rose is level 1 all the same.
        ("-0.005", "-0.01", "level-1"),
        ("0", "-0.01", "level-3"),
        ("0", "0", "level-3"),
    ],
)
def test_national_levels(decline: str, required: str, level: str) -> None:
    scheme = bracket_table("warning_schemes", "national-2021")
    assert scheme.pick(Decimal(decline), required=Decimal(required)).name == level


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("109", "over-fulfilled"),
        ("95", "over-fulfilled"),
        ("94.99", "fulfilled"),
        ("80", "fulfilled"),
        ("79.9", "mostly-fulfilled"),
        ("60", "mostly-fulfilled"),
        ("59.9", "not-fulfilled"),
    ],
)
def test_grades(score: str, grade: str) -> None:
    assert bracket_table("assessment_grades", "region-2007").pick(Decimal(score)).name == grade


@pytest.mark.parametrize(
    ("ratio", "points"),
    [
        ("1.25", "40"),
        ("1", "40"),
        ("0.9107", "36"),
        ("0.855513", "32"),
        ("0.5", "20"),
        ("0.495", "0"),
        ("-0.1", "0"),
    ],
)
def test_ladder(ratio: str, points: str) -> None:
    entry = bracket_table("assessment_ladders", "region-2007").pick(Decimal(ratio)).entry
    assert entry is not None
    assert entry.value == Decimal(points)


def test_what_pick_needs() -> None:
    scheme = bracket_table("warning_schemes", "national-2021")
    with pytest.raises(KeyError, match="required"):
        scheme.pick(Decimal(0))
    with pytest.raises(TypeError):
        scheme.pick(0.5, required=Decimal(1))  # type: ignore[arg-type]
    with pytest.raises(OutsideBracketsError):
        scheme.pick(Decimal("nan"), required=Decimal(1))
    with pytest.raises(RuleNotFoundError, match="ratio-four-level"):
        bracket_table("warning_schemes", "five-stars")
    with pytest.raises(ValueError, match="no brackets"):
        bracket_table("units", "kWh")
