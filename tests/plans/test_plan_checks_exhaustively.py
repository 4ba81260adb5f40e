"""Every target of every shipped plan, spoilt in every way that its quote can disprove: all of it must be caught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from folders import SHIPPED, planted, shipped

from hengneng.plans.model import Kind, Target

Change = tuple[str, dict[str, Any]]

OTHER_UNITS = {
    "%": ("1", "10^4 tce"),
    "10^4 tce": ("10^8 tce", "tce", "10^4 t", "%"),
    "10^8 tce": ("10^4 tce", "%"),
    "10^4 m2": ("m2", "10^8 m2"),
    "10^4 t": ("t", "10^4 tce"),
}


def values(target: Target, _: str) -> Iterator[Change]:
    """Another number, and the number at other powers of ten."""
    if target.value is not None:
        for name, value in (
            ("+1", target.value + 1),
            ("x1000", target.value * 1000),
            ("x10000", target.value * 10000),
            ("/100", target.value / 100),
        ):
            yield name, {"value": value}


def base_years(target: Target, _: str) -> Iterator[Change]:
    """The year before and the year after."""
    if target.base_year is not None:
        for step in (-1, 1):
            yield f"{step:+}", {"base_year": target.base_year + step}


def due_dates(target: Target, _: str) -> Iterator[Change]:
    """A year earlier, a year later, half a year earlier."""
    for step in (-1, 1):
        yield f"{step:+}", {"due": target.due.replace(year=target.due.year + step)}
    yield "june", {"due": target.due.replace(month=6, day=30)}


def first_years(target: Target, _: str) -> Iterator[Change]:
    """Of an amount over several years: a year earlier, a year later, none."""
    if target.first_year is not None:
        for year in (target.first_year - 1, target.first_year + 1, None):
            yield str(year), {"first_year": year}


def operators(target: Target, _: str) -> Iterator[Change]:
    """The other direction of comparison."""
    yield "flipped", {"operator": "at_most" if target.operator == "at_least" else "at_least"}


def strengths(target: Target, _: str) -> Iterator[Change]:
    """Binding made hoped for, hoped for made binding."""
    yield "flipped", {"strength": "hoped_for" if target.strength == "binding" else "binding"}


def units(target: Target, _: str) -> Iterator[Change]:
    """Other units of the same kind, and of another."""
    for unit in OTHER_UNITS[target.unit]:
        yield unit, {"unit": unit}


def indicators(target: Target, plan: str) -> Iterator[Change]:
    """Every other indicator of the plan."""
    for indicator in shipped(plan).plan.indicators:
        if indicator.id != target.indicator:
            yield indicator.id, {"indicator": indicator.id}


def kinds(target: Target, _: str) -> Iterator[Change]:
    """Every other kind; base_year goes where it is not allowed, so that the schema is not what catches it."""
    for kind in Kind:
        if kind is not target.kind:
            yield kind.value, {"kind": kind.value, "base_year": target.base_year if kind.is_reduction else None}


def places(target: Target, plan: str) -> Iterator[Change]:
    """A place dropped, one too many, the region beside its parts, the whole group for one."""
    if isinstance(target.places, list):
        for code in target.places:
            yield f"without {code}", {"places": [one for one in target.places if one != code]}
        others = [place.code for place in shipped(plan).plan.places if place.code not in target.places]
        for code in others[:2]:
            yield f"with {code}", {"places": [*target.places, code]}
    yield "group", {"places": "region" if target.places == "assessed" else "assessed"}


FAULTS = (values, base_years, first_years, due_dates, operators, strengths, units, indicators, kinds, places)

# What is not caught, and why it need not or cannot be. Nothing else may slip through.
POLLUTANTS = (
    "emission-cod",
    "emission-ammonia-nitrogen",
    "emission-sulphur-dioxide",
    "emission-nitrogen-oxides",
)
NO_PLACE_IN_QUOTE = (
    "residential-retrofit-share",
    "commercial-vehicle-energy",
    "public-energy-per-person",
    "public-energy-per-area",
    *POLLUTANTS,
    "industrial-saving",
    "new-efficient-buildings",
    "heat-metering-retrofit",
    "green-buildings",
    "renewable-buildings",
    "new-vehicle-compliance",
    "passenger-gas-hybrid-share",
    "freight-gas-hybrid-share",
    "pilot-store-saving",
)
NOT_CAUGHT: Mapping[tuple[str, str, str], str] = {
    **{
        ("units", target, "t"): "no value is printed: without a number the unit changes nothing"
        for target in POLLUTANTS
    },
    ("kinds", "pilot-store-saving", "share"): "a share in per cent is judged as a level in per cent",
    ("places", "industrial-intensity", "group"): "各地州市 names no single place; interpretation says which are meant",
    **{
        ("places", target, "group"): "the quote names no place; interpretation says which are meant"
        for target in NO_PLACE_IN_QUOTE
    },
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("plan", SHIPPED)
def test_every_planted_fault_is_caught(plan: str, fault: Any, record_property: Any) -> None:
    planned, missed = 0, []
    for index, target in enumerate(shipped(plan).plan.targets):
        for name, change in fault(target, plan):
            planned += 1
            if not planted(plan, lambda data, i=index, c=change: data["targets"][i].update(c)):  # type: ignore[misc]
                missed.append((fault.__name__, target.id, name))
    record_property("planted", planned)
    record_property("caught", planned - len(missed))
    assert planned > 0 or fault in (indicators, first_years)
    expected = {key for key in NOT_CAUGHT if plan == "xinjiang-2015" and key[0] == fault.__name__}
    assert set(missed) == expected, f"caught {planned - len(missed)} of {planned}"


def test_what_is_not_caught_says_how_it_was_read() -> None:
    plan = shipped("xinjiang-2015").plan
    for kind, target, _ in NOT_CAUGHT:
        if kind == "places":
            assert plan.target(target).interpretation is not None


@pytest.mark.parametrize("plan", SHIPPED)
def test_exchanging_the_indicators_of_two_targets_is_caught(plan: str) -> None:
    targets = shipped(plan).plan.targets
    for first in range(len(targets)):
        second = next((n for n in range(len(targets)) if targets[n].indicator != targets[first].indicator), None)
        if second is None:
            return

        def exchange(data: dict[str, Any], one: int = first, other: int = second) -> None:
            here, there = data["targets"][one], data["targets"][other]
            here["indicator"], there["indicator"] = there["indicator"], here["indicator"]

        assert planted(plan, exchange), (targets[first].id, targets[second].id)


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("field", ["words", "inputs", "unit", "formula"])
def test_exchanging_a_field_of_two_indicators_is_caught(plan: str, field: str) -> None:
    indicators_of = shipped(plan).plan.indicators
    used = {target.indicator for target in shipped(plan).plan.targets}
    for first, one in enumerate(indicators_of):
        # Its neighbours are enough: they are the ones that a slip of the hand exchanges.
        for second in range(first + 1, min(first + 4, len(indicators_of))):
            other = indicators_of[second]
            if getattr(one, field) == getattr(other, field) or not {one.id, other.id} & used:
                continue

            def exchange(data: dict[str, Any], a: int = first, b: int = second) -> None:
                here, there = data["indicators"][a], data["indicators"][b]
                here[field], there[field] = there[field], here[field]

            assert planted(plan, exchange), (one.id, other.id)


@pytest.mark.parametrize("plan", SHIPPED)
def test_the_wrong_direction_of_an_indicator_is_caught(plan: str) -> None:
    used = {target.indicator for target in shipped(plan).plan.targets}
    for index, indicator in enumerate(shipped(plan).plan.indicators):
        if indicator.id in used:
            turned = "higher" if indicator.direction == "lower" else "lower"
            found = planted(plan, lambda data, i=index, d=turned: data["indicators"][i].update(direction=d))  # type: ignore[misc]
            assert found, indicator.id


@pytest.mark.parametrize("plan", SHIPPED)
def test_a_due_date_of_a_task_that_the_document_does_not_state_is_caught(plan: str) -> None:
    for index, task in enumerate(shipped(plan).plan.tasks):
        later = task.due.replace(year=task.due.year + 1)
        assert planted(plan, lambda data, i=index, d=later: data["tasks"][i].update(due=d)), task.id  # type: ignore[misc]


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("part", ["targets", "places", "indicators", "clauses", "waived_numbers"])
def test_leaving_out_any_entry_is_caught(plan: str, part: str) -> None:
    slipped = []
    for index, entry in enumerate(getattr(shipped(plan).plan, part)):
        if not planted(plan, lambda data, i=index: data[part].pop(i)):  # type: ignore[misc]
            slipped.append(getattr(entry, "id", getattr(entry, "code", index)))
    assert slipped == []


@pytest.mark.parametrize("plan", SHIPPED)
@pytest.mark.parametrize("part", ["targets", "indicators", "clauses", "tasks", "rules", "observations"])
def test_any_entry_twice_is_caught(plan: str, part: str) -> None:
    for index in range(len(getattr(shipped(plan).plan, part))):
        found = planted(plan, lambda data, i=index: data[part].append(data[part][i]))  # type: ignore[misc]
        assert "P006" in found
