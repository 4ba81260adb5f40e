"""How a figure remembers what it came from: the format ``trace/1``.

A :class:`Figure` is a computed number with its derivation: formula and version, inputs (facts, rule entries, targets
and other figures), quality, and the reason when there is no number. Its canonical JSON (sorted keys, no blanks, UTF-8,
numbers as text) has a SHA-256 digest, which names the figure: equal derivations have equal names everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from hengneng.language import Text, message

FORMAT = "trace/1"


class Quality(StrEnum):
    """The four states of a value, from best to worst."""

    REPORTED = "reported"
    REPORTED_ZERO = "reported-zero"
    ESTIMATED = "estimated"
    MISSING = "missing"


class Mark(StrEnum):
    """What a reader must be told wherever the value, or anything made from it, is shown."""

    EXAMPLE = "example"  # invented for demonstration
    UNVERIFIED = "unverified"  # rests on a source nobody has checked, or on memory


@dataclass(frozen=True)
class Unknown:
    """Why there is no number: an entry ``reason.<code>`` of the message catalogue with its values.

    A value may be a plain string, or a mapping with ``zh`` and ``en`` for words that differ by language.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> Text:
        """The reason in words."""
        filled = {name: Text(**v) if isinstance(v, Mapping) else v for name, v in self.values.items()}
        return message(f"reason.{self.code}", **filled)

    def to_json(self) -> dict[str, Any]:
        """Code and values; the words are made from them when shown."""
        return {
            "code": self.code,
            "values": {k: dict(v) if isinstance(v, Mapping) else v for k, v in self.values.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Unknown:
        """Inverse of :meth:`to_json`."""
        return cls(code=data["code"], values=data["values"])


@dataclass(frozen=True)
class Source:
    """An input that is not a figure: a fact, a rule entry or a target. ``kind`` says which, ``reference`` where from.

    ``value`` is a number in ``unit`` or None; ``reference`` holds only JSON scalars and flat mappings of them.
    """

    kind: str  # "fact", "rule", "target" or "given" (typed in by the user of `hengneng formula`)
    label: Text
    value: float | None
    unit: str
    reference: Mapping[str, Any]
    quality: Quality = Quality.REPORTED
    marks: frozenset[Mark] = frozenset()
    unknown: Unknown | None = None

    def to_json(self) -> dict[str, Any]:
        """The input as JSON data."""
        return {
            "kind": self.kind,
            "label": {"zh": self.label.zh, "en": self.label.en},
            "value": number_to_text(self.value),
            "unit": self.unit,
            "reference": dict(self.reference),
            "quality": str(self.quality),
            "marks": sorted(self.marks),
            "unknown": self.unknown.to_json() if self.unknown else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        """Inverse of :meth:`to_json`."""
        return cls(
            kind=data["kind"],
            label=Text(**data["label"]),
            value=text_to_number(data["value"]),
            unit=data["unit"],
            reference=data["reference"],
            quality=Quality(data["quality"]),
            marks=frozenset(Mark(m) for m in data["marks"]),
            unknown=Unknown.from_json(data["unknown"]) if data["unknown"] else None,
        )


@dataclass(frozen=True)
class Figure:
    """A computed number that can explain itself.

    ``value`` is float64 in ``unit``, unrounded; None means unknown, and ``unknown`` says why.
    ``inputs`` pairs the role an input plays in the formula with the input.
    """

    indicator: str
    label: Text
    subject: str
    period: str
    value: float | None
    unit: str
    formula: str
    formula_version: int
    inputs: tuple[tuple[str, Source | Figure], ...]
    quality: Quality = Quality.REPORTED
    marks: frozenset[Mark] = frozenset()
    unknown: Unknown | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.unknown is not None):
            raise ValueError(f"figure {self.indicator}: either a value or a reason, not both and not neither")

    def to_json(self) -> dict[str, Any]:
        """The figure and all it came from, as JSON data of format trace/1."""
        inputs = [{"role": role, **node.to_json()} for role, node in self.inputs]
        return {**self.own_json(), "inputs": inputs}

    def own_json(self) -> dict[str, Any]:
        """The same without its inputs."""
        return {
            "format": FORMAT,
            "kind": "figure",
            "indicator": self.indicator,
            "label": {"zh": self.label.zh, "en": self.label.en},
            "subject": self.subject,
            "period": self.period,
            "value": number_to_text(self.value),
            "unit": self.unit,
            "formula": {"name": self.formula, "version": self.formula_version},
            "quality": str(self.quality),
            "marks": sorted(self.marks),
            "unknown": self.unknown.to_json() if self.unknown else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figure:
        """Inverse of :meth:`to_json`. ValueError when the data are of another format."""
        if data.get("format") != FORMAT:
            raise ValueError(f"expected {FORMAT}, found {data.get('format')!r}")
        inputs = tuple(
            (node["role"], cls.from_json(node) if node["kind"] == "figure" else Source.from_json(node))
            for node in data["inputs"]
        )
        return cls(
            indicator=data["indicator"],
            label=Text(**data["label"]),
            subject=data["subject"],
            period=data["period"],
            value=text_to_number(data["value"]),
            unit=data["unit"],
            formula=data["formula"]["name"],
            formula_version=data["formula"]["version"],
            inputs=inputs,
            quality=Quality(data["quality"]),
            marks=frozenset(Mark(m) for m in data["marks"]),
            unknown=Unknown.from_json(data["unknown"]) if data["unknown"] else None,
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal: the name of the figure."""
        return hashlib.sha256("".join(self._canonical_parts).encode()).hexdigest()

    @cached_property
    def _canonical_parts(self) -> tuple[str, str]:
        """The canonical JSON in the two parts between which its role goes where the figure is an input.

        Made from those of its inputs: writing each anew for every figure above it is most of what judging costs.
        """
        said = {name: _canonical_text(value) for name, value in self.own_json().items()}
        said["inputs"] = f"[{','.join(_as_input(*one) for one in self.inputs)}]"
        named = [(name, f'"{name}":{said[name]}') for name in sorted(said)]
        before, after = ([text for name, text in named if (name > "role") is late] for late in (False, True))
        return "{" + ",".join(before), "," + ",".join(after) + "}"

    def sources(self) -> Iterator[Source]:
        """Every fact, rule entry and target below this figure, depth first."""
        for _, node in self.inputs:
            if isinstance(node, Source):
                yield node
            else:
                yield from node.sources()


def canonical_json(data: object) -> bytes:
    """JSON with sorted keys, without blanks, in UTF-8: equal data give equal bytes."""
    return _canonical_text(data).encode()


_canonical_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _as_input(role: str, node: Source | Figure) -> str:
    """Canonical JSON of a node as an input in that role."""
    if isinstance(node, Source):
        return _canonical_text({"role": role, **node.to_json()})
    before, after = node._canonical_parts
    return f'{before},"role":{_canonical_text(role)}{after}'


def number_to_text(value: float | None) -> str | None:
    """A float64 as the shortest text that reads back to the same number; None stays None."""
    return None if value is None else repr(float(value))


def text_to_number(text: str | None) -> float | None:
    """Inverse of :func:`number_to_text`."""
    return None if text is None else float(text)


def worst_quality(inputs: Iterable[Source | Figure]) -> Quality:
    """Quality of what is made from ``inputs``: estimated or missing spreads; a reported zero is as good as reported."""
    order = [Quality.REPORTED, Quality.ESTIMATED, Quality.MISSING]
    ranks = [order.index(n.quality) if n.quality in order else 0 for n in inputs]
    return order[max(ranks, default=0)]


def all_marks(inputs: Iterable[Source | Figure]) -> frozenset[Mark]:
    """Marks of what is made from ``inputs``: every mark spreads."""
    return frozenset().union(*(n.marks for n in inputs))
