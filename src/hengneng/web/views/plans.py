"""Pages about plans: all standings, one standing, its CSV, the document with its clauses."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from hengneng.language import Text
from hengneng.plans.conditions import consequences
from hengneng.plans.model import Plan
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import division, subject_code
from hengneng.standing.computing import known_periods
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.report import Row, Standing, period_shown, standing_of
from hengneng.web.charts import chart_of
from hengneng.web.documents import documents_of
from hengneng.web.exports import standing_csv
from hengneng.web.findings import Count, counted, finding
from hengneng.web.observations import observations_shown
from hengneng.web.questions import (
    Question,
    answered,
    edition_or_refuse,
    read_question,
    speech_of,
)
from hengneng.web.speech import Speech
from hengneng.web.tables import Cell, Group, arranged

WORST_SHOWN = 3
MISSED = ("not_met", "behind")


@dataclass(frozen=True)
class Summary:
    """A plan on the first page."""

    plan: Plan
    title: Text
    address: str
    period: Text
    period_written: str
    finding: str
    counts: list[Count]
    total: int
    groups: list[Group]
    unjudged: int
    worst: list[tuple[str, Cell | None]]
    marks: list[str]
    superseded_by: str | None

    @property
    def missed(self) -> int:
        """How many targets are missed or behind."""
        return sum(count.number for count in self.counts if count.level in MISSED)


@answered
def home(request: HttpRequest) -> HttpResponse:
    """Where the places of every plan stand."""
    speech = speech_of(request)
    identifiers = sorted(set(PlanEdition.objects.values_list("identifier", flat=True)))
    summaries = [_summary(current_edition(identifier), speech) for identifier in identifiers]
    # What needs somebody first: the plan with the most targets missed, then the newest.
    summaries.sort(key=lambda summary: (summary.missed, summary.plan.head.issued_on), reverse=True)
    return render(request, "web/home.html", {"summaries": summaries})


def _summary(edition: PlanEdition, speech: Speech) -> Summary:
    standing = standing_of(edition, period_shown(edition))
    groups, unjudged = arranged(standing, speech)
    return Summary(
        plan=standing.plan,
        title=standing.plan.head.title.text(),
        address=reverse("plan", args=[standing.plan.id]),
        period=standing.period.label(),
        period_written=standing.period.written,
        finding=_headline(standing, groups, speech),
        counts=counted(standing.rows),
        total=len(standing.rows),
        groups=groups,
        unjudged=len(unjudged),
        worst=_worst(groups),
        marks=sorted({mark for row in standing.rows for mark in row.content["marks"]}, key=lambda m: m != "example"),
        superseded_by=standing.superseded_by,
    )


def _headline(standing: Standing, groups: list[Group], speech: Speech) -> str:
    """The finding of the first indicator of the document that can be judged."""
    if groups:
        return speech.words("web.finding.titled", indicator=groups[0].label, finding=groups[0].finding)
    return finding(standing.rows, speech) if standing.rows else speech.words("web.finding.empty")


def _worst(groups: list[Group]) -> list[tuple[str, Cell | None]]:
    """The places that are furthest behind in the first indicator."""
    if not groups:
        return []
    missed = [line for line in groups[0].lines if line.level in MISSED][:WORST_SHOWN]
    return [(line.place, next((cell for cell in line.cells if cell.column == "gap"), None)) for line in missed]


@answered
def plan(request: HttpRequest, identifier: str) -> HttpResponse:
    """The standing of a plan."""
    speech = speech_of(request)
    edition = edition_or_refuse(identifier)
    question = read_question(request, edition)
    standing = standing_of(edition, question.period, question.moment, question.place or None)
    groups, unjudged = arranged(standing, speech)
    asked_groups = [group for group in groups if _asked(group.key, question)]
    asked_unjudged = [one for one in unjudged if _asked(one.key, question)]
    charted = asked_groups[0] if asked_groups else None
    rows = _rows(standing, question)
    own = plan_of(edition)
    return render(
        request,
        "web/plan.html",
        {
            "standing": standing,
            "plan": own,
            "title": own.head.title.text(),
            "period": question.period.label(),
            "question": question,
            "periods": _periods(own, question),
            "indicators": _indicators(own),
            "places": _places(own),
            "counts": counted(rows),
            "total": len(rows),
            "groups": asked_groups,
            "unjudged": asked_unjudged,
            "observations": observations_shown(standing.observations, speech) if not question.indicator else [],
            "unjudged_rows": sum(one.places for one in asked_unjudged),
            "chart": chart_of(charted, speech) if charted else None,
            "charted": charted,
            "csv": f"{reverse('standing-csv', args=[own.id])}?{question.query()}",
            "question_query": question.query(place=None),
            "plain_query": question.query(as_of=None),
            "example": any("example" in row.content["marks"] for row in rows),
            "unverified": any("unverified" in row.content["marks"] for row in rows),
        },
    )


def _asked(key: str, question: Question) -> bool:
    return question.indicator in ("", key)


def _rows(standing: Standing, question: Question) -> list[Row]:
    """The rows of the indicator that is asked for, or all."""
    return [row for row in standing.rows if _asked(f"{row.target.indicator}/{row.target.kind}", question)]


def _periods(own: Plan, question: Question) -> list[tuple[str, Text]]:
    """The periods known, and the one that is asked for."""
    known = {period.written: period for period in known_periods(own)}
    known.setdefault(question.period.written, question.period)
    return [(written, known[written].label()) for written in sorted(known, reverse=True)]


def _places(own: Plan) -> list[tuple[str, Text]]:
    """Places of the plan by stable code: in Chinese as the document names them, in English as the register does."""
    subjects = {subject_code(place.code): place.name for place in own.places}
    return [(subject, Text(zh=name, en=division(subject).name.en)) for subject, name in subjects.items()]


def _indicators(own: Plan) -> list[tuple[str, Text, str]]:
    keys = dict.fromkeys(f"{target.indicator}/{target.kind}" for target in own.targets)
    return [(key, own.indicator(key.partition("/")[0]).label.text(), key.partition("/")[2]) for key in keys]


@answered
def export(request: HttpRequest, identifier: str) -> HttpResponse:
    """The standing as CSV."""
    edition = edition_or_refuse(identifier)
    question = read_question(request, edition)
    standing = standing_of(edition, question.period, question.moment, question.place or None)
    content = standing_csv(standing, _rows(standing, question), speech_of(request))
    parts = (identifier, question.period.written, question.place, question.as_of.replace(":", ""))
    name = "-".join(filter(None, parts))
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@answered
def document(request: HttpRequest, identifier: str) -> HttpResponse:
    """The source text beside its clauses."""
    edition = edition_or_refuse(identifier)
    own = plan_of(edition)
    bodies = {body.id: body.name.text() for body in own.head.organisations}
    return render(
        request,
        "web/document.html",
        {
            "plan": own,
            "title": own.head.title.text(),
            "documents": documents_of(edition),
            "bodies": bodies,
            "consequences": consequences(),
            "unassigned": sum(task.lead is None for task in own.tasks),
            "indicators": {indicator.id: indicator.label.text() for indicator in own.indicators},
        },
    )
