"""The finding of a standing as a sentence, computed from its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.standing.reading import Tally
from hengneng.standing.rows import RANKED_LEVELS
from hengneng.web.speech import Speech

_MISSED = (Level.NOT_MET, Level.BEHIND)
_KEPT = (Level.ON_TRACK, Level.MET)


@dataclass(frozen=True)
class Count:
    """How many rows have a verdict."""

    level: str
    number: int


def counted(counts: Mapping[Level, int]) -> list[Count]:
    """Rows by verdict, the worst first, the unknown last; verdicts that nobody has are left out."""
    return [Count(str(level), counts[level]) for level in RANKED_LEVELS if counts.get(level)]


def finding(tally: Tally, speech: Speech, place: Text | None = None) -> str:
    """The sentence: how many of how many places miss the target, or keep it. The unknown are never left out.

    ``place``: the name where there is only one.
    """
    found, total = Counter(tally.counts), tally.total
    places = speech.words(f"web.places.{_kind_of_places(tally)}.{'one' if total == 1 else 'many'}")
    if total == 1 and place is not None:
        return speech.words(f"web.finding.single.{next(iter(+found))}", place=speech.said(place))
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


def _kind_of_places(tally: Tally) -> str:
    """Provinces, prefectures, or places of several kinds."""
    levels = tally.place_levels
    if levels == {"region"}:
        return "region"
    return "prefecture" if "prefecture" in levels and not levels & {"region", "country"} else "place"
