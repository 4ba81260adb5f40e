"""The plan model: a policy document as data, in closed schemas.

Every statement that puts a number or a duty on somebody carries a verbatim quote of the document. Field names are the
dictionary of the plan format; unknown fields are refused. The how-to "write a plan" explains them by example.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hengneng.language import Text, message
from hengneng.trace import canonical_json

FORMAT = "plan/1"

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9_.-]*$")]
Quote = Annotated[str, StringConstraints(min_length=2)]
Confidence = Literal["sourced", "memory-high", "memory-medium", "memory-low"]


class Closed(BaseModel):
    """Base of all parts of a plan: unknown fields refused, values fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Words(Closed):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self) -> Text:
        """As a :class:`hengneng.language.Text`."""
        return Text(zh=self.zh, en=self.en)


def _refused(code: str) -> PydanticCustomError:
    """A refusal whose words are the message ``schema.<code>``."""
    return PydanticCustomError(code, message(f"schema.{code}").en)


class Kind(StrEnum):
    """What a target asks for."""

    REDUCTION_AGAINST_BASE = "reduction_against_base"
    YEARLY_REDUCTION = "yearly_reduction"
    LEVEL = "level"
    CAP = "cap"
    AMOUNT = "amount"
    SHARE = "share"

    @property
    def is_reduction(self) -> bool:
        """Whether the value is by how much the indicator must fall."""
        return self in (Kind.REDUCTION_AGAINST_BASE, Kind.YEARLY_REDUCTION)


class Operator(StrEnum):
    """How the achieved value must compare with the target value."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Strength(StrEnum):
    """Whether the document binds or hopes (力争, 争取, 引导 …)."""

    BINDING = "binding"
    HOPED_FOR = "hoped_for"


class Direction(StrEnum):
    """Which way of the indicator is the better one."""

    LOWER = "lower"
    HIGHER = "higher"


class SourceDocument(Closed):
    """A text that the plan quotes, with the hash of its bytes; ``kind`` tells it from our own copying of figures."""

    id: Identifier
    file: str
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    title: Words
    number: str | None = None
    read_at: Words
    kind: Literal["full_text", "transcription_of_figures"]
    confidence: Confidence


class Citation(Closed):
    """Another document that this one refers to."""

    title: Words
    number: str | None = None


class InForce(Closed):
    """Days from and to which the document binds, both included."""

    first: dt.date
    last: dt.date


class LastChecked(Closed):
    """Who compared the data with the document, and when."""

    by: str
    on: dt.date


class Organisation(Closed):
    """A body that the document names or addresses."""

    id: Identifier
    name: Words
    kind: Literal["region_government", "department", "prefecture_government", "national_authority", "supervision_body"]
    place: str
    quote: Quote | None = None
    source: Identifier | None = None


class Head(Closed):
    """``plan.yaml``: what the document is."""

    format: Literal["plan/1"]
    id: Identifier
    edition: int = Field(ge=1, description="Raised when the transcription is corrected; an amendment is a new plan.")
    title: Words
    issuer: Words
    number: str | None = None
    jurisdiction: str
    issued_on: dt.date
    in_force: InForce
    supersedes: Identifier | None = None
    cites: list[Citation] = []
    sources: list[SourceDocument] = Field(min_length=1)
    last_checked: LastChecked
    comparison: str = Field(
        description="Rule of the table comparison_precision: how a value is rounded before it is compared."
    )
    warning_scheme: str = Field(description="Scheme of the rule table warning_schemes.")
    organisations: list[Organisation] = []
    published_schemes: dict[Identifier, Words] = Field(default={}, description="Schemes of published.csv by name.")
    published_verdict_meaning: dict[str, Literal["met", "not_met", "behind", "on_track", "none"]] = Field(
        default={}, description="What a published word says about the target alone; none: nothing."
    )


class PlanPlace(Closed):
    """A place as the document names it. Validity and excluded parts repeat the register, and are checked against it."""

    code: str
    name: str
    role: Literal["region", "assessed"]
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    excludes: list[str] = []
    note: Words | None = None


class Basis(Closed):
    """On what footing an indicator is measured."""

    price: Literal["constant", "current"] | None = None
    energy: Literal["equivalent", "calorific"] | None = None


class Indicator(Closed):
    """What is measured: words of the document, formula with the measures it takes, unit, better direction, basis."""

    id: Identifier
    label: Words
    words: list[str] = Field(min_length=1, description="How the document names it; the longest fitting word counts.")
    formula: str
    inputs: dict[str, str] = Field(min_length=1, description="Parameter of the formula -> measure.")
    unit: str
    direction: Direction
    basis: Basis = Basis()
    published_change: str | None = Field(default=None, description="Measure of the published year-on-year change.")
    published_cumulative_change: str | None = None
    published_growth: dict[str, str] = Field(
        default={},
        description="energy and value_added: measures of published growth, when no level is known.",
    )
    note: Words | None = None


class Clause(Closed):
    """One statement of the document that puts a duty on somebody."""

    id: str
    quotes: list[Quote] = Field(min_length=1)
    summary: Words
    source: Identifier | None = None


class Reads(Closed):
    """Verbatim words elsewhere in the document that settle what the quote itself leaves open."""

    due: Quote | None = None
    base_year: Quote | None = None
    indicator: Quote | None = None
    strength: Quote | None = None
    operator: Quote | None = None


class Stated(Closed):
    """Common to everything that carries a number of the document."""

    id: Identifier
    clause: str
    indicator: Identifier
    places: Annotated[list[str], Field(min_length=1)] | Literal["assessed", "region"]
    value: Decimal | None = None
    unit: str
    quote: Quote
    source: Identifier | None = None
    reads: Reads = Reads()
    interpretation: Words | None = None


class Target(Stated):
    """What must be reached, by when, and how firmly."""

    kind: Kind
    operator: Operator
    value_fixed_by: Words | None = Field(default=None, description="Who fixes the value, when the document does not.")
    base_year: int | None = None
    first_year: int | None = Field(
        default=None, description="Of an amount or cap over several years: the first of them."
    )
    due: dt.date
    strength: Strength

    @model_validator(mode="after")
    def _whole(self) -> Target:
        if self.kind.is_reduction and self.base_year is None:
            raise _refused("reduction_needs_base_year")
        if not self.kind.is_reduction and self.base_year is not None:
            raise _refused("base_year_of_reductions_only")
        if self.kind is Kind.YEARLY_REDUCTION and self.base_year != self.due.year - 1:
            raise _refused("yearly_reduction_base")
        if self.first_year is not None and (
            self.kind not in (Kind.CAP, Kind.AMOUNT) or self.first_year > self.due.year
        ):
            raise _refused("first_year_of_spans")
        if (self.value is None) == (self.value_fixed_by is None):
            raise _refused("value_or_authority")
        return self


class Observation(Stated):
    """A number the document states, or a series worth showing beside the targets, without a verdict."""

    meaning: Words


class Milestone(Closed):
    """A step on the way of a task."""

    title: Words
    due: dt.date


class Task(Closed):
    """A duty to be done. ``lead`` is null where the document names nobody: unassigned until somebody decides."""

    id: Identifier
    clause: str
    action: Words
    lead: Identifier | None = None
    cooperating: list[Identifier] = []
    accountable_person: str | None = None
    due: dt.date
    milestones: list[Milestone] = []
    evidence: list[Words] = Field(min_length=1)
    quote: Quote
    source: Identifier | None = None
    reads: Reads = Reads()


class PlanRule(Closed):
    """When the named condition holds, the named consequence follows. Conditions are tested functions, not YAML."""

    id: Identifier
    clause: str
    condition: str
    consequence: str
    about: Literal["place", "unit", "project"] = Field(
        default="place", description="Whose state the condition is about."
    )
    indicators: list[Identifier] = Field(default=[], description="Only for targets of these indicators; empty: of all.")
    quote: Quote
    source: Identifier | None = None


class WaivedNumber(Closed):
    """A passage whose numbers are no targets, and why."""

    quote: Quote
    reason: Words
    source: Identifier | None = None
    see: str | None = Field(default=None, description="Id of the task or rule that uses the number.")


class Plan(Closed):
    """A whole plan."""

    head: Head
    places: list[PlanPlace]
    indicators: list[Indicator]
    clauses: list[Clause]
    targets: list[Target]
    observations: list[Observation] = []
    tasks: list[Task] = []
    rules: list[PlanRule] = []
    waived_numbers: list[WaivedNumber] = []

    @property
    def id(self) -> str:
        """Id of the plan."""
        return self.head.id

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of the whole plan, source hashes included."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json"))).hexdigest()

    def indicator(self, identifier: str) -> Indicator:
        """The indicator. KeyError when there is none."""
        return _named(self.indicators, identifier)

    def target(self, identifier: str) -> Target:
        """The target. KeyError when there is none."""
        return _named(self.targets, identifier)

    def clause(self, identifier: str) -> Clause:
        """The clause. KeyError when there is none."""
        return _named(self.clauses, identifier)

    def places_of(self, stated: Stated) -> list[str]:
        """Codes of the places a target or observation is about, in the order of the document."""
        if isinstance(stated.places, list):
            return stated.places
        return [place.code for place in self.places if place.role == stated.places]


Part = TypeVar("Part", Indicator, Target, Clause)


def _named(parts: list[Part], identifier: str) -> Part:
    for part in parts:
        if part.id == identifier:
            return part
    raise KeyError(identifier)
