"""What the pages of duties show: what is asked for in the address, the matrix as a grid, rows for download."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from hengneng.duties.policy import limit
from hengneng.duties.reading import SORTS, Asked, DutyShown, Matrix
from hengneng.duties.states import STAGES, State
from hengneng.language import Text, message
from hengneng.plans.model import Plan
from hengneng.registry.models import Organisation
from hengneng.rules.divisions import subject_code
from hengneng.web.questions import RefusedRequestError
from hengneng.web.speech import Speech

VIEWS = ("list", "grid")
NOBODY = "nobody"
SHOWN_STATES = (State.OVERDUE, State.DUE_SOON, *STAGES)
COLUMNS = (
    "clause", "task", "action", "quote", "place_code", "place", "lead", "cooperating", "person", "stated_due", "due",
    "days_late", "accepted", "waiting", "evidence", "stage", "state", "address",
)  # fmt: skip


@dataclass(frozen=True)
class DutyQuestion:
    """What is asked of the duties of a plan, and the day as on which they are read."""

    plan: Plan
    day: dt.date
    on: str
    view: str
    asked: Asked
    parts: dict[str, str]

    def query(self, **changes: str | None) -> str:
        """The question as the query of an address, with changes; empty parts are left out."""
        parts = {**self.parts, **changes}
        return urlencode({name: value for name, value in parts.items() if value})

    @property
    def list_query(self) -> str:
        """The same as a list."""
        return self.query(view=None)

    @property
    def grid_query(self) -> str:
        """The same as clauses against organisations."""
        return self.query(view="grid")

    @property
    def bare_query(self) -> str:
        """All duties, in the same view and as on the same day."""
        kept = {name: self.parts[name] for name in ("view", "on", "sort") if self.parts[name]}
        return urlencode(kept)


def read_duty_question(request: HttpRequest, plan: Plan) -> DutyQuestion:
    """The question in an address. RefusedRequestError 400 that names what is wrong with it."""
    given = request.GET
    parts = {
        name: given.get(name, "").strip()
        for name in ("on", "state", "organisation", "person", "clause", "place", "q", "sort", "view")
    }
    day = timezone.localdate()
    if parts["on"]:
        try:
            day = read_day(parts["on"])
        except ValueError:
            raise _wrong(plan, "on", parts["on"]) from None
    if parts["state"] and parts["state"] not in list(State):
        raise _wrong(plan, "state", parts["state"])
    if parts["sort"] and parts["sort"] not in SORTS:
        raise _wrong(plan, "sort", parts["sort"])
    if parts["view"] and parts["view"] not in VIEWS:
        raise _wrong(plan, "view", parts["view"])
    organisation = None
    if parts["organisation"]:
        found = Organisation.objects.filter(identifier=parts["organisation"]).values_list("pk", flat=True).first()
        if found is None:
            raise _wrong(plan, "organisation", parts["organisation"])
        organisation = int(found)
    asked = Asked(
        state=parts["state"], organisation=organisation, person=parts["person"], clause=parts["clause"],
        place=parts["place"], search=parts["q"], sort=parts["sort"] or "document",
    )  # fmt: skip
    return DutyQuestion(plan, day, parts["on"], parts["view"] or "list", asked, parts)


def read_day(written: str) -> dt.date:
    """A day as it is written, within the years of plans. ValueError for any other."""
    day = dt.date.fromisoformat(written)
    if not limit("first_year") <= day.year <= limit("last_year"):
        raise ValueError(written)
    return day


def _wrong(plan: Plan, what: str, found: str) -> RefusedRequestError:
    ways = [(reverse("duties-matrix", args=[plan.id]), message("web.duties.title"))]
    return RefusedRequestError(400, message(f"web.duties.refused.{what}", found=found), ways)


@dataclass(frozen=True)
class Chip:
    """A state with how many duties are in it, and the address that shows those."""

    state: str
    count: int
    address: str
    chosen: bool


def chips(found: Matrix, question: DutyQuestion) -> list[Chip]:
    """Every state in which there are duties."""
    return [
        Chip(state, found.counts[state], f"?{question.query(state=state)}", question.asked.state == state)
        for state in SHOWN_STATES
        if found.counts[state] or question.asked.state == state
    ]


@dataclass(frozen=True)
class GridCell:
    """What one organisation has to do with one clause: how many of its tasks it leads, in how many it cooperates."""

    leads: int
    cooperates: int
    worst: str
    address: str


@dataclass(frozen=True)
class GridLine:
    """A clause across all organisations; ``nobody``: tasks that nobody leads."""

    clause: str
    summary: Text
    address: str
    total: int
    nobody: int
    nobody_address: str
    cells: list[GridCell | None]


def grid(found: Matrix, question: DutyQuestion) -> tuple[list[Organisation], list[GridLine]]:
    """Clauses down, organisations across; of all places only that of the document, unless one is asked for."""
    top = question.asked.place or subject_code(found.plan.head.jurisdiction)
    duties = [one for one in found.duties if one.duty.place_id == top]
    bodies = replace(found, duties=duties).bodies
    by_clause: dict[str, list[DutyShown]] = {}
    for one in duties:
        by_clause.setdefault(one.duty.clause, []).append(one)
    document = reverse("document", args=[found.plan.id])
    lines = []
    for clause in found.plan.clauses:
        own = by_clause.get(clause.id)
        if not own:
            continue
        nobody = sum(one.lead is None for one in own)
        lines.append(
            GridLine(
                clause.id,
                clause.summary.text(),
                f"{document}#clause-{clause.id}",
                len(own),
                nobody,
                f"?{question.query(view=None, clause=clause.id, state=State.UNASSIGNED)}",
                [_grid_cell(own, body, clause.id, question) for body in bodies],
            )
        )
    return bodies, lines


def _grid_cell(duties: Sequence[DutyShown], body: Organisation, clause: str, question: DutyQuestion) -> GridCell | None:
    leads = [one for one in duties if one.lead and one.lead.pk == body.pk]
    helps = [one for one in duties if any(other.pk == body.pk for other in one.cooperating)]
    if not leads and not helps:
        return None
    worst = min((one.state for one in leads or helps), key=lambda state: state.rank)
    address = f"?{question.query(view=None, clause=clause, organisation=body.identifier)}"
    return GridCell(len(leads), len(helps), worst, address)


def export_rows(duties: Iterable[DutyShown], speech: Speech, origin: str) -> Iterator[list[object]]:
    """The duties as rows under COLUMNS; missing is empty."""
    for one in duties:
        yield [
            one.duty.clause,
            one.duty.task,
            speech.said(one.action),
            one.task.quote,
            one.duty.place_id,
            speech.said(one.place_name),
            speech.said(one.lead.label) if one.lead else "",
            speech.listed(speech.said(body.label) for body in one.cooperating),
            one.person.name if one.person else "",
            one.duty.stated_due.isoformat(),
            one.due.isoformat(),
            max(one.days_late, 0) if one.timing is State.OVERDUE else "",
            one.summary.accepted,
            speech.words("web.duties.yes") if one.summary.waiting else "",
            one.summary.recorded.evidence,
            speech.words(f"duties.state.{one.stage}"),
            speech.words(f"duties.state.{one.state}"),
            origin + reverse("duty", args=[one.key]),
        ]


def choices(found: Matrix, question: DutyQuestion) -> dict[str, Any]:
    """What can be chosen in the form of the list: made from what the reader sees."""
    return {
        "states": [(state, state == question.asked.state) for state in SHOWN_STATES],
        "organisations": [(one, one.pk == question.asked.organisation) for one in found.organisations],
        "people": [(one, one.identifier == question.asked.person) for one in found.people],
        "places": [(code, name, code == question.asked.place) for code, name in found.places],
        "clauses": [(clause, clause == question.asked.clause) for clause in found.clauses],
        "sorts": [(sort, sort == question.asked.sort) for sort in SORTS],
    }
