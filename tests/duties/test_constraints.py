"""What the database itself refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from duties.conftest import PDF

from hengneng.database.written_once import WrittenOnceError
from hengneng.duties import acting, reporting
from hengneng.duties.models import Assignment, Duty, Evidence, Milestone, ProgressReport, ReportDraft, Review

SIGNED = {"by": "x", "by_name": "x", "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "act": "0" * 32}


def impossible(make: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        make()


def test_one_duty_a_task_and_place(hami: Duty) -> None:
    impossible(
        lambda: Duty.objects.create(
            plan=hami.plan, task=hami.task, clause="x", position=0, place_id=hami.place_id, stated_due=hami.stated_due,
            act="0" * 32,
        )
    )  # fmt: skip
    impossible(lambda: Duty.objects.filter(pk=hami.pk).update(parent=hami.pk))


@pytest.mark.parametrize("revision", [0, 1, 4])
def test_assignments_count_without_gaps(hami: Duty, revision: int) -> None:
    impossible(lambda: Assignment.objects.create(duty=hami, revision=revision, **SIGNED))


def test_nobody_answers_without_a_lead(hami: Duty, people: dict[str, Any]) -> None:
    impossible(
        lambda: Assignment.objects.create(duty=hami, revision=3, person_id=people["hami"].person_id, **SIGNED)
    )


@pytest.mark.parametrize(("number", "revision"), [(1, 1), (1, 3), (7, 2), (0, 1)])
def test_milestones_count_without_gaps(bulletin: Duty, number: int, revision: int) -> None:
    impossible(
        lambda: Milestone.objects.create(
            duty=bulletin, number=number, revision=revision, title_zh="x", title_en="x", due=bulletin.due, **SIGNED
        )
    )


def test_a_milestone_is_not_reached_and_withdrawn(bulletin: Duty) -> None:
    impossible(
        lambda: Milestone.objects.create(
            duty=bulletin, number=1, revision=2, title_zh="x", title_en="x", due=bulletin.due, withdrawn=True,
            reached_on=bulletin.due, **SIGNED,
        )
    )  # fmt: skip


def test_one_draft_an_organisation(hami: Duty) -> None:
    def draft() -> ReportDraft:
        return ReportDraft.objects.create(
            duty=hami, organisation_id=hami.lead_id, saved_by="x", saved_by_name="x", saved_at=SIGNED["at"]
        )

    draft()
    impossible(draft)
    impossible(lambda: ReportDraft.objects.filter(duty=hami).update(per_cent=101))


def test_reports_and_reviews(hami: Duty, people: dict[str, Any]) -> None:
    report = reporting.submit_report(people["hami"], hami.pk, 10, "x")
    columns = {"duty": hami, "organisation_id": hami.lead_id, "leading": True, "text": "x", **SIGNED}
    for number, per_cent in ((1, 10), (3, 10), (2, 101)):
        impossible(
            lambda number=number, per_cent=per_cent: ProgressReport.objects.create(
                number=number, per_cent=per_cent, **columns
            )
        )
    impossible(lambda: Review.objects.create(report=report, accepted=False, reason="", **SIGNED))
    reporting.review(people["region"], report.pk, True)
    impossible(lambda: Review.objects.create(report=report, accepted=True, **SIGNED))


def test_what_is_written_once_stays_as_it_is(hami: Duty, people: dict[str, Any]) -> None:
    office, region = people["hami"], people["region"]
    evidence = reporting.attach_evidence(office, hami.pk, "a.pdf", [PDF])
    reporting.withdraw_evidence(office, evidence.pk, "x")
    report = reporting.submit_report(office, hami.pk, 10, "x")
    reporting.review(region, report.pk, True)
    acting.set_milestone(region, hami.pk, "x", dt.date(2015, 8, 1))
    reminder = acting.remind(region, hami.pk, "x")
    acting.acknowledge(office, reminder.pk)
    for table in (
        "assignment", "milestone", "progressreport", "review", "evidence", "evidencewithdrawal", "reminder",
        "acknowledgement",
    ):  # fmt: skip
        for statement in (f"UPDATE duties_{table} SET act = 'x'", f"DELETE FROM duties_{table}"):

            def run(statement: str = statement) -> None:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

            impossible(run)
    with pytest.raises(WrittenOnceError):
        Evidence.objects.all().delete()
    with pytest.raises(WrittenOnceError):
        Assignment.objects.update(reason="x")
