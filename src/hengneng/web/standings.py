"""What a page about a standing shows, put together from the few rows that are shown: table, tiles, worst, overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.plans.model import Kind, Operator, Plan
from hengneng.standing.limits import limit
from hengneng.standing.models import Publication
from hengneng.standing.narrowing import Narrowing, Page
from hengneng.standing.plans import plan_of
from hengneng.standing.publishing import jurisdiction, may_publish
from hengneng.standing.reading import Reading, Sight, Tally, as_rows
from hengneng.standing.report import Row
from hengneng.web.charts import chart_of
from hengneng.web.findings import Count, counted, finding
from hengneng.web.questions import ONLY_CHANGED, Question
from hengneng.web.speech import NOTHING, RATE, Speech, shown
from hengneng.web.tables import (
    Group,
    Table,
    figure_address,
    group_at_place,
    group_of,
    in_target_unit,
    label_of,
    place_address,
)
from hengneng.web.tiles import Grid, first_of_place, grid_of

MISSED = (Level.NOT_MET, Level.BEHIND)


@dataclass(frozen=True)
class Overview:
    """One indicator of the plan: how its lines stand, and where its table is."""

    key: str
    label: str
    kind: str
    counts: list[Count]
    total: int
    address: str
    chosen: bool


@dataclass(frozen=True)
class Unjudged:
    """An indicator of which nothing is known, with the reasons and how many lines have each."""

    key: str
    label: str
    kind: str
    places: int
    reasons: list[tuple[str, int]]


@dataclass(frozen=True)
class Worst:
    """A place that is short of its target: by how much, and what drives it."""

    place: str
    address: str
    level: str
    reason: str
    figure: str
    example: bool


@dataclass(frozen=True)
class Turning:
    """Pages of a long table."""

    number: int
    pages: int
    before: str
    after: str
    total: int


class StandingPage:
    """The standing of one plan and period as one reader sees it, in one language."""

    def __init__(self, sight: Sight, question: Question, reading: Reading, speech: Speech) -> None:
        self.sight, self.question, self.reading, self.speech = sight, question, reading, speech
        self.edition = sight.edition
        self.plan: Plan = plan_of(sight.edition)
        self.tallies = _in_order(self.plan, reading.tallies())

    @property
    def known(self) -> list[Tally]:
        """Indicators of which something is known, in the order of the document."""
        return [tally for tally in self.tallies.values() if tally.known]

    @property
    def chosen(self) -> Tally | None:
        """The indicator whose table is shown: the one asked for, else the first of which something is known."""
        if self.question.indicator:
            return self.tallies.get(self.question.indicator)
        return next(iter(self.known), None)

    @property
    def total(self) -> Tally:
        """All lines of the plan together."""
        counts: dict[Level, int] = {}
        for tally in self.tallies.values():
            for level, number in tally.counts.items():
                counts[level] = counts.get(level, 0) + number
        levels = frozenset().union(*(tally.place_levels for tally in self.tallies.values()))
        marks = frozenset().union(*(tally.marks for tally in self.tallies.values()))
        return Tally("", counts, sum(tally.known for tally in self.tallies.values()), levels, marks)

    @property
    def marks(self) -> frozenset[str]:
        """Marks of the lines of the indicator that is asked for, else of any line."""
        asked = self.tallies.get(self.question.indicator)
        return asked.marks if asked is not None else self.total.marks

    def places(self) -> list[tuple[str, Text]]:
        """The places to choose from; none where they are too many for a list."""
        most = limit("places_to_choose_from")
        if any(tally.total > most for tally in self.tallies.values()):
            return []
        return self.reading.places(most)

    def headline(self) -> str:
        """The finding of the indicator that is shown, under its name."""
        tally = self.chosen
        if tally is None:
            return finding(self.total, self.speech) if self.tallies else self.speech.words("web.finding.empty")
        label = label_of(self.plan, tally.key, self.speech)[0]
        return self.speech.words("web.finding.titled", indicator=label, finding=self.sentence(tally))

    def sentence(self, tally: Tally) -> str:
        """How many places miss or keep the target of an indicator."""
        place = None
        if tally.total == 1:
            row = self.reading.page(Narrowing(indicator=tally.key), 1).rows[0]
            place = Text(zh=row.place_zh, en=row.place_en)
        return finding(tally, self.speech, place)

    def overview(self) -> list[Overview]:
        """Every indicator of which something is known."""
        chosen = self.chosen
        return [
            Overview(
                tally.key,
                *label_of(self.plan, tally.key, self.speech),
                counted(tally.counts),
                tally.total,
                reverse("plan", args=[self.plan.id])
                + f"?{self.question.query(indicator=tally.key, level=None, sort=None)}",
                chosen is not None and tally.key == chosen.key,
            )
            for tally in self.known
        ]

    def unjudged(self) -> list[Unjudged]:
        """Indicators of which nothing is known, with the reasons."""
        unknown = [tally for tally in self.tallies.values() if not tally.known]
        if self.question.indicator:
            unknown = [tally for tally in unknown if tally.key == self.question.indicator]
        reasons = self.reading.reasons(tally.key for tally in unknown) if unknown else {}
        return [
            Unjudged(
                tally.key,
                *label_of(self.plan, tally.key, self.speech),
                tally.total,
                [(self.speech.said(text), number) for text, number in reasons.get(tally.key, [])],
            )
            for tally in unknown
        ]

    def table(self) -> tuple[list[Group], Page | None]:
        """The table of the chosen indicator, one page of it; of one place, the tables of all its indicators."""
        asked = self.question.narrowing
        if (self.question.place or asked.changed) and not self.question.indicator:
            page = self.reading.page(asked)
            return self._groups(page), page
        tally = self.chosen
        if tally is None or not tally.known:
            return [], None
        whole = not (asked.search or asked.place or asked.changed)
        number = (tally.counts.get(Level(asked.level), 0) if asked.level else tally.total) if whole else None
        page = self.reading.page(_of_indicator(asked, tally.key), number)
        return self._groups(page), page

    def _groups(self, page: Page) -> list[Group]:
        rows = as_rows(self.edition, self.question.period, page.rows)
        table = Table(
            self.plan,
            self.question.period,
            self.reading.series(page.rows),
            self.question.sort,
            lambda sort: f"{reverse('plan', args=[self.plan.id])}?{self.question.query(sort=sort)}",
            self.reading.before(page.rows) if self.may_publish else {},
        )
        if rows and self.question.place and not self.question.indicator:
            return [group_at_place(table, rows, self.speech)]
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(row.indicator_key, []).append(row)
        narrow = bool(self.question.place or self.question.changed)
        return [
            group_of(table, _tally_of(key, some) if narrow else self.tallies[key], some, self.speech)
            for key, some in by_key.items()
        ]

    @cached_property
    def may_publish(self) -> bool:
        """Whether the reader may publish, and is shown what has changed since the last time."""
        return may_publish(self.sight.actor, self.edition)

    def changed(self) -> tuple[int, str] | None:
        """How many lines have changed since the publication in force, and where they are; for who may publish."""
        if not self.may_publish or not self.sight.unpublished or self.publication() is None:
            return None
        asked = self.question.query(changed=ONLY_CHANGED, indicator=None, level=None, q=None, sort=None, place=None)
        return self.reading.changed(), f"{reverse('plan', args=[self.plan.id])}?{asked}"

    def turning(self, page: Page) -> Turning | None:
        """The way to the other pages; None where there is one only."""
        if page.pages == 1:
            return None
        address = reverse("plan", args=[self.plan.id])
        before, after = page.number - 1, page.number + 1
        return Turning(
            page.number,
            page.pages,
            f"{address}?{self.question.query(page=str(before))}" if before else "",
            f"{address}?{self.question.query(page=str(after))}" if after <= page.pages else "",
            page.total,
        )

    def grid(self) -> Grid | None:
        """A tile for every place of the chosen indicator; None where there are too many or one only."""
        tally = self.chosen
        if tally is None or not tally.known or tally.total > limit("tiles"):
            return None
        rows = first_of_place(self.reading.all(Narrowing(indicator=tally.key)))
        return grid_of(jurisdiction(self.edition), as_rows(self.edition, self.question.period, rows), self.speech)

    def worst(self) -> list[Worst]:
        """The places that are furthest behind in the chosen indicator, each with what drives it."""
        tally = self.chosen
        if tally is None or not any(tally.counts.get(level) for level in MISSED):
            return []
        rows = self.reading.page(Narrowing(indicator=tally.key), tally.total).rows[: limit("worst_explained")]
        missed = [row for row in rows if row.level in MISSED]
        return [self._worst(row) for row in as_rows(self.edition, self.question.period, missed)]

    def _worst(self, row: Row) -> Worst:
        deciding = row.figure(row.content["deciding"]) if row.content["deciding"] else row.achieved
        return Worst(
            self.speech.said(row.place_name),
            place_address(row.place),
            str(row.level),
            driving_reason(row, self.speech),
            figure_address(deciding["figure"]) if deciding else "",
            "example" in row.content["marks"],
        )

    def chart(self, groups: Sequence[Group]) -> dict[str, Any] | None:
        """What the script draws of the first table."""
        return chart_of(groups[0], self.speech) if groups and not self.question.place else None

    def publication(self) -> Publication | None:
        """The publication in force for the period."""
        return self.sight.publications.get(self.question.period.written)


def driving_reason(row: Row, speech: Speech) -> str:
    """Why a line is short, in one sentence: what was achieved, what was due, what is needed from now on."""
    achieved = row.achieved
    if achieved is None or achieved["value"] is None or row.target.value is None:
        return speech.said(row.reason) if row.reason else ""
    value, unit = in_target_unit(achieved["value"], achieved["unit"], row.target.unit)
    reached = f"{shown(value, unit)} {'%' if unit == RATE else speech.unit(unit)}"
    target = f"{row.target.value:,} {speech.unit(row.target.unit)}"
    if row.target.operator is Operator.AT_MOST:
        return speech.words("web.worst.above", achieved=reached, target=target)
    if not row.target.kind.is_reduction:
        return speech.words("web.worst.short", achieved=reached, target=target)
    if row.target.kind is Kind.REDUCTION_AGAINST_BASE and row.level is Level.BEHIND:
        return speech.words(
            "web.worst.behind",
            moved=_moved(achieved["value"], speech),
            target=target,
            due=f"{shown(row.number('scheduled'), RATE)} %",
            this_year=_moved(row.number("yearly"), speech),
            needed=f"{shown(row.number('remaining_yearly'), RATE)} %",
        )
    return speech.words("web.worst.reduction", moved=_moved(achieved["value"], speech), target=target)


def _moved(decline: float | None, speech: Speech) -> str:
    """A decline in words; below zero it is a rise."""
    if decline is None:
        return NOTHING
    return speech.words(f"web.worst.{'fell' if decline >= 0 else 'rose'}", number=f"{shown(abs(decline), RATE)} %")


def _of_indicator(asked: Narrowing, key: str) -> Narrowing:
    return replace(asked, indicator=key)


def _in_order(plan: Plan, tallies: dict[str, Tally]) -> dict[str, Tally]:
    keys = dict.fromkeys(f"{target.indicator}/{target.kind}" for target in plan.targets)
    return {key: tallies[key] for key in keys if key in tallies}


def _tally_of(key: str, rows: Sequence[Row]) -> Tally:
    counts: dict[Level, int] = {}
    for row in rows:
        counts[row.level] = counts.get(row.level, 0) + 1
    levels = frozenset(row.indexed.place_level for row in rows if row.indexed is not None)
    return Tally(key, counts, sum(row.known for row in rows), levels)


def level_addresses(plan: Plan, question: Question, counts: Sequence[Count]) -> list[tuple[Count, str, bool]]:
    """Verdicts with the address that narrows the table to one of them, or widens it again."""
    address = reverse("plan", args=[plan.id])
    return [
        (count, f"{address}?{question.query(level=None if count.level == question.level else count.level)}",
         count.level == question.level)
        for count in counts
    ]  # fmt: skip


def plan_address(identifier: str, **query: str) -> str:
    """Address of a standing."""
    written = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('plan', args=[identifier])}{'?' if written else ''}{written}"
