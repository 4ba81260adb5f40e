"""The standing as tables: one group of rows an indicator, columns by what the target asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.urls import reverse

from hengneng.evaluation.judging import Level
from hengneng.plans.model import Kind, Operator
from hengneng.rules.units import convert
from hengneng.standing.report import Published, Row, Standing
from hengneng.web.findings import Count, counted, finding
from hengneng.web.speech import NOTHING, RATE, Speech, shown

DIGITS_OF_A_LINK = 16
_PARTS = {
    Kind.REDUCTION_AGAINST_BASE: (
        "place", "target", "achieved", "due", "gap", "progress", "yearly", "remaining",
        "warning", "verdict", "published", "notes",
    ),
    Kind.YEARLY_REDUCTION: (
        "place", "target", "achieved", "gap", "progress", "warning", "verdict", "published", "notes",
    ),
}  # fmt: skip
_OTHER_PARTS = ("place", "target", "achieved", "gap", "progress", "verdict", "published", "notes")
_NEVER_LEFT_OUT = {"place", "target", "achieved", "verdict", "notes"}
_NUMERIC = {"target", "achieved", "due", "gap", "progress", "yearly", "remaining"}


def figure_address(digest: str) -> str:
    """Where a figure is explained; a prefix that nothing else has keeps pages light."""
    address: str = reverse("figure", args=[digest[:DIGITS_OF_A_LINK]])
    return address


@dataclass(frozen=True)
class Bar:
    """A bar from base (0) to target (100), in per cent of the way; ``today``: how far time has gone."""

    filled: float
    today: float | None
    level: str
    example: bool
    beyond: str = ""  # "below" or "above" what the picture can show

    @property
    def x(self) -> str:
        """Left edge of what is filled, in the 130 units of the picture, 5 of them before the base."""
        return f"{5 + min(self.filled, 0):.2f}"

    @property
    def width(self) -> str:
        """Width of what is filled."""
        return f"{abs(self.filled):.2f}"

    @property
    def tick(self) -> str:
        """Where the tick of today stands."""
        return "" if self.today is None else f"{5 + self.today:.2f}"


@dataclass(frozen=True)
class Remark:
    """Something published, or a note: words, a footnote, and whether it agrees with us."""

    text: str
    footnote: int | None = None
    agrees: bool | None = None


@dataclass(frozen=True)
class Cell:
    """One cell. ``sort`` orders the column; empty sorts last."""

    column: str
    text: str = ""
    sort: str = ""
    address: str = ""
    sign: str = ""
    bar: Bar | None = None
    remarks: tuple[Remark, ...] = ()
    marks: tuple[str, ...] = ()
    title: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it is set to the right."""
        return self.column in _NUMERIC


@dataclass(frozen=True)
class Column:
    """Head of a column."""

    name: str
    label: str
    unit: str

    @property
    def numeric(self) -> bool:
        """Whether its cells are set to the right."""
        return self.name in _NUMERIC


@dataclass(frozen=True)
class Line:
    """One row of a table: a place, and what stands in its cells."""

    place: str
    code: str
    level: str
    cells: tuple[Cell, ...]


@dataclass
class Footnotes:
    """Numbered notes below a table, each once."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """The number of a note, new or known."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


@dataclass(frozen=True)
class Group:
    """The rows of one indicator and kind of target, as a table with a sentence as title."""

    key: str
    label: str
    kind: str
    finding: str
    counts: list[Count]
    columns: list[Column]
    lines: list[Line]
    footnotes: list[str]
    example: bool
    unverified: bool
    rows: Sequence[Row]


@dataclass(frozen=True)
class Unjudged:
    """An indicator for which nothing at all is known, with the reasons."""

    key: str
    label: str
    kind: str
    places: int
    reasons: list[tuple[str, int]]


def is_known(rows: Sequence[Row]) -> bool:
    """Whether there is anything to show beyond reasons."""
    return any(row.level is not Level.UNKNOWN or row.number("yearly", "actual") is not None for row in rows)


def ranked(rows: Iterable[Row]) -> list[Row]:
    """Rows with the worst first."""
    return sorted(rows, key=lambda row: (row.severity, gap_of(row)[0] or 0.0))


def arranged(standing: Standing, speech: Speech) -> tuple[list[Group], list[Unjudged]]:
    """All indicators of a standing: tables of those about which something is known, reasons for the others."""
    groups, unjudged = [], []
    for key, rows in standing.by_indicator().items():
        if is_known(rows):
            groups.append(_group(standing, key, ranked(rows), speech))
        else:
            unjudged.append(_unjudged(standing, key, rows, speech))
    return groups, unjudged


def label_of(standing: Standing, key: str, speech: Speech) -> tuple[str, str]:
    """Name of an indicator and of the kind of its target, from ``indicator/kind``."""
    identifier, _, kind = key.partition("/")
    return speech.said(standing.plan.indicator(identifier).label.text()), speech.words(f"kind.{kind}")


def _unjudged(standing: Standing, key: str, rows: Sequence[Row], speech: Speech) -> Unjudged:
    reasons: dict[str, int] = {}
    for row in rows:
        reason = speech.said(row.reason) or NOTHING
        reasons[reason] = reasons.get(reason, 0) + 1
    label, kind = label_of(standing, key, speech)
    return Unjudged(key, label, kind, len(rows), list(reasons.items()))


def _group(standing: Standing, key: str, rows: Sequence[Row], speech: Speech) -> Group:
    footnotes = Footnotes()
    writer = _Writer(standing, speech, footnotes)
    names = _PARTS.get(rows[0].target.kind, _OTHER_PARTS)
    lines = [
        Line(speech.said(row.place_name), row.place, str(row.level), tuple(writer.cell(name, row) for name in names))
        for row in rows
    ]
    empty = {
        name
        for at, name in enumerate(names)
        if name not in _NEVER_LEFT_OUT and all(not line.cells[at].sort and not line.cells[at].remarks for line in lines)
    }
    lines = [
        Line(line.place, line.code, line.level, tuple(cell for cell in line.cells if cell.column not in empty))
        for line in lines
    ]
    unit = speech.unit(rows[0].target.unit)
    columns = [
        _head(name, rows[0], unit, speech) for name in names if name not in empty
    ]
    label, kind = label_of(standing, key, speech)
    marks = {mark for row in rows for mark in row.content["marks"]}
    return Group(
        key=key,
        label=label,
        kind=kind,
        finding=finding(rows, speech),
        counts=counted(rows),
        columns=columns,
        lines=lines,
        footnotes=footnotes.texts,
        example="example" in marks,
        unverified="unverified" in marks,
        rows=rows,
    )


def _head(name: str, row: Row, unit: str, speech: Speech) -> Column:
    if name == "progress" and row.figure("progress", "completion") is None and row.target.operator is Operator.AT_MOST:
        return Column(name, speech.words("web.columns.used"), "")
    return Column(name, speech.words(f"web.columns.{name}"), _head_unit(name, unit, speech))


def _head_unit(column: str, unit: str, speech: Speech) -> str:
    if column in ("due", "progress", "yearly", "remaining"):
        return "%"
    if column == "gap" and unit == "%":
        return speech.words("web.units.points")
    return unit if column in ("target", "achieved", "gap") else ""


def in_target_unit(value: float | None, unit: str, target_unit: str) -> tuple[float | Decimal | None, str]:
    """A value [``unit``] in the unit in which the target is printed, per cent as a rate."""
    if value is None or unit in (target_unit, RATE):
        return value, unit
    return convert(Decimal(repr(value)), unit, target_unit), target_unit


def gap_of(row: Row) -> tuple[float | None, str]:
    """How far the achieved value is ahead (above zero) or short of what is due; the role of the figure with both."""
    headroom = row.figure("headroom")
    if headroom is not None:
        return headroom["value"], "headroom"
    achieved = row.achieved
    if achieved is None or achieved["value"] is None:
        return None, ""
    if row.target.kind is Kind.REDUCTION_AGAINST_BASE:
        due = row.number("scheduled")
        return (None, "") if due is None else (achieved["value"] - due, row.content["deciding"] or "scheduled")
    if row.target.value is None:
        return None, ""
    wanted = float(convert(row.target.value, row.target.unit, achieved["unit"]))
    ahead = achieved["value"] - wanted
    return (-ahead if row.target.operator is Operator.AT_MOST else ahead), "verdict"


@dataclass(frozen=True)
class _Writer:
    standing: Standing
    speech: Speech
    footnotes: Footnotes

    def cell(self, name: str, row: Row) -> Cell:
        """The cell of a column for a row."""
        writers: Mapping[str, Callable[[Row], Cell]] = {
            "place": self._place, "target": self._target, "gap": self._gap_cell, "progress": self._progress,
            "warning": self._warning, "verdict": self._verdict, "published": self._published, "notes": self._notes,
        }  # fmt: skip
        if name in writers:
            return writers[name](row)
        figure = {
            "achieved": row.achieved,
            "due": row.figure("scheduled"),
            "yearly": row.figure("yearly"),
            "remaining": row.figure("remaining_yearly"),
        }[name]
        return self._number(name, row, figure)

    def _number(self, name: str, row: Row, figure: Mapping[str, Any] | None) -> Cell:
        if figure is None:
            return Cell(name, NOTHING)
        value, unit = in_target_unit(figure["value"], figure["unit"], row.target.unit)
        if value is None:
            return Cell(name, "?", address=figure_address(figure["figure"]), title=self.speech.words("web.why_unknown"))
        return Cell(name, shown(value, unit), f"{float(value)!r}", figure_address(figure["figure"]))

    def _place(self, row: Row) -> Cell:
        return Cell("place", self.speech.said(row.place_name), row.place, title=row.place)

    def _target(self, row: Row) -> Cell:
        address = reverse("document", args=[self.standing.plan.id]) + f"#clause-{row.target.clause}"
        sign = "≤" if row.target.operator is Operator.AT_MOST else "≥"
        title = f"{sign} · {self.speech.words(f'strength.{row.target.strength}')} · {row.target.due.isoformat()}"
        if row.target.value is None:
            return Cell("target", "?", address=address, title=title)
        return Cell("target", f"{row.target.value:,}", str(row.target.value), address, title=title)

    def _gap_cell(self, row: Row) -> Cell:
        value, role = gap_of(row)
        figure = row.figure(role)
        if value is None or figure is None:
            return Cell("gap", NOTHING)
        unit = (row.achieved or figure)["unit"]
        shown_value, shown_unit = in_target_unit(value, unit, row.target.unit)
        text = shown(shown_value, shown_unit)
        plus = "+" if value > 0 and text.strip("0.") else ""
        return Cell("gap", plus + text, repr(value), figure_address(figure["figure"]))

    def _progress(self, row: Row) -> Cell:
        figure = row.figure("progress", "completion")
        value = figure["value"] if figure else None
        if figure is None and row.target.operator is Operator.AT_MOST:
            return self._share_of_cap(row)
        if figure is None or value is None:
            return Cell("progress", NOTHING)
        bar = self._bar(row, value, row.number("time_progress"))
        return Cell("progress", shown(value, RATE, 1), repr(value), figure_address(figure["figure"]), bar=bar)

    def _share_of_cap(self, row: Row) -> Cell:
        """How much of a cap is used: drawn only, the number stands in its own columns."""
        achieved = row.achieved
        if achieved is None or achieved["value"] is None or not row.target.value:
            return Cell("progress", NOTHING)
        used = achieved["value"] / float(convert(row.target.value, row.target.unit, achieved["unit"]))
        return Cell("progress", "", repr(used), bar=self._bar(row, used, None))

    @staticmethod
    def _bar(row: Row, done: float, time: float | None) -> Bar:
        filled = max(-5.0, min(100 * done, 120.0))
        beyond = "below" if 100 * done < -5 else "above" if 100 * done > 120 else ""
        tick = None if time is None or time >= 1 else 100 * time
        return Bar(filled, tick, str(row.level), "example" in row.content["marks"], beyond)

    def _warning(self, row: Row) -> Cell:
        warning = row.content["warning"]
        figure = row.figure("warning")
        if warning is None or figure is None:
            return Cell("warning", NOTHING)
        severity = warning["severity"]
        return Cell(
            "warning", warning["label"][self.speech.language], str(3 - severity),
            figure_address(figure["figure"]), sign=f"severity-{severity}",
        )  # fmt: skip

    def _verdict(self, row: Row) -> Cell:
        deciding = row.content["deciding"]
        figure = row.figure(deciding) if deciding else row.achieved
        address = figure_address(figure["figure"]) if figure else ""
        words = self.speech.words(f"verdict.{row.level}")
        return Cell("verdict", words, str(row.severity), address, sign=str(row.level))

    def _published(self, row: Row) -> Cell:
        remarks = tuple(
            Remark(p.verdict, self._source_note(p), p.agrees)
            for p in sorted(row.published, key=lambda p: p.agrees is None)
        )
        return Cell("published", sort=remarks[0].text if remarks else "", remarks=remarks)

    def _source_note(self, published: Published) -> int:
        words = self.speech.words("web.published_by", scheme=published.label, source=published.source)
        return self.footnotes.number(words)

    def _notes(self, row: Row) -> Cell:
        marks = tuple(sorted(row.content["marks"], key=lambda mark: mark != "example"))
        remarks: tuple[Remark, ...] = ()
        if row.reason is not None:
            remarks = (Remark("", self.footnotes.number(self.speech.said(row.reason))),)
        return Cell("notes", sort=",".join(marks), remarks=remarks, marks=marks)
