"""The finding of a standing as a sentence, computed from its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hengneng.evaluation.judging import Level
from hengneng.rules.divisions import division
from hengneng.standing.report import Row
from hengneng.web.speech import Speech

# The worst first, the unknown last, as a table of places is ranked.
LEVELS = (Level.NOT_MET, Level.BEHIND, Level.ON_TRACK, Level.MET, Level.UNKNOWN)
_MISSED = (Level.NOT_MET, Level.BEHIND)
_KEPT = (Level.ON_TRACK, Level.MET)


@dataclass(frozen=True)
class Count:
    """How many rows have a verdict."""

    level: str
    number: int


def counted(rows: Sequence[Row]) -> list[Count]:
    """Rows by verdict, the worst first, the unknown last; verdicts that nobody has are left out."""
    found = Counter(row.level for row in rows)
    return [Count(str(level), found[level]) for level in LEVELS if found[level]]


def finding(rows: Sequence[Row], speech: Speech) -> str:
    """The sentence: how many of how many places miss the target, or keep it. The unknown are never left out."""
    found = Counter(row.level for row in rows)
    total = len(rows)
    places = speech.words(f"web.places.{_kind_of_places(rows)}.{'one' if total == 1 else 'many'}")
    if total == 1:
        return speech.words(
            f"web.finding.single.{rows[0].level}", place=speech.said(rows[0].place_name)
        )
    if found[Level.UNKNOWN] == total:
        return speech.words("web.finding.none", total=total, places=places)
    missed = [_part(level, found[level], speech) for level in _MISSED if found[level]]
    kept = [_part(level, found[level], speech) for level in _KEPT if found[level]]
    parts = missed or kept
    if found[Level.UNKNOWN]:
        parts = [*(missed + kept), _part(Level.UNKNOWN, found[Level.UNKNOWN], speech)]
    elif not missed and len(kept) == 1:
        level = next(level for level in _KEPT if found[level])
        return speech.words(f"web.finding.all.{level}", total=total, places=places)
    return speech.words("web.finding.some", total=total, places=places, parts=speech.words("web.comma").join(parts))


def _part(level: Level, number: int, speech: Speech) -> str:
    return speech.words(f"web.finding.part.{level}.{'one' if number == 1 else 'many'}", number=number)


def _kind_of_places(rows: Sequence[Row]) -> str:
    """Provinces, prefectures, or places of several kinds."""
    levels = {division(row.place).level for row in rows}
    if levels == {"region"}:
        return "region"
    return "prefecture" if "prefecture" in levels and not levels & {"region", "country"} else "place"
