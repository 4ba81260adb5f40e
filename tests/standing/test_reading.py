"""The rows that pages read: as many queries for 300 places as for 15, counts that add up, one order everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.module_data import shared
from support.synthetic import YEARS, forget_places, load_model, synthetic_plan

from hengneng.access import PUBLIC, terminal_actor
from hengneng.evaluation.judging import Level
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.standing.computing import ensure_computed
from hengneng.standing.limits import limit
from hengneng.standing.models import StandingRow
from hengneng.standing.narrowing import RANK, SORTS, Narrowing, fits, ordered
from hengneng.standing.reading import (
    JudgedReading,
    Reading,
    Sight,
    as_rows,
    period_to_show,
    reading_of,
    sight_of,
    tallied,
)
from hengneng.standing.report import read_moment, standing_of
from hengneng.standing.rows import NO_GAP, rebuild
from hengneng.standing.series import Point, trend_of

YEAR = Period.parse("2019")
Report = Callable[..., Any]
SHOWN = ("target", "place_id", "level", "severity", "rank", "gap", "achieved", "due", "progress", "position", "reason")


@pytest.fixture(scope="module", autouse=True)
def no_made_up_places_are_left() -> Iterator[None]:
    """The register is one for the process, also for the tests after these."""
    yield
    forget_places()


def rows_of(edition: PlanEdition) -> list[tuple[Any, ...]]:
    return sorted(StandingRow.objects.filter(plan=edition, publication=None).values_list(*SHOWN, "verdict_id"))


def test_every_line_has_one_current_row_that_says_what_the_verdict_says(edition: PlanEdition) -> None:
    standing = standing_of(edition, YEAR)
    rows = {(row.target, row.place_id): row for row in StandingRow.objects.filter(plan=edition)}
    assert len(rows) == len(standing.rows) == 10
    for shown in standing.rows:
        row = rows[shown.target.id, shown.place]
        assert (row.level, row.gap, row.place_zh) == (shown.level, shown.gap[0], shown.place_name.zh)
        assert row.achieved == (shown.achieved or {}).get("value")
        assert row.indicator_key == shown.indicator_key


def test_a_recomputed_line_replaces_its_row(edition: PlanEdition, report: Report) -> None:
    from support.tables import row

    standing_of(edition, YEAR)
    before = StandingRow.objects.get(target="intensity-xining")
    fields = {"measure": "energy_intensity_change", "place": "630100", "period": "2019", "unit": "%"}
    report(row("0.5", **fields, reason="更正"))
    ensure_computed(edition, YEAR)
    after = StandingRow.objects.get(target="intensity-xining")
    assert (before.level, after.level) == ("met", "not_met")
    assert after.verdict_id > before.verdict_id
    assert StandingRow.objects.count() == 10


def test_rows_made_anew_are_the_same(edition: PlanEdition) -> None:
    standing_of(edition, YEAR)
    before = rows_of(edition)
    assert rebuild(edition) == 10
    assert rows_of(edition) == before


def test_a_home_from_before_the_rows_gets_them_without_a_new_run(edition: PlanEdition) -> None:
    from hengneng.standing.models import ComputedPeriod, KnownFacts, Run

    standing_of(edition, YEAR)
    before = rows_of(edition)
    for model in (StandingRow, ComputedPeriod, KnownFacts):
        model.objects.all().delete()
    standing_of(edition, YEAR)
    assert rows_of(edition) == before
    assert Run.objects.count() == 1


def test_a_line_cannot_have_two_current_rows(edition: PlanEdition) -> None:
    standing_of(edition, YEAR)
    row = StandingRow.objects.first()
    assert row is not None
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def everything(sight: Sight, period: Period) -> Reading:
    """What a page asks for."""
    reading = reading_of(sight, period)
    tally = next(iter(reading.tallies().values()))
    page = reading.page(Narrowing(indicator=tally.key), tally.total)
    as_rows(sight.edition, period, page.rows)
    reading.series(page.rows)
    reading.page(Narrowing(indicator=tally.key, search="7", sort="-gap"))
    period_to_show(sight)
    return reading


@pytest.mark.parametrize("actor", [PUBLIC, terminal_actor()], ids=["public", "terminal"])
def test_as_many_queries_for_300_places_as_for_15(db: None, actor: Any) -> None:
    model = load_model()
    counts = {}
    for places in (15, 300):
        sight = sight_of(actor, synthetic_plan(model, places))
        everything(sight, Period.parse(YEARS[-1]))
        with CaptureQueriesContext(connection) as queries:
            reading = everything(sight_of(actor, sight.edition), Period.parse(YEARS[-1]))
        counts[places] = len(queries)
        assert sum(tally.total for tally in reading.tallies().values()) == places
    assert counts[15] == counts[300] <= 12


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Any:
    """A made-up plan of 130 places, for one module."""
    with shared(django_db_blocker, lambda: synthetic_plan(load_model(), 130)) as made:
        yield made


NARROWINGS = st.builds(
    Narrowing,
    indicator=st.sampled_from(["", "energy_intensity/reduction_against_base"]),
    level=st.sampled_from(["", *map(str, Level)]),
    search=st.sampled_from(["", "1", "第3", "place 12", "nowhere", "000130-0000"]),
    sort=st.sampled_from(["", *SORTS, *(f"-{name}" for name in SORTS)]),
    page=st.integers(1, 5),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=NARROWINGS)
def test_pages_together_are_the_whole_and_counts_add_up(large: PlanEdition, asked: Narrowing) -> None:
    reading = Reading(sight_of(terminal_actor(), large), Period.parse(YEARS[-1]))
    whole = reading.all(asked)
    by_page = []
    first = reading.page(asked)
    for number in range(1, first.pages + 1):
        turned = reading.page(Narrowing(asked.indicator, "", asked.level, asked.search, asked.sort, number))
        assert len(turned.rows) <= limit("rows_a_page")
        by_page += turned.rows
    assert [row.pk for row in by_page] == [row.pk for row in whole]
    assert first.total == len(whole) == reading.count(asked)
    counted = tallied(StandingRow.objects.filter(pk__in=[row.pk for row in whole]))
    assert sum(tally.total for tally in counted.values()) == len(whole)
    levels = [Narrowing(asked.indicator, "", str(level), asked.search) for level in Level]
    if not asked.level:
        assert sum(map(reading.count, levels)) == len(whole)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=NARROWINGS)
def test_the_database_and_the_program_narrow_and_order_alike(large: PlanEdition, asked: Narrowing) -> None:
    reading = Reading(sight_of(terminal_actor(), large), Period.parse(YEARS[-1]))
    rows = list(StandingRow.objects.filter(plan=large, publication=None, period=YEARS[-1]))
    ours = ordered([row for row in rows if fits(row, asked)], asked)
    if "place" not in asked.sort:  # names are ordered as the database orders text
        assert [row.pk for row in ours] == [row.pk for row in reading.all(asked)]
    assert {row.pk for row in ours} == {row.pk for row in reading.all(asked)}


def test_the_worst_come_first_and_the_unknown_last(edition: PlanEdition, report: Report) -> None:
    from support.tables import row

    fields = {"place": "630200", "period": "2019", "note": "撤回"}
    report(row("", measure="energy_consumption_increment", state="missing", **fields))
    standing_of(edition, YEAR)
    rows = Reading(sight_of(terminal_actor(), edition), YEAR).all(Narrowing())
    keys = [tuple(getattr(row, name) for name in RANK) for row in rows]
    assert keys == sorted(keys)
    assert rows[-1].level == "unknown"
    assert rows[-1].rank == NO_GAP


def test_as_known_on_a_day_is_the_standing_of_that_day(edition: PlanEdition) -> None:
    sight = sight_of(terminal_actor(), edition, read_moment("2001-01-01"))
    reading = reading_of(sight, YEAR)
    assert isinstance(reading, JudgedReading)
    assert {level for tally in reading.tallies().values() for level in tally.counts} == {Level.UNKNOWN}
    assert reading.count(Narrowing()) == 10
    assert sum(number for found in reading.reasons(reading.tallies()).values() for _, number in found) == 10


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (0.01, 0.02, "improving"),
        (0.02, 0.01, "worsening"),
        (0.01, 0.01002, "steady"),
        (None, 0.01, ""),
        (0.01, None, ""),
    ],
)
def test_a_trend_compares_the_gap_with_the_year_before(before: float | None, now: float | None, said: str) -> None:
    points = [Point("2013", None, before, None), Point("2014", None, now, None)]
    assert trend_of(points, Period.parse("2014"), rate=True) == said
