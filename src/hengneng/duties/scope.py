"""Which duties somebody sees, and what belongs to them: every reader starts here."""

from __future__ import annotations

from typing import NoReturn

from django.db.models import Q, QuerySet

from hengneng.access import Actor, Verb, decide, scope_of, seen_by
from hengneng.access.deciding import Decision, RefusedAccessError
from hengneng.duties.models import Duty, Evidence, ProgressReport, ReportDraft

LEAD = "current__lead"
COOPERATING = "current__cooperating"


def duties_seen(actor: Actor, verb: Verb = Verb.SEE_DUTIES) -> QuerySet[Duty]:
    """The duties on which ``actor`` may do ``verb``: by place, or as one of those who lead.

    Those who cooperate see a duty as those who lead it do.
    """
    led = seen_by(actor, Duty.objects.all(), verb, organisation=LEAD)
    if verb is not Verb.SEE_DUTIES or not actor.organisations or scope_of(actor, verb).nothing:
        return led
    helped = seen_by(
        actor, Duty.objects.filter(current__cooperating__in=actor.organisations), verb, organisation=COOPERATING
    )
    return Duty.objects.filter(Q(pk__in=led.values("pk")) | Q(pk__in=helped.values("pk")))


def duty_seen(actor: Actor, key: int) -> Duty:
    """One duty. Duty.DoesNotExist when there is none; RefusedAccessError with the reason when it is not for them."""
    duty = Duty.objects.select_related("current__lead", "current__person", "parent").get(pk=key)
    if not duties_seen(actor).filter(pk=key).exists():
        refuse_unseen(actor, duty)
    return duty


def refuse_unseen(actor: Actor, duty: Duty) -> NoReturn:
    """RefusedAccessError with the reason why the duty is not for them."""
    decision: Decision = decide(actor, Verb.SEE_DUTIES, duty.place_id, duty.lead_id)
    raise RefusedAccessError(Verb.SEE_DUTIES, decision)


def drafts_seen(actor: Actor) -> QuerySet[ReportDraft]:
    """Drafts of reports that the actor may read."""
    drafts = ReportDraft.objects.filter(duty__in=duties_seen(actor).values("pk"))
    return seen_by(actor, drafts, Verb.SEE_DRAFTS, place="duty__place", organisation="organisation")


def reports_seen(actor: Actor) -> QuerySet[ProgressReport]:
    """Submitted reports on the duties that the actor sees."""
    return ProgressReport.objects.filter(duty__in=duties_seen(actor).values("pk"))


def evidence_seen(actor: Actor) -> QuerySet[Evidence]:
    """Evidence on the duties that the actor sees."""
    return Evidence.objects.filter(duty__in=duties_seen(actor).values("pk"))
