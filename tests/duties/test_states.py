"""The state of a duty: computed, never better with less evidence, less progress or a later day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hengneng.duties.states import Recorded, Reported, State, stage, state, timing

DUE = dt.date(2015, 12, 31)
PLENTY = dt.date(2015, 9, 1)

reports = some.lists(
    some.builds(Reported, some.integers(0, 100), some.sampled_from([True, False, None])), max_size=4
)
recorded = some.builds(
    Recorded,
    due=some.dates(dt.date(2014, 1, 1), dt.date(2017, 1, 1)),
    led=some.booleans(),
    begun=some.booleans(),
    reports=reports,
    evidence=some.integers(0, 3),
)
days = some.dates(dt.date(2013, 1, 1), dt.date(2030, 1, 1))


@given(recorded, days, some.integers(0, 2000))
def test_a_later_day_never_makes_it_better(one: Recorded, day: dt.date, later: int) -> None:
    assert state(one, day + dt.timedelta(days=later)).rank <= state(one, day).rank


@given(recorded, days)
def test_less_evidence_never_makes_it_better(one: Recorded, day: dt.date) -> None:
    for fewer in range(one.evidence):
        assert state(replace(one, evidence=fewer), day).rank <= state(one, day).rank


@given(recorded, days, some.integers(0, 100))
def test_less_progress_never_makes_it_better(one: Recorded, day: dt.date, per_cent: int) -> None:
    if one.reports:
        last = one.reports[-1]
        lower = [*one.reports[:-1], Reported(min(per_cent, last.per_cent), last.accepted)]
        assert state(replace(one, reports=lower), day).rank <= state(one, day).rank


@given(recorded, days)
def test_nobody_leading_is_never_done(one: Recorded, day: dt.date) -> None:
    assert state(replace(one, led=False), day) in (State.UNASSIGNED, State.OVERDUE)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Recorded(DUE, led=False), State.UNASSIGNED),
        (Recorded(DUE, led=True), State.ASSIGNED),
        (Recorded(DUE, led=True, begun=True), State.IN_PROGRESS),
        (Recorded(DUE, led=True, evidence=1), State.IN_PROGRESS),
        (Recorded(DUE, led=True, reports=[Reported(50, None)]), State.REPORTED),
        (Recorded(DUE, led=True, reports=[Reported(50, False)]), State.RETURNED),
        (Recorded(DUE, led=True, reports=[Reported(50, True)]), State.IN_PROGRESS),
        (Recorded(DUE, led=True, reports=[Reported(100, True)]), State.IN_PROGRESS),
        (Recorded(DUE, led=True, reports=[Reported(100, True)], evidence=1), State.DONE),
        (Recorded(DUE, led=True, reports=[Reported(100, True), Reported(100, False)], evidence=1), State.RETURNED),
    ],
)
def test_stages(one: Recorded, expected: State) -> None:
    assert stage(one) is expected
    assert state(one, PLENTY) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2015, 11, 30), None),
        (dt.date(2015, 12, 1), State.DUE_SOON),
        (dt.date(2015, 12, 31), State.DUE_SOON),
        (dt.date(2016, 1, 1), State.OVERDUE),
    ],
)
def test_timing(day: dt.date, expected: State | None) -> None:
    assert timing(Recorded(DUE, led=True), day) is expected


def test_what_is_done_is_never_overdue() -> None:
    done = Recorded(DUE, led=True, reports=[Reported(100, True)], evidence=1)
    assert state(done, dt.date(2026, 1, 1)) is State.DONE
