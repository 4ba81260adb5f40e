"""The standing of a plan as people read it: one row a target and place, with what was published beside it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.standing.computing import ensure_computed, ensure_known, judge_lines, lines_of
from hengneng.standing.models import PublishedVerdict, StandingRow
from hengneng.standing.observing import Series, observe
from hengneng.standing.plans import plan_of, superseded_by
from hengneng.standing.rows import Verdict, place_name
from hengneng.standing.storing import store_figures

_AGREEING = {
    "met": (Level.MET, Level.ON_TRACK),
    "on_track": (Level.MET, Level.ON_TRACK),
    "not_met": (Level.NOT_MET, Level.BEHIND),
    "behind": (Level.NOT_MET, Level.BEHIND),
}


@dataclass(frozen=True)
class Published:
    """A published verdict; ``agrees`` with ours, or None where the two cannot be compared."""

    scheme: str
    label: Text
    verdict: str
    source: str
    agrees: bool | None


@dataclass(frozen=True)
class Row(Verdict):
    """One target at one place: what the verdict says, and what was published beside it.

    ``indexed`` is the row of the table of rows, where it was read from there.
    """

    place: str
    place_name: Text
    published: tuple[Published, ...] = ()
    indexed: StandingRow | None = None

    @property
    def key(self) -> str:
        """Name under which `hengneng explain` finds the row."""
        return "/".join((self.content["plan"], self.target.id, self.place, self.content["period"]))


@dataclass(frozen=True)
class Standing:
    """The standing of a plan for a period, as known now or at ``moment``."""

    plan: Plan
    edition: PlanEdition
    period: Period
    moment: dt.datetime | None
    rows: tuple[Row, ...]
    superseded_by: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    observations: tuple[Series, ...] = ()

    def by_target(self) -> dict[str, list[Row]]:
        """Rows of each target, in the order of the document."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            grouped[row.target.id].append(row)
        return dict(grouped)

    def by_indicator(self) -> dict[str, list[Row]]:
        """Rows of targets that ask the same of different places, together; the order of the document is kept."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            grouped[row.indicator_key].append(row)
        return dict(grouped)

    def to_json(self) -> dict[str, Any]:
        """The standing as JSON data."""
        return {
            "plan": self.plan.id,
            "edition": self.edition.edition,
            "title": self.plan.head.title.model_dump(),
            "period": self.period.written,
            "as_of": self.moment.isoformat() if self.moment else None,
            "superseded_by": self.superseded_by,
            "counts": dict(self.counts),
            "rows": [_row_json(row) for row in self.rows],
            "observations": [series.to_json() for series in self.observations],
        }


def _row_json(row: Row) -> dict[str, Any]:
    target = row.target
    return {
        **row.content,
        "key": row.key,
        "clause": target.clause,
        "indicator": target.indicator,
        "kind": str(target.kind),
        "place_name": {"zh": row.place_name.zh, "en": row.place_name.en},
        "target_value": None if target.value is None else str(target.value),
        "target_unit": target.unit,
        "strength": str(target.strength),
        "due": target.due.isoformat(),
        "reason_text": None if row.reason is None else {"zh": row.reason.zh, "en": row.reason.en},
        "published": [
            {"scheme": p.scheme, "verdict": p.verdict, "source": p.source, "agrees": p.agrees} for p in row.published
        ],
    }


def read_moment(written: str) -> dt.datetime:
    """A moment given as a day (its end, in the installation's time zone) or as day and time. ValueError otherwise."""
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{written!r} is not a day; write 2015-07-10 or 2015-07-10T18:00") from None
    if len(written) == len("2015-07-10"):
        moment = dt.datetime.combine(moment.date(), dt.time.max)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def standing_of(
    edition: PlanEdition,
    period: Period,
    moment: dt.datetime | None = None,
    place: str | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Standing:
    """The standing of a plan. ``place``: a stable code, to see one place only.

    Without ``moment`` the stored verdicts are shown, after computing what is missing or stale; with ``moment`` the plan
    is judged with the facts recorded by then, and only its figures are kept, so that they can be explained.
    """
    plan = plan_of(edition)
    if moment is None:
        ensure_computed(edition, period, progress)
        contents = _stored(edition, period)
    else:
        judgements = judge_lines(plan, lines_of(plan, period), moment, progress)
        store_figures(figure for judgement in judgements for figure in judgement.figures.values())
        contents = {(j.target, j.place): j.to_json() for j in judgements}
    published = published_verdicts(edition, period)
    rows = []
    for line in lines_of(plan, period):
        if place is not None and line.place != place:
            continue
        content = contents[line.target, line.place]
        rows.append(
            Row(
                target=plan.target(line.target),
                place=line.place,
                place_name=place_name(edition, line.place, period),
                content=content,
                published=compared(published.get((line.target, line.place), ()), content, plan),
            )
        )
    counts = Counter(str(row.level) for row in rows)
    observations = tuple(series for series in observe(plan, moment) if place is None or series.place == place)
    return Standing(plan, edition, period, moment, tuple(rows), superseded_by(plan.id), dict(counts), observations)


def period_shown(edition: PlanEdition, progress: Callable[[int, int], None] = lambda *_: None) -> Period:
    """The year that is shown when none is asked for: the latest in which anything can be judged.

    Where nothing can be judged, the latest for which anything is known; without facts the year of the last due date.
    What has not been computed is computed first, in every known period.
    """
    ensure_known(edition, progress)
    return latest_judged(edition, StandingRow.objects.filter(publication=None))


def latest_judged(edition: PlanEdition, rows: QuerySet[StandingRow]) -> Period:
    """The latest year in which any of ``rows`` is judged, else the latest of any, else that of the last due date."""
    years = rows.filter(plan=edition)
    for some in (years.exclude(level=Level.UNKNOWN), years):
        written = some.order_by("-period_end").values_list("period", flat=True).first()
        if written is not None:
            return Period.parse(written)
    return Period.of_year(max(target.due.year for target in plan_of(edition).targets))


def _stored(edition: PlanEdition, period: Period) -> dict[tuple[str, str], dict[str, Any]]:
    rows = StandingRow.objects.filter(plan=edition, publication=None, period=period.written)
    return {
        (target, place): content
        for target, place, content in rows.values_list("target", "place_id", "verdict__content")
    }


def published_verdicts(
    edition: PlanEdition, period: Period, places: Iterable[str] | None = None
) -> dict[tuple[str, str], list[PublishedVerdict]]:
    """What authorities have published for the period, by target and place; ``places``: at these only."""
    found: dict[tuple[str, str], list[PublishedVerdict]] = defaultdict(list)
    verdicts = edition.published_verdicts.filter(period=period.written)
    if places is not None:
        verdicts = verdicts.filter(place__in=set(places))
    for verdict in verdicts.order_by("scheme"):
        found[verdict.target, verdict.place_id].append(verdict)
    return found


def compared(verdicts: Iterable[PublishedVerdict], content: Mapping[str, Any], plan: Plan) -> tuple[Published, ...]:
    """Published verdicts beside ours."""
    return tuple(_compared(verdict, content, plan) for verdict in verdicts)


def _compared(verdict: PublishedVerdict, content: Mapping[str, Any], plan: Plan) -> Published:
    """A published verdict beside ours. What is said of a year is held against the year's pace, where there is one."""
    meaning = plan.head.published_verdict_meaning.get(verdict.verdict, "none")
    of_year = (
        meaning in ("met", "not_met") and content["pace"] is not None and content["verdict"] not in ("met", "not_met")
    )
    level = Level(content["pace"] if of_year else content["verdict"])
    agrees = None if meaning == "none" or level is Level.UNKNOWN else level in _AGREEING[meaning]
    label = plan.head.published_schemes[verdict.scheme].text()
    return Published(verdict.scheme, label, verdict.verdict, verdict.source, agrees)
