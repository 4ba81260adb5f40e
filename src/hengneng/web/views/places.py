"""The page of one place: its verdicts in every plan, its facts, duties, parts, and names over time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, seen_by
from hengneng.duties.reading import duties_at
from hengneng.evaluation.judging import Level
from hengneng.facts.models import Fact
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.registry.models import Place, PlaceVersion, PlanEdition, valid_on
from hengneng.rules.divisions import DivisionError, subject_code
from hengneng.rules.measures import measures
from hengneng.standing.limits import limit
from hengneng.standing.narrowing import Narrowing
from hengneng.standing.plans import current_edition
from hengneng.standing.reading import Reading, make_ready, period_to_show, sight_of, tallied_by_place
from hengneng.standing.rows import RANKED_LEVELS, order_of
from hengneng.web.fact_pages import digits, said_in, unit_words
from hengneng.web.findings import Count, counted
from hengneng.web.questions import Question, RefusedRequestError, actor_of_request, answered, speech_of
from hengneng.web.standings import StandingPage
from hengneng.web.tables import Group
from hengneng.web.views.plans import Behind, job_behind


@dataclass(frozen=True)
class OfPlan:
    """What one plan says of the place, in the year that the plan shows."""

    title: Text
    address: str
    period: Text
    counts: list[Count]
    total: int
    group: Group
    more: int
    published: Any
    behind: Behind | None


@dataclass(frozen=True)
class Part:
    """A place within this one, with its worst verdict and how many there are."""

    name: Text
    address: str
    worst: str
    counts: list[Count]


@dataclass(frozen=True)
class FactCell:
    """A fact of a year; without a value it was reported as missing."""

    value: str | None
    address: str
    example: bool


@dataclass(frozen=True)
class FactRow:
    """The facts of one measure, a year each; None where nothing was ever reported."""

    name: Text
    unit: str
    cells: list[FactCell | None]
    example: bool


@dataclass(frozen=True)
class Facts:
    """Facts of the place: which years, and where all of them are."""

    years: list[str]
    rows: list[FactRow]
    address: str


@answered
def place(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about one place."""
    found = _place(code)
    actor = actor_of_request(request)
    versions = list(found.versions.select_related("parent").order_by("valid_from"))
    today = timezone.localdate()
    current = next((one for one in versions if _on(one, today)), versions[-1] if versions else None)
    plans = _plans(request, found, actor)
    facts = _facts(request, found, actor)
    parts = _parts(found, actor)
    duties = duties_at(actor, found.code, today)
    return render(
        request,
        "web/place.html",
        {
            "place": found,
            "name": _name(current, found),
            "current": current,
            "above": _above(current),
            "versions": versions,
            "plans": plans,
            "parts": [part for part in parts if part.worst],
            "other_parts": [part for part in parts if not part.worst],
            "facts": facts,
            "duties": duties[: limit("duties_of_a_place")],
            "more_duties": max(0, len(duties) - limit("duties_of_a_place")),
            "matrices": sorted({one.duty.plan for one in duties}),
        },
    )


def _place(code: str) -> Place:
    """The place of a code it bears or has borne. RefusedRequestError 404."""
    try:
        subject = subject_code(code)
    except DivisionError:
        subject = code
    found = Place.objects.filter(pk=subject).first()
    if found is None:
        raise RefusedRequestError(404, message("web.refused.place_page", found=code))
    return found


def _on(version: PlaceVersion, day: Any) -> bool:
    return (version.valid_from is None or version.valid_from <= day) and (
        version.valid_to is None or version.valid_to >= day
    )


def _name(version: PlaceVersion | None, found: Place) -> Text:
    if version is None:
        return Text(zh=found.code, en=found.code)
    return Text(zh=version.name_zh, en=version.name_en)


def _above(current: PlaceVersion | None) -> list[tuple[str, Text]]:
    """The places above, the highest first, with their addresses."""
    found: list[tuple[str, Text]] = []
    parent = current.parent if current else None
    while parent is not None:
        found.append((reverse("place", args=[parent.code]), parent.name_on(timezone.localdate())))
        version = parent.version_on(timezone.localdate())
        parent = version.parent if version else None
    return found[::-1]


def _plans(request: HttpRequest, found: Place, actor: Actor) -> list[OfPlan]:
    speech = speech_of(request)
    shown = []
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        edition = current_edition(identifier)
        if not _judges(edition, {found.code}):
            continue
        sight = sight_of(actor, edition)
        make_ready(sight)
        period = period_to_show(sight)
        behind = job_behind(sight, period)
        question = Question(period, None, "", "", found.code)
        reading = Reading(sight, period)
        lines = reading.count(Narrowing(place=found.code))
        if not lines:
            continue
        page = StandingPage(sight, question, reading, speech)
        [group], shown_page = page.table()
        assert shown_page is not None
        tally = tallied_by_place(sight.rows(period.written), [found.code])[found.code]
        shown.append(
            OfPlan(
                page.plan.head.title.text(),
                f"{reverse('plan', args=[identifier])}?{question.query()}",
                period.label(),
                counted(tally),
                lines,
                group,
                lines - len(group.rows),
                None if sight.unpublished else page.publication(),
                behind,
            )
        )
    return shown


def _judges(edition: PlanEdition, places: Collection[str]) -> bool:
    """Whether the plan has anything judged at one of these places."""
    return any(place in places for _, place in order_of(edition))


def _parts(found: Place, actor: Actor) -> list[Part]:
    """Places directly below, with their verdicts in the newest plan year that is seen of each plan."""
    below = PlaceVersion.objects.filter(valid_on(timezone.localdate()), parent=found).order_by("code")
    names = {one.place_id: Text(zh=one.name_zh, en=one.name_en) for one in below}
    if not names:
        return []
    counts: dict[str, dict[Level, int]] = {code: {} for code in names}
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        edition = current_edition(identifier)
        if not _judges(edition, names.keys()):
            continue
        sight = sight_of(actor, edition)
        rows = sight.rows(period_to_show(sight).written)
        for code, levels in tallied_by_place(rows, names).items():
            for level, number in levels.items():
                counts[code][level] = counts[code].get(level, 0) + number
    parts = []
    for code, name in names.items():
        worst = next((level for level in RANKED_LEVELS if counts[code].get(level)), None)
        parts.append(Part(name, reverse("place", args=[code]), str(worst or ""), counted(counts[code])))
    return parts


def _facts(request: HttpRequest, found: Place, actor: Actor) -> Facts | None:
    """The newest years of the facts of the place that the reader may see: a measure a row, a year a column."""
    facts = seen_by(actor, Fact.objects.known_at(None).filter(place=found), Verb.SEE_UNPUBLISHED)
    periods = set(facts.order_by().values_list("period", flat=True).distinct())
    years = sorted((written for written in periods if Period.parse(written).is_year), reverse=True)
    years = sorted(years[: limit("years_of_facts_of_a_place")])
    shown = list(facts.filter(period__in=years).order_by("measure")[: limit("facts_of_a_place")])
    if not shown:
        return None
    cells: dict[str, dict[str, FactCell]] = {}
    for fact in shown:
        address = reverse("fact", args=[fact.measure, fact.place_id, fact.period])
        value = None if fact.value is None else digits(fact.value, said_in(fact))
        cells.setdefault(fact.measure, {})[fact.period] = FactCell(value, address, fact.example)
    speech = speech_of(request)
    units = {fact.measure: unit_words(said_in(fact), speech) for fact in shown}
    known = measures()
    rows = [
        FactRow(
            known[measure].name if measure in known else Text(zh=measure, en=measure),
            units[measure],
            [of_year.get(year) for year in years],
            any(cell.example for cell in of_year.values()),
        )
        for measure, of_year in cells.items()
    ]
    return Facts(years, rows, f"{reverse('facts')}?{urlencode({'place': found.code})}")


addresses = [path("places/<str:code>/", place, name="place")]
