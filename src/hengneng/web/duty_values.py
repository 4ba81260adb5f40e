"""What stands in the forms on the page of a duty: what was typed, else what holds."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from hengneng.access import Actor
from hengneng.duties.lists import place_name
from hengneng.duties.people import organisations_for, organisations_to_choose, people_at
from hengneng.duties.reading import Detail
from hengneng.language import Text
from hengneng.registry.models import Organisation


def form_values(request: HttpRequest, actor: Actor, found: Detail, act: str) -> dict[str, Any]:
    """Values by form; ``act`` names the form that was refused, whose values are those that were typed."""
    typed = request.POST if act else {}
    forms: dict[str, Any] = {
        name: {field: typed.get(field, "") for field in fields} if name == act else {}
        for name, fields in (
            ("milestone", ("title", "due")),
            ("remind", ("text",)),
            ("attach", ("note", "demand")),
            ("withdraw", ("reason", "evidence")),
            ("withdraw_milestone", ("reason", "number")),
            ("reach", ("reached_on", "number")),
            ("review", ("reason", "report")),
            ("acknowledge", ("text", "reminder")),
        )
    }
    forms["report"] = _report(request, found, act)
    if found.may["assign"].allowed:
        forms["assign"] = _assign(request, actor, found, act)
        forms["places"] = [(code, place_name(code, timezone.localdate())) for code in found.places_left]
    return forms


def _report(request: HttpRequest, found: Detail, act: str) -> dict[str, Any]:
    if act == "report":
        return {name: request.POST.get(name, "") for name in ("per_cent", "text", "claimed")}
    draft = found.draft
    if draft is None:
        return {"per_cent": "", "text": "", "claimed": ""}
    return {
        "per_cent": "" if draft.per_cent is None else draft.per_cent,
        "text": draft.text,
        "claimed": draft.claimed,
        "saved": draft,
    }


def _assign(request: HttpRequest, actor: Actor, found: Detail, act: str) -> dict[str, Any]:
    """The form of the assignment: without script the people are shown after the organisation was sent."""
    now = found.duty.current
    values = {
        "lead": now.lead.identifier if now and now.lead else "",
        "person": now.person.identifier if now and now.person else "",
        "due": now.due.isoformat() if now and now.due else "",
        "reason": "",
        "cooperating": [one.identifier for one in found.one.cooperating],
    }
    # A form that was refused, or one that asks for the people of another organisation.
    given = request.POST if act == "assign" else request.GET if "lead" in request.GET else None
    if given is not None:
        values = {name: given.get(name, "") for name in ("lead", "person", "due", "reason")}
        values["cooperating"] = given.getlist("cooperating")
    choose = organisations_to_choose(actor, found.duty)
    lead = next((one for one in choose if one.identifier == values["lead"]), None)
    if lead is None and now and now.lead and values["lead"] == now.lead.identifier:
        lead = now.lead
        choose = [lead, *choose]
    return {
        **values,
        "groups": _groups(choose, found.duty.place_id),
        "people": list(people_at(lead)) if lead else [],
        "of": lead,
        "helpers": _helpers(found),
        "based_on": now.revision if now else 0,
    }


def _groups(organisations: list[Organisation], place: str) -> list[tuple[Text, list[Organisation]]]:
    """Organisations by their place, that of the duty first."""
    ordered = sorted(organisations, key=lambda one: (one.place_id != place, one.place_id))
    day = timezone.localdate()
    return [(place_name(code, day), list(group)) for code, group in groupby(ordered, key=lambda one: one.place_id)]


def _helpers(found: Detail) -> list[Organisation]:
    """Organisations that may cooperate: those at the place of the duty, and those that do."""
    there = [one for one in organisations_for(found.duty) if one.place_id == found.duty.place_id]
    keys = {one.pk for one in there}
    return [*there, *(one for one in found.one.cooperating if one.pk not in keys)]
