"""Lists, counts, choices, search, calendar and what waits: always what the reader may see, in few questions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from duties.conftest import CHANGJI, HAMI, PDF, PLAN, TODAY, duty_of, organisation

from hengneng.access import RefusedAccessError
from hengneng.duties import acting, reporting
from hengneng.duties.models import Duty
from hengneng.duties.reading import (
    Asked,
    calendar,
    detail,
    duties_at,
    duties_of_plan,
    duties_seen,
    matrix,
    needs,
)
from hengneng.duties.states import State

if TYPE_CHECKING:
    from hengneng.access import Actor

People = dict[str, "Actor"]
PARTS = 15


@pytest.mark.parametrize(
    ("who", "seen", "sees_changji"),
    [
        ("region", 123 + PARTS, True),
        ("department", 123 + PARTS, True),
        ("auditor", 123 + PARTS, True),
        ("hami", 123 + 1, False),
        ("changji", 123 + 1, True),
        ("county.changji", 123 + 1, True),
        ("county.hami", 123 + 1, False),
        ("unit", 0, False),
        ("administrator", 0, False),
        ("public", 0, False),
    ],
)
def test_who_sees_what(people: People, hami: Duty, who: str, seen: int, sees_changji: bool) -> None:
    actor, other = people[who], duty_of("1.2-assign", CHANGJI)
    assert duties_seen(actor).count() == len(duties_of_plan(actor, PLAN, TODAY)) == seen
    found = matrix(actor, PLAN, TODAY)
    assert found.total == len(found.duties) == seen
    assert (CHANGJI in dict(found.places)) is sees_changji
    assert bool(duties_at(actor, CHANGJI, TODAY)) is sees_changji
    assert (other.lead in found.organisations) is sees_changji
    assert bool(matrix(actor, PLAN, TODAY, Asked(search="昌吉回族自治州节能减排")).duties) is sees_changji
    assert (other.pk in {entry.one.key for entry in calendar(actor, PLAN, TODAY)}) is sees_changji
    if sees_changji:
        assert detail(actor, other.pk, TODAY).duty == other
    else:
        with pytest.raises(RefusedAccessError):
            detail(actor, other.pk, TODAY)


def test_those_who_cooperate_see_the_duty(people: People, bulletin: Duty) -> None:
    unit = people["unit"]
    with pytest.raises(RefusedAccessError):
        detail(unit, bulletin.pk, TODAY)
    acting.assign(
        people["region"], bulletin.pk, bulletin.lead_id, cooperating=[organisation("example-power-plant-changji")]
    )
    assert detail(unit, bulletin.pk, TODAY).duty == bulletin
    assert list(duties_seen(unit)) == [bulletin]


def test_a_draft_is_for_its_organisation_and_the_auditor(people: People, hami: Duty) -> None:
    reporting.save_draft(people["hami"], hami.pk, 30, "草稿内容")
    drafts = {who: detail(people[who], hami.pk, TODAY).draft for who in ("hami", "region", "auditor", "county.hami")}
    assert {who for who, draft in drafts.items() if draft} == {"hami", "auditor"}


def test_counts_say_what_choosing_a_state_would_show(people: People, hami: Duty) -> None:
    asked = Asked(clause="1.2")
    found = matrix(people["region"], PLAN, TODAY, asked)
    for state, count in found.counts.items():
        narrowed = matrix(people["region"], PLAN, TODAY, Asked(clause="1.2", state=state))
        assert len(narrowed.duties) == count
        assert narrowed.counts == found.counts


@pytest.mark.parametrize("sort", ["document", "urgency", "due", "lead"])
def test_every_order_has_all(people: People, hami: Duty, sort: str) -> None:
    found = matrix(people["region"], PLAN, TODAY, Asked(sort=sort)).duties
    assert len({one.key for one in found}) == 123 + PARTS


def test_narrowing(people: People, hami: Duty) -> None:
    region = people["region"]
    assert [one.key for one in matrix(region, PLAN, TODAY, Asked(person="example.hami")).duties] == [hami.pk]
    assert {one.duty.place_id for one in matrix(region, PLAN, TODAY, Asked(place=HAMI)).duties} == {HAMI}
    led = matrix(region, PLAN, TODAY, Asked(organisation=hami.lead_id)).duties
    assert [one.key for one in led] == [hami.pk]
    nobody = matrix(region, PLAN, TODAY, Asked(person="nobody")).duties
    assert all(one.person is None for one in nobody)
    assert len(nobody) == 123 + PARTS - 1


def test_read_as_on_a_day_of_the_plan(people: People) -> None:
    region = people["region"]
    now, then = matrix(region, PLAN, TODAY), matrix(region, PLAN, dt.date(2015, 9, 1))
    assert (now.counts[State.OVERDUE], then.counts[State.OVERDUE], then.counts[State.DUE_SOON]) == (123, 0, 0)
    assert now.duties[0].years_late == 10
    assert "10" in now.duties[0].lateness.zh
    assert matrix(region, PLAN, dt.date(2015, 12, 1)).counts[State.DUE_SOON] == 123
    late = matrix(region, PLAN, dt.date(2016, 1, 10)).duties[0]
    assert (late.years_late, late.days_late) == (0, 10)


def test_the_calendar_has_duties_and_their_milestones(people: People, bulletin: Duty) -> None:
    entries = calendar(people["region"], PLAN, dt.date(2015, 9, 15))
    assert len(entries) == 123 + 5
    assert entries == sorted(entries, key=lambda entry: entry.day)
    assert [entry.kind for entry in entries[:3]] == ["milestone"] * 3
    assert [entry.overdue for entry in entries[:2]] == [True, False]
    acting.reach_milestone(people["department"], bulletin.pk, 1, dt.date(2015, 8, 28))
    assert not calendar(people["region"], PLAN, dt.date(2015, 9, 15))[0].overdue


def test_what_waits_for_whom(people: People, hami: Duty) -> None:
    office, region = people["hami"], people["region"]
    assert [need.kind for need in needs(office, TODAY)] == ["overdue"]
    assert [need.kind for need in needs(region, TODAY)] == ["unassigned"]
    acting.remind(region, hami.pk, "请尽快")
    assert [need.kind for need in needs(office, TODAY)] == ["overdue", "reminded"]
    report = reporting.submit_report(office, hami.pk, 50, "x")
    assert [need.kind for need in needs(office, TODAY)] == ["reminded"]
    assert [need.kind for need in needs(region, TODAY)] == ["to_review", "unassigned"]
    reporting.review(region, report.pk, False, "请补充")
    found = needs(office, TODAY)
    assert [need.kind for need in found] == ["reminded", "returned"]
    assert "请补充" in found[1].why.zh
    assert found[1].address == f"/duties/{hami.pk}/"
    assert {need.urgency for need in found} == {"now"}
    soon = needs(office, dt.date(2015, 12, 20))
    assert [need.kind for need in soon] == ["reminded", "returned"]
    for who in ("auditor", "administrator", "public", "unit", "changji"):
        expected = ["overdue"] if who == "changji" else []
        assert [need.kind for need in needs(people[who], TODAY)] == expected


def test_what_is_done_waits_for_nobody(people: People, hami: Duty) -> None:
    office = people["hami"]
    reporting.attach_evidence(office, hami.pk, "a.pdf", [PDF])
    report = reporting.submit_report(office, hami.pk, 100, "x")
    reporting.review(people["region"], report.pk, True)
    assert needs(office, TODAY) == []
    assert matrix(people["region"], PLAN, TODAY).counts[State.DONE] == 1


def test_questions_do_not_grow_with_the_duties(people: People, hami: Duty) -> None:
    def questions() -> int:
        with CaptureQueriesContext(connection, ) as caught:
            matrix(people["region"], PLAN, TODAY)
        return len(caught)

    before = questions()
    for task in ("1.2-review", "1.2-carry-over", "0.1-carry-out"):
        acting.hand_down(people["region"], duty_of(task).pk)
    assert questions() <= before
    assert before < 20
