"""Numbers that readings are judged by, and the increment of a register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.readings.validation import rules as module
from hengneng.readings.validation.increments import How, increment
from hengneng.readings.validation.rules import RuleNotInForceError, estimation_number, quality_rule, rules_on
from hengneng.rules.entry import RuleEntry, RuleTable
from hengneng.rules.tables import rule_table

DAY = dt.date(2026, 6, 1)
RULES = rules_on(DAY)
MODULUS = 10**12


def test_numbers_are_exact_and_times_are_seconds() -> None:
    assert (RULES.rollover_share, RULES.capacity_allowance) == (Fraction(1, 20), Fraction(11, 10))
    assert RULES.gap_factor == Fraction(3, 2)
    assert RULES.flags["V16.longest"] == 3 * 86_400
    assert RULES.flags["V5.beside-load"] == 4 * 3600
    assert RULES.flags["V13.low"] == Fraction(-1, 50)
    assert estimation_number("E2", "longest", DAY) == 7200


def test_what_rests_on_memory_is_marked() -> None:
    assert {"V7.share", "V21.register-share", "V1.warn"} <= set(RULES.unverified)
    assert not quality_rule("completeness", DAY).unverified


def test_every_rule_of_practice_is_in_the_table() -> None:
    assert {f"V{number}" for number in range(1, 24)} == {
        entry.key["rule"] for entry in rule_table("reading_validation").entries
    }
    methods = [entry.key["method"] for entry in rule_table("reading_estimation").entries]
    assert list(dict.fromkeys(methods)) == ["E1", "E2", "E3", "E4", "E5"]


def changed(change: Callable[[RuleEntry], RuleEntry]) -> RuleTable:
    """The table with the row of the gap changed."""
    table = rule_table("reading_validation")
    entries = tuple(change(entry) if entry.key["rule"] == "V3" else entry for entry in table.entries)
    by_key = {tuple(entry.key.values()): (entry,) for entry in entries}
    return replace(table, entries=entries, by_key=by_key)


def test_the_edition_follows_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RULES.edition == rules_on(dt.date(2015, 1, 1)).edition
    monkeypatch.setattr(module, "rule_table", lambda name: changed(lambda row: replace(row, value=Decimal(2))))
    other = rules_on.__wrapped__(DAY)
    assert other.gap_factor == 2
    assert other.edition != RULES.edition


def test_a_rule_that_the_roll_up_needs_must_be_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    later = changed(lambda row: replace(row, valid_from=dt.date(2030, 1, 1)))
    monkeypatch.setattr(module, "rule_table", lambda name: later)
    with pytest.raises(RuleNotInForceError, match=r"V3\.factor in force on 2026-06-01"):
        rules_on.__wrapped__(DAY)


def count(a: int, b: int, *, modulus: int | None = MODULUS, capacity: int | None = None) -> tuple[int, How]:
    found = increment(a, b, modulus=modulus, multiplier=1000, capacity=capacity, seconds=3600, rules=RULES)
    assert found.quantity == found.increment
    return found.increment, found.how


def test_rollover_share_is_included() -> None:
    share = MODULUS // 20
    assert count(MODULUS - share, 0) == (share, How.ROLLOVER)
    assert count(MODULUS - share - 1, 0) == (0, How.RESET)


def test_known_capacity_decides_alone() -> None:
    assert count(MODULUS - 60, 50, capacity=100) == (110, How.ROLLOVER)
    assert count(MODULUS - 61, 50, capacity=100) == (50, How.RESET)
    assert count(MODULUS // 2, 0, capacity=MODULUS) == (MODULUS // 2, How.ROLLOVER)


def test_without_a_modulus_or_beyond_it_there_is_no_rollover() -> None:
    assert count(MODULUS - 1, 5, modulus=None) == (5, How.RESET)
    assert count(2 * MODULUS, 5) == (5, How.RESET)


def test_the_multiplier_is_floored_once() -> None:
    found = increment(0, 1001, modulus=None, multiplier=1500, capacity=None, seconds=1, rules=RULES)
    assert found.quantity == 1501
    with pytest.raises(ValueError, match="takes some time"):
        increment(0, 1, modulus=None, multiplier=1000, capacity=None, seconds=0, rules=RULES)


@given(
    st.integers(0, MODULUS - 1), st.integers(0, MODULUS - 1), st.none() | st.integers(0, 10**13), st.integers(1, 10**7)
)
def test_an_increment_is_never_negative_and_keeps_the_register(
    a: int, b: int, capacity: int | None, seconds: int
) -> None:
    found = increment(a, b, modulus=MODULUS, multiplier=1000, capacity=capacity, seconds=seconds, rules=RULES)
    assert found.increment >= 0
    if found.how != How.RESET:
        assert (a + found.increment) % MODULUS == b
    if found.how == How.PLAIN:
        assert b >= a
