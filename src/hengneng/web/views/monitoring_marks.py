"""A mark of operation is given or withdrawn on the page of its source."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from hengneng.access import Verb, require
from hengneng.language import Text, message
from hengneng.monitoring.models import OperationMark, Outlet
from hengneng.monitoring.saying import give_mark, mark_words, withdraw_mark
from hengneng.problems import RefusedError
from hengneng.web.monitoring_questions import outlet_or_refuse, reader_of, refused
from hengneng.web.monitoring_records import mark_names
from hengneng.web.notices import notify
from hengneng.web.questions import answered


@answered
def mark(request: HttpRequest, identifier: str) -> HttpResponse:
    """The form of a mark, and the mark once it is right; what was typed stays when it is not."""
    outlet = _outlet(request, identifier)
    names = ("mark", "begin", "end", "reason")
    given = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in names}
    errors: list[tuple[str, Text]] = []
    if request.method == "POST":
        moments = {name: _moment(given[name]) for name in ("begin", "end") if given[name]}
        errors = [(name, message("web.monitoring.refused.moment", found=given[name]))
                  for name, at in moments.items() if at is None]  # fmt: skip
        begin = moments.get("begin")
        if not given["begin"]:
            errors.append(("begin", message("web.monitoring.begin_needed")))
        if begin is not None and not errors:
            try:
                give_mark(reader_of(request), outlet, given["mark"], begin, moments.get("end"), given["reason"])
            except RefusedError as bad:
                errors = [(one.where, Text(zh=one.text("zh"), en=one.text("en"))) for one in bad.problems]
            else:
                notify(request, message("web.monitoring.marked"))
                return _back(outlet, begin)
    content = {
        "outlet": outlet,
        "name": Text(zh=outlet.name_zh, en=outlet.name_en),
        "given": given,
        "marks": [(word, mark_names()[word].label()) for word in mark_words()],
        "errors": errors,
    }
    return render(request, "web/monitoring/mark.html", content, status=422 if errors else 200)


@answered
def withdraw(request: HttpRequest, identifier: str, number: int) -> HttpResponse:
    """The form that withdraws a mark, and the withdrawal once it is right; what was typed stays when it is not."""
    outlet = _outlet(request, identifier)
    found = OperationMark.objects.filter(outlet=outlet, pk=number).select_related("outlet__unit").first()
    if found is None:
        raise refused("mark", str(number), 404)
    given = {name: request.POST.get(name, "").strip() for name in ("end", "reason")}
    errors: list[tuple[str, Text]] = []
    if request.method == "POST":
        since = _moment(given["end"]) if given["end"] else None
        if given["end"] and since is None:
            errors = [("end", message("web.monitoring.refused.moment", found=given["end"]))]
        else:
            try:
                withdraw_mark(reader_of(request), found, given["reason"], since)
            except RefusedError as bad:
                errors = [
                    (one.where if one.where in given else "reason", Text(zh=one.text("zh"), en=one.text("en")))
                    for one in bad.problems
                ]
            else:
                notify(request, message("web.monitoring.withdrawn_notice"))
                return _back(outlet, found.begin)
    entry = mark_names().get(found.mark)
    content = {
        "outlet": outlet,
        "name": Text(zh=outlet.name_zh, en=outlet.name_en),
        "row": found,
        "label": entry.label() if entry else Text(zh=found.mark, en=found.mark),
        "given": given,
        "errors": errors,
    }
    return render(request, "web/monitoring/withdraw.html", content, status=422 if errors else 200)


def _outlet(request: HttpRequest, identifier: str) -> Outlet:
    """The outlet, for whoever may mark it: a form that would be refused is not shown. RefusedAccessError."""
    outlet = outlet_or_refuse(request, identifier)
    require(reader_of(request), Verb.CORRECT_FACTS, outlet.unit.place_id, outlet.unit_id)
    return outlet


def _back(outlet: Outlet, at: dt.datetime) -> HttpResponse:
    month = f"{timezone.localtime(at):%Y-%m}"
    return HttpResponseRedirect(
        f"{reverse('monitoring-outlet', args=[outlet.identifier])}?month={month}#marks", status=303
    )


def _moment(written: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(written).replace(tzinfo=timezone.get_current_timezone())
    except ValueError:
        return None


addresses = [
    path("monitoring/<str:identifier>/mark/", mark, name="monitoring-mark"),
    path("monitoring/<str:identifier>/marks/<int:number>/withdraw/", withdraw, name="monitoring-withdraw-mark"),
]
