"""The standing as CSV and Excel, with the sources and marks of every row."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from hengneng.evaluation.judging import Level
from hengneng.standing.report import Row
from hengneng.standing.storing import REFERENCE, load_traces
from hengneng.web.sheets import EXCEL, csv_answer, workbook_cell
from hengneng.web.speech import Speech
from hengneng.web.standings import StandingPage

COLUMNS = (
    "plan", "edition", "period", "as_of", "target_id", "clause", "quote", "indicator", "kind", "strength", "due_date",
    "place_code", "place", "target_value", "target_unit", "achieved", "achieved_unit", "due_by_now", "gap", "progress",
    "this_year", "needed_a_year", "warning", "verdict", "reason", "published", "agrees", "marks", "sources", "figure",
)  # fmt: skip
WIDE = {"quote": 40, "indicator": 28, "place": 16, "reason": 40, "published": 30, "sources": 40, "figure": 20}
USUAL = 12


def standing_csv(name: str, page: StandingPage, rows: Sequence[Row]) -> HttpResponseBase:
    """The rows as CSV with a byte order mark. Numbers are unrounded, rates as fractions of 1."""
    head = [page.speech.words(f"web.csv.{column}") for column in COLUMNS]
    return csv_answer(name, head, ([cells[column] for column in COLUMNS] for cells in _lines(page, rows)))


def standing_excel(name: str, page: StandingPage, rows: Sequence[Row]) -> HttpResponse:
    """The rows as a workbook; a second sheet says what was asked and when, with units, marks and sources."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    speech = page.speech
    book = Workbook()
    sheet: Any = book.active
    sheet.title = speech.words("web.excel.standing")
    sheet.append([speech.words(f"web.csv.{column}") for column in COLUMNS])
    sources: dict[str, None] = {}
    for cells in _lines(page, rows):
        sheet.append([_cell(cells[column]) for column in COLUMNS])
        sources.update(dict.fromkeys(filter(None, str(cells["sources"]).split("; "))))
    sheet.freeze_panes = sheet.cell(row=2, column=COLUMNS.index("place") + 2)
    sheet.auto_filter.ref = sheet.dimensions
    for at, column in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = WIDE.get(column, USUAL)
        sheet.cell(row=1, column=at).font = Font(bold=True)
        sheet.cell(row=1, column=at).alignment = Alignment(wrap_text=True, vertical="top")
    about = book.create_sheet(speech.words("web.excel.about"))
    for label, text in _about(page, rows, sources):
        about.append([label, _cell(text)])
        about.cell(row=about.max_row, column=1).font = Font(bold=True)
        about.cell(row=about.max_row, column=2).alignment = Alignment(wrap_text=True, vertical="top")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 100
    out = io.BytesIO()
    book.save(out)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(out.getvalue(), content_type=EXCEL, headers=headers)


def _cell(value: object) -> object:
    """A cell of the workbook; nothing for missing."""
    return None if value is None or value == "" else workbook_cell(value)


def _about(page: StandingPage, rows: Sequence[Row], sources: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Second sheet: what was asked, of what, when, in which units, with which marks, from which sources."""
    speech, question, plan = page.speech, page.question, page.plan
    publication = page.publication()
    yield speech.words("web.csv.plan"), f"{speech.said(plan.head.title.text())} ({plan.id})"
    yield speech.words("web.csv.edition"), page.edition.edition
    yield speech.words("web.csv.period"), speech.said(question.period.label())
    for name, value in (("as_of", question.as_of), ("indicator", question.indicator), ("place_code", question.place)):
        if value:
            yield speech.words(f"web.csv.{name}"), value
    if page.sight.unpublished:
        yield speech.words("web.excel.state"), speech.words("web.excel.unpublished")
    elif publication:
        day = timezone.localtime(publication.published_at).date().isoformat()
        yield speech.words("web.excel.state"), speech.words("web.excel.published", day=day)
    yield speech.words("web.excel.made"), timezone.localtime().isoformat(timespec="seconds")
    yield speech.words("web.excel.made_for"), page.sight.actor.name or speech.words("web.excel.public")
    yield speech.words("web.excel.rows"), len(rows)
    yield speech.words("web.excel.units"), speech.words("web.excel.units_text")
    marks = sorted({mark for row in rows for mark in row.content["marks"]})
    for mark in marks:
        yield speech.words("web.csv.marks"), speech.words(f"web.marks.{mark}")
    for source in plan.head.sources:
        yield speech.words("web.csv.quote"), f"{speech.said(source.title.text())} · SHA-256 {source.sha256}"
    for text in sources:
        yield speech.words("web.csv.sources"), text


def _lines(page: StandingPage, rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    sources = _sources(rows)
    for row in rows:
        cells = _cells(page, row, page.speech)
        cells["sources"] = "; ".join(sorted({s for digest in _digests(row) for s in sources.get(digest, ())}))
        yield cells


def _cells(page: StandingPage, row: Row, speech: Speech) -> dict[str, object]:
    target, content = row.target, row.content
    achieved = row.achieved or {}
    warning = content["warning"]
    deciding = row.figure(content["deciding"]) if content["deciding"] else row.achieved
    moment = page.sight.moment
    return {
        "plan": page.plan.id,
        "edition": page.edition.edition,
        "period": page.question.period.written,
        "as_of": moment.isoformat() if moment else "",
        "target_id": target.id,
        "clause": target.clause,
        "quote": target.quote,
        "indicator": speech.said(page.plan.indicator(target.indicator).label.text()),
        "kind": speech.words(f"kind.{target.kind}"),
        "strength": speech.words(f"strength.{target.strength}"),
        "due_date": target.due.isoformat(),
        "place_code": row.place,
        "place": speech.said(row.place_name),
        "target_value": target.value,
        "target_unit": target.unit,
        "achieved": achieved.get("value"),
        "achieved_unit": achieved.get("unit", ""),
        "due_by_now": row.number("scheduled"),
        "gap": row.gap[0],
        "progress": row.number("progress", "completion"),
        "this_year": row.number("yearly"),
        "needed_a_year": row.number("remaining_yearly"),
        "warning": warning["label"][speech.language] if warning else "",
        "verdict": speech.words(f"verdict.{row.level}"),
        "reason": speech.said(row.reason) if row.level is Level.UNKNOWN else "",
        "published": "; ".join(f"{speech.said(p.label)}: {p.verdict} ({p.source})" for p in row.published),
        "agrees": "; ".join(
            speech.words("web.agrees.true" if p.agrees else "web.agrees.false")
            for p in row.published
            if p.agrees is not None
        ),
        "marks": speech.marks(content["marks"]),
        "figure": deciding["figure"] if deciding else "",
    }


def _digests(row: Row) -> set[str]:
    return {figure["figure"] for figure in row.content["figures"].values()}


def _sources(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Facts' sources, with their cells, below every figure of the rows; read level by level, a few queries in all."""
    traces: Mapping[str, Mapping[str, Any]] = load_traces({digest for row in rows for digest in _digests(row)})
    found: dict[str, set[str]] = {}

    def below(digest: str) -> set[str]:
        if digest not in found:
            found[digest] = set()
            for node in traces[digest]["inputs"]:
                if node["kind"] == REFERENCE:
                    found[digest] |= below(node["digest"])
                elif node["kind"] == "fact" and node["reference"].get("source"):
                    reference = node["reference"]
                    found[digest].add(" ".join(filter(None, (reference["source"], reference.get("cell")))))
        return found[digest]

    for digest in traces:
        below(digest)
    return found
