"""The log of acts as a page: everybody sees what concerns them, whoever may sees more."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, require, scope_of
from hengneng.accounts.models import Person
from hengneng.acts.models import Act
from hengneng.acts.verifying import verify
from hengneng.language import Text, message
from hengneng.rules.divisions import DivisionError, division
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered

PAGE = 50


def acts_seen_by(actor: Actor) -> QuerySet[Act]:
    """The acts that somebody may read: those within their office, and their own."""
    within = scope_of(actor, Verb.READ_LOG).condition("place", "organisation")
    return Act.objects.filter(within | Q(who=actor.identifier))


@dataclass(frozen=True)
class ActShown:
    """One act as a row: what it was in words, where it leads, who it was."""

    act: Act
    label: Text
    address: str
    name: str
    place: Text | None


@answered
def log(request: HttpRequest) -> HttpResponse:
    """The acts, the newest first."""
    actor = actor_of_request(request)
    if not actor.signed_in:
        require(actor, Verb.READ_LOG)
    asked = {name: request.GET.get(name, "").strip() for name in ("who", "verb", "kind", "name", "from", "to")}
    seen = acts_seen_by(actor)
    verbs = sorted(set(seen.order_by().values_list("verb", flat=True).distinct()))
    page = Paginator(_narrowed(seen, asked).order_by("-sequence"), PAGE).get_page(request.GET.get("page"))
    may_verify = decide(actor, Verb.READ_LOG).allowed and scope_of(actor, Verb.READ_LOG).everything
    content = {
        "page": page,
        "rows": _shown(list(page.object_list)),
        "asked": asked,
        "verbs": [(verb, message(f"act.{verb}")) for verb in verbs],
        "may_verify": may_verify,
        "verified": verify() if may_verify and "verify" in request.GET else None,
    }
    return render(request, "web/log.html", content)


def _narrowed(acts: QuerySet[Act], asked: dict[str, str]) -> QuerySet[Act]:
    for name in ("who", "verb", "kind", "name"):
        if asked[name]:
            acts = acts.filter(**{name: asked[name]})
    try:
        if asked["from"]:
            acts = acts.filter(at__gte=_moment(asked["from"]))
        if asked["to"]:
            acts = acts.filter(at__lt=_moment(asked["to"]) + dt.timedelta(days=1))
    except ValueError:
        raise RefusedRequestError(400, message("web.refused.as_of", found=asked["from"] or asked["to"])) from None
    return acts


def _moment(day: str) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(dt.date.fromisoformat(day), dt.time.min))


def _shown(acts: list[Act]) -> list[ActShown]:
    names = dict(
        Person.objects.filter(identifier__in={act.who for act in acts}).values_list("identifier", "name")
    )
    return [
        ActShown(act, message(f"act.{act.verb}"), address_of_act(act), names.get(act.who, act.who), _place(act.place))
        for act in acts
    ]


def address_of_act(act: Act) -> str:
    """The page of what the act was about; empty where there is none."""
    if act.kind == "fact":
        parts = act.name.split("/")
        return reverse("fact", args=parts[:3]) if len(parts) >= 3 else ""
    names = {"duty": "duty", "person": "person", "plan": "plan", "job": "job"}
    return reverse(names[act.kind], args=[act.name]) if act.kind in names else ""


def _place(code: str) -> Text | None:
    if not code:
        return None
    try:
        return division(code).name
    except DivisionError:
        return Text(zh=code, en=code)


addresses = [path("log/", log, name="log")]
