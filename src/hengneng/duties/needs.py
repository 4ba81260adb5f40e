"""What waits for somebody, in the order of urgency."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from hengneng.access import Actor, Verb, scope_of, seen_by
from hengneng.duties.lists import DutyShown, overdue_since, shown
from hengneng.duties.models import ProgressReport, Reminder
from hengneng.duties.scope import duties_seen
from hengneng.duties.states import State
from hengneng.language import Text, message

# Sign and severity of what waits: the order in which it is shown.
OVERDUE, REMINDED, RETURNED, TO_REVIEW, UNASSIGNED, NEAR = range(6)
_SIGNS = {
    OVERDUE: "severity-3", REMINDED: "severity-3", RETURNED: "severity-2", TO_REVIEW: "severity-2",
    UNASSIGNED: "severity-2", NEAR: "severity-1",
}  # fmt: skip
_NOW = (OVERDUE, REMINDED, RETURNED)


@dataclass(frozen=True)
class Need:
    """One thing that waits. ``sign`` names a sign of the pages, ``kind`` what it is, ``address`` where it is done."""

    order: int
    kind: str
    title: Text
    why: Text
    due: dt.date | None
    address: str
    place: Text | None = None

    @property
    def sign(self) -> str:
        """The sign that it bears."""
        return _SIGNS[self.order]

    @property
    def urgency(self) -> str:
        """``now`` or ``soon``."""
        return "now" if self.order in _NOW else "soon"


def needs(actor: Actor, day: dt.date) -> list[Need]:
    """What waits for ``actor`` on ``day``, the most urgent first; nothing for somebody who holds no office."""
    if not actor.organisations:
        return []
    own = duties_seen(actor).filter(Q(current__lead__in=actor.organisations) | Q(current__person=actor.person_id))
    mine = shown(own.select_related("current__lead", "current__person").distinct(), day)
    found = [*_of_mine(actor, mine), *_reminders(actor, day), *_reviews(actor, day), *_unassigned(actor, day)]
    return sorted(found, key=lambda need: (need.order, need.due or dt.date.max, need.address))


def _address(key: int, part: str = "") -> str:
    return reverse("duty", args=[key]) + part


def _of_mine(actor: Actor, mine: list[DutyShown]) -> list[Need]:
    if scope_of(actor, Verb.REPORT_PROGRESS).nothing:
        return []
    found = []
    for one in mine:
        if one.stage is State.RETURNED:
            returned = one.duty.reports.filter(review__accepted=False).latest("number")
            why = message("duties.need.returned", reason=returned.review.reason)
            found.append(Need(RETURNED, "returned", one.action, why, one.due, _address(one.key), one.place_name))
        elif one.stage is not State.REPORTED and one.timing is State.OVERDUE:
            why = overdue_since(one)
            found.append(Need(OVERDUE, "overdue", one.action, why, one.due, _address(one.key), one.place_name))
        elif one.stage is not State.REPORTED and one.timing is State.DUE_SOON:
            why = message("duties.need.due_soon", due=one.due.isoformat(), days=-one.days_late)
            found.append(Need(NEAR, "due_soon", one.action, why, one.due, _address(one.key), one.place_name))
    return found


def _reminders(actor: Actor, day: dt.date) -> list[Need]:
    waiting = Reminder.objects.filter(organisation__in=actor.organisations, acknowledgement=None)
    waiting = waiting.filter(Q(person=None) | Q(person=actor.person_id), duty__in=duties_seen(actor).values("pk"))
    found = list(waiting.select_related("duty__current__lead", "duty__current__person"))
    duties = {one.key: one for one in shown({one.duty_id: one.duty for one in found}.values(), day)}
    return [
        Need(
            REMINDED, "reminded", duties[one.duty_id].action,
            message("duties.need.reminded", by=one.by_name, text=one.text),
            duties[one.duty_id].due, _address(one.duty_id, "#reminders"), duties[one.duty_id].place_name,
        )
        for one in found
        if one.duty_id in duties
    ]  # fmt: skip


def reports_to_review(actor: Actor) -> list[ProgressReport]:
    """Reports that nobody has reviewed and that ``actor`` may."""
    waiting = seen_by(
        actor, ProgressReport.objects.filter(review=None), Verb.REVIEW_PROGRESS, "duty__place", "organisation"
    )
    return list(waiting.select_related("duty__current__lead", "duty__current__person", "organisation").order_by("at"))


def _reviews(actor: Actor, day: dt.date) -> list[Need]:
    found = reports_to_review(actor)
    duties = {one.key: one for one in shown({one.duty_id: one.duty for one in found}.values(), day)}
    return [
        Need(
            TO_REVIEW, "to_review", duties[one.duty_id].action,
            message("duties.need.to_review", organisation=one.organisation.label, per_cent=one.per_cent),
            duties[one.duty_id].due, _address(one.duty_id, f"#report-{one.number}"), duties[one.duty_id].place_name,
        )
        for one in found
        if one.duty_id in duties
    ]  # fmt: skip


def _unassigned(actor: Actor, day: dt.date) -> list[Need]:
    """One line a plan: what nobody leads, where the actor may change that."""
    open_duties = duties_seen(actor, Verb.ASSIGN_DUTIES).filter(Q(current=None) | Q(current__lead=None))
    plans: dict[str, list[DutyShown]] = {}
    for one in shown(open_duties.select_related("current"), day):
        plans.setdefault(one.duty.plan, []).append(one)
    found = []
    for plan, duties in plans.items():
        address = f"{reverse('duties-matrix', args=[plan])}?{urlencode({'state': State.UNASSIGNED.value})}"
        title = message("duties.need.unassigned_title", count=len(duties))
        due = min(one.due for one in duties)
        found.append(Need(UNASSIGNED, "unassigned", title, message("duties.need.unassigned"), due, address))
    return found
