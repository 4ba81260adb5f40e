"""Periods as people write them."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.periods import Period


@pytest.mark.parametrize(
    ("written", "start", "end", "zh", "en"),
    [
        ("2015", "2015-01-01", "2015-12-31", "2015年", "2015"),
        ("2015H1", "2015-01-01", "2015-06-30", "2015年上半年", "2015, half 1"),
        ("2015H2", "2015-07-01", "2015-12-31", "2015年下半年", "2015, half 2"),
        ("2015Q1", "2015-01-01", "2015-03-31", "2015年第一季度", "2015, quarter 1"),
        ("2015Q3", "2015-07-01", "2015-09-30", "2015年第三季度", "2015, quarter 3"),
        ("2015-07", "2015-07-01", "2015-07-31", "2015年7月", "July 2015"),
        ("2016-02", "2016-02-01", "2016-02-29", "2016年2月", "February 2016"),
        ("2015M1-7", "2015-01-01", "2015-07-31", "2015年1–7月", "January to July 2015"),
        ("2015M1-12", "2015-01-01", "2015-12-31", "2015年1–12月", "January to December 2015"),
        ("2011-2015", "2011-01-01", "2015-12-31", "2011–2015年", "2011 to 2015"),
    ],
)
def test_the_written_forms(written: str, start: str, end: str, zh: str, en: str) -> None:
    period = Period.parse(f" {written} ")
    assert (period.start, period.end) == (dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    assert (str(period), period.label().zh, period.label().en) == (written, zh, en)
    assert period.year == int(end[:4])
    assert period.is_year == (len(written) == 4)


@pytest.mark.parametrize(
    "written",
    [
        *["", "15", "201", "20150", "2015H0", "2015H3", "2015Q0", "2015Q5", "2015-00", "2015-13", "2015-7"],
        *["2015M1-1", "2015M1-13", "2015M2-7", "2015-2011", "2015-2015", "2015年", "２０１５", "2015 H1", "2015h1"],
        *["0000", "2015-07-10", "2015/07", "nan", "٢٠١٥"],
    ],
)
def test_what_is_no_period(written: str) -> None:
    with pytest.raises(ValueError, match=r"period|year"):
        Period.parse(written)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, True),
        ("2015-12-31", None, True),
        ("2016-01-01", None, False),
        (None, "2015-01-01", True),
        (None, "2014-12-31", False),
        ("2015-06-01", "2015-06-02", True),
        ("2010-01-01", "2020-01-01", True),
    ],
)
def test_overlaps(start: str | None, end: str | None, expected: bool) -> None:
    bounds = [None if day is None else dt.date.fromisoformat(day) for day in (start, end)]
    assert Period.parse("2015").overlaps(*bounds) is expected


@given(st.integers(min_value=1, max_value=9999))
def test_a_year_is_its_days(year: int) -> None:
    period = Period.of_year(year)
    assert (period.start, period.end) == (dt.date(year, 1, 1), dt.date(year, 12, 31))
    assert period.is_year


def test_halves_quarters_and_months_part_the_year_without_gap() -> None:
    for parts in (
        ["2015H1", "2015H2"],
        [f"2015Q{n}" for n in range(1, 5)],
        [f"2015-{n:02d}" for n in range(1, 13)],
    ):
        periods = [Period.parse(part) for part in parts]
        assert periods == sorted(periods)
        assert periods[0].start == dt.date(2015, 1, 1)
        assert periods[-1].end == dt.date(2015, 12, 31)
        for one, after in itertools.pairwise(periods):
            assert after.start - one.end == dt.timedelta(days=1)
