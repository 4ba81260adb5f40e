"""Reports, reviews and evidence: who may, what is refused, when a duty is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from duties.conftest import PDF, TODAY, duty_of, organisation, refused

from hengneng.access import RefusedAccessError
from hengneng.acts.models import Act
from hengneng.duties import acting, reporting
from hengneng.duties.models import Duty, Evidence, ReportDraft
from hengneng.duties.policy import limit
from hengneng.duties.reading import detail
from hengneng.duties.states import State

if TYPE_CHECKING:
    from hengneng.access import Actor

People = dict[str, "Actor"]


def test_from_draft_to_done(people: People, hami: Duty) -> None:
    office, region = people["hami"], people["region"]
    reporting.save_draft(office, hami.pk, None, "写到一半")
    reporting.save_draft(office, hami.pk, 40, "已完成四成", "清单 12 项")
    assert ReportDraft.objects.get(duty=hami).per_cent == 40
    first = reporting.submit_report(office, hami.pk, 40, "已完成四成", "清单 12 项")
    assert not ReportDraft.objects.filter(duty=hami).exists()
    assert detail(office, hami.pk, TODAY).one.stage is State.REPORTED
    with refused({"D017"}):
        reporting.submit_report(office, hami.pk, 50, "x")
    reporting.review(region, first.pk, False, "请附清单")
    assert detail(office, hami.pk, TODAY).one.stage is State.RETURNED
    with refused({"D018"}):
        reporting.submit_report(office, hami.pk, 100, "全部完成")
    file = reporting.attach_evidence(office, hami.pk, "清单.pdf", [PDF], "责任分解表", 0)
    second = reporting.submit_report(office, hami.pk, 100, "全部完成")
    reporting.review(region, second.pk, True)
    assert detail(office, hami.pk, TODAY).one.state is State.DONE
    # Evidence that no longer counts opens the duty again; nothing is deleted.
    reporting.withdraw_evidence(office, file.pk, "错附")
    assert detail(office, hami.pk, TODAY).one.stage is State.IN_PROGRESS
    assert Evidence.objects.filter(pk=file.pk).exists()
    verbs = list(Act.objects.filter(kind="duty", name=hami.key).order_by("sequence").values_list("verb", flat=True))
    assert verbs[-5:] == [
        "duty.review", "duty.attach_evidence", "duty.submit_report", "duty.review", "duty.withdraw_evidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "who",
    ["region", "changji", "county.hami", "department", "supervision", "unit", "auditor", "administrator", "public"],
)
def test_only_those_who_lead_report(people: People, hami: Duty, who: str) -> None:
    for call in (
        lambda: reporting.save_draft(people[who], hami.pk, 10, "x"),
        lambda: reporting.submit_report(people[who], hami.pk, 10, "x"),
        lambda: reporting.attach_evidence(people[who], hami.pk, "a.pdf", [PDF]),
    ):
        with pytest.raises(RefusedAccessError):
            call()
    assert not Evidence.objects.filter(duty=hami).exists()


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("region", True), ("supervision", True), ("hami", False), ("changji", False), ("county.hami", False),
        ("department", False), ("unit", False), ("auditor", False), ("administrator", False), ("public", False),
    ],
)  # fmt: skip
def test_who_may_review(people: People, hami: Duty, who: str, allowed: bool) -> None:
    report = reporting.submit_report(people["hami"], hami.pk, 10, "x")
    if allowed:
        reporting.review(people[who], report.pk, True)
        with refused({"D020"}):
            reporting.review(people[who], report.pk, False, "x")
    else:
        with pytest.raises(RefusedAccessError):
            reporting.review(people[who], report.pk, True)


def test_a_report_is_returned_with_a_reason(people: People, hami: Duty) -> None:
    report = reporting.submit_report(people["hami"], hami.pk, 10, "x")
    with refused({"D008"}):
        reporting.review(people["region"], report.pk, False, "  ")


def test_wrong_reports_are_refused(people: People, hami: Duty) -> None:
    office = people["hami"]
    for per_cent in (None, -1, 101):
        with refused({"D016"}):
            reporting.submit_report(office, hami.pk, per_cent, "x")
    with refused({"D016"}):
        reporting.save_draft(office, hami.pk, 101, "x")
    with refused({"D008"}):
        reporting.submit_report(office, hami.pk, 1, " ")
    with refused({"D009"}):
        reporting.submit_report(office, hami.pk, 1, "长" * (limit("longest_text") + 1))


def test_nobody_reports_on_what_nobody_leads(people: People) -> None:
    from hengneng.access import terminal_actor

    with refused({"D014"}):
        reporting.submit_report(terminal_actor(), Duty.objects.filter(current=None).first().pk, 1, "x")


def test_those_who_cooperate_report_too_but_do_not_decide(people: People, hami: Duty) -> None:
    helper = organisation("county-office-652222")
    acting.assign(people["hami"], hami.pk, hami.lead_id, cooperating=[helper])
    report = reporting.submit_report(people["county.hami"], hami.pk, 100, "本县部分完成")
    assert (report.organisation_id, report.leading) == (helper, False)
    reporting.review(people["hami"], report.pk, True)
    assert detail(people["hami"], hami.pk, TODAY).one.stage is State.IN_PROGRESS


def test_a_duty_with_open_parts_is_not_done(people: People, hami: Duty) -> None:
    office = people["hami"]
    acting.hand_down(office, hami.pk, ["652222"])
    reporting.attach_evidence(office, hami.pk, "a.pdf", [PDF])
    with refused({"D019"}):
        reporting.submit_report(office, hami.pk, 100, "x")
    part, county = duty_of(hami.task, "652222"), people["county.hami"]
    reporting.attach_evidence(county, part.pk, "a.pdf", [PDF])
    report = reporting.submit_report(county, part.pk, 100, "x")
    reporting.review(office, report.pk, True)
    assert reporting.submit_report(office, hami.pk, 100, "x").per_cent == 100


def test_evidence(people: People, hami: Duty, monkeypatch: pytest.MonkeyPatch) -> None:
    office = people["hami"]
    made = reporting.attach_evidence(office, hami.pk, "a.pdf", [PDF], "x", 7)
    assert (made.demand, made.media_type, made.size) == (None, "application/pdf", len(PDF))
    with refused({"D022"}):
        reporting.attach_evidence(office, hami.pk, "b.pdf", [PDF])
    with refused({"D033"}):
        reporting.attach_evidence(office, hami.pk, "b.pdf", [b"<html>"])
    with refused({"D008"}):
        reporting.withdraw_evidence(office, made.pk, "")
    with pytest.raises(RefusedAccessError):
        reporting.withdraw_evidence(people["region"], made.pk, "x")
    reporting.withdraw_evidence(office, made.pk, "x")
    with refused({"D023"}):
        reporting.withdraw_evidence(office, made.pk, "x")
    assert reporting.attach_evidence(office, hami.pk, "again.pdf", [PDF]).digest == made.digest
    monkeypatch.setattr(reporting, "limit", lambda _: 2)
    with refused({"D021"}):
        reporting.attach_evidence(office, hami.pk, "c.pdf", [PDF + b"2"])
