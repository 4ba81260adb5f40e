"""What is sent from the page of a duty: read, handed to the acting functions, and said again where it is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from hengneng.access import Actor
from hengneng.accounts.models import Person
from hengneng.duties import acting, reporting
from hengneng.duties.models import Evidence, ProgressReport, Reminder
from hengneng.duties.reading import Detail
from hengneng.language import Text, message
from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation
from hengneng.web.duty_pages import read_day
from hengneng.web.questions import RefusedRequestError

UNKNOWN = -1  # a key that nothing has: the acting function then says what can be chosen


@dataclass(frozen=True)
class Done:
    """What was done, in words, and the part of the page where it shows."""

    notice: Text
    anchor: str


Handler = Callable[[HttpRequest, Actor, Detail], Done]


def handle(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    """Do what the form asks for. RefusedError with what is wrong; RefusedRequestError for a form that is not ours."""
    handler = HANDLERS.get(request.POST.get("act", ""))
    if handler is None:
        raise RefusedRequestError(400, message("web.duties.refused.act"))
    return handler(request, actor, found)


def errors_of(act: str, problems: Sequence[Problem]) -> list[tuple[str, Text]]:
    """Problems as (id of the field, text), for the list on top of the page."""
    fields = FIELDS.get(act, ())
    return [
        (
            f"{act}-{one.where if one.where in fields else fields[0] if fields else ''}",
            Text(zh=one.text("zh"), en=one.text("en")),
        )
        for one in problems
    ]


def _day(request: HttpRequest, field: str) -> dt.date | None:
    written = request.POST.get(field, "").strip()
    if not written:
        return None
    try:
        return read_day(written)
    except ValueError:
        raise RefusedError(Problem("D024", field, {"found": written})) from None


def _number(request: HttpRequest, field: str) -> int | None:
    written = request.POST.get(field, "").strip()
    if not written:
        return None
    if not written.isascii() or not written.isdigit() or len(written) > 9:
        raise RefusedError(Problem("D016", field, {"found": written[:20]}))
    return int(written)


def _text(request: HttpRequest, field: str) -> str:
    return str(request.POST.get(field, ""))


def _organisation(identifier: str) -> int | None:
    if not identifier:
        return None
    return Organisation.objects.filter(identifier=identifier).values_list("pk", flat=True).first() or UNKNOWN


def _person(identifier: str) -> int | None:
    if not identifier:
        return None
    return Person.objects.filter(identifier=identifier).values_list("pk", flat=True).first() or UNKNOWN


def _assign(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    helping = [_organisation(one) or UNKNOWN for one in request.POST.getlist("cooperating")]
    made = acting.assign(
        actor,
        found.duty.pk,
        _organisation(_text(request, "lead")),
        person=_person(_text(request, "person")),
        cooperating=helping,
        due=_day(request, "due"),
        reason=_text(request, "reason"),
        based_on=_number(request, "based_on"),
    )
    nobody = message("web.duties.nobody")
    lead = made.lead.label if made.lead else nobody
    person = Text(zh=made.person.name, en=made.person.name) if made.person else nobody
    return Done(message("web.duties.done.assign", lead=lead, person=person), "who")


def _hand_down(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    places = None if "all" in request.POST else request.POST.getlist("places")
    parts = acting.hand_down(actor, found.duty.pk, places)
    return Done(message("web.duties.done.hand_down", count=len(parts)), "parts")


def _milestone(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    due = _day(request, "due")
    if due is None:
        raise RefusedError(Problem("D008", "due", {}))
    acting.set_milestone(actor, found.duty.pk, _text(request, "title"), due, _number(request, "number"))
    return Done(message("web.duties.done.milestone"), "milestones")


def _reach(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    number = _number(request, "number") or 0
    acting.reach_milestone(actor, found.duty.pk, number, _day(request, "reached_on"))
    return Done(message("web.duties.done.milestone"), "milestones")


def _withdraw_milestone(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    acting.withdraw_milestone(actor, found.duty.pk, _number(request, "number") or 0, _text(request, "reason"))
    return Done(message("web.duties.done.milestone"), "milestones")


def _report(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    per_cent, text, claimed = _number(request, "per_cent"), _text(request, "text"), _text(request, "claimed")
    if "draft" in request.POST:
        reporting.save_draft(actor, found.duty.pk, per_cent, text, claimed)
        return Done(message("web.duties.done.draft"), "report")
    made = reporting.submit_report(actor, found.duty.pk, per_cent, text, claimed)
    return Done(message("web.duties.done.report", number=made.number), f"report-{made.number}")


def _review(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    report = _own(ProgressReport, request, "report", found)
    accepted = "accept" in request.POST
    reporting.review(actor, report, accepted, _text(request, "reason"))
    return Done(message("web.duties.done.accepted" if accepted else "web.duties.done.returned"), "reports")


def _attach(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    file = request.FILES.get("file")
    if file is None:
        raise RefusedError(Problem("D031", "file", {"name": "—"}))
    made = reporting.attach_evidence(
        actor, found.duty.pk, file.name or "", file.chunks(), _text(request, "note"), _number(request, "demand")
    )
    return Done(message("web.duties.done.attach", name=made.name), "evidence")


def _withdraw(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    reporting.withdraw_evidence(actor, _own(Evidence, request, "evidence", found), _text(request, "reason"))
    return Done(message("web.duties.done.withdraw"), "evidence")


def _remind(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    made = acting.remind(actor, found.duty.pk, _text(request, "text"))
    to = Text(zh=made.person.name, en=made.person.name) if made.person else made.organisation.label
    return Done(message("web.duties.done.remind", to=to), "reminders")


def _acknowledge(request: HttpRequest, actor: Actor, found: Detail) -> Done:
    acting.acknowledge(actor, _own(Reminder, request, "reminder", found), _text(request, "text"))
    return Done(message("web.duties.done.acknowledge"), "reminders")


def _own(
    model: type[ProgressReport] | type[Evidence] | type[Reminder], request: HttpRequest, field: str, found: Detail
) -> int:
    """Key of a record of this duty. RefusedRequestError 400 for one of another."""
    key = _number(request, field)
    if key is None or not model.objects.filter(pk=key, duty=found.duty).exists():
        raise RefusedRequestError(400, message("web.duties.refused.act"))
    return key


HANDLERS: Mapping[str, Handler] = {
    "assign": _assign,
    "hand_down": _hand_down,
    "milestone": _milestone,
    "reach": _reach,
    "withdraw_milestone": _withdraw_milestone,
    "report": _report,
    "review": _review,
    "attach": _attach,
    "withdraw": _withdraw,
    "remind": _remind,
    "acknowledge": _acknowledge,
}
# Fields of each form by which errors can be found; the first stands for those that have none of their own.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "assign": ("lead", "person", "due", "reason", "cooperating"),
    "hand_down": ("places",),
    "milestone": ("title", "due"),
    "reach": ("reached_on",),
    "withdraw_milestone": ("reason",),
    "report": ("text", "per_cent", "claimed"),
    "review": ("reason",),
    "attach": ("file", "note"),
    "withdraw": ("reason",),
    "remind": ("text",),
    "acknowledge": ("text",),
}
