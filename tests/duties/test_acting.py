"""Giving duties to organisations and people: who may, what is refused, what is recorded."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from duties.conftest import CHANGJI, HAMI, PLAN, duty_of, organisation, refused

from hengneng.access import RefusedAccessError
from hengneng.acts.models import Act
from hengneng.duties import acting
from hengneng.duties.making import make_duties
from hengneng.duties.models import Assignment, Duty, Milestone
from hengneng.duties.people import organisations_to_choose, places_below, taker_at
from hengneng.language import Text
from hengneng.standing.plans import current_edition, plan_of

if TYPE_CHECKING:
    from hengneng.access import Actor

People = dict[str, "Actor"]


def test_every_task_is_a_duty_with_the_lead_of_the_document(people: People) -> None:
    plan = plan_of(current_edition(PLAN))
    duties = {duty.task: duty for duty in Duty.objects.filter(plan=PLAN).select_related("current__lead")}
    assert len(duties) == len(plan.tasks) == 123
    for task in plan.tasks:
        lead = duties[task.id].lead
        assert (lead.identifier if lead else None) == task.lead
        assert duties[task.id].due == task.due
    assert Milestone.objects.filter(duty__task="9.4-monthly-bulletin").count() == 5
    assert Act.objects.filter(verb="duty.make", name=PLAN).count() == 1


def test_loading_again_makes_nothing_new_and_a_corrected_date_is_taken_over(people: People) -> None:
    plan = plan_of(current_edition(PLAN))
    assert make_duties(plan) == 0
    moved = plan.tasks[0].model_copy(update={"due": dt.date(2015, 11, 30)})
    assert make_duties(plan.model_copy(update={"tasks": [moved, *plan.tasks[1:]]})) == 0
    assert duty_of(moved.id).due == dt.date(2015, 11, 30)


# Who may assign a duty of the region that nobody leads, of Hami, and one that their own organisation leads.
@pytest.mark.parametrize(
    ("who", "region", "of_hami"),
    [
        ("region", True, True),
        ("hami", False, True),
        ("changji", False, False),
        ("county.hami", False, False),
        ("county.changji", False, False),
        ("department", False, False),
        ("supervision", False, False),
        ("unit", False, False),
        ("auditor", False, False),
        ("administrator", False, False),
        ("public", False, False),
    ],
)
def test_who_may_assign(people: People, hami: Duty, who: str, region: bool, of_hami: bool) -> None:
    open_duty = Duty.objects.filter(current=None).first()
    assert open_duty is not None
    for duty, lead, allowed in (
        (open_duty, organisation("regional-environment"), region),
        (hami, organisation("prefecture-supervision-652200"), of_hami),
    ):
        if allowed:
            assert acting.assign(people[who], duty.pk, lead).lead_id == lead
        else:
            with pytest.raises(RefusedAccessError) as error:
                acting.assign(people[who], duty.pk, lead)
            reason: Text = error.value.decision.reason
            assert reason.zh
            assert reason.en
            assert duty_of(duty.task, duty.place_id).lead_id == duty.lead_id


def test_a_department_names_its_own_person_and_gives_nothing_away(people: People, bulletin: Duty) -> None:
    department, own = people["department"], organisation("regional-development-reform")
    acting.assign(department, bulletin.pk, own)
    with pytest.raises(RefusedAccessError):
        acting.assign(department, bulletin.pk, organisation("regional-environment"))
    assert [one.pk for one in organisations_to_choose(department, duty_of(bulletin.task))] == [own]
    assert organisations_to_choose(people["auditor"], bulletin) == []


def test_an_assignment_is_a_revision_with_its_act(people: People) -> None:
    duty = Duty.objects.filter(current=None).first()
    assert duty is not None
    lead, helper = organisation("regional-environment"), organisation("regional-finance")
    first = acting.assign(people["region"], duty.pk, lead, cooperating=[helper, lead], reason=" meeting ")
    second = acting.assign(people["region"], duty.pk, organisation("regional-transport"), based_on=1)
    assert (first.revision, second.revision) == (1, 2)
    assert [one.pk for one in first.cooperating.all()] == [helper]
    assert (first.reason, first.by) == ("meeting", "example.region")
    duty.refresh_from_db()
    assert duty.current == second
    act = Act.objects.get(identifier=first.act)
    assert (act.verb, act.kind, act.name) == ("duty.assign", "duty", duty.key)
    assert (act.place, act.organisation) == ("650000", lead)


def test_wrong_assignments_are_refused_all_at_once(people: People, bulletin: Duty, hami: Duty) -> None:
    region, own = people["region"], organisation("regional-development-reform")
    with refused({"D001", "D003"}):
        acting.assign(region, hami.pk, organisation("prefecture-office-652300"), due=dt.date(2016, 1, 1))
    with refused({"D002"}):
        acting.assign(region, bulletin.pk, own, person=people["hami"].person_id)
    with refused({"D002"}):
        acting.assign(region, bulletin.pk, None, person=people["department"].person_id)
    with refused({"D004"}):
        acting.assign(region, bulletin.pk, None, based_on=0)
    with refused({"D005"}):
        acting.assign(
            region, bulletin.pk, own, person=people["department"].person_id,
            cooperating=[organisation("regional-statistics")],
        )  # fmt: skip
    with refused({"D009"}):
        acting.assign(region, bulletin.pk, own, reason="长" * 4001)
    assert Assignment.objects.filter(duty=bulletin).count() == 1
    assert Assignment.objects.filter(duty=hami).count() == 2


def test_an_office_that_has_ended_is_none(people: People, bulletin: Duty) -> None:
    from hengneng.accounts.models import Appointment

    Appointment.objects.filter(person=people["department"].person_id).update(valid_to=dt.date(2020, 1, 1))
    with refused({"D002"}):
        acting.assign(
            people["region"], bulletin.pk, organisation("regional-development-reform"),
            person=people["department"].person_id,
        )  # fmt: skip


def test_handing_down(people: People) -> None:
    duty = duty_of("1.2-review")
    some = acting.hand_down(people["region"], duty.pk, [HAMI])
    rest = acting.hand_down(people["region"], duty.pk)
    assert (len(some), len(rest)) == (1, 14)
    assert {part.parent_id for part in (*some, *rest)} == {duty.pk}
    assert some[0].lead is not None
    assert some[0].lead.identifier == "prefecture-office-652200"
    # What counts for the direct part of Ili is led by the office of Ili.
    assert duty_of("1.2-review", "654000-direct").lead.identifier == "prefecture-office-654000"
    with refused({"D007"}):
        acting.hand_down(people["region"], duty.pk)
    with refused({"D007"}):
        acting.hand_down(people["region"], duty.pk, [HAMI])
    counties = acting.hand_down(people["hami"], some[0].pk)
    assert {part.lead.kind for part in counties if part.lead} == {"county_office"}
    assert len(counties) == 3
    with refused({"D006"}):
        acting.hand_down(people["hami"], some[0].pk, ["652301"])
    with pytest.raises(RefusedAccessError):
        acting.hand_down(people["hami"], duty_of("1.2-review", CHANGJI).pk)


def test_the_counties_of_a_unit_that_only_the_plan_knows(people: People) -> None:
    acting.hand_down(people["region"], duty_of("1.2-review").pk, ["654000-direct"])
    below = places_below(duty_of("1.2-review", "654000-direct"), [])
    assert "654002" in below
    assert not {"654200", "654300", "654000-direct"} & set(below)


def test_a_place_where_nobody_could_take_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hengneng.duties.people.handed_down_to", lambda: ("audit_office_of_nobody",))
    assert taker_at(HAMI) is None
    with refused({"D010"}):
        acting.hand_down(people["region"], duty_of("1.2-review").pk, [HAMI])


def test_milestones(people: People, bulletin: Duty) -> None:
    region, department = people["region"], people["department"]
    made = acting.set_milestone(region, bulletin.pk, " 布置 ", dt.date(2015, 8, 1))
    assert (made.number, made.revision, made.title_en) == (6, 1, "布置")
    moved = acting.set_milestone(department, bulletin.pk, "布置", dt.date(2015, 8, 2), number=6)
    assert moved.revision == 2
    reached = acting.reach_milestone(department, bulletin.pk, 6, dt.date(2015, 8, 2))
    assert reached.reached_on == dt.date(2015, 8, 2)
    assert acting.reach_milestone(department, bulletin.pk, 6, None).reached_on is None
    acting.withdraw_milestone(region, bulletin.pk, 6, "no longer asked for")
    with refused({"D011"}):
        acting.reach_milestone(department, bulletin.pk, 6, None)
    with refused({"D011"}):
        acting.set_milestone(region, bulletin.pk, "x", dt.date(2015, 8, 1), number=99)
    with refused({"D012"}):
        acting.set_milestone(region, bulletin.pk, "late", dt.date(2016, 1, 1))
    with refused({"D013"}):
        acting.reach_milestone(department, bulletin.pk, 1, dt.date(2099, 1, 1))
    for call in (
        lambda: acting.set_milestone(region, bulletin.pk, "  ", dt.date(2015, 8, 1)),
        lambda: acting.withdraw_milestone(region, bulletin.pk, 1, ""),
    ):
        with refused({"D008"}):
            call()
    # A milestone of the document keeps both its languages when only its date moves.
    first = bulletin.milestones.get(number=1)
    again = acting.set_milestone(region, bulletin.pk, first.title_zh, dt.date(2015, 8, 30), number=1)
    assert again.title == first.title


@pytest.mark.parametrize("who", ["hami", "county.hami", "supervision", "unit", "auditor", "administrator", "public"])
def test_who_may_not_touch_the_milestones_of_another(people: People, bulletin: Duty, who: str) -> None:
    for call in (
        lambda: acting.set_milestone(people[who], bulletin.pk, "x", dt.date(2015, 8, 1)),
        lambda: acting.withdraw_milestone(people[who], bulletin.pk, 1, "x"),
        lambda: acting.reach_milestone(people[who], bulletin.pk, 1, dt.date(2015, 8, 1)),
    ):
        with pytest.raises(RefusedAccessError):
            call()


def test_reminders(people: People, bulletin: Duty) -> None:
    made = acting.remind(people["region"], bulletin.pk, "8月通报尚未报送")
    assert made.person_id == people["department"].person_id
    with pytest.raises(RefusedAccessError):
        acting.acknowledge(people["hami"], made.pk, "x")
    answer = acting.acknowledge(people["department"], made.pk, "本周报送")
    assert answer.reminder == made
    with refused({"D015"}):
        acting.acknowledge(people["department"], made.pk)
    with refused({"D008"}):
        acting.remind(people["region"], bulletin.pk, " ")
    with refused({"D014"}):
        acting.remind(people["region"], Duty.objects.filter(current=None).first().pk, "x")


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("region", True), ("supervision", True), ("department", True), ("hami", False), ("county.hami", False),
        ("unit", False), ("auditor", False), ("administrator", False), ("public", False),
    ],
)  # fmt: skip
def test_who_may_remind(people: People, bulletin: Duty, who: str, allowed: bool) -> None:
    if allowed:
        assert acting.remind(people[who], bulletin.pk, "x").by == people[who].identifier
    else:
        with pytest.raises(RefusedAccessError):
            acting.remind(people[who], bulletin.pk, "x")
