"""Reporting how far a duty has come, showing it by evidence, and reviewing what was reported."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require
from hengneng.duties.acting import Signed, locked, needed, refuse, short
from hengneng.duties.files import check, keep
from hengneng.duties.models import (
    Duty,
    Evidence,
    EvidenceWithdrawal,
    ProgressReport,
    ReportDraft,
    Review,
)
from hengneng.duties.policy import limit
from hengneng.duties.summary import is_done
from hengneng.standing.plans import current_edition, plan_of

WHOLE = 100


def reporter_for(actor: Actor, duty: Duty) -> int | None:
    """The organisation for which ``actor`` reports on the duty: the one that leads, else one that cooperates."""
    if duty.lead_id is None or actor.operator or duty.lead_id in actor.organisations or duty.current is None:
        return duty.lead_id
    helping = duty.current.cooperating.filter(pk__in=actor.organisations).values_list("pk", flat=True)
    return next(iter(helping), duty.lead_id)


@transaction.atomic
def save_draft(actor: Actor, key: int, per_cent: int | None, text: str, claimed: str = "") -> ReportDraft:
    """Keep what has been written so far of a report. RefusedError: D009 too long, D014 nobody leads, D016 per cent."""
    duty = locked(key)
    organisation = _reporter(actor, duty)
    _check_per_cent(per_cent)
    signed = Signed.new(actor)
    draft, _ = ReportDraft.objects.update_or_create(
        duty=duty,
        organisation_id=organisation,
        defaults={
            "per_cent": per_cent,
            "text": short("text", text),
            "claimed": short("claimed", claimed),
            "saved_by": actor.identifier,
            "saved_by_name": actor.name,
            "saved_at": timezone.now(),
        },
    )
    signed.log("duty.save_draft", duty)
    return draft


@transaction.atomic
def submit_report(actor: Actor, key: int, per_cent: int | None, text: str, claimed: str = "") -> ProgressReport:
    """Report how far the duty has come; from then on it stands as it is, and the draft is gone.

    RefusedError: D008 no text, D014 nobody leads, D016 per cent, D017 a report waits for its review, D018 done without
    evidence, D019 done while parts are open.
    """
    duty = locked(key)
    organisation = _reporter(actor, duty)
    if per_cent is None:
        refuse("D016", "per_cent", found="")
    _check_per_cent(per_cent)
    written, figures = needed("text", text), short("claimed", claimed)
    leading = organisation == duty.lead_id
    if ProgressReport.objects.filter(duty=duty, organisation=organisation, review=None).exists():
        refuse("D017", "text")
    if leading and per_cent == WHOLE:
        _check_whole(duty)
    signed = Signed.new(actor)
    last = duty.reports.order_by("-number").values_list("number", flat=True).first() or 0
    report = ProgressReport.objects.create(
        duty=duty, number=last + 1, organisation_id=organisation, leading=leading, per_cent=per_cent, text=written,
        claimed=figures, **signed.columns(),
    )  # fmt: skip
    ReportDraft.objects.filter(duty=duty, organisation_id=organisation).delete()
    signed.log("duty.submit_report", duty, number=report.number, per_cent=per_cent, organisation=organisation)
    return report


def _reporter(actor: Actor, duty: Duty) -> int:
    organisation = reporter_for(actor, duty)
    require(actor, Verb.REPORT_PROGRESS, duty.place_id, organisation)
    if organisation is None:
        refuse("D014", "lead")
    return organisation


def _check_per_cent(per_cent: int | None) -> None:
    if per_cent is not None and not 0 <= per_cent <= WHOLE:
        refuse("D016", "per_cent", found=per_cent)


def _check_whole(duty: Duty) -> None:
    evidence = Evidence.objects.filter(duty=duty, withdrawal=None).count()
    if evidence < limit("evidence_of_done"):
        refuse("D018", "evidence", found=evidence, least=limit("evidence_of_done"))
    open_parts = sum(not is_done(part) for part in duty.parts.all())
    if open_parts:
        refuse("D019", "per_cent", parts=open_parts)


@transaction.atomic
def review(actor: Actor, report: int, accepted: bool, reason: str = "") -> Review:
    """Accept a report, or return it with a reason.

    RefusedError: D008 returned without reason, D018 or D019 accepted as done without evidence or with open parts, D020
    reviewed already.
    """
    found = ProgressReport.objects.get(pk=report)
    duty = locked(found.duty_id)
    require(actor, Verb.REVIEW_PROGRESS, duty.place_id, found.organisation_id)
    if Review.objects.filter(report=found).exists():
        refuse("D020", "reason")
    why = short("reason", reason) if accepted else needed("reason", reason)
    if accepted and found.leading and found.per_cent == WHOLE:
        _check_whole(duty)
    signed = Signed.new(actor)
    made = Review.objects.create(report=found, accepted=accepted, reason=why, **signed.columns())
    signed.log("duty.review", duty, why, number=found.number, accepted=accepted)
    return made


@transaction.atomic
def attach_evidence(
    actor: Actor, key: int, name: str, content: Iterable[bytes], note: str = "", demand: int | None = None
) -> Evidence:
    """Attach a file that shows what was done; ``demand``: which of the documents that the task asks for, from 0.

    RefusedError: D014 nobody leads, D021 too many files, D022 the same file is there, D030 to D034 about the file.
    """
    duty = locked(key)
    organisation = _reporter(actor, duty)
    if Evidence.objects.filter(duty=duty).count() >= limit("files_of_a_duty"):
        refuse("D021", "file", most=limit("files_of_a_duty"))
    checked = check(name, content)
    if Evidence.objects.filter(duty=duty, digest=checked.digest, withdrawal=None).exists():
        refuse("D022", "file", name=checked.name)
    asked = len(next(task for task in plan_of(current_edition(duty.plan)).tasks if task.id == duty.task).evidence)
    signed = Signed.new(actor)
    keep(checked)
    made = Evidence.objects.create(
        duty=duty, organisation_id=organisation, digest=checked.digest, name=checked.name, size=len(checked.content),
        media_type=checked.media_type, note=short("note", note),
        demand=demand if demand is not None and 0 <= demand < asked else None, **signed.columns(),
    )  # fmt: skip
    signed.log("duty.attach_evidence", duty, evidence=made.pk, name=made.name, sha256=made.digest, size=made.size)
    return made


@transaction.atomic
def withdraw_evidence(actor: Actor, evidence: int, reason: str) -> EvidenceWithdrawal:
    """Evidence counts no longer; the file is kept. RefusedError: D008 no reason, D023 withdrawn already."""
    found = Evidence.objects.get(pk=evidence)
    duty = locked(found.duty_id)
    require(actor, Verb.REPORT_PROGRESS, duty.place_id, found.organisation_id)
    why = needed("reason", reason)
    if EvidenceWithdrawal.objects.filter(evidence=found).exists():
        refuse("D023", "reason", name=found.name)
    signed = Signed.new(actor)
    made = EvidenceWithdrawal.objects.create(evidence=found, reason=why, **signed.columns())
    signed.log("duty.withdraw_evidence", duty, why, evidence=found.pk, name=found.name)
    return made
