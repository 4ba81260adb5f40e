"""Facts of the database as the evaluation reads them, now or as known at a past moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from hengneng.evaluation.facts import FactValue, SeriesKey
from hengneng.facts.models import Fact
from hengneng.trace import Mark, Quality


def fact_value(fact: Fact) -> FactValue:
    """A recorded fact as the evaluation sees it."""
    marks = set()
    if fact.example:
        marks.add(Mark.EXAMPLE)
    elif fact.confidence != "sourced":
        marks.add(Mark.UNVERIFIED)
    return FactValue(
        key=SeriesKey(fact.measure, fact.place_id, fact.period),
        value=fact.value,
        unit=fact.unit,
        quality=Quality(fact.state),
        reference={
            "fact": fact.name,
            "measure": fact.measure,
            "subject": fact.place_id,
            "period": fact.period,
            "revision": fact.revision,
            "as_reported": f"{fact.reported_value} {fact.reported_unit}".strip(),
            "normalised": None if fact.value is None else f"{fact.value:f} {fact.unit}",
            "edition": fact.edition,
            "standard_coal": None if fact.standard_coal is None else f"{fact.standard_coal:f} tce",
            "standard_coal_edition": fact.standard_coal_edition,
            "source": fact.source.title,
            "sha256": fact.source.sha256,
            "cell": fact.cell,
            "confidence": fact.confidence,
            "note": fact.note,
            "reason": fact.reason,
            "recorded_at": fact.recorded_at.isoformat(),
            "recorded_by": fact.recorded_by,
        },
        marks=frozenset(marks),
        reason=fact.note if fact.state == Fact.State.MISSING else "",
    )


class DatabaseFacts:
    """All current facts of some places, read in one query. ``moment``: as known then (None: now)."""

    def __init__(self, subjects: Iterable[str], moment: dt.datetime | None = None) -> None:
        facts = Fact.objects.known_at(moment).filter(place_id__in=set(subjects), series="reported")
        self._facts = {
            SeriesKey(fact.measure, fact.place_id, fact.period): fact for fact in facts.select_related("source")
        }

    def read(self, key: SeriesKey) -> FactValue | None:
        """The current fact of a series, or None when nobody has reported anything."""
        fact = self._facts.get(key)
        return None if fact is None else fact_value(fact)

    def periods(self, measures: Iterable[str], subjects: Iterable[str]) -> set[str]:
        """Periods for which any of the measures has a value at any of the places."""
        wanted, places = set(measures), set(subjects)
        return {
            key.period
            for key, fact in self._facts.items()
            if key.measure in wanted and key.subject in places and fact.value is not None
        }
