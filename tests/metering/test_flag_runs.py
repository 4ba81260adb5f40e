"""Flags that follow on each other are one matter; none is lost, none counted twice."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from hengneng.metering.results import Flag, FlagRun, runs_of

DAY = 86_400


def flag(day: int, rule: str = "V17", meter: int = 1, length: int = 1) -> Flag:
    return Flag(meter, rule, day * DAY, (day + length) * DAY, day, 0)


def test_days_one_behind_the_other_are_one_run_with_what_the_newest_found() -> None:
    assert runs_of([flag(3), flag(1), flag(2)]) == [FlagRun(flag(3), DAY, 3)]


def test_a_day_between_another_rule_and_another_meter_part_runs() -> None:
    flags = [flag(1), flag(3), flag(2, "V5"), flag(4, meter=2)]
    assert [(run.last, run.count) for run in runs_of(flags)] == [(flags[place], 1) for place in (3, 1, 2, 0)]


FLAGS = st.builds(flag, st.integers(0, 12), st.sampled_from(["V3", "V17"]), st.integers(1, 3), st.integers(1, 3))


@given(st.lists(FLAGS, max_size=25, unique=True), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_counts_add_up(flags: list[Flag], chance: random.Random) -> None:
    runs = runs_of(flags)
    assert sum(run.count for run in runs) == len(flags)
    assert [run.last.until for run in runs] == sorted((run.last.until for run in runs), reverse=True)
    assert all(run.last in flags and run.since <= run.last.since for run in runs)
    mixed = list(flags)
    chance.shuffle(mixed)
    assert runs_of(mixed) == runs
