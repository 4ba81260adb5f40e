"""What a page is asked for in its address, and refusing what cannot be understood."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.report import period_shown, read_moment
from hengneng.web.speech import Speech


class RefusedRequestError(Exception):
    """The address cannot be answered. ``ways`` are the addresses that can, with their names."""

    def __init__(self, status: int, text: Text, ways: list[tuple[str, Text]] | None = None) -> None:
        self.status, self.text, self.ways = status, text, ways or []
        super().__init__(text.en)


@dataclass(frozen=True)
class Question:
    """What is asked of a plan: period, moment of knowing, indicator and place; None: not narrowed."""

    period: Period
    moment: dt.datetime | None
    as_of: str
    indicator: str
    place: str

    def query(self, **changes: str | None) -> str:
        """The question as the query of an address, with changes; empty parts are left out."""
        parts = {
            "period": self.period.written, "indicator": self.indicator, "place": self.place, "as-of": self.as_of,
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})


def speech_of(request: HttpRequest) -> Speech:
    """The language of the page."""
    return Speech(getattr(request, "language", "zh"))


def edition_or_refuse(identifier: str) -> PlanEdition:
    """The newest edition of a plan. RefusedRequestError 404."""
    try:
        return current_edition(identifier)
    except PlanEdition.DoesNotExist:
        raise RefusedRequestError(404, message("web.refused.plan", found=identifier)) from None


def read_question(request: HttpRequest, edition: PlanEdition) -> Question:
    """The question in an address. RefusedRequestError 400 that names what is wrong with it."""
    plan, asked = plan_of(edition), request.GET
    as_of, indicator, place = asked.get("as-of", ""), asked.get("indicator", ""), asked.get("place", "")
    moment = None
    if as_of:
        try:
            moment = read_moment(as_of)
        except ValueError:
            raise _wrong(plan, "as_of", as_of) from None
    if asked.get("period"):
        try:
            period = Period.parse(asked["period"])
        except ValueError:
            raise _wrong(plan, "period", asked["period"]) from None
    else:
        period = period_shown(edition)
    if indicator:
        indicator = _indicator(plan, indicator)
    if place:
        place = _place(plan, place)
    return Question(period, moment, as_of, indicator, place)


def _indicator(plan: Plan, written: str) -> str:
    """The indicator and kind of target, given both as ``indicator/kind`` or the indicator alone (its first kind)."""
    for target in plan.targets:
        key = f"{target.indicator}/{target.kind}"
        if written in (key, target.indicator):
            return key
    raise _wrong(plan, "indicator", written)


def _place(plan: Plan, written: str) -> str:
    """The stable code of one of the plan's places, given by its code or its name."""
    subjects = {subject_code(place.code): place for place in plan.places}
    by_name = {place.name: subject for subject, place in subjects.items()}
    by_code = {place.code: subject for subject, place in subjects.items()}
    found = by_name.get(written) or by_code.get(written) or (written if written in subjects else None)
    if found is None:
        raise _wrong(plan, "place", written)
    return found


def _wrong(plan: Plan, what: str, found: str) -> RefusedRequestError:
    text = message(f"web.refused.{what}", found=found)
    return RefusedRequestError(400, text, [(reverse("plan", args=[plan.id]), plan.head.title.text())])


def answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose refusals become pages that say what to do."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *arguments, **named)
        except RefusedRequestError as refused:
            return refusal(request, refused)

    return answer


def refusal(request: HttpRequest, refused: RefusedRequestError) -> HttpResponse:
    """The page of a refusal."""
    content = {"status": refused.status, "text": refused.text, "ways": refused.ways}
    return render(request, "web/refused.html", content, status=refused.status)
