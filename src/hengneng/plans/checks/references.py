"""Checks P1: everything that is referred to exists, and fits (units, measures, formulas, divisions, dates)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel

from hengneng.formulas import formulas
from hengneng.formulas.arguments import ANY_UNIT
from hengneng.language import message
from hengneng.plans.conditions import CONDITIONS, consequences
from hengneng.plans.loader import HEAD_FILE, LoadedPlan
from hengneng.plans.model import Indicator, Operator, Target
from hengneng.problems import Problem
from hengneng.rules import RuleNotFoundError, rule_table
from hengneng.rules.divisions import UnknownPlaceError, division
from hengneng.rules.measures import measures
from hengneng.rules.schemes import bracket_table
from hengneng.rules.units import UnknownUnitError, unit

# What a scheme may grade to stand beside a verdict on a target; other schemes grade other things.
_WARNED_OF = ("yearly_decline", "completion_ratio")

# Fields that name something else, and what; not every part has each.
_NAMING = {
    "source": "source", "clause": "clause", "indicator": "indicator", "places": "place", "indicators": "indicator",
    "lead": "organisation", "cooperating": "organisation",
}  # fmt: skip


def findings(loaded: LoadedPlan) -> Iterator[Problem]:
    """All findings about references."""
    yield from _identifiers(loaded)
    yield from _references(loaded)
    yield from _indicators(loaded)
    yield from _targets(loaded)
    yield from _rules(loaded)
    yield from _places(loaded)
    yield from _head(loaded)


def _identifiers(loaded: LoadedPlan) -> Iterator[Problem]:
    plan, seen = loaded.plan, set[str]()
    for part in ("indicators", "clauses", "targets", "observations", "tasks", "rules"):
        for index, entry in enumerate(getattr(plan, part)):
            name = f"{part}/{entry.id}" if part in ("clauses", "indicators") else entry.id
            if name in seen:
                yield Problem("P006", loaded.where(part, index), {"identifier": entry.id})
            seen.add(name)
    for index, place in enumerate(plan.places):
        for name in (place.code, place.name):
            if name in seen:
                yield Problem("P006", loaded.where("places", index), {"identifier": name})
            seen.add(name)


def _references(loaded: LoadedPlan) -> Iterator[Problem]:
    plan = loaded.plan
    known = {
        "clause": {c.id for c in plan.clauses},
        "indicator": {i.id for i in plan.indicators},
        "place": {p.code for p in plan.places},
        "source": {s.id for s in plan.head.sources},
        "organisation": {o.id for o in plan.head.organisations},
    }

    for part in ("clauses", "targets", "observations", "tasks", "rules", "waived_numbers"):
        for index, entry in enumerate(getattr(plan, part)):
            for what, name in _named(entry):
                if name not in known[what]:
                    values = {"identifier": getattr(entry, "id", part), "what": message(f"aspect.{what}"), "name": name}
                    yield Problem("P101", loaded.where(part, index), values)


def _named(entry: BaseModel) -> Iterator[tuple[str, str]]:
    """What an entry names: the kind of it, and its name."""
    for field, what in _naming_fields(type(entry)):
        value = getattr(entry, field)
        # A word in the place of a list of places is a group of them, and names none.
        names = [value] if isinstance(value, str) and field != "places" else value
        for name in names if isinstance(names, list) else ():
            yield what, name


@cache
def _naming_fields(kind: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Fields of a kind of entry that name something, and what. Remembered, since pydantic tells them slowly."""
    return tuple((field, what) for field, what in _NAMING.items() if field in kind.model_fields)


def _indicators(loaded: LoadedPlan) -> Iterator[Problem]:
    for index, indicator in enumerate(loaded.plan.indicators):
        where = loaded.where("indicators", index)
        formula = formulas().get(indicator.formula)
        if formula is None:
            yield Problem(
                "P102",
                where,
                {
                    "identifier": indicator.id,
                    "formula": indicator.formula,
                    "found": indicator.formula,
                    "expected": ", ".join(sorted(formulas())),
                },
            )
            continue
        needed = {p.name for p in formula.parameters if not p.optional}
        allowed = {p.name for p in formula.parameters}
        given = set(indicator.inputs)
        if not needed <= given <= allowed:
            yield Problem(
                "P102",
                where,
                {
                    "identifier": indicator.id,
                    "formula": formula.name,
                    "found": ", ".join(sorted(given)),
                    "expected": ", ".join(sorted(needed)),
                },
            )
            continue
        parameter_units = {p.name: p.unit for p in formula.parameters}
        for role, measure in indicator.inputs.items():
            yield from _measure(indicator, role, measure, parameter_units[role], where)
        for role, measure in _published_measures(indicator):
            yield from _measure(indicator, role, measure, "1", where)
        yield from _growth_roles(indicator, where)
        expected = _unit_of_value(indicator) if formula.unit == ANY_UNIT else formula.unit
        if expected is not None and indicator.unit != expected:
            yield Problem(
                "P104",
                where,
                {
                    "identifier": indicator.id,
                    "formula": formula.name,
                    "found": indicator.unit,
                    "expected": expected,
                },
            )


def _unit_of_value(indicator: Indicator) -> str | None:
    """A formula that passes a value on has the unit of its measure."""
    return next((measures()[m].unit for m in indicator.inputs.values() if m in measures()), None)


def _published_measures(indicator: Indicator) -> Iterator[tuple[str, str]]:
    if indicator.published_change:
        yield "published_change", indicator.published_change
    if indicator.published_cumulative_change:
        yield "published_cumulative_change", indicator.published_cumulative_change
    for role, measure in indicator.published_growth.items():
        yield f"published_growth.{role}", measure


def _growth_roles(indicator: Indicator, where: str) -> Iterator[Problem]:
    """Growth of energy and growth of value added have the same unit: their subject tells them apart."""
    for role, group in (("energy", "energy"), ("value_added", "economy")):
        code = indicator.published_growth.get(role)
        measure = measures().get(code) if code else None
        if measure is not None and measure.entry.attributes["group"] != group:
            found = measure.entry.attributes["group"]
            yield Problem(
                "P105",
                where,
                {"identifier": indicator.id, "measure": measure.code, "found": found, "expected": f"{role}: {group}"},
            )


def _measure(indicator: Indicator, role: str, code: str, wanted: str, where: str) -> Iterator[Problem]:
    measure = measures().get(code)
    if measure is None:
        yield Problem(
            "P103",
            where,
            {"identifier": indicator.id, "role": role, "found": code, "expected": "a measure of the table"},
        )
        return
    if wanted != ANY_UNIT and unit(measure.unit).dimension != unit(wanted).dimension:
        yield Problem(
            "P103",
            where,
            {
                "identifier": indicator.id,
                "role": role,
                "found": f"{code} [{measure.unit}]",
                "expected": f"[{wanted}]",
            },
        )
    for named in (indicator.label.zh, "|".join(indicator.words)):
        if measure.text_words and not any(word in named for word in measure.text_words):
            yield Problem(
                "P105",
                where,
                {
                    "identifier": indicator.id,
                    "measure": code,
                    "found": "/".join(measure.text_words),
                    "expected": f"“{named}”",
                },
            )
    for aspect, of_measure, declared in (
        ("price", measure.price_basis, indicator.basis.price),
        ("energy", measure.energy_basis, indicator.basis.energy),
    ):
        if of_measure and of_measure != declared:
            yield Problem(
                "P105",
                where,
                {
                    "identifier": indicator.id,
                    "measure": code,
                    "found": of_measure,
                    "expected": f"basis.{aspect}: {declared}",
                },
            )


def _targets(loaded: LoadedPlan) -> Iterator[Problem]:
    for index, target in enumerate(loaded.plan.targets):
        indicator = loaded.plan.indicator(target.indicator) if _has(loaded, target) else None
        if indicator is None:
            continue
        for what, found, expected in _disagreements(target, indicator):
            yield Problem(
                "P110",
                loaded.where("targets", index),
                {
                    "identifier": target.id,
                    "indicator": indicator.id,
                    "what": message(f"aspect.{what}"),
                    "found": found,
                    "expected": expected,
                },
            )


def _has(loaded: LoadedPlan, target: Target) -> bool:
    return any(i.id == target.indicator for i in loaded.plan.indicators)


def _disagreements(target: Target, indicator: Indicator) -> Iterator[tuple[str, str, str]]:
    wanted_unit = "1" if target.kind.is_reduction else indicator.unit
    try:
        if unit(target.unit).dimension != unit(wanted_unit).dimension or unit(target.unit).code != target.unit:
            yield "unit", target.unit, wanted_unit
    except UnknownUnitError as error:
        yield "unit", str(error), wanted_unit
    wanted = "lower" if target.kind.is_reduction or target.operator is Operator.AT_MOST else "higher"
    if indicator.direction != wanted:
        yield "direction", wanted, str(indicator.direction)
    expected = _kinds(target, indicator)
    if target.kind not in expected:
        yield "kind", str(target.kind), " / ".join(expected)


def _kinds(target: Target, indicator: Indicator) -> tuple[str, ...]:
    """Kinds that the operator and the indicator's formula leave open."""
    if target.kind.is_reduction:
        return (target.kind,)
    if unit(indicator.unit).dimension == unit("1").dimension:
        return ("share",) if indicator.formula == "share" else ("share", "level")
    if indicator.formula == "as_reported":
        return ("cap",) if target.operator is Operator.AT_MOST else ("amount",)
    return ("level",)


def _rules(loaded: LoadedPlan) -> Iterator[Problem]:
    for index, rule in enumerate(loaded.plan.rules):
        for what, name, known in (
            ("condition", rule.condition, sorted(CONDITIONS)),
            ("consequence", rule.consequence, sorted(consequences())),
        ):
            if name not in known:
                yield Problem(
                    "P106",
                    loaded.where("rules", index),
                    {
                        "identifier": rule.id,
                        "what": message(f"aspect.{what}"),
                        "name": name,
                        "expected": ", ".join(known),
                    },
                )


def _places(loaded: LoadedPlan) -> Iterator[Problem]:
    for index, place in enumerate(loaded.plan.places):
        where = loaded.where("places", index)
        try:
            entry = division(place.code)
        except UnknownPlaceError:
            yield Problem(
                "P108",
                where,
                {"place": place.name, "what": message("aspect.code"), "found": place.code, "expected": "-"},
            )
            continue
        if place.role == "region" and place.code != loaded.plan.head.jurisdiction:
            yield Problem(
                "P108",
                where,
                {
                    "place": place.name,
                    "what": message("aspect.role"),
                    "found": "region",
                    "expected": f"assessed (jurisdiction: {loaded.plan.head.jurisdiction})",
                },
            )
        names = (entry.name.zh, *entry.aliases)
        declared = {
            "name": place.name,
            "valid_from": place.valid_from,
            "valid_to": place.valid_to,
            "excludes": ", ".join(sorted(place.excludes)) or None,
        }
        registered = {
            "name": place.name if place.name in names else "/".join(names),
            "valid_from": entry.valid_from,
            "valid_to": entry.valid_to,
            "excludes": ", ".join(sorted(entry.excludes)) or None,
        }
        for what, found in declared.items():
            if found != registered[what]:
                yield Problem(
                    "P108",
                    where,
                    {
                        "place": place.name,
                        "what": message(f"aspect.{what}"),
                        "found": found or "-",
                        "expected": registered[what] or "-",
                    },
                )
        if entry.valid_to and entry.valid_to < loaded.plan.head.issued_on and place.note is None:
            yield Problem(
                "P108",
                where,
                {
                    "place": place.name,
                    "what": message("aspect.note"),
                    "found": "-",
                    "expected": f"valid_to {entry.valid_to} < issued_on",
                },
            )


def _head(loaded: LoadedPlan) -> Iterator[Problem]:
    head = loaded.plan.head
    where = HEAD_FILE

    def wrong(field: str, found: object, expected: str) -> Problem:
        return Problem("P109", where, {"field": field, "found": found, "expected": expected})

    if head.last_checked.on < head.issued_on:
        yield wrong("last_checked.on", head.last_checked.on, f">= {head.issued_on}")
    if head.in_force.last < head.in_force.first:
        yield wrong("in_force", head.in_force.last, f">= {head.in_force.first}")
    if head.supersedes == head.id:
        yield wrong("supersedes", head.supersedes, f"≠ {head.id}")
    if head.jurisdiction not in {p.code for p in loaded.plan.places if p.role == "region"}:
        yield wrong("jurisdiction", head.jurisdiction, "a place of role region in places.yaml")
    rules = sorted({entry.key["rule"] for entry in rule_table("comparison_precision").entries})
    if head.comparison not in rules:
        yield wrong("comparison", head.comparison, ", ".join(rules))
    try:
        table = bracket_table("warning_schemes", head.warning_scheme)
        for finding in table.check():
            yield Problem("P107", where, {"scheme": head.warning_scheme, "found": finding.text("en")})
        quantities = {b.entry.attributes["quantity"] for b in table.brackets if b.entry is not None}
        for quantity in sorted(quantities - set(_WARNED_OF)):
            yield Problem("P107", where, {"scheme": head.warning_scheme, "found": f"quantity {quantity}"})
    except RuleNotFoundError as error:
        yield Problem("P107", where, {"scheme": head.warning_scheme, "found": str(error)})
