"""Comparing and rounding in decimals."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.formulas import ArgumentError, UndefinedError
from hengneng.formulas.comparison import meant_decimal, meets, published_round


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (13.0 * 1.15, 1, "15.0"),
        (14.95, 1, "15.0"),
        (0.14950000000000002, 3, "0.150"),
        (0.14950000000000002, 4, "0.1495"),
        (0.1 + 0.2, 1, "0.3"),
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),
        (0.625, 2, "0.63"),
        (-0.625, 2, "-0.63"),
        (-0.001, 2, "0.00"),
        (0.0, 0, "0"),
        (1234.5, -2, "1200"),
        (14.949999, 1, "14.9"),
        (123456789012.5, 0, "123456789013"),
    ],
)
def test_published_rounding_is_half_up_of_the_decimal_meant(
    value: float, decimals: int, printed: str
) -> None:
    rounded = published_round(value, decimals)
    assert rounded == Decimal(printed)
    if decimals >= 0:
        assert str(rounded) == printed


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (1 - 0.9, "0.1"),
        (1 - 0.9999, "0.0001"),
        (0.0252 / 0.028, "0.9"),
        (0.0, "0"),
        (1e-20, "1e-20"),
        (0.19983, "0.19983"),
    ],
)
def test_noise_of_float_arithmetic_is_not_a_digit(value: float, meant: str) -> None:
    assert meant_decimal(value) == Decimal(meant)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_decimal_meant_keeps_order_and_is_near(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert meant_decimal(low) <= meant_decimal(high)
    assert abs(meant_decimal(low) - Decimal(low)) <= Decimal(2e-15 * max(1, abs(low)))


@given(st.decimals(-1000, 1000, places=6), st.decimals(0, 1000, places=6))
def test_decimals_with_few_digits_survive_a_sum_and_back(start: Decimal, more: Decimal) -> None:
    assert meant_decimal(float(start + more)) == start + more
    assert abs(meant_decimal(float(start) + float(more)) - (start + more)) < Decimal("1e-9")


def test_precision_decides_the_rounding_trap() -> None:
    assert not meets(0.19983, 0.20, "at_least")
    assert meets(0.19983, 0.20, "at_least", 0.01)
    assert not meets(0.1949, 0.20, "at_least", 0.01)
    assert meets(0.204, 0.20, "at_most", 0.01)
    assert not meets(0.204, 0.20, "at_most")


def test_equal_is_met_whatever_the_floats_say() -> None:
    assert 1 - 0.9 < 0.1
    assert meets(1 - 0.9, 0.1, "at_least")
    assert meets(0.1 + 0.2, 0.3, "at_most")
    assert not meets(0.0999999, 0.1, "at_least")


def test_a_step_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UndefinedError):
        meets(0.16, 0.155, "at_least", 0.01)
    with pytest.raises(UndefinedError):
        meets(0.16, 0.15, "at_least", 0.0)
    with pytest.raises(ArgumentError, match="operator"):
        meets(0.16, 0.15, "more")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_a_number_is_not_rounded(bad: float) -> None:
    with pytest.raises(ArgumentError):
        published_round(bad, 1)


@given(st.floats(-0.5, 0.5), st.floats(0, 0.2), st.integers(0, 50))
def test_more_never_turns_met_into_missed(actual: float, more: float, target: int) -> None:
    for precision in (None, 0.01):
        if meets(actual, target / 100, "at_least", precision):
            assert meets(actual + more, target / 100, "at_least", precision)
