"""States and methods of values, exact spreading, quality of a month."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.language import message
from hengneng.readings.validation.estimation import estimated_by_like_days, like_days, named, spread
from hengneng.readings.validation.quality import completeness, days_against_month, estimated_share, repair_days
from hengneng.trace import Mark, Quality

DAY = dt.date(2026, 6, 30)


def state(quantity: int | None, covered: int, estimated: int = 0, expected: int = 3600) -> tuple[str, str, float]:
    found = named(quantity, covered=covered, expected=expected, estimated_seconds=estimated)
    assert (found.quality == Quality.MISSING) == (found.unknown is not None)
    if found.unknown:
        found.unknown.text()
    return str(found.quality), found.method, float(found.share)


def test_the_four_states() -> None:
    assert state(5, 3600) == ("reported", "", 0)
    assert state(0, 3600) == ("reported-zero", "", 0)
    assert state(5, 3600, 900) == ("estimated", "E2", 0.25)
    assert state(0, 3600, 900) == ("estimated", "E2", 0.25)
    assert state(None, 0) == ("missing", "", 0)
    assert state(5, 3599) == ("missing", "", 0)
    assert state(None, 0, expected=0) == ("missing", "", 0)


def test_missing_says_why() -> None:
    partly = named(5, covered=900, expected=3600, estimated_seconds=0).unknown
    assert partly is not None
    assert partly.text() == message("reason.readings-cover-part", covered="900", expected="3600")
    nothing = named(None, covered=0, expected=3600, estimated_seconds=0).unknown
    assert nothing is not None
    assert nothing.code == "no-readings"


def test_contradicting_seconds_are_refused() -> None:
    with pytest.raises(ValueError, match="covered 4000"):
        named(5, covered=4000, expected=3600, estimated_seconds=0)


@given(st.integers(-(10**18), 10**18), st.lists(st.integers(0, 2**62), min_size=1, max_size=50))
def test_parts_add_to_the_whole(total: int, weights: list[int]) -> None:
    parts = spread(total, weights)
    assert sum(parts.tolist()) == total
    assert len(parts) == len(weights)
    if any(weights):
        shares = [Fraction(total * weight, sum(weights)) for weight in weights]
        assert all(abs(part - share) < 1 for part, share in zip(parts.tolist(), shares, strict=True))


def test_spreading_without_weights_is_even_and_nonsense_is_refused() -> None:
    assert spread(10, [0, 0, 0]).tolist() == [3, 3, 4]
    for weights in ([], [1, -1]):
        with pytest.raises(ValueError, match="zero or more"):
            spread(10, weights)


def test_like_days_are_of_one_class_within_three_weeks() -> None:
    tuesday = dt.date(2026, 6, 30)
    days = [tuesday - dt.timedelta(days=n) for n in range(-3, 40)]
    found = like_days(tuesday, days)
    assert found[0] == dt.date(2026, 6, 29)
    assert found[-1] == dt.date(2026, 6, 9)
    assert len(found) == 15
    assert all(day.weekday() < 5 for day in found)
    assert len(like_days(dt.date(2026, 6, 28), days)) == 6  # a Sunday: three weekends less that day, and 7 June


def test_like_days_give_shape_and_mean() -> None:
    history = np.array([[10, 20, 11], [10, 20, 10], [11, 20, 10]], np.int64)
    mean = estimated_by_like_days(DAY, history)
    assert mean.parts is not None
    assert sum(mean.parts.tolist()) == 41  # 122 / 3, rounded
    assert (mean.estimate.quality, mean.estimate.method) == (Quality.ESTIMATED, "E3")
    known = estimated_by_like_days(DAY, history, 10**15 + 1)
    assert known.parts is not None
    assert sum(known.parts.tolist()) == 10**15 + 1


def test_too_few_like_days_estimate_nothing() -> None:
    found = estimated_by_like_days(DAY, np.ones((2, 4), np.int64), 100)
    assert found.parts is None
    assert found.estimate.unknown is not None
    assert found.estimate.unknown.values == {"days": "2", "least": "3"}


def test_limits_are_included() -> None:
    assert completeness(9, 10, DAY).passes is True
    assert completeness(899, 1000, DAY).passes is False
    assert days_against_month([105], 100, DAY).passes is True
    assert days_against_month([106], 100, DAY).passes is False
    assert estimated_share(5, 100, DAY).passes is True
    assert estimated_share(6, 100, DAY).passes is False


def test_doubles_are_no_more_than_complete() -> None:
    assert completeness(100, 96, DAY).share == 1


def test_unknown_is_not_zero() -> None:
    for judged in (
        completeness(0, 0, DAY),
        days_against_month([5, None], 5, DAY),
        days_against_month([], 5, DAY),
        days_against_month([5], None, DAY),
        days_against_month([5], 0, DAY),
        estimated_share(0, 0, DAY),
    ):
        assert judged.share is None
        assert judged.passes is None
        assert judged.unknown is not None
        assert judged.unknown.text().zh
    assert days_against_month([0, 0], 0, DAY).passes is True
    assert completeness(0, 96, DAY).passes is False


def test_unverified_limits_are_marked() -> None:
    assert estimated_share(5, 100, DAY).marks == {Mark.UNVERIFIED}
    assert completeness(9, 10, DAY).marks == frozenset()
    assert repair_days(DAY) == 3
