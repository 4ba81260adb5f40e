"""The standing as tables: one group of rows an indicator, columns by what the target asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import reverse

from hengneng.evaluation.judging import Level
from hengneng.periods import Period
from hengneng.plans.model import Kind, Operator, Plan
from hengneng.rules.units import convert
from hengneng.standing.narrowing import SORTS
from hengneng.standing.reading import Tally
from hengneng.standing.report import Published, Row
from hengneng.standing.series import Point, trend_of
from hengneng.web.findings import Count, counted, finding
from hengneng.web.speech import NOTHING, RATE, Speech, shown

DIGITS_OF_A_LINK = 16
_ANY = "0" * DIGITS_OF_A_LINK
_PARTS = {
    Kind.REDUCTION_AGAINST_BASE: (
        "place", "target", "achieved", "due", "gap", "progress", "trend", "yearly", "remaining",
        "warning", "verdict", "published", "notes",
    ),
    Kind.YEARLY_REDUCTION: (
        "place", "target", "achieved", "gap", "progress", "trend", "warning", "verdict", "published", "notes",
    ),
}  # fmt: skip
_OTHER_PARTS = ("place", "target", "achieved", "gap", "progress", "trend", "verdict", "published", "notes")
_AT_A_PLACE = (
    "indicator", "unit", "target", "achieved", "due", "gap", "progress", "trend", "warning", "verdict", "published",
    "notes",
)  # fmt: skip
# Of rows in different units, only these can be put in order.
_SORTS_AT_A_PLACE = ("progress", "warning", "verdict")
_NEVER_LEFT_OUT = {"place", "indicator", "unit", "target", "achieved", "verdict", "notes"}
_NUMERIC = {"target", "achieved", "due", "gap", "progress", "yearly", "remaining"}


def figure_address(digest: str) -> str:
    """Where a figure is explained; a prefix that nothing else has keeps pages light."""
    return _addresses("figure").replace(_ANY, digest[:DIGITS_OF_A_LINK])


def place_address(code: str) -> str:
    """The page of a place."""
    return _addresses("place").replace(_ANY, quote(code))


@cache
def _addresses(name: str) -> str:
    # Working out an address takes as long as writing a cell, and a table has a thousand.
    address: str = reverse(name, args=[_ANY])
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
class Spark:
    """A line of past years, drawn 64 wide and 16 high, with its years and values in words."""

    points: str
    last_x: str
    last_y: str
    words: str


def spark_of(known: Sequence[tuple[str, float]], rate: bool, speech: Speech) -> Spark:
    """The picture of the years of a line, oldest first; it shows the way, its words the numbers."""
    values = [value for _, value in known]
    low, span = min(values), max(values) - min(values)
    step = 60 / (len(known) - 1)
    places = [(2 + step * at, 8 if span == 0 else 14 - 12 * (value - low) / span) for at, value in enumerate(values)]
    words = speech.listed(f"{year} {shown(value, RATE if rate else '')}" for year, value in known)
    (x, y) = places[-1]
    return Spark(" ".join(f"{x:.1f},{y:.1f}" for x, y in places), f"{x:.1f}", f"{y:.1f}", words)


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
    spark: Spark | None = None
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
    sort_address: str = ""
    sorted: str = ""  # "ascending" or "descending" when the table is sorted by it

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
class Table:
    """What a table is made of: the plan, the period, past years of its rows, how its columns are sorted by now."""

    plan: Plan
    period: Period
    series: Mapping[tuple[str, str], Sequence[Point]] = field(default_factory=dict)
    sort: str = ""
    sort_address: Callable[[str], str] | None = None
    before: Mapping[tuple[str, str], Level | None] = field(default_factory=dict)


def label_of(plan: Plan, key: str, speech: Speech) -> tuple[str, str]:
    """Name of an indicator and of the kind of its target, from ``indicator/kind``."""
    identifier, _, kind = key.partition("/")
    return speech.said(plan.indicator(identifier).label.text()), speech.words(f"kind.{kind}")


def group_of(table: Table, tally: Tally, rows: Sequence[Row], speech: Speech) -> Group:
    """The table of one indicator: ``rows`` as they are ordered, under a sentence that counts all of ``tally``."""
    footnotes = Footnotes()
    writer = _Writer(table, speech, footnotes)
    names = _PARTS.get(rows[0].target.kind, _OTHER_PARTS)
    lines = [
        Line(speech.said(row.place_name), row.place, str(row.level), tuple(writer.cell(name, row) for name in names))
        for row in rows
    ]
    kept, lines = _without_empty(names, lines)
    unit = speech.unit(rows[0].target.unit)
    label, kind = label_of(table.plan, tally.key, speech)
    marks = {mark for row in rows for mark in row.content["marks"]}
    return Group(
        key=tally.key,
        label=label,
        kind=kind,
        finding=finding(tally, speech, rows[0].place_name),
        counts=counted(tally.counts),
        columns=[_head(name, rows[0], unit, table, speech) for name in kept],
        lines=lines,
        footnotes=footnotes.texts,
        example="example" in marks,
        unverified="unverified" in marks,
        rows=rows,
    )


def _without_empty(names: Sequence[str], lines: Sequence[Line]) -> tuple[list[str], list[Line]]:
    """The columns in which anything stands, and the lines with these only."""
    empty = {
        name
        for at, name in enumerate(names)
        if name not in _NEVER_LEFT_OUT and all(not line.cells[at].sort and not line.cells[at].remarks for line in lines)
    }
    kept = [
        Line(line.place, line.code, line.level, tuple(cell for cell in line.cells if cell.column not in empty))
        for line in lines
    ]
    return [name for name in names if name not in empty], kept


def group_at_place(table: Table, rows: Sequence[Row], speech: Speech) -> Group:
    """The table of one place: an indicator a row, each in its own unit."""
    footnotes = Footnotes()
    writer = _Writer(table, speech, footnotes)
    lines = [
        Line(label_of(table.plan, row.indicator_key, speech)[0], row.place, str(row.level),
             tuple(writer.cell(name, row) for name in _AT_A_PLACE))
        for row in rows
    ]  # fmt: skip
    kept, lines = _without_empty(_AT_A_PLACE, lines)
    place = speech.said(rows[0].place_name)
    counts = counted(Counter(row.level for row in rows))
    said = speech.listed(f"{speech.words(f'verdict.{one.level}')} {one.number}" for one in counts)
    marks = {mark for row in rows for mark in row.content["marks"]}
    return Group(
        key="",
        label=place,
        kind=speech.words("web.place.indicators"),
        finding=speech.words("web.place.finding", place=place, total=len(rows), parts=said),
        counts=counts,
        columns=[_head_at_place(name, table, speech) for name in kept],
        lines=lines,
        footnotes=footnotes.texts,
        example="example" in marks,
        unverified="unverified" in marks,
        rows=rows,
    )


def _head_at_place(name: str, table: Table, speech: Speech) -> Column:
    unit = "%" if name == "progress" else ""
    if name not in _SORTS_AT_A_PLACE:
        return Column(name, speech.words(f"web.columns.{name}"), unit)
    return Column(name, speech.words(f"web.columns.{name}"), unit, *_sorting(name, table))


def _sorting(name: str, table: Table) -> tuple[str, str]:
    """The address that sorts by a column, and how the table is sorted by it now."""
    sorted_by, down = table.sort.removeprefix("-"), table.sort.startswith("-")
    address = ""
    if table.sort_address is not None and name in SORTS:
        address = table.sort_address(f"-{name}" if sorted_by == name and not down else name)
    return address, ("descending" if down else "ascending") if sorted_by == name else ""


def _head(name: str, row: Row, unit: str, table: Table, speech: Speech) -> Column:
    capped = name == "progress" and row.figure("progress", "completion") is None
    label = speech.words(
        "web.columns.used" if capped and row.target.operator is Operator.AT_MOST else f"web.columns.{name}"
    )
    return Column(name, label, _head_unit(name, unit, speech), *_sorting(name, table))


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


@dataclass(frozen=True)
class _Writer:
    table: Table
    speech: Speech
    footnotes: Footnotes

    def cell(self, name: str, row: Row) -> Cell:
        """The cell of a column for a row."""
        writers: Mapping[str, Callable[[Row], Cell]] = {
            "place": self._place, "indicator": self._indicator, "unit": self._unit,
            "target": self._target, "gap": self._gap_cell, "progress": self._progress,
            "trend": self._trend, "warning": self._warning, "verdict": self._verdict,
            "published": self._published, "notes": self._notes,
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

    def _indicator(self, row: Row) -> Cell:
        label, kind = label_of(self.table.plan, row.indicator_key, self.speech)
        asked = urlencode({"period": self.table.period.written, "indicator": row.indicator_key})
        address = f"{reverse('plan', args=[self.table.plan.id])}?{asked}"
        return Cell("indicator", label, row.indicator_key, address, title=kind)

    def _unit(self, row: Row) -> Cell:
        unit = self.speech.unit(row.target.unit)
        return Cell("unit", unit, unit)

    def _target(self, row: Row) -> Cell:
        address = reverse("document", args=[self.table.plan.id]) + f"#clause-{row.target.clause}"
        sign = "≤" if row.target.operator is Operator.AT_MOST else "≥"
        title = f"{sign} · {self.speech.words(f'strength.{row.target.strength}')} · {row.target.due.isoformat()}"
        if row.target.value is None:
            return Cell("target", "?", address=address, title=title)
        return Cell("target", f"{row.target.value:,}", str(row.target.value), address, title=title)

    def _gap_cell(self, row: Row) -> Cell:
        value, role = row.gap
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
        """How much of a cap is used, with its number; the figure behind it is the one that compares both."""
        used, figure = row.share_of_cap, row.figure("headroom", "actual")
        if used is None or figure is None:
            return Cell("progress", NOTHING)
        return Cell("progress", shown(used, RATE, 1), repr(used), figure_address(figure["figure"]),
                    bar=self._bar(row, used, None))  # fmt: skip

    def _trend(self, row: Row) -> Cell:
        points = self.table.series.get((row.target.id, row.place), ())
        achieved = row.achieved
        rate = achieved is not None and achieved["unit"] == RATE
        trend = trend_of(points, self.table.period, rate=rate)
        known = [(point.period, point.achieved) for point in points if point.achieved is not None]
        spark = spark_of(known, rate, self.speech) if len(known) > 1 else None
        if not trend and spark is None:
            return Cell("trend", NOTHING)
        words = self.speech.words(f"web.trend.{trend}") if trend else ""
        return Cell("trend", words, trend or "none", sign=trend, spark=spark)

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
        changed = self._changed(row)
        sort = ",".join((*(["changed"] if changed else []), *marks))
        return Cell("notes", changed, sort, remarks=remarks, marks=marks)

    def _changed(self, row: Row) -> str:
        """What a line says else than what was published; empty where it says the same."""
        line = (row.target.id, row.place)
        if line not in self.table.before:
            return ""
        before = self.table.before[line]
        if before is None:
            return self.speech.words("web.changed.new")
        if before is row.level:
            return self.speech.words("web.changed.number")
        return self.speech.words("web.changed.verdict", before=self.speech.words(f"verdict.{before}"))
