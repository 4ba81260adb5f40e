"""The standing of a plan as CSV, with the sources and marks of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hengneng.evaluation.judging import Level
from hengneng.standing.models import StoredFigure
from hengneng.standing.report import Row, Standing
from hengneng.standing.storing import BATCH, REFERENCE
from hengneng.web.speech import Speech
from hengneng.web.tables import gap_of

BYTE_ORDER_MARK = "\ufeff"
COLUMNS = (
    "plan", "edition", "period", "as_of", "target_id", "clause", "quote", "indicator", "kind", "strength", "due_date",
    "place_code", "place", "target_value", "target_unit", "achieved", "achieved_unit", "due_by_now", "gap", "progress",
    "this_year", "needed_a_year", "warning", "verdict", "reason", "published", "agrees", "marks", "sources", "figure",
)  # fmt: skip
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def standing_csv(standing: Standing, rows: Sequence[Row], speech: Speech) -> str:
    """The rows as CSV text with a byte order mark. Numbers are unrounded, rates as fractions of 1."""
    sources = _sources(rows)
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow([speech.words(f"web.csv.{column}") for column in COLUMNS])
    for row in rows:
        cells = _cells(standing, row, speech)
        cells["sources"] = "; ".join(sorted({s for digest in _digests(row) for s in sources.get(digest, ())}))
        writer.writerow([_safe(cells[column]) for column in COLUMNS])
    return out.getvalue()


def _cells(standing: Standing, row: Row, speech: Speech) -> dict[str, object]:
    target, content = row.target, row.content
    achieved = row.achieved or {}
    warning = content["warning"]
    deciding = row.figure(content["deciding"]) if content["deciding"] else row.achieved
    return {
        "plan": standing.plan.id,
        "edition": standing.edition.edition,
        "period": standing.period.written,
        "as_of": standing.moment.isoformat() if standing.moment else "",
        "target_id": target.id,
        "clause": target.clause,
        "quote": target.quote,
        "indicator": speech.said(standing.plan.indicator(target.indicator).label.text()),
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
        "gap": gap_of(row)[0],
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


def _safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; missing is empty, never 0."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return f"'{value}"
    return value


def _digests(row: Row) -> set[str]:
    return {figure["figure"] for figure in row.content["figures"].values()}


def _sources(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Facts' sources, with their cells, below every figure of the rows; read level by level, a few queries in all."""
    traces = _all_traces({digest for row in rows for digest in _digests(row)})
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


def _all_traces(digests: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    traces: dict[str, Mapping[str, Any]] = {}
    wanted = set(digests)
    while wanted:
        batch = sorted(wanted)
        for start in range(0, len(batch), BATCH):
            part = batch[start : start + BATCH]
            traces.update(StoredFigure.objects.filter(digest__in=part).values_list("digest", "trace"))
        inputs = (node for digest in batch for node in traces[digest]["inputs"])
        wanted = {node["digest"] for node in inputs if node["kind"] == REFERENCE} - set(traces)
    return traces
