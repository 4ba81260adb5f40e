"""What holds of every judgement: worse data never scores better, order does not matter, digests are always the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import CHANGE, QINGHAI, both_ways, changes, fact, judged, of_qinghai, qinghai_2010, shipped, value

from hengneng.evaluation.facts import FactValue, SeriesKey
from hengneng.evaluation.judging import Level
from hengneng.trace import Figure

BEST_FIRST = [Level.MET, Level.ON_TRACK, Level.BEHIND, Level.NOT_MET]
PERCENT = st.integers(min_value=-1500, max_value=800).map(lambda hundredths: hundredths / 100)


@settings(max_examples=60)
@given(
    percent=st.lists(PERCENT, min_size=1, max_size=5),
    worse_by=st.integers(min_value=0, max_value=500),
    at=st.integers(min_value=0, max_value=4),
)
def test_a_worse_year_never_gives_a_better_verdict_or_warning(percent: list[float], worse_by: int, at: int) -> None:
    spoilt = list(percent)
    spoilt[at % len(percent)] += worse_by / 100
    before = of_qinghai(str(2005 + len(percent)), *map(str, percent))
    after = of_qinghai(str(2005 + len(percent)), *map(str, spoilt))
    assert BEST_FIRST.index(after.level) >= BEST_FIRST.index(before.level)
    assert value(after, "cumulative") <= value(before, "cumulative")
    assert before.warning is not None
    assert after.warning is not None
    assert after.warning.severity >= before.warning.severity


UNRELATED = [
    fact(CHANGE, "650000", "2007", "-0.09"),
    fact(CHANGE, QINGHAI, "2009", "-0.09"),
    fact("electricity_consumption", QINGHAI, "2007", "300"),
    fact("gdp_constant_2010", "630100", "2007", "300"),
    fact(CHANGE, QINGHAI, "2007H1", "-0.09"),
]


@pytest.mark.parametrize("unrelated", UNRELATED, ids=lambda one: f"{one[0].measure}-{one[0].subject}-{one[0].period}")
def test_an_unrelated_fact_changes_nothing(unrelated: tuple[SeriesKey, FactValue]) -> None:
    facts = changes(QINGHAI, 2006, "1.51", "-2.20", "-4.18")
    before = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", facts)
    after = judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", {**facts, unrelated[0]: unrelated[1]})
    assert after.to_json() == before.to_json()


def test_the_order_in_which_facts_arrive_changes_nothing() -> None:
    facts = {**both_ways(), **changes(QINGHAI, 2007, "-3", "-3")}
    turned = dict(reversed(facts.items()))
    one, other = (judged(qinghai_2010(), "intensity-qinghai", QINGHAI, "2008", f) for f in (facts, turned))
    assert one.to_json() == other.to_json()


def test_digests_come_back_from_json() -> None:
    for figure in of_qinghai("2008", "1.51", "-2.20", "-4.18").figures.values():
        again = Figure.from_json(figure.to_json())
        assert again == figure
        assert again.digest == figure.digest


DIGESTS = """
from memory import of_qinghai
for role, figure in sorted(of_qinghai("2008", "1.51", "-2.20", "-4.18").figures.items()):
    print(role, figure.digest)
"""


def test_digests_are_the_same_in_every_process() -> None:
    here = "".join(
        f"{role} {figure.digest}\n"
        for role, figure in sorted(of_qinghai("2008", "1.51", "-2.20", "-4.18").figures.items())
    )
    room = Path(__file__).parent
    for seed in ("0", "1", "4242"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(map(str, (room, room.parents[1] / "src"))),
        }
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, encoding="utf-8", check=True
        )
        assert done.stdout == here


@pytest.mark.parametrize("plan", ["china-12th-five-year", "china-2020", "qinghai-2019", "xinjiang-2015"])
@pytest.mark.parametrize("period", ["2015H1", "2013H2", "2015Q3", "2014-07", "2015M1-7"])
def test_a_part_of_a_year_is_judged_or_says_why_not(plan: str, period: str) -> None:
    whole = shipped(plan)
    for target in whole.targets:
        place = whole.places_of(target)[0]
        judgement = judged(whole, target.id, place, period, {})
        assert judgement.level is Level.UNKNOWN
        assert judgement.to_json()["reason"]
