"""The rows of a standing as HTML.

Written here and not in a template because a table has hundreds of cells: a template takes most of the time of the page
to go through them. Everything that is not a word of the catalogue is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from hengneng.web.speech import Speech
from hengneng.web.tables import Bar, Cell, Line, Spark, place_address

_ARROWS = {"improving": "↗", "worsening": "↘", "steady": "→"}


def sign(name: str) -> str:
    """The sign of a verdict or a warning."""
    return f'<svg class="sign {name}" width="12" height="12" aria-hidden="true"><use href="#sign-{name}"/></svg>'


def rows_html(lines: Iterable[Line], at: str, speech: Speech) -> SafeString:
    """All rows of a table; ``at`` parts the notes of this table from those of others on the page."""
    writer = _Rows(at, speech)
    return mark_safe("\n".join(writer.row(line) for line in lines))


class _Rows:
    def __init__(self, at: str, speech: Speech) -> None:
        self.at, self.speech = escape(at), speech
        self.agrees = f'<span class="agrees">✓ {speech.words("web.agrees.true")}</span>'
        self.differs = f'<span class="differs">✗ {speech.words("web.agrees.false")}</span>'

    def row(self, line: Line) -> str:
        """One place."""
        cells = "".join(self.cell(cell) for cell in line.cells)
        return f'<tr data-searchable="{escape(line.place)} {escape(line.code)}" class="{line.level}">{cells}</tr>'

    def cell(self, cell: Cell) -> str:
        """One cell, by its column."""
        special = {
            "place": self._place, "indicator": self._indicator,
            "progress": self._progress, "trend": self._trend, "published": self._published,
            "notes": self._notes,
        }.get(cell.column)  # fmt: skip
        return special(cell) if special else self._usual(cell)

    def _usual(self, cell: Cell) -> str:
        classes = cell.column + (" number" if cell.numeric else "") + (" unknown" if cell.text == "?" else "")
        title = f' title="{escape(cell.title)}"' if cell.title else ""
        before = f"{sign(cell.sign)} " if cell.sign else ""
        return f'<td class="{classes}" data-sort="{escape(cell.sort)}"{title}>{before}{self._linked(cell)}</td>'

    @staticmethod
    def _linked(cell: Cell) -> str:
        if not cell.address:
            return escape(cell.text)
        of = f" {cell.sign}" if cell.sign else ""
        return f'<a class="figure{of}" href="{escape(cell.address)}">{escape(cell.text)}</a>'

    @staticmethod
    def _place(cell: Cell) -> str:
        address = escape(place_address(cell.sort))
        name = escape(cell.text)
        return f'<th scope="row" class="place" data-sort="{name}"><a href="{address}">{name}</a></th>'

    @staticmethod
    def _indicator(cell: Cell) -> str:
        name, kind = escape(cell.text), escape(cell.title)
        link = f'<a href="{escape(cell.address)}">{name}</a>'
        return f'<th scope="row" class="place indicator" data-sort="{name}">{link} <small>{kind}</small></th>'

    def _progress(self, cell: Cell) -> str:
        drawn = bar_html(cell.bar) if cell.bar else ""
        number = self._linked(cell) if cell.address else f'<span class="drawn">{escape(cell.text)}</span>'
        return f'<td class="progress number" data-sort="{escape(cell.sort)}">{drawn}{number}</td>'

    @staticmethod
    def _trend(cell: Cell) -> str:
        drawn = spark_html(cell.spark) if cell.spark else ""
        words = escape(cell.text)
        if cell.sign:
            arrow = f'<span aria-hidden="true">{_ARROWS[cell.sign]}</span>'
            return f'<td class="trend">{drawn}<span class="way {cell.sign}">{arrow} {words}</span></td>'
        return f'<td class="trend">{drawn or words}</td>'

    def _published(self, cell: Cell) -> str:
        remarks = []
        for remark in cell.remarks:
            agrees = "" if remark.agrees is None else " " + (self.agrees if remark.agrees else self.differs)
            note = self._footnote(remark.footnote, str(remark.footnote))
            remarks.append(f'<span class="remark">{escape(remark.text)}{agrees}{note}</span> ')
        return f'<td class="published" data-sort="{escape(cell.sort)}">{"".join(remarks) or "—"}</td>'

    def _notes(self, cell: Cell) -> str:
        changed = f'<span class="mark changed">{escape(cell.text)}</span>' if cell.text else ""
        marks = "".join(f'<span class="mark {mark}">{self.speech.words(f"mark.{mark}")}</span>' for mark in cell.marks)
        notes = "".join(
            " " + self._footnote(remark.footnote, self.speech.words("web.note", number=remark.footnote))
            for remark in cell.remarks
        )
        return f'<td class="notes" data-sort="{escape(cell.sort)}">{changed}{marks}{notes}</td>'

    def _footnote(self, number: int | None, words: str) -> str:
        return f'<a class="footnote" href="#note-{self.at}-{number}">{escape(words)}</a>'


def bar_html(bar: Bar) -> str:
    """A bar from base to target, filled, with the tick of today and an arrow where it goes beyond the picture."""
    example = " example" if bar.example else ""
    filled = f'x="{bar.x}" y="4" width="{bar.width}" height="6"'
    hatched = f'<rect class="hatched" {filled}/>' if bar.example else ""
    today = f'<path class="today" d="M{bar.tick} 0V14"/>' if bar.tick else ""
    beyond = {
        "above": '<path class="beyond" d="M125 3.5 130 7 125 10.5Z"/>',
        "below": '<path class="beyond" d="M3.5 3.5 0 7 3.5 10.5Z"/>',
    }.get(bar.beyond, "")
    return (
        f'<svg class="bar {bar.level}{example}" viewBox="0 0 130 14" width="130" height="14" aria-hidden="true">'
        f'<rect class="track" x="5" y="4" width="100" height="6"/><rect class="fill" {filled}/>{hatched}'
        f'<path class="base" d="M5 2V12M105 2V12"/>{today}{beyond}</svg>'
    )


def spark_html(spark: Spark) -> str:
    """A line of past years; its years and values are its text."""
    return (
        f'<svg class="spark" viewBox="0 0 64 16" width="64" height="16" role="img" aria-label="{escape(spark.words)}">'
        f'<polyline points="{spark.points}"/><circle cx="{spark.last_x}" cy="{spark.last_y}" r="2"/></svg>'
    )
