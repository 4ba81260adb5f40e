"""Pages about duties: the matrix of responsibility with its files, one duty, its evidence, the calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from hengneng.access import Verb, require, scope_of
from hengneng.duties.files import endings, give_back
from hengneng.duties.models import Duty, Evidence
from hengneng.duties.people import people_at
from hengneng.duties.policy import limit
from hengneng.duties.reading import Detail, detail, duties_seen, duty_seen, matrix
from hengneng.duties.reading import calendar as calendar_of
from hengneng.language import Text, message
from hengneng.plans.model import Plan
from hengneng.problems import RefusedError
from hengneng.registry.models import Organisation
from hengneng.rules.divisions import subject_code
from hengneng.standing.plans import plan_of
from hengneng.web.calendars import by_month, icalendar, month_grid, month_to_show, next_month
from hengneng.web.duty_forms import errors_of, handle
from hengneng.web.duty_pages import (
    COLUMNS,
    DutyQuestion,
    chips,
    choices,
    export_rows,
    grid,
    read_day,
    read_duty_question,
)
from hengneng.web.duty_values import form_values
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered, edition_or_refuse, speech_of
from hengneng.web.sheets import csv_answer, excel_answer

PAGE = 200


def _asked(request: HttpRequest, identifier: str) -> tuple[Plan, DutyQuestion]:
    """The plan and the question; RefusedAccessError for somebody who sees no duties at all."""
    plan = plan_of(edition_or_refuse(identifier))
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_DUTIES).nothing:
        require(actor, Verb.SEE_DUTIES, subject_code(plan.head.jurisdiction))
    return plan, read_duty_question(request, plan)


@answered
def responsibility(request: HttpRequest, identifier: str) -> HttpResponse:
    """The matrix of responsibility: a list, or clauses against organisations."""
    plan, question = _asked(request, identifier)
    actor = actor_of_request(request)
    found = matrix(actor, plan.id, question.day, question.asked)
    page = Paginator(found.duties, PAGE).get_page(request.GET.get("page"))
    content: dict[str, Any] = {
        "plan": plan,
        "title": plan.head.title.text(),
        "question": question,
        "found": found,
        "page": page,
        "chips": chips(found, question),
        "all_address": f"?{question.query(state=None)}",
        "choices": choices(found, question),
        "assignable": set(duties_seen(actor, Verb.ASSIGN_DUTIES).filter(plan=plan.id).values_list("pk", flat=True)),
        "several_places": len(found.places) > 1,
        "narrowed": any(value for name, value in question.parts.items() if name not in ("view", "on", "sort")),
        "clauses": {clause.id: clause.summary.text() for clause in plan.clauses},
    }
    if question.view == "grid":
        content["bodies"], content["lines"] = grid(found, question)
        content["top_only"] = not question.asked.place
    return render(request, "web/duties/matrix.html", content)


@answered
def responsibility_csv(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """The duties asked for, as CSV."""
    plan, question = _asked(request, identifier)
    speech = speech_of(request)
    found = matrix(actor_of_request(request), plan.id, question.day, question.asked)
    head = [speech.words(f"web.duties.csv.{column}") for column in COLUMNS]
    return csv_answer(f"{plan.id}-duties", head, export_rows(found.duties, speech, _origin(request)))


@answered
def responsibility_excel(request: HttpRequest, identifier: str) -> HttpResponse:
    """The duties asked for, as an Excel file."""
    plan, question = _asked(request, identifier)
    speech = speech_of(request)
    found = matrix(actor_of_request(request), plan.id, question.day, question.asked)
    most = limit("rows_exported_as_excel")
    if len(found.duties) > most:
        raise RefusedRequestError(400, message("web.duties.refused.too_many", most=most))
    head = [speech.words(f"web.duties.csv.{column}") for column in COLUMNS]
    title = speech.words("web.duties.title")
    return excel_answer(f"{plan.id}-duties", title, head, export_rows(found.duties, speech, _origin(request)))


def _origin(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _found_or_refuse(key: int) -> None:
    if not Duty.objects.filter(pk=key).exists():
        ways = [(reverse("plans"), message("web.nav.home"))]
        raise RefusedRequestError(404, message("web.duties.refused.duty"), ways)


@answered
def duty(request: HttpRequest, key: int) -> HttpResponse:
    """One duty: who, by when, how far, shown by what; and whatever the reader may do with it."""
    _found_or_refuse(key)
    actor = actor_of_request(request)
    day = _day_of(request)
    found = detail(actor, key, day)
    errors: list[Any] = []
    act = ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            done = handle(request, actor, found)
        except RefusedError as refused:
            errors = errors_of(act, refused.problems)
            found = detail(actor, key, day)
        else:
            notify(request, done.notice)
            answer = redirect(f"{reverse('duty', args=[key])}#{done.anchor}")
            answer.status_code = 303
            return answer
    content = {
        "found": found,
        "one": found.one,
        "duty": found.duty,
        "plan": found.plan,
        "title": found.plan.head.title.text(),
        "clause": found.plan.clause(found.duty.clause),
        "errors": errors,
        "act": act if errors else "",
        "forms": form_values(request, actor, found, act if errors else ""),
        "demands": _demands(found),
        "endings": endings(),
        "most": limit("bytes_of_a_file") // 1_000_000,
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "web/duties/duty.html", content, status=400 if errors else 200)


@dataclass(frozen=True)
class Demand:
    """A document that the task asks for, and whether one was attached."""

    text: Text
    met: bool


def _demands(found: Detail) -> list[Demand]:
    met = {one.demand for one in found.evidence if not hasattr(one, "withdrawal")}
    return [Demand(words.text(), at in met) for at, words in enumerate(found.one.task.evidence)]


def _day_of(request: HttpRequest) -> dt.date:
    written = request.GET.get("on", "")
    try:
        return read_day(written) if written else timezone.localdate()
    except ValueError:
        raise RefusedRequestError(400, message("web.duties.refused.on", found=written)) from None


@answered
def people(request: HttpRequest, key: int) -> HttpResponse:
    """The people of an organisation to whom the duty can be given: a part of the page."""
    _found_or_refuse(key)
    actor = actor_of_request(request)
    found = duty_seen(actor, key)
    require(actor, Verb.ASSIGN_DUTIES, found.place_id, found.lead_id)
    lead = Organisation.objects.filter(identifier=request.GET.get("lead", "")).first()
    if lead is not None:
        require(actor, Verb.ASSIGN_DUTIES, found.place_id, lead.pk)
    content = {"people": list(people_at(lead)) if lead else [], "lead": lead, "person": ""}
    return render(request, "web/duties/people.html", content)


@answered
def evidence(request: HttpRequest, key: int) -> HttpResponse:
    """A file of evidence, as a download and never as a page."""
    actor = actor_of_request(request)
    found = Evidence.objects.filter(pk=key).first()
    if found is None:
        raise RefusedRequestError(404, message("web.duties.refused.evidence"))
    duty_seen(actor, found.duty_id)
    try:
        content = give_back(found.digest, found.name)
    except RefusedError as refused:
        problem = message("web.duties.refused.damaged", name=found.name, number=refused.problems[0].number)
        raise RefusedRequestError(404, problem) from refused
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, found.name) or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


@answered
def calendar(request: HttpRequest, identifier: str) -> HttpResponse:
    """What falls due when: the months one after the other, and the days of one month."""
    plan, question = _asked(request, identifier)
    entries = calendar_of(actor_of_request(request), plan.id, question.day, question.asked)
    found = matrix(actor_of_request(request), plan.id, question.day)
    first = month_to_show(entries, question.day, _month(request))
    return render(
        request,
        "web/duties/calendar.html",
        {
            "plan": plan,
            "title": plan.head.title.text(),
            "question": question,
            "choices": choices(found, question),
            "months": by_month(entries),
            "total": len(entries),
            "overdue": sum(entry.overdue for entry in entries),
            "first": first,
            "written": f"{first:%Y-%m}",
            "weekdays": range(1, 8),
            "weeks": month_grid(entries, first, question.day),
            "before": f"?{question.query(month=f'{next_month(first, -1):%Y-%m}')}#month",
            "after": f"?{question.query(month=f'{next_month(first, 1):%Y-%m}')}#month",
            "ics": f"{reverse('calendar-ics', args=[plan.id])}?{question.query(on=None)}",
        },
    )


def _month(request: HttpRequest) -> dt.date | None:
    written = request.GET.get("month", "")
    try:
        return read_day(f"{written}-01") if written else None
    except ValueError:
        raise RefusedRequestError(400, message("web.duties.refused.on", found=written)) from None


@answered
def calendar_ics(request: HttpRequest, identifier: str) -> HttpResponse:
    """The calendar as a file for calendar programs."""
    plan, question = _asked(request, identifier)
    speech = speech_of(request)
    entries = calendar_of(actor_of_request(request), plan.id, question.day, question.asked)
    content = icalendar(entries, speech.said(plan.head.title.text()), request.get_host(), _origin(request), speech)
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{plan.id}.ics"',
            "X-Content-Type-Options": "nosniff",
        },
    )


addresses = [
    path("plans/<str:identifier>/duties/", responsibility, name="duties-matrix"),
    path("plans/<str:identifier>/duties.csv", responsibility_csv, name="duties-csv"),
    path("plans/<str:identifier>/duties.xlsx", responsibility_excel, name="duties-excel"),
    path("plans/<str:identifier>/calendar/", calendar, name="calendar"),
    path("plans/<str:identifier>/calendar.ics", calendar_ics, name="calendar-ics"),
    path("duties/<int:key>/", duty, name="duty"),
    path("duties/<int:key>/people/", people, name="duty-people"),
    path("evidence/<int:key>/", evidence, name="evidence"),
]
