"""Facts in memory for the evaluation, and small plans to judge with them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hengneng.evaluation.facts import FactValue, SeriesKey
from hengneng.evaluation.judging import Judgement, judge
from hengneng.periods import Period
from hengneng.plans.loader import load_plan
from hengneng.plans.model import Plan
from hengneng.rules.measures import measures
from hengneng.trace import Mark, Quality

PLANS = Path(__file__).parents[2] / "plans"
CHANGE = "energy_intensity_change"
QINGHAI = "630000"


class MemoryFacts:
    """A FactReader over a mapping; remembers nothing, forgets nothing."""

    def __init__(self, facts: Mapping[SeriesKey, FactValue]) -> None:
        self.facts = dict(facts)

    def read(self, key: SeriesKey) -> FactValue | None:
        """The fact of the series."""
        return self.facts.get(key)


def fact(
    measure: str,
    place: str,
    period: str,
    value: str | None,
    *,
    quality: Quality = Quality.REPORTED,
    marks: frozenset[Mark] = frozenset(),
    reason: str = "",
) -> tuple[SeriesKey, FactValue]:
    """One fact in the unit of its measure; None is missing."""
    key = SeriesKey(measure, place, period)
    state = Quality.MISSING if value is None else quality
    number = None if value is None else Decimal(value)
    reference = {"fact": f"{measure}/{place}/{period}#1", "cell": "t.csv:2"}
    return key, FactValue(key, number, measures()[measure].unit, state, reference, marks, reason)


def changes(place: str, first: int, *percent: str) -> dict[SeriesKey, FactValue]:
    """Published yearly changes of energy intensity [%], minus meaning a fall."""
    return dict(
        fact(CHANGE, place, str(first + index), str(Decimal(value) / 100)) for index, value in enumerate(percent)
    )


@cache
def shipped(plan: str) -> Plan:
    """A shipped plan."""
    return load_plan(PLANS / plan).plan


def changed(plan: str, edit: Callable[[dict[str, Any]], None]) -> Plan:
    """A shipped plan after ``edit`` of its data; its quotes are not looked at."""
    data = copy.deepcopy(shipped(plan).model_dump())
    edit(data)
    return Plan.model_validate(data)


def judged(plan: Plan, target: str, place: str, period: str, facts: Mapping[SeriesKey, FactValue]) -> Judgement:
    """The judgement with these facts."""
    return judge(plan, plan.target(target), place, Period.parse(period), MemoryFacts(facts))


def value(judgement: Judgement, role: str) -> float:
    """Value of a figure; AssertionError with the reason when there is none."""
    figure = judgement.figures[role]
    assert figure.value is not None, figure.unknown
    return figure.value


def qinghai_2010(value: str = "17", comparison: str = "one-decimal") -> Plan:
    """The worked case of the statistics office: 17 % from 2005 to 2010."""

    def edit(data: dict[str, Any]) -> None:
        data["head"]["comparison"] = comparison
        for target in data["targets"]:
            if target["id"] == "intensity-qinghai":
                target.update(value=value, base_year=2005, due="2010-12-31")

    return changed("china-12th-five-year", edit)


def of_qinghai(period: str, *percent: str, plan: Plan | None = None) -> Judgement:
    """The judgement with these published changes from 2006 on."""
    return judged(plan or qinghai_2010(), "intensity-qinghai", QINGHAI, period, changes(QINGHAI, 2006, *percent))


def both_ways() -> dict[SeriesKey, FactValue]:
    """A published change, and levels that give another one."""
    return {
        **changes(QINGHAI, 2006, "-4.0"),
        **dict(
            [
                fact("energy_consumption_equivalent", QINGHAI, "2005", "1000"),
                fact("energy_consumption_equivalent", QINGHAI, "2006", "1070"),
                fact("gdp_constant_2010", QINGHAI, "2005", "500"),
                fact("gdp_constant_2010", QINGHAI, "2006", "550"),
            ]
        ),
    }
