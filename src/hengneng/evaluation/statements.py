"""Numbers of a plan as inputs of formulas: each carries its clause, its verbatim words and their confidence."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hengneng.language import Text, message
from hengneng.plans.model import Plan, SourceDocument, Stated, Target
from hengneng.rules import lookup
from hengneng.rules.units import convert
from hengneng.trace import Mark, Quality, Source, Unknown


def source_document(plan: Plan, stated: Stated) -> SourceDocument:
    """The document that a statement quotes."""
    named = stated.source or plan.head.sources[0].id
    return next(source for source in plan.head.sources if source.id == named)


def reference(plan: Plan, stated: Stated) -> dict[str, Any]:
    """Where a statement stands: plan, edition, clause, verbatim words, document, confidence."""
    document = source_document(plan, stated)
    return {
        "plan": plan.id,
        "edition": plan.head.edition,
        "statement": stated.id,
        "clause": stated.clause,
        "quote": stated.quote,
        "document": {"zh": document.title.zh, "en": document.title.en},
        "number": document.number,
        "file": document.file,
        "sha256": document.sha256,
        "confidence": document.confidence,
    }


def marks(plan: Plan, stated: Stated) -> frozenset[Mark]:
    """Unverified where the document was not compared with a printed one."""
    return frozenset() if source_document(plan, stated).confidence == "sourced" else frozenset({Mark.UNVERIFIED})


def target_value(plan: Plan, target: Target, unit: str) -> Source:
    """The target's value in ``unit``; unknown where another authority fixes it."""
    if target.value is None:
        authority = target.value_fixed_by
        assert authority is not None  # the model has one or the other
        return Source(
            kind="target",
            label=message("evaluation.target_value"),
            value=None,
            unit=unit,
            reference=reference(plan, target),
            quality=Quality.MISSING,
            marks=marks(plan, target),
            unknown=Unknown("value-fixed-elsewhere", {"authority": {"zh": authority.zh, "en": authority.en}}),
        )
    value = convert(target.value, target.unit, unit)
    return Source(
        kind="target",
        label=message("evaluation.target_value"),
        value=float(value),
        unit=unit,
        reference={**reference(plan, target), "printed": f"{target.value} {target.unit}"},
        marks=marks(plan, target),
    )


def stated_years(plan: Plan, target: Target, label: Text, years: int) -> Source:
    """Years that follow from the target's dates: of the period, gone by, remaining."""
    dates = {"base_year": target.base_year, "due": target.due.isoformat()}
    return Source(
        "target", label, float(years), "year", {**reference(plan, target), **dates}, marks=marks(plan, target)
    )


def rounding_step(plan: Plan, target: Target, unit: str) -> Source | None:
    """The step in ``unit`` to which an achieved value is rounded before it is compared; None: compared unrounded.

    The plan names the rule (table ``comparison_precision``); the step is in the unit in which the target is printed.
    """
    entry = lookup("comparison_precision", {"rule": plan.head.comparison}, target.due, plan.head.jurisdiction)
    decimals = entry.attributes["decimals"]
    if not decimals or target.value is None:
        return None
    exponent = target.value.as_tuple().exponent if decimals == "of-target" else -int(decimals)
    assert isinstance(exponent, int)  # a plan's number is finite
    finest = min(exponent, 0, int(target.value.as_tuple().exponent))
    step = convert(Decimal(1).scaleb(finest), target.unit, unit)
    return replace(
        entry.as_source(message("evaluation.rounding_step")),
        value=float(step),
        unit=unit,
        unknown=None,
        quality=Quality.REPORTED,
    )
