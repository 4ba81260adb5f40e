"""Pages of the rules: every table with its sources, what changes on a day, the formulas. Anybody may read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from hengneng.formulas import formulas
from hengneng.formulas.registry import Formula
from hengneng.language import message
from hengneng.rules import RuleEntry, RuleNotFoundError, RuleTable, rule_table, rule_tables
from hengneng.rules.changes import RuleChange, changes_between
from hengneng.rules.divisions import DivisionError, find_division
from hengneng.rules.units import units
from hengneng.web.mathematics import NotInSubsetError, mathml
from hengneng.web.questions import RefusedRequestError, answered, speech_of
from hengneng.web.rule_pages import (
    ChangeLine,
    arranged_rules,
    change_lines,
    division_name,
    overview,
    rules_rows,
    searched,
)
from hengneng.web.sheets import csv_answer
from hengneng.web.speech import Speech

ROWS_A_PAGE = 100
LATEST_SHOWN = 15


@answered
def tables(request: HttpRequest) -> HttpResponse:
    """All rule tables."""
    found = [overview(table) for table in rule_tables().values()]
    content = {
        "tables": found,
        "rows": sum(one.rows for one in found),
        "unverified": sum(one.unverified for one in found),
        "formulas": len(formulas()),
    }
    return render(request, "web/rules.html", content)


@dataclass(frozen=True)
class Asked:
    """Which rows of a table are asked for."""

    on: dt.date | None
    place: str
    place_written: str
    search: str
    unverified: bool

    def query(self, **changes: object) -> str:
        """The question as the query of an address, with changes; empty parts are left out."""
        parts = {
            "on": self.on, "place": self.place_written, "search": self.search,
            "unverified": "yes" if self.unverified else "", **changes,
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether rows may be left out."""
        return bool(self.query())


def _table(name: str) -> RuleTable:
    try:
        return rule_table(name)
    except RuleNotFoundError as error:
        ways = [(reverse("rule-table", args=[known]), rule_table(known).title) for known in error.exists]
        raise RefusedRequestError(404, message("web.rules.refused.table", found=name), ways) from None


def _day(request: HttpRequest, name: str) -> dt.date | None:
    written = request.GET.get(name, "").strip()
    if not written:
        return None
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        ways = [(request.path, message("web.rules.refused.again"))]
        raise RefusedRequestError(400, message("web.rules.refused.day", found=written), ways) from None


def _asked(request: HttpRequest) -> Asked:
    on, written = _day(request, "on"), request.GET.get("place", "").strip()
    place = ""
    if written:
        try:
            place = find_division(written, on, on).code
        except DivisionError:
            ways = [(request.path, message("web.rules.refused.again"))]
            raise RefusedRequestError(400, message("web.rules.refused.place", found=written), ways) from None
    search = request.GET.get("search", "").strip()
    return Asked(on, place, written, search, bool(request.GET.get("unverified")))


def _entries(table: RuleTable, asked: Asked) -> list[RuleEntry]:
    if asked.place:
        found = table.select(asked.on, asked.place)
    else:
        found = [entry for entry in table.entries if asked.on is None or entry.valid_on(asked.on)]
    if asked.unverified:
        found = [entry for entry in found if entry.unverified or entry.unverified_fields]
    return searched(table, found, asked.search) if asked.search else found


@answered
def table(request: HttpRequest, name: str) -> HttpResponse:
    """The rows of one table."""
    found, asked, speech = _table(name), _asked(request), speech_of(request)
    entries = _entries(found, asked)
    pages = max(1, -(-len(entries) // ROWS_A_PAGE))
    page = _page(request, entries, pages)
    shown = entries[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    content = {
        "table": found,
        "overview": overview(found),
        "asked": asked,
        "place": division_name(asked.place),
        "shown": arranged_rules(found, shown, speech),
        "total": len(entries),
        "page": page,
        "pages": pages,
        "first": (page - 1) * ROWS_A_PAGE + 1,
        "last": (page - 1) * ROWS_A_PAGE + len(shown),
        "previous": asked.query(page=page - 1) if page > 1 else "",
        "next": asked.query(page=page + 1) if page < pages else "",
        "csv": f"{reverse('rule-table-csv', args=[name])}?{asked.query()}",
        "today": timezone.localdate(),
    }
    return render(request, "web/rules_table.html", content)


def _page(request: HttpRequest, entries: list[RuleEntry], pages: int) -> int:
    """The page that is asked for, or the one on which the row is that is asked for."""
    row = request.GET.get("row", "")
    for at, entry in enumerate(entries):
        if str(entry.row) == row:
            return at // ROWS_A_PAGE + 1
    written = request.GET.get("page", "")
    return min(max(int(written), 1), pages) if written.isascii() and written.isdigit() and len(written) < 6 else 1


@answered
def table_csv(request: HttpRequest, name: str) -> HttpResponseBase:
    """The rows of one table as CSV, in the columns of the file."""
    found, asked, speech = _table(name), _asked(request), speech_of(request)
    columns, rows = rules_rows(found, _entries(found, asked))
    head = [speech.words("web.reference.row"), *(speech.said(column.label) for column in columns)]
    return csv_answer("-".join(filter(None, (name, str(asked.on or ""), asked.place))), head, rows)


@answered
def changes(request: HttpRequest) -> HttpResponse:
    """What begins and ends between two days."""
    speech, today = speech_of(request), timezone.localdate()
    first, last = _day(request, "from"), _day(request, "to")
    if "from" not in request.GET and last is None:
        first = today
    if first and last and last < first:
        first, last = last, first
    name = request.GET.get("table", "")
    chosen = [_table(name)] if name else list(rule_tables().values())
    found = changes_between(chosen, first, last)
    latest = changes_between(chosen, None, min(today, first - dt.timedelta(days=1)) if first else today)
    # A whole day is shown or nothing of it: half of an edition would mislead.
    latest = _last_days(latest) if not found or (first and first >= today) else []
    content = {
        "first": first,
        "last": last,
        "today": today,
        "table_name": name,
        "tables": list(rule_tables().values()),
        "days": _by_day(found, speech),
        "total": len(found),
        "latest": _by_day(latest, speech, newest_first=True),
    }
    return render(request, "web/rules_changes.html", content)


def _last_days(found: list[RuleChange]) -> list[RuleChange]:
    if not found:
        return []
    since = found[-LATEST_SHOWN:][0].day
    if sum(change.day >= since for change in found) > LATEST_SHOWN and since < found[-1].day:
        since = next(change.day for change in found if change.day > since)
    return [change for change in found if change.day >= since]


def _by_day(
    found: list[RuleChange], speech: Speech, newest_first: bool = False
) -> list[tuple[dt.date, list[ChangeLine]]]:
    grouped = [(day, list(lines)) for day, lines in groupby(change_lines(found, speech), key=lambda line: line.day)]
    return grouped[::-1] if newest_first else grouped


@answered
def formula_list(request: HttpRequest) -> HttpResponse:
    """Every formula with its equation, source and parameters."""
    speech = speech_of(request)
    groups: dict[str, list[dict[str, object]]] = {}
    for one in formulas().values():
        groups.setdefault(one.subject, []).append(_formula(one, speech))
    found = [(message(f"web.rules.subjects.{subject}"), listed) for subject, listed in sorted(groups.items())]
    unverified = sum(one.confidence != "sourced" for one in formulas().values())
    content = {"groups": found, "total": len(formulas()), "unverified": unverified}
    return render(request, "web/rules_formulas.html", content)


def _formula(one: Formula, speech: Speech) -> dict[str, object]:
    try:
        equation, words = mathml(one.equation), ""
    except NotInSubsetError:
        equation, words = "", one.equation
    parameters = [(p, _unit(p.unit, speech), p.words) for p in one.parameters]
    return {
        "formula": one, "equation": equation, "words": words, "parameters": parameters,
        "unit": "" if one.result != "number" else _unit(one.unit, speech),
    }  # fmt: skip


def _unit(code: str, speech: Speech) -> str:
    """A unit in words; a pattern that takes the unit of another parameter, or any unit, is said so."""
    if code == "1":
        return speech.words("web.rules.formulas.rate")
    if code == "any":
        return speech.words("web.rules.formulas.any_unit")
    if "{" in code:
        names: Mapping[str, str] = _Same(speech.words("web.rules.formulas.same_unit"))
        return code.format_map(names)
    return speech.unit(code) if code in units() else code


class _Same(dict[str, str]):
    """Fills every placeholder with the same words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def __missing__(self, name: str) -> str:
        return f"[{self.words} {name}]"


addresses: list[URLPattern] = [
    path("rules/", tables, name="rules"),
    path("rules/changes/", changes, name="rule-changes"),
    path("rules/formulas/", formula_list, name="rule-formulas"),
    path("rules/<str:name>/", table, name="rule-table"),
    path("rules/<str:name>/rows.csv", table_csv, name="rule-table-csv"),
]
