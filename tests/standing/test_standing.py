"""Stored runs: what a correction marks, what is computed again, and what was known at a past moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from ruamel.yaml import YAML
from support.homes import Home
from support.tables import row, write_table

from hengneng.database.written_once import WrittenOnceError
from hengneng.evaluation.judging import Level
from hengneng.facts.models import Fact
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import register
from hengneng.standing.computing import ensure_computed, known_periods, lines_of, recompute_stale
from hengneng.standing.models import (
    Dependency,
    PublishedVerdict,
    Run,
    StaleMark,
    StoredFigure,
    StoredVerdict,
)
from hengneng.standing.plans import plan_of
from hengneng.standing.report import Standing, read_moment, standing_of
from hengneng.standing.storing import load_figure
from hengneng.standing.tasks import recompute

PLANS = Path(__file__).parents[2] / "plans"
YEAR = Period.parse("2019")
LineKey = tuple[str, str]
Report = Callable[..., Any]


def correction(fact: Fact, value: str | None = None) -> dict[str, str]:
    """A row that corrects ``fact``: half its value, unless another is given."""
    new = value or format(fact.value / 2, "f")
    place = register().on_day(fact.place_id, fact.period_end).code
    return row(new, measure=fact.measure, place=place, period=fact.period, unit=fact.unit, reason="更正")


def contents(standing: Standing) -> dict[LineKey, Any]:
    """What is shown of each line."""
    return {(one.target.id, one.place): one.content for one in standing.rows}


def marked() -> set[LineKey]:
    """Lines that are marked stale."""
    return set(StaleMark.objects.values_list("target", "place"))


def newest() -> dict[LineKey, int]:
    """The newest stored verdict of each line."""
    return {(v.target, v.place_id): v.pk for v in StoredVerdict.objects.order_by("run_id")}


# Runs


def test_the_first_look_computes_every_line_once(edition: PlanEdition) -> None:
    standing_of(edition, YEAR)
    assert Run.objects.count() == 1
    assert StoredVerdict.objects.count() == len(lines_of(plan_of(edition), YEAR)) == 10


def test_a_second_look_computes_nothing(edition: PlanEdition) -> None:
    first = standing_of(edition, YEAR)
    second = standing_of(edition, YEAR)
    assert Run.objects.count() == 1
    assert contents(first) == contents(second)


def test_a_run_says_why_and_by_which_program(edition: PlanEdition, report: Report) -> None:
    from hengneng import __version__

    standing_of(edition, YEAR)
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="632800")))
    recompute_stale()
    assert list(Run.objects.order_by("pk").values_list("reason", "program_version")) == [
        ("first", __version__),
        ("stale", __version__),
    ]


def test_figures_come_back_whole_under_the_same_digest(edition: PlanEdition) -> None:
    standing_of(edition, YEAR)
    digests = list(StoredFigure.objects.values_list("digest", flat=True))
    assert len(digests) > 40
    for digest in digests:
        assert load_figure(digest).digest == digest


def test_the_verdicts_of_qinghai_2019_agree_with_the_published_ones_in_10_of_10(edition: PlanEdition) -> None:
    standing = standing_of(edition, YEAR)
    assert standing.counts == {"met": 10}
    assert [published.agrees for one in standing.rows for published in one.published] == [True] * 10


def test_the_verdicts_agree_with_the_truth_case(edition: PlanEdition) -> None:
    cases = YAML(typ="safe").load(Path(__file__).parents[1] / "truth" / "qinghai-2019" / "targets.yaml")["cases"]
    level = {"yes": Level.MET, "no": Level.NOT_MET}
    expected = sorted(level[case["printed"]] for case in cases)
    assert len(cases) == 10
    assert sorted(one.level for one in standing_of(edition, YEAR).rows) == expected


# What a correction marks


def test_a_correction_marks_exactly_what_asked_for_the_fact(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="630100")))
    assert marked() == {("intensity-xining", "630100")}


def test_for_every_fact_only_what_is_marked_changes_and_only_that_is_computed_again(
    edition: PlanEdition, report: Report
) -> None:
    before = contents(standing_of(edition, YEAR))
    facts = list(Fact.objects.order_by("pk"))
    assert len(facts) == 14
    for fact in facts:
        stored = newest()
        point = transaction.savepoint()
        assert report(correction(fact), reason="x").refused == 0, fact.key
        stale = marked()
        asked = Dependency.objects.filter(measure=fact.measure, subject=fact.place_id, fact_period=fact.period)
        assert stale == set(asked.values_list("target", "place")), fact.key
        runs = Run.objects.count()
        assert recompute_stale() == len(stale)
        assert Run.objects.count() == runs + bool(stale)
        assert not marked()
        after = contents(standing_of(edition, YEAR))
        assert {line for line in before if after[line] != before[line]} <= stale, fact.key
        assert {line for line, key in newest().items() if key != stored[line]} == stale, fact.key
        transaction.savepoint_rollback(point)


def test_every_fact_that_a_verdict_rests_on_does_change_it(edition: PlanEdition, report: Report) -> None:
    before = contents(standing_of(edition, YEAR))
    for fact in Fact.objects.filter(measure__in=["energy_intensity_change", "energy_consumption_increment"]):
        point = transaction.savepoint()
        report(correction(fact))
        after = contents(standing_of(edition, YEAR))
        assert len([line for line in before if after[line] != before[line]]) == 1, fact.key
        transaction.savepoint_rollback(point)


def test_a_fact_that_was_missing_marks_what_had_asked_for_it(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(row("900", place="630200", period="2018"))
    assert marked() == {("intensity-haidong", "632100")}


def test_a_fact_that_nobody_asked_for_marks_nothing(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(row("900", place="630200", period="2012"), row("12", measure="electricity_consumption", unit="10^8 kWh"))
    assert marked() == set()


def test_an_unchanged_fact_marks_nothing(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    fact = Fact.objects.get(measure="energy_intensity_change", place="632800")
    assert report(correction(fact, format(fact.value, "f"))).unchanged == 1
    assert marked() == set()


def test_a_correction_recorded_with_nothing_computed_marks_nothing(edition: PlanEdition, report: Report) -> None:
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="632800")))
    assert marked() == set()


def test_marks_and_facts_come_together_or_not_at_all(
    edition: PlanEdition, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    standing_of(edition, YEAR)
    count = Fact.objects.count()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("hengneng.standing.arrival.start_following", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        report(correction(Fact.objects.get(measure="energy_intensity_change", place="632800")))
    assert Fact.objects.count() == count
    assert marked() == set()


def test_looking_computes_what_is_stale(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="630100"), "0.05"))
    found = contents(standing_of(edition, YEAR))
    assert found["intensity-xining", "630100"]["verdict"] == "not_met"
    assert marked() == set()


def test_a_figure_that_becomes_missing_makes_the_verdict_unknown(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(row("", measure="energy_consumption_increment", place="630200", period="2019", state="missing", note="撤回"))
    found = contents(standing_of(edition, YEAR))["increment-haidong", "632100"]
    assert (found["verdict"], found["figures"]["actual"]["value"]) == ("unknown", None)


def test_the_task_computes_what_is_stale(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="630100")))
    assert recompute(lambda *_, **__: None) == {"recomputed": 1}
    assert recompute(lambda *_, **__: None) == {"recomputed": 0}


# Known at a past moment


def test_as_of_a_moment_before_the_correction_gives_the_old_standing(edition: PlanEdition, report: Report) -> None:
    old = contents(standing_of(edition, YEAR))
    moment = timezone.now()
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="630100"), "0.05"))
    new = contents(standing_of(edition, YEAR))
    line = ("intensity-xining", "630100")
    assert (old[line]["verdict"], new[line]["verdict"]) == ("met", "not_met")
    assert contents(standing_of(edition, YEAR, moment)) == old
    assert contents(standing_of(edition, YEAR, timezone.now())) == new


def test_what_is_seen_as_of_a_moment_is_no_run_but_can_be_explained(edition: PlanEdition) -> None:
    found = contents(standing_of(edition, YEAR, timezone.now()))
    assert Run.objects.count() == 0
    for content in found.values():
        for figure in content["figures"].values():
            assert load_figure(figure["figure"]).digest == figure["figure"]


def test_before_anything_was_recorded_everything_is_unknown(edition: PlanEdition) -> None:
    assert standing_of(edition, YEAR, read_moment("2001-01-01")).counts == {"unknown": 10}


def test_a_day_means_its_end() -> None:
    assert read_moment("2015-07-10") > read_moment("2015-07-10T23:59")
    assert read_moment("2015-07-10T18:00+08:00") == read_moment("2015-07-10T18:00")
    with pytest.raises(ValueError, match="not a day"):
        read_moment("10.7.2015")


def test_the_history_of_runs_is_kept(edition: PlanEdition, report: Report) -> None:
    standing_of(edition, YEAR)
    report(correction(Fact.objects.get(measure="energy_intensity_change", place="630100"), "0.05"))
    recompute_stale()
    levels = StoredVerdict.objects.filter(target="intensity-xining").order_by("run_id").values_list("level", flat=True)
    assert list(levels) == ["met", "not_met"]


@pytest.mark.parametrize(
    "table", ["standing_run", "standing_storedfigure", "standing_storedverdict", "standing_publishedverdict"]
)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_itself_refuses_to_change_a_result(edition: PlanEdition, table: str, act: str) -> None:
    standing_of(edition, YEAR)
    key = "digest" if table == "standing_storedfigure" else "id"
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(table, key, key))


@pytest.mark.parametrize("model", [Run, StoredFigure, StoredVerdict, PublishedVerdict])
def test_query_sets_of_results_refuse_early(edition: PlanEdition, model: Any) -> None:
    with pytest.raises(WrittenOnceError):
        model.objects.all().delete()


# Periods and places


def test_only_what_a_period_lacks_is_computed(edition: PlanEdition) -> None:
    ensure_computed(edition, YEAR)
    ensure_computed(edition, Period.parse("2019H1"))
    assert set(StoredVerdict.objects.values_list("period", flat=True)) == {"2019", "2019H1"}
    assert Run.objects.count() == 2


def test_known_periods_are_those_with_facts_within_the_plan(edition: PlanEdition) -> None:
    assert [str(period) for period in known_periods(plan_of(edition))] == ["2019"]


def test_one_place_only(edition: PlanEdition) -> None:
    assert {one.place for one in standing_of(edition, YEAR, place="632100").rows} == {"632100"}


# Through the command line, with the job done by the worker


def test_the_worker_computes_what_an_import_left_for_later(home: Home, tmp_path: Path) -> None:
    assert home.run("plan", "load", PLANS / "qinghai-2019").code == 0
    assert home.run("facts", "import", PLANS / "qinghai-2019" / "facts.csv").code == 0
    assert home.run("standing", "qinghai-2019", "--json").json["counts"] == {"met": 10}
    table = write_table(
        tmp_path / "c.csv",
        [row("0.5", measure="energy_intensity_change", place="630100", period="2019", unit="%", reason="更正")],
    )
    assert home.run("facts", "import", table, "--later").code == 0
    assert home.run("check", "--json").json["items"]["stale"]["found"] == "1"
    worked = home.run("worker", "--once")
    assert worked.code == 0, worked
    assert home.run("check", "--json").json["items"]["stale"]["found"] == "0"
    assert home.run("standing", "qinghai-2019", "--json").json["counts"] == {"met": 9, "not_met": 1}
