"""A derivation as the steps of a proof, numbered, each figure once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone

from hengneng.formulas import formulas
from hengneng.formulas.registry import Formula
from hengneng.language import Text
from hengneng.rules import rule_tables
from hengneng.trace import Figure, Source
from hengneng.web.mathematics import NotInSubsetError, mathml
from hengneng.web.rule_pages import rule_row_of
from hengneng.web.speech import NOTHING, RATE, Speech, shown, whole

LARGE = 100

# What a reader wants first: the words, then where they stand, then who said so and when.
_REFERENCE = (
    "clause", "quote", "document", "number", "printed", "as_reported", "normalised", "table", "key", "edition",
    "source", "source_via",
    "cell", "file", "row", "confidence", "valid_from", "valid_to", "base_year", "due", "revision", "recorded_at",
    "recorded_by", "reason", "note", "sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Detail:
    """A line about where an input comes from. ``quoted``: verbatim words; ``digest``: shown by its first characters."""

    name: str
    text: str
    address: str = ""
    quoted: bool = False
    digest: bool = False


@dataclass
class Step:
    """A figure or source of the derivation."""

    number: str
    role: str
    label: str
    value: str
    unit: str
    exactly: str
    reason: str
    marks: tuple[str, ...]
    kind: str
    quality: str
    digest: str = ""
    same_as: str = ""
    equation: str = ""
    equation_words: str = ""
    formula: Formula | None = None
    version: int = 0
    details: list[Detail] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Name of the step in the address of the page."""
        return f"step-{self.number}"


def steps_of(figure: Figure, speech: Speech) -> Step:
    """The derivation of ``figure`` as numbered steps; what stands twice is shown once and then referred to."""
    return _Proof(speech, {}).figure(figure, "0", "")


@dataclass
class _Proof:
    speech: Speech
    shown_at: dict[str, str]

    def figure(self, figure: Figure, number: str, role: str) -> Step:
        step = self._step(figure, number, role, "figure")
        step.digest = figure.digest
        formula = formulas().get(figure.formula)
        if formula is not None:
            step.value, step.unit = self._value(figure, formula)
        if figure.digest in self.shown_at:
            step.same_as = self.shown_at[figure.digest]
            return step
        self.shown_at[figure.digest] = number
        step.version = figure.formula_version
        if formula is not None:
            step.formula = formula
            try:
                step.equation = mathml(formula.equation)
            except NotInSubsetError:
                step.equation_words = formula.equation
        for at, (name, node) in enumerate(figure.inputs, start=1):
            inner = f"{at}" if number == "0" else f"{number}.{at}"
            label = self._role(formula, name)
            step.steps.append(
                self.figure(node, inner, label) if isinstance(node, Figure) else self._source(node, inner, label)
            )
        return step

    def _role(self, formula: Formula | None, name: str) -> str:
        known = next((p for p in formula.parameters if p.name == name), None) if formula else None
        return self.speech.said(known.label) if known else name

    def _source(self, source: Source, number: str, role: str) -> Step:
        step = self._step(source, number, role, source.kind)
        step.details = details_of(source, self.speech)
        if source.value is None and source.unknown is None:
            step.value, step.unit = self._word(str(source.reference.get("word", ""))), ""
        return step

    def _word(self, word: str) -> str:
        if word in ("at_least", "at_most"):
            return self.speech.words(f"web.operator.{word}")
        return word or self.speech.words("web.figure.words_or_table")

    def _step(self, node: Figure | Source, number: str, role: str, kind: str) -> Step:
        speech = self.speech
        count = node.value is not None and node.value == int(node.value) and kind == "target"
        return Step(
            number=number,
            role=role,
            label=speech.said(node.label),
            value=f"{node.value:g}" if count else shown(node.value, node.unit, _decimals(node.value, node.unit)),
            unit="" if node.value is None or (count and node.unit == RATE) else speech.unit(node.unit),
            exactly=whole(node.value, node.unit),
            reason=speech.said(node.unknown.text()) if node.unknown else "",
            marks=tuple(sorted(node.marks, key=lambda mark: mark != "example")),
            kind=kind,
            quality=speech.words(f"quality.{node.quality}"),
        )

    def _value(self, figure: Figure, formula: Formula) -> tuple[str, str]:
        if figure.value is None:
            return NOTHING, ""
        if formula.result == "truth":
            return self.speech.words(f"web.figure.truth.{'yes' if figure.value else 'no'}"), ""
        if formula.result == "ordinal":
            return self.speech.words("web.figure.level", number=f"{figure.value:g}"), ""
        return shown(figure.value, figure.unit, _decimals(figure.value, figure.unit)), self.speech.unit(figure.unit)


def _decimals(value: float | None, unit: str) -> int:
    """Decimals that keep about the digits a reader compares: rates 0.001 %, small values four, large ones two."""
    if unit == RATE:
        return 3
    return 2 if value is not None and abs(value) >= LARGE else 4


def details_of(source: Source, speech: Speech) -> list[Detail]:
    """Where a source comes from, down to the words of the clause, the cell of the file, the row of the table."""
    reference = source.reference
    details = []
    for name in _REFERENCE:
        found = reference.get(name)
        if found in (None, "", {}):
            continue
        address = ""
        if name == "clause" and reference.get("plan"):
            address = reverse("document", args=[reference["plan"]]) + f"#clause-{found}"
        if source.kind == "rule" and name in ("table", "key"):
            address = _rule_address(reference, to_row=name == "key")
        words = _words(name, found, speech)
        details.append(
            Detail(speech.words(f"web.reference.{name}"), words, address, name == "quote", name == "sha256")
        )
    if source.kind == "fact" and reference.get("fact"):
        address = reverse("fact", args=[reference["measure"], reference["subject"], reference["period"]])
        details.insert(0, Detail(speech.words("web.reference.fact"), reference["fact"], address))
    return details


def _rule_address(reference: Mapping[str, Any], to_row: bool) -> str:
    """The page of a rule table, or the row of it that was used, as long as today's file has that row."""
    table = str(reference.get("table", ""))
    if table not in rule_tables():
        return ""
    address = reverse("rule-table", args=[table])
    key, place = reference.get("key") or {}, reference.get("place") or ""
    row = rule_row_of(table, key, place, reference.get("valid_from")) if to_row else None
    return address if row is None else f"{address}?row={row}#row-{row}"


def _words(name: str, found: Any, speech: Speech) -> str:
    if isinstance(found, Mapping):
        if set(found) == {"zh", "en"}:
            return speech.said(Text(**found))
        return speech.listed(f"{key} = {value}" for key, value in found.items())
    if name == "confidence":
        return speech.words(f"confidence.{found}")
    if name == "recorded_at":
        return f"{timezone.localtime(dt.datetime.fromisoformat(found)):%Y-%m-%d %H:%M}"
    return str(found)
