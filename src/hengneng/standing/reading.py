"""Reading standings at a bounded cost: counts and ranks come from the table of rows, and only what is shown is loaded.

Who may see what is unpublished at a place reads its current rows; everybody else reads what was published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from hengneng.access import Actor, Verb, scope_of, seen_by
from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.periods import Period
from hengneng.registry.models import Place, PlanEdition
from hengneng.standing.computing import is_small, judge_lines, lines_of, ready_to_read
from hengneng.standing.limits import limit
from hengneng.standing.models import ComputedPeriod, Publication, StandingRow, StoredVerdict
from hengneng.standing.narrowing import RANK, Narrowing, Page, fits, narrowed, ordered, page_of
from hengneng.standing.plans import plan_of
from hengneng.standing.publishing import changed_rows, in_force
from hengneng.standing.report import Row, compared, latest_judged, published_verdicts
from hengneng.standing.rows import RANKED_LEVELS, Verdict, standing_row
from hengneng.standing.series import Point, series_of
from hengneng.standing.storing import store_figures
from hengneng.trace import Unknown


@dataclass(frozen=True)
class Sight:
    """What one reader sees of a plan: ``current`` rows, and those of the publications in force elsewhere.

    ``moment``: as known then, judged or published. ``pinned``: a publication that is read as it was, and nothing else.
    """

    edition: PlanEdition
    actor: Actor
    publications: dict[str, Publication]
    moment: dt.datetime | None = None
    pinned: Publication | None = None

    @property
    def unpublished(self) -> bool:
        """Whether anything beyond what is public is seen at all."""
        return self.pinned is None and not scope_of(self.actor, Verb.SEE_UNPUBLISHED).nothing

    def current(self) -> QuerySet[StandingRow]:
        """Current rows that the reader may see, of every period."""
        rows = StandingRow.objects.filter(plan=self.edition, publication=None)
        return seen_by(self.actor, rows, Verb.SEE_UNPUBLISHED)

    def published(self, period: str | None = None) -> QuerySet[StandingRow]:
        """Rows of the publications in force, of one period or of every."""
        if period is not None:
            one = self.publications.get(period)
            # One key is asked for as such: of a list of keys the database would sort the rows anew.
            return (
                StandingRow.objects.filter(plan=self.edition, publication=one, period=period)
                if one
                else StandingRow.objects.none()
            )
        return StandingRow.objects.filter(
            plan=self.edition, publication__in=[one.pk for one in self.publications.values()]
        )

    def rows(self, period: str | None = None) -> QuerySet[StandingRow]:
        """What the reader sees: the current row of a line where that is allowed, else the published one."""
        published = self.published(period)
        if not self.unpublished:
            return published
        current = self.current()
        if period is not None:
            current = current.filter(period=period)
        if not self.publications or (period is not None and period not in self.publications):
            return current
        if scope_of(self.actor, Verb.SEE_UNPUBLISHED).everything:
            return current
        # Where the reader sees every line as it is now, the published ones need not be looked at.
        if period is not None and not self._beyond(period).exists():
            return current
        line = {name: OuterRef(name) for name in ("target", "place", "period")}
        hidden = published.filter(~Exists(current.filter(**line)))
        return StandingRow.objects.filter(Q(pk__in=current.values("pk")) | Q(pk__in=hidden.values("pk")))

    def _beyond(self, period: str) -> QuerySet[StandingRow]:
        """Lines of the period, published, at places of which the reader sees no more than that."""
        published = self.published(period)
        return published.exclude(pk__in=seen_by(self.actor, published, Verb.SEE_UNPUBLISHED).values("pk"))


def sight_of(actor: Actor, edition: PlanEdition, moment: dt.datetime | None = None) -> Sight:
    """What ``actor`` sees of a plan, now, or of what was public at ``moment``."""
    return Sight(edition, actor, in_force(edition, moment), moment)


def sight_of_publication(actor: Actor, publication: Publication) -> Sight:
    """What a publication showed, with the years that were public by then beside it."""
    edition = publication.plan
    publications = {**in_force(edition, publication.published_at), publication.period: publication}
    return Sight(edition, actor, publications, None, publication)


def make_ready(sight: Sight, period: Period | None = None) -> bool:
    """Compute what the reader is to see, where that is a matter of seconds; whether it is current then."""
    return ready_to_read(sight.edition, period) if sight.unpublished and sight.moment is None else True


def period_to_show(sight: Sight) -> Period:
    """The latest year in which the reader sees something judged."""
    return latest_judged(sight.edition, sight.rows())


def periods_seen(sight: Sight) -> list[Period]:
    """Periods of which the reader sees anything, the newest first."""
    found = set(sight.publications if sight.pinned is None else in_force(sight.edition))
    if not scope_of(sight.actor, Verb.SEE_UNPUBLISHED).nothing:
        found.update(ComputedPeriod.objects.filter(plan=sight.edition).values_list("period", flat=True))
    return sorted(map(Period.parse, found), key=lambda period: (period.end, period.start), reverse=True)


@dataclass(frozen=True)
class Tally:
    """How the lines of one indicator stand."""

    key: str
    counts: dict[Level, int]
    known: int
    place_levels: frozenset[str]
    marks: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        """All lines."""
        return sum(self.counts.values())


_GROUPED = ("indicator_key", "level", "place_level", "known", "example", "unverified")


def tallied(rows: QuerySet[StandingRow]) -> dict[str, Tally]:
    """Lines by indicator and verdict, counted by the database."""
    return _tallies(rows.order_by().values_list(*_GROUPED).annotate(number=Count("pk")))


def _tallies(groups: Iterable[tuple[str, str, str, bool, bool, bool, int]]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for key, level, place_level, known, example, unverified, number in groups:
        before = found.get(key, Tally(key, {}, 0, frozenset()))
        found[key] = Tally(
            key,
            {**before.counts, Level(level): before.counts.get(Level(level), 0) + number},
            before.known + (number if known else 0),
            before.place_levels | {place_level},
            before.marks | ({"example"} if example else set()) | ({"unverified"} if unverified else set()),
        )
    return found


def tallied_by_place(rows: QuerySet[StandingRow], places: Iterable[str]) -> dict[str, dict[Level, int]]:
    """Lines of these places by verdict."""
    found: dict[str, dict[Level, int]] = {}
    groups = rows.filter(place__in=list(places)).order_by().values_list("place_id", "level")
    for place, level, number in groups.annotate(number=Count("pk")):
        found.setdefault(place, {})[Level(level)] = number
    return found


@dataclass(frozen=True)
class Missed:
    """The lines of one indicator that are short of their target: how many, how grave, the worst of them."""

    key: str
    count: int
    level: Level
    warning: int
    worst: list[StandingRow]


def missed_by_indicator(rows: QuerySet[StandingRow], named: int) -> list[Missed]:
    """Indicators with lines that are not met or behind, with so many of the worst; two queries."""
    missed = rows.filter(level__in=[str(Level.NOT_MET), str(Level.BEHIND)])
    counts = missed.order_by().values_list("indicator_key").annotate(Count("pk"), Max("warning"))
    place = Window(RowNumber(), partition_by=F("indicator_key"), order_by=[F(name).asc() for name in RANK])
    worst: dict[str, list[StandingRow]] = {}
    for row in missed.annotate(place_of_worst=place).filter(place_of_worst__lte=named).order_by(*RANK):
        worst.setdefault(row.indicator_key, []).append(row)
    found = [
        Missed(key, number, Level(worst[key][0].level), warning or 0, worst[key]) for key, number, warning in counts
    ]
    return sorted(found, key=lambda one: (RANKED_LEVELS.index(one.level), -one.warning, -one.count, one.key))


class Reading:
    """The lines of one period as one reader sees them, from the table of rows."""

    def __init__(self, sight: Sight, period: Period) -> None:
        self.sight, self.period = sight, period
        self._rows = sight.rows(period.written)

    def tallies(self) -> dict[str, Tally]:
        """Lines by indicator and verdict."""
        return tallied(self._rows)

    def page(self, asked: Narrowing, total: int | None = None) -> Page:
        """The page of lines that is asked for; ``total``: how many there are, where it is known."""
        return page_of(self._narrowed(asked), asked.page, total)

    def all(self, asked: Narrowing) -> list[StandingRow]:
        """Every line that is asked for."""
        return list(self._narrowed(asked).select_related("verdict"))

    def count(self, asked: Narrowing) -> int:
        """How many lines are asked for."""
        return self._narrowed(asked).count()

    def _narrowed(self, asked: Narrowing) -> QuerySet[StandingRow]:
        rows = self._rows
        if asked.changed:
            rows = rows.filter(pk__in=changed_rows(self._last).values("pk")) if self._last else rows.none()
        return narrowed(rows, asked)

    @property
    def _last(self) -> Publication | None:
        """The publication that current lines are compared with, where the reader sees them and nothing is pinned."""
        return self.sight.publications.get(self.period.written) if self.sight.unpublished else None

    def changed(self) -> int:
        """How many lines that the reader sees have changed since the publication in force."""
        return self._rows.filter(pk__in=changed_rows(self._last).values("pk")).count() if self._last else 0

    def before(self, shown: Sequence[StandingRow]) -> dict[tuple[str, str], Level | None]:
        """Of the lines that are shown and have changed since the publication in force: what was published, if any."""
        if self._last is None:
            return {}
        current = [row.pk for row in shown if row.pk and row.publication_id is None]
        changed = list(changed_rows(self._last).filter(pk__in=current).values_list("target", "place_id"))
        if not changed:
            return {}
        published = self._last.rows.filter(place__in={place for _, place in changed})
        levels = {(one.target, one.place_id): Level(one.level) for one in published}
        return {line: levels.get(line) for line in changed}

    def reasons(self, keys: Iterable[str]) -> dict[str, list[tuple[Text, int]]]:
        """Reasons of the unknown lines of these indicators: the words of the first line, and how many are like it."""
        groups = self._rows.filter(indicator_key__in=list(keys), level=Level.UNKNOWN).order_by()
        found = list(groups.values_list("indicator_key", "reason").annotate(Count("pk"), Min("pk")))
        firsts = StandingRow.objects.select_related("verdict").in_bulk([first for *_, first in found])
        return _reasons((key, number, firsts[first]) for key, _, number, first in found)

    def places(self, most: int) -> list[tuple[str, Text]]:
        """The places of the lines by name, in the order of the document; empty when there are more than ``most``."""
        found: dict[str, Text] = {}
        rows = self._rows.order_by().values_list("place_id", "place_zh", "place_en").annotate(first=Min("position"))
        for code, zh, en, _ in rows.order_by("first")[: most + 1]:
            found.setdefault(code, Text(zh=zh, en=en))
        return list(found.items()) if len(found) <= most else []

    def series(self, shown: Iterable[StandingRow]) -> dict[tuple[str, str], list[Point]]:
        """Past years of the lines that are shown."""
        return series_of(self.sight.edition, self.sight.publications, shown, self.period)

    def marked(self) -> dict[str, int]:
        """How many lines are unknown, rest on example data, or are unverified."""
        return dict(
            self._rows.aggregate(
                unknown=Count("pk", filter=Q(level=Level.UNKNOWN)),
                example=Count("pk", filter=Q(example=True)),
                unverified=Count("pk", filter=Q(unverified=True)),
            )
        )


class JudgedReading(Reading):
    """The lines of one period as known at a moment, judged on the spot; of what others see, the publications then."""

    def __init__(self, sight: Sight, period: Period) -> None:
        super().__init__(sight, period)
        self._list = _judged(sight, period)

    def tallies(self) -> dict[str, Tally]:
        """Lines by indicator and verdict."""
        return _tallies((*(getattr(row, name) for name in _GROUPED), 1) for row in self._list)

    def page(self, asked: Narrowing, total: int | None = None) -> Page:
        """The page of lines that is asked for."""
        rows, size = self.all(asked), limit("rows_a_page")
        last = max(1, -(-len(rows) // size))
        chosen = min(max(1, asked.page), last)
        return Page(rows[(chosen - 1) * size : chosen * size], chosen, len(rows))

    def all(self, asked: Narrowing) -> list[StandingRow]:
        """Every line that is asked for."""
        return ordered([row for row in self._list if fits(row, asked)], asked)

    def count(self, asked: Narrowing) -> int:
        """How many lines are asked for."""
        return sum(fits(row, asked) for row in self._list)

    def reasons(self, keys: Iterable[str]) -> dict[str, list[tuple[Text, int]]]:
        """Reasons of the unknown lines of these indicators."""
        found: dict[tuple[str, str], list[StandingRow]] = {}
        wanted = set(keys)
        for row in self._list:
            if row.indicator_key in wanted and row.level == Level.UNKNOWN:
                found.setdefault((row.indicator_key, row.reason), []).append(row)
        return _reasons((key, len(rows), rows[0]) for (key, _), rows in found.items())

    def places(self, most: int) -> list[tuple[str, Text]]:
        """The places of the lines by name."""
        found = {row.place_id: Text(zh=row.place_zh, en=row.place_en) for row in self._list}
        return list(found.items()) if len(found) <= most else []

    def series(self, shown: Iterable[StandingRow]) -> dict[tuple[str, str], list[Point]]:
        """Past years are not judged again for a past moment."""
        return {}

    def changed(self) -> int:
        """A past moment is not compared with what is public."""
        return 0

    def before(self, shown: Sequence[StandingRow]) -> dict[tuple[str, str], Level | None]:
        """A past moment is not compared with what is public."""
        return {}


def _reasons(groups: Iterable[tuple[str, int, StandingRow]]) -> dict[str, list[tuple[Text, int]]]:
    found: dict[str, list[tuple[Text, int]]] = {}
    for key, number, row in groups:
        reason = row.verdict.content["reason"]
        if reason:
            found.setdefault(key, []).append((Unknown.from_json(reason).text(), number))
    return found


class TooLargeError(Exception):
    """Judging the plan on the spot would keep the reader waiting."""


def reading_of(sight: Sight, period: Period) -> Reading:
    """What the reader sees of a period. TooLargeError when the plan is too large to judge for a past moment."""
    if sight.moment is None or not sight.unpublished:
        return Reading(sight, period)
    return JudgedReading(sight, period)


def _judged(sight: Sight, period: Period) -> list[StandingRow]:
    """Lines judged with the facts known at the moment, where the reader may see them; elsewhere as published then."""
    assert sight.moment is not None
    edition = sight.edition
    plan = plan_of(edition)
    lines = lines_of(plan, period)
    if not is_small(edition):
        raise TooLargeError(edition.identifier)
    places = Place.objects.filter(pk__in={line.place for line in lines})
    seen = set(seen_by(sight.actor, places, Verb.SEE_UNPUBLISHED, place="pk").values_list("pk", flat=True))
    judgements = judge_lines(plan, [line for line in lines if line.place in seen], sight.moment, lambda *_: None)
    store_figures(figure for judgement in judgements for figure in judgement.figures.values())
    rows = []
    for judgement in judgements:
        content = judgement.to_json()
        row = standing_row(edition, Verdict(plan.target(judgement.target), content), judgement.place, period)
        row.verdict = StoredVerdict(content=content)
        rows.append(row)
    published = sight.published(period.written).exclude(place__in=seen).select_related("verdict")
    return sorted([*rows, *published], key=lambda row: row.position)


def as_rows(edition: PlanEdition, period: Period, rows: Iterable[StandingRow]) -> list[Row]:
    """Rows with what authorities have published of the same lines, one query for all."""
    plan = plan_of(edition)
    found = list(rows)
    published = published_verdicts(edition, period, {row.place_id for row in found})
    targets = {target.id: target for target in plan.targets}
    return [
        Row(
            target=targets[row.target],
            content=row.verdict.content,
            place=row.place_id,
            place_name=Text(zh=row.place_zh, en=row.place_en),
            published=compared(published.get((row.target, row.place_id), ()), row.verdict.content, plan),
            indexed=row,
        )
        for row in found
    ]
