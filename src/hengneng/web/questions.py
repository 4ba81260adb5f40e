"""What a page is asked for in its address, and refusing what cannot be understood."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from hengneng.access import PUBLIC, Actor, RefusedAccessError
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.standing.narrowing import SORTS, Narrowing
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.publishing import publications_of
from hengneng.standing.reading import Sight, make_ready, period_to_show, sight_of, sight_of_publication
from hengneng.standing.report import read_moment
from hengneng.standing.rows import RANKED_LEVELS, place_asked
from hengneng.web.speech import Speech

LONGEST_SEARCH = 100
LONGEST_KEY = 16  # digits
ONLY_CHANGED = "only"


class RefusedRequestError(Exception):
    """The address cannot be answered. ``ways`` are the addresses that can, with their names."""

    def __init__(self, status: int, text: Text, ways: list[tuple[str, Text]] | None = None) -> None:
        self.status, self.text, self.ways = status, text, ways or []
        super().__init__(text.en)


@dataclass(frozen=True)
class Question:
    """What is asked of a plan: period, moment of knowing, and which lines in which order; empty: not narrowed."""

    period: Period
    moment: dt.datetime | None
    as_of: str
    indicator: str
    place: str
    level: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1
    publication: str = ""
    changed: str = ""

    @property
    def narrowing(self) -> Narrowing:
        """Which lines are asked for."""
        return Narrowing(
            self.indicator, self.place, self.level, self.search, self.sort, self.page, self.changed == ONLY_CHANGED
        )

    def query(self, **changes: str | None) -> str:
        """The question as the query of an address, with changes; empty parts are left out, and any change turns back
        to the first page."""
        parts = {
            "period": self.period.written, "indicator": self.indicator, "place": self.place, "as-of": self.as_of,
            "level": self.level, "q": self.search, "sort": self.sort,
            "publication": self.publication, "changed": self.changed,
            "page": "" if changes or self.page == 1 else str(self.page),
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


def read_sight(request: HttpRequest, edition: PlanEdition) -> Sight:
    """What the reader sees of a plan: as known on the day in the address, or as it was published then.

    RefusedRequestError 400 for a wrong day, 404 for what was never published.
    """
    written = request.GET.get("publication", "")
    if written:
        number = int(written) if written.isdecimal() and len(written) <= LONGEST_KEY else 0
        one = publications_of(edition).filter(pk=number).first()
        if one is None:
            raise _wrong(plan_of(edition), "publication", written, 404)
        # Another period chosen on the page of a publication leads out of it.
        if request.GET.get("period", one.period) == one.period:
            one.plan = edition
            return sight_of_publication(actor_of_request(request), one)
    as_of = request.GET.get("as-of", "")
    try:
        moment = read_moment(as_of) if as_of else None
    except ValueError:
        raise _wrong(plan_of(edition), "as_of", as_of) from None
    return sight_of(actor_of_request(request), edition, moment)


def read_question(request: HttpRequest, sight: Sight) -> Question:
    """The question in an address. RefusedRequestError 400 that names what is wrong with it."""
    plan, asked = plan_of(sight.edition), request.GET
    if asked.get("period"):
        try:
            period = Period.parse(asked["period"])
        except ValueError:
            raise _wrong(plan, "period", asked["period"]) from None
    elif sight.pinned is not None:
        period = Period.parse(sight.pinned.period)
    else:
        make_ready(sight)
        period = period_to_show(sight)
    level, sort, page = asked.get("level", ""), asked.get("sort", ""), asked.get("page", "1")
    if level and level not in RANKED_LEVELS:
        raise _wrong(plan, "level", level)
    if sort and sort.removeprefix("-") not in SORTS:
        raise _wrong(plan, "sort", sort)
    if not (page.isdecimal() and page.isascii() and int(page) > 0):
        raise _wrong(plan, "page_number", page)
    indicator, place = asked.get("indicator", ""), asked.get("place", "")
    return Question(
        period=period,
        moment=sight.moment,
        as_of="" if sight.pinned is not None else asked.get("as-of", ""),
        indicator=_indicator(plan, indicator) if indicator else "",
        place=_place(sight.edition, place) if place else "",
        level=level,
        search=asked.get("q", "").strip()[:LONGEST_SEARCH],
        sort=sort,
        page=int(page),
        publication=str(sight.pinned.pk) if sight.pinned is not None else "",
        changed=ONLY_CHANGED if asked.get("changed") == ONLY_CHANGED and sight.unpublished else "",
    )


def _indicator(plan: Plan, written: str) -> str:
    """The indicator and kind of target, given both as ``indicator/kind`` or the indicator alone (its first kind)."""
    for target in plan.targets:
        key = f"{target.indicator}/{target.kind}"
        if written in (key, target.indicator):
            return key
    raise _wrong(plan, "indicator", written)


def _place(edition: PlanEdition, written: str) -> str:
    """The stable code of one of the plan's places, given by its code or its name."""
    found = place_asked(edition, written)
    if found is None:
        raise _wrong(plan_of(edition), "place", written)
    return found


def _wrong(plan: Plan, what: str, found: str, status: int = 400) -> RefusedRequestError:
    text = message(f"web.refused.{what}", found=found)
    return RefusedRequestError(status, text, [(reverse("plan", args=[plan.id]), plan.head.title.text())])


Answer = TypeVar("Answer", bound=HttpResponseBase)


def answered(view: Callable[..., Answer]) -> Callable[..., Answer | HttpResponse]:
    """A view whose refusals become pages that say what to do."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> Answer | HttpResponse:
        try:
            return view(request, *arguments, **named)
        except RefusedRequestError as refused:
            return refusal(request, refused)
        except RefusedAccessError as refused:
            return refusal(request, forbidden(request, refused))

    return answer


def forbidden(request: HttpRequest, refused: RefusedAccessError) -> RefusedRequestError:
    """The refusal with its reason; somebody who is not signed in is shown the way to do so, and back."""
    ways = []
    if not actor_of_request(request).signed_in:
        address = f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}"
        ways = [(address, message("web.refused.sign_in"))]
    return RefusedRequestError(403, refused.decision.reason, ways)


def query_of(**parts: object) -> str:
    """A query without its empty parts."""
    return urlencode({name: str(value) for name, value in parts.items() if value not in (None, "")})


def actor_of_request(request: HttpRequest) -> Actor:
    """Who acts: the person that the middleware has found, else the public."""
    actor: Actor = getattr(request, "actor", PUBLIC)
    return actor


def refusal(request: HttpRequest, refused: RefusedRequestError) -> HttpResponse:
    """The page of a refusal."""
    content = {"status": refused.status, "text": refused.text, "ways": refused.ways}
    return render(request, "web/refused.html", content, status=refused.status)
