"""Publishing: what is public stays as it was, with every number below it, and nothing else is public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from support.tables import row

from hengneng.access import PUBLIC, RefusedAccessError, terminal_actor
from hengneng.acts.models import Act
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.standing.computing import ensure_computed
from hengneng.standing.models import Publication, PublishedFigure, StandingRow, StoredFigure
from hengneng.standing.narrowing import Narrowing
from hengneng.standing.publishing import (
    NothingToPublishError,
    changed_since,
    in_force,
    is_public,
    publish,
    publish_what_never_was,
    require_figure,
    verdicts_seen,
)
from hengneng.standing.reading import Reading, sight_of
from hengneng.standing.report import standing_of
from hengneng.standing.storing import load_figure, load_traces

YEAR = Period.parse("2019")
Report = Callable[..., Any]


def correct(report: Report, value: str = "0.5") -> None:
    """Xining's published decline, corrected so that the target is missed."""
    fields = {"measure": "energy_intensity_change", "place": "630100", "period": "2019", "unit": "%"}
    assert report(row(value, **fields, reason="更正")).refused == 0


def levels(actor: Any, edition: PlanEdition) -> dict[str, str]:
    rows = Reading(sight_of(actor, edition), YEAR).all(Narrowing())
    return {one.target: one.level for one in rows}


def test_before_a_publication_the_public_sees_nothing(edition: PlanEdition) -> None:
    standing_of(edition, YEAR)
    assert levels(PUBLIC, edition) == {}
    assert not any(map(is_public, StoredFigure.objects.values_list("digest", flat=True)))


def test_a_publication_is_what_is_current_then(edition: PlanEdition) -> None:
    made = publish(terminal_actor(), edition, YEAR, "年度考核")
    assert made.rows.count() == 10
    assert levels(PUBLIC, edition) == levels(terminal_actor(), edition)
    act = Act.objects.get(identifier=made.act)
    assert (act.verb, act.name, act.reason) == ("standing.publish", "qinghai-2019/2019", "年度考核")


def test_a_later_correction_does_not_change_what_is_published(edition: PlanEdition, report: Report) -> None:
    made = publish(terminal_actor(), edition, YEAR)
    correct(report)
    ensure_computed(edition, YEAR)
    assert levels(terminal_actor(), edition)["intensity-xining"] == "not_met"
    assert levels(PUBLIC, edition)["intensity-xining"] == "met"
    assert changed_since(made) == 1
    again = publish(terminal_actor(), edition, YEAR)
    assert levels(PUBLIC, edition)["intensity-xining"] == "not_met"
    assert changed_since(again) == 0
    before = sight_of(PUBLIC, edition, made.published_at)
    assert {one.target: one.level for one in before.rows("2019")}["intensity-xining"] == "met"


def test_every_number_below_a_published_one_is_public_and_no_other(edition: PlanEdition, report: Report) -> None:
    publish(terminal_actor(), edition, YEAR)
    public = set(PublishedFigure.objects.values_list("digest", flat=True))
    figures = {
        figure["figure"]
        for one in StandingRow.objects.filter(publication=None)
        for figure in one.verdict.content["figures"].values()
    }
    assert set(load_traces(figures)) <= public
    for digest in public:
        require_figure(PUBLIC, digest)
        assert load_figure(digest).digest == digest
    correct(report)
    ensure_computed(edition, YEAR)
    corrected = StandingRow.objects.get(publication=None, target="intensity-xining").verdict
    fresh = corrected.content["figures"]["yearly"]["figure"]
    assert not is_public(fresh)
    require_figure(terminal_actor(), fresh)
    with pytest.raises(RefusedAccessError):
        require_figure(PUBLIC, fresh)
    assert list(verdicts_seen(PUBLIC, fresh)) == []
    assert list(verdicts_seen(terminal_actor(), fresh)) == [corrected]


def test_who_may_not_publish_is_refused_and_leaves_no_trace(edition: PlanEdition) -> None:
    with pytest.raises(RefusedAccessError):
        publish(PUBLIC, edition, YEAR)
    assert not Publication.objects.exists()
    assert not Act.objects.filter(verb="standing.publish").exists()


def test_a_plan_without_lines_has_nothing_to_publish(edition: PlanEdition) -> None:
    content = {**edition.content, "targets": []}
    empty = PlanEdition.objects.create(identifier="empty", edition=1, digest="9" * 64, content=content, texts={})
    with pytest.raises(NothingToPublishError):
        publish(terminal_actor(), empty, YEAR)


def test_what_never_was_public_is_published_once(edition: PlanEdition, report: Report) -> None:
    assert [one.period for one in publish_what_never_was()] == ["2019"]
    correct(report)
    assert publish_what_never_was() == []
    assert list(in_force(edition)) == ["2019"]


@pytest.mark.parametrize("table", ["standing_publication", "standing_publishedfigure", "standing_standingrow"])
@pytest.mark.parametrize("act", ["DELETE FROM {}{}", "UPDATE {} SET id = id{}"])
def test_the_database_itself_refuses_to_change_a_publication(edition: PlanEdition, table: str, act: str) -> None:
    publish(terminal_actor(), edition, YEAR)
    where = " WHERE publication_id IS NOT NULL" if table == "standing_standingrow" else ""
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(table, where))


def test_who_sees_one_place_only_reads_the_rest_as_published(edition: PlanEdition, report: Report) -> None:
    from hengneng.access import Actor, Held, Role

    clerk = Actor(1, "clerk", "clerk", (Held(Role.PREFECTURE_OFFICE, None, "630100"),))
    publish(terminal_actor(), edition, YEAR)
    correct(report)
    fields = {"measure": "energy_intensity_change", "place": "632800", "period": "2019", "unit": "%"}
    report(row("9.9", **fields, reason="更正"))
    ensure_computed(edition, YEAR)
    everything, mine, public = (levels(one, edition) for one in (terminal_actor(), clerk, PUBLIC))
    changed = {target for target in everything if everything[target] != public[target]}
    assert "intensity-xining" in changed
    assert mine["intensity-xining"] == everything["intensity-xining"]
    assert {t: v for t, v in mine.items() if t != "intensity-xining"} == {
        t: v for t, v in public.items() if t != "intensity-xining"
    }
    assert len(mine) == 10
