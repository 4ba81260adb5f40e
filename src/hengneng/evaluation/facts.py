"""Facts as the evaluation sees them: a value in the unit of its measure, with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from hengneng.language import Text
from hengneng.periods import Period
from hengneng.rules.divisions import division
from hengneng.rules.measures import measures
from hengneng.rules.units import convert
from hengneng.trace import Mark, Quality, Source, Unknown


@dataclass(frozen=True)
class SeriesKey:
    """What a fact is about: measure, subject (stable place code) and period."""

    measure: str
    subject: str
    period: str


@dataclass(frozen=True)
class FactValue:
    """The current revision of one series.

    ``value`` is in ``unit``, the unit of the measure; None when the state is missing, and ``reason`` says why.
    ``reference`` is copied into the derivation: as reported, source, cell, revision, when recorded and by whom.
    """

    key: SeriesKey
    value: Decimal | None
    unit: str
    quality: Quality
    reference: Mapping[str, Any]
    marks: frozenset[Mark] = frozenset()
    reason: str = ""


class FactReader(Protocol):
    """Where the evaluation gets facts from."""

    def read(self, key: SeriesKey) -> FactValue | None:
        """The current fact of a series, or None when nobody has reported anything."""


@dataclass
class RecordingReader:
    """A reader that remembers what was asked for, found or not: the dependencies of a figure."""

    reader: FactReader
    asked: set[SeriesKey] = field(default_factory=set)

    def read(self, key: SeriesKey) -> FactValue | None:
        """Read through, and remember the key."""
        self.asked.add(key)
        return self.reader.read(key)

    def source(self, measure: str, subject: str, period: Period, unit: str | None = None) -> Source:
        """The fact as an input of a formula, in ``unit`` (None: the unit of the measure).

        A series nobody has reported, or reported as missing, gives a source without value and with the reason.
        """
        key = SeriesKey(measure, subject, period.written)
        label = fact_label(measure, period)
        fact = self.read(key)
        wanted = unit or measures()[measure].unit
        if fact is None:
            return Source(
                kind="fact",
                label=label,
                value=None,
                unit=wanted,
                reference={"measure": measure, "subject": subject, "period": period.written},
                quality=Quality.MISSING,
                unknown=Unknown("no-fact", {"what": _as_values(label), "place": _as_values(division(subject).name)}),
            )
        value = None if fact.value is None else float(convert(fact.value, fact.unit, wanted))
        reason = (
            None
            if fact.value is not None
            else Unknown("reported-missing", {"what": _as_values(label), "reason": fact.reason or "—"})
        )
        return Source("fact", label, value, wanted, fact.reference, fact.quality, fact.marks, reason)


def _as_values(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def fact_label(measure: str, period: Period) -> Text:
    """Measure and period in words. KeyError for an unknown measure."""
    name, when = measures()[measure].name, period.label()
    return Text(zh=f"{when.zh}{name.zh}", en=f"{name.en}, {when.en}")
