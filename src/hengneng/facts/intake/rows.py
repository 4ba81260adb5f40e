"""Checking rows of a table of facts. Every row is looked at; it is accepted whole or comes back with what is wrong."""

from __future__ import annotations

import difflib
import re
import statistics
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import PurePath

from hengneng.facts.intake.normalising import normalised
from hengneng.facts.intake.table import REQUIRED, Row, Table
from hengneng.facts.limits import limit
from hengneng.language import Text, listed
from hengneng.periods import Period
from hengneng.problems import Problem
from hengneng.rules.brackets import BracketTable
from hengneng.rules.divisions import (
    COUNTRY,
    AmbiguousPlaceError,
    DivisionError,
    NotValidThenError,
    division,
    divisions,
    find_division,
    name_of,
    places_above,
    subject_code,
)
from hengneng.rules.measures import Measure, measures
from hengneng.rules.schemes import bracket_table
from hengneng.rules.units import UnknownUnitError, convert, unit
from hengneng.trace import Quality

SeriesOf = tuple[str, str]  # measure, subject
Known = Callable[[SeriesOf], Sequence[Decimal]]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_SEPARATED = re.compile(r"[+-]?\d{1,3}([, ']\d{3})+(\.\d+)?")
_SPREADSHEET_ERRORS = (
    "#VALUE!",
    "#REF!",
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#GETTING_DATA",
    "#SPILL!",
)
_NOTHING = ("", "-", "—", "－", "–", "…", "...", "NA", "N/A", "NULL", "NONE", "无", "/", "\\")
STATES = {
    "": None,
    "reported": Quality.REPORTED,
    "zero": Quality.REPORTED_ZERO,
    "reported-zero": Quality.REPORTED_ZERO,
    "estimated": Quality.ESTIMATED,
    "missing": Quality.MISSING,
}
CONFIDENCES = ("sourced", "inferred", "invented", "memory-high", "memory-medium", "memory-low")


@dataclass(frozen=True)
class GoodRow:
    """A row that may be recorded; ``value`` is in ``unit``, the unit of the measure."""

    line: int
    measure: str
    subject: str
    period: Period
    state: Quality
    reported_value: str
    reported_unit: str
    value: Decimal | None
    unit: str
    edition: str
    coal: Decimal | None
    coal_edition: str
    source: str
    cell: str
    note: str
    reason: str
    confidence: str
    example: bool

    @property
    def series(self) -> tuple[str, str, str]:
        """Measure, subject and period."""
        return self.measure, self.subject, self.period.written


@dataclass
class CheckedTable:
    """Good rows, and for each bad row what is wrong with it."""

    table: Table
    good: list[GoodRow] = field(default_factory=list)
    bad: list[tuple[Row, list[Problem]]] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class RowContext:
    """What rows are checked against.

    ``plan_subjects``: the plan's places (None: any place); ``default_source``: for rows without a source of their own;
    ``known``: values already recorded of a series of periods, for the check of units; ``refuses``: why nobody may
    report for a place here (None: they may).
    """

    plan: str | None
    plan_subjects: frozenset[str] | None
    default_source: str
    known: Known
    refuses: Callable[[str], Text | None] = lambda _: None


class _Bad(Exception):
    def __init__(self, number: str, column: str, /, **values: object) -> None:
        self.number, self.column, self.values = number, column, values
        super().__init__(number)


def check_rows(table: Table, context: RowContext, progress: Callable[[int], None] = lambda _: None) -> CheckedTable:
    """Check every row of ``table``. ``progress`` is told how many rows are done."""
    checked = CheckedTable(table, notes=list(table.notes))
    seen: dict[tuple[str, str, str], GoodRow] = {}
    contradicted: dict[int, _Bad] = {}
    candidates: list[tuple[Row, GoodRow]] = []
    for done, row in enumerate(table.rows, start=1):
        try:
            good = _check_row(row, len(table.columns), context)
            first = seen.setdefault(good.series, good)
            if first is not good:
                if (first.value, first.state) != (good.value, good.state):
                    # Which of two values is right is not ours to say: both go back.
                    contradicted.setdefault(first.line, _twice(good, first))
                raise _twice(first, good)
            candidates.append((row, good))
        except _Bad as bad:
            checked.bad.append((row, [_problem(table, row, bad)]))
        if done % 1000 == 0:
            progress(done)
    for row, good in candidates:
        if good.line in contradicted:
            checked.bad.append((row, [_problem(table, row, contradicted[good.line])]))
    _check_magnitudes([one for one in candidates if one[1].line not in contradicted], context, checked)
    checked.bad.sort(key=lambda item: item[0].line)
    progress(len(table.rows))
    return checked


def _twice(other: GoodRow, here: GoodRow) -> _Bad:
    return _Bad("F203", "measure", first=other.line, value=other.reported_value, found=here.reported_value)


def _problem(table: Table, row: Row, bad: _Bad) -> Problem:
    return Problem(bad.number, f"{PurePath(table.name).name}:{row.line}:{bad.column}", bad.values)


def _check_row(row: Row, width: int, context: RowContext) -> GoodRow:
    if not row.closed:
        raise _Bad("F107", REQUIRED[0], found=row.raw[-1][:20])
    if row.width != width:
        raise _Bad("F101", REQUIRED[0], found=row.width, expected=width)
    measure = _measure(row["measure"])
    period = _period(row["period"])
    subject = _place(row["place"], period, context)
    state, number = _value(row)
    _check_words(row)
    found = None
    if number is not None:
        found = normalised(number, _unit(row, measure), measure, period)
        if found.value < 0 and not measure.may_be_negative:
            raise _Bad("F117", "value", measure=measure.name, found=row["value"])
    elif row["unit"]:
        _unit(row, measure)
    return GoodRow(
        line=row.line,
        measure=measure.code,
        subject=subject,
        period=period,
        state=state,
        reported_value=row["value"],
        reported_unit=row["unit"],
        value=found.value if found else None,
        unit=measure.unit,
        edition=found.edition if found else "",
        coal=found.coal if found else None,
        coal_edition=found.coal_edition if found else "",
        source=row["source"] or context.default_source,
        cell=row["cell"],
        note="；".join(filter(None, (row["note"], row["explanation"]))),
        reason=row["reason"],
        confidence=row["confidence"] or "sourced",
        example=row["example"] == "yes",
    )


@cache
def _by_name() -> Mapping[str, Measure]:
    return {**{m.name.zh: m for m in measures().values()}, **measures()}


def _measure(written: str) -> Measure:
    found = _by_name().get(written)
    if found is None:
        near = difflib.get_close_matches(written, list(_by_name()), n=3, cutoff=0.4)
        raise _Bad("F102", "measure", found=written, expected=", ".join(near) or "—")
    return found


@cache
def _parsed_period(written: str) -> Period | None:
    try:
        return Period.parse(written)
    except ValueError:
        return None


def _period(written: str) -> Period:
    period = _parsed_period(written)
    if period is None:
        raise _Bad("F103", "period", found=written)
    return period


@cache
def _found_place(written: str, period: Period) -> str | DivisionError:
    try:
        return find_division(written, period.start, period.end).code
    except DivisionError as error:
        return error


def _place(written: str, period: Period, context: RowContext) -> str:
    found = _found_place(written, period)
    if isinstance(found, DivisionError):
        raise _place_refused(written, period, found)
    subject = subject_code(found)
    if context.plan_subjects is not None and subject not in context.plan_subjects:
        nearest = next((above for above in places_above(found) if above in context.plan_subjects), None)
        expected = "—" if nearest is None else f"{name_of(nearest, period.end, 'zh')}（{nearest}）"
        raise _Bad("F106", "place", found=written, plan=context.plan or "", expected=expected)
    refusal = context.refuses(subject)
    if refusal is not None:
        raise _Bad("F108", "place", found=written, reason=refusal)
    return subject


def _place_refused(written: str, period: Period, error: DivisionError) -> _Bad:
    candidates = [f"{one.name.zh}（{one.code}）" for one in error.candidates]
    if isinstance(error, NotValidThenError):
        return _Bad("F105", "place", found=written, period=period.label(), expected=listed(candidates))
    if not isinstance(error, AmbiguousPlaceError):
        names = {name: one.code for one in divisions() for name in (one.name.zh, *one.aliases, one.code)}
        near = difflib.get_close_matches(written, list(names), n=3, cutoff=0.5)
        candidates = [f"{name}（{names[name]}）" for name in near]
    return _Bad("F104", "place", found=written, expected=listed(candidates))


def _value(row: Row) -> tuple[Quality, Decimal | None]:
    written, state = row["value"], row["state"]
    if state not in STATES:
        raise _Bad("F115", "state", state=state, found=written)
    declared = STATES[state]
    if written.upper() in _SPREADSHEET_ERRORS or written.startswith("#"):
        raise _Bad("F110", "value", found=written)
    if written.upper() in _NOTHING:
        if declared is not Quality.MISSING or not (row["note"] or row["reason"]):
            raise _Bad("F113", "value", found=written)
        return Quality.MISSING, None
    number = _number(written)
    if declared is Quality.MISSING or (declared is Quality.REPORTED_ZERO and number != 0):
        raise _Bad("F115", "state", state=state, found=written)
    if number == 0 and declared in (None, Quality.REPORTED):
        return Quality.REPORTED_ZERO, number
    return declared or Quality.REPORTED, number


def _number(cell: str) -> Decimal:
    # Every kind of blank may part thousands; none of them is a full-width character to complain of.
    written = re.sub(r"\s", " ", cell)
    if _NUMBER.fullmatch(written) and written.isascii():
        return Decimal(written)
    narrow = unicodedata.normalize("NFKC", written).replace("−", "-").replace("，", ",")
    if narrow != written and (_NUMBER.fullmatch(narrow) or _SEPARATED.fullmatch(narrow)):
        raise _Bad("F111", "value", found=cell, expected=re.sub(r"[,\s']", "", narrow))
    if _SEPARATED.fullmatch(written):
        raise _Bad("F112", "value", found=cell, expected=re.sub(r"[,\s']", "", written))
    raise _Bad("F114", "value", found=cell)


def _check_words(row: Row) -> None:
    if row["confidence"] and row["confidence"] not in CONFIDENCES:
        raise _Bad(
            "F118",
            "confidence",
            column="confidence",
            found=row["confidence"],
            expected=", ".join(CONFIDENCES),
        )
    if row["example"] not in ("", "yes", "no"):
        raise _Bad("F118", "example", column="example", found=row["example"], expected="yes, no")


def _unit(row: Row, measure: Measure) -> str:
    """Code of the unit of a row, which must measure what the measure measures."""
    try:
        found = unit(row["unit"])
    except UnknownUnitError:
        found = None
    if found is None or found.dimension != unit(measure.unit).dimension:
        raise _Bad("F116", "unit", found=row["unit"], measure=measure.name, expected=measure.unit)
    return found.code


def _check_magnitudes(candidates: Sequence[tuple[Row, GoodRow]], context: RowContext, checked: CheckedTable) -> None:
    """Rows whose unit looks wrong beside the other periods of their series, or beside what is plausible."""
    in_file: dict[SeriesOf, list[Decimal]] = {}
    for _, good in candidates:
        if good.value is not None:
            in_file.setdefault((good.measure, good.subject), []).append(abs(good.value))
    references = {series: _reference(series, values, context) for series, values in in_file.items()}
    for row, good in candidates:
        try:
            if good.value is not None and not row["explanation"]:
                _beside_others(good, references[good.measure, good.subject])
                _plausible(good)
        except _Bad as bad:
            checked.bad.append((row, [_problem(checked.table, row, bad)]))
        else:
            checked.good.append(good)


def _reference(series: SeriesOf, in_file: Sequence[Decimal], context: RowContext) -> Decimal | None:
    """What the values of a series are usually like; None where too little is known to say."""
    recorded = [v for v in context.known(series) if v]
    others = recorded or [v for v in in_file if v]
    if not recorded and len(others) < limit("values_that_tell_a_unit"):
        return None
    return Decimal(statistics.median(others))


def _beside_others(good: GoodRow, reference: Decimal | None) -> None:
    value, measure = abs(good.value or Decimal(0)), measures()[good.measure]
    if reference is None or value == 0 or measure.may_be_negative:
        return
    if unit(measure.unit).dimension == unit("1").dimension:
        return
    ratio = max(value, reference) / min(value, reference)
    bracket = _jumps().pick(ratio)
    if bracket.name == "plausible":
        return
    factor = None if bracket.entry is None else bracket.entry.value
    shown = f"{factor or ratio:,.0f}"
    raise _Bad(
        "F201",
        "unit",
        found=good.reported_value,
        unit=good.reported_unit,
        reference=_shown(convert(reference, good.unit, good.reported_unit)),
        factor=shown if value > reference else f"1/{shown}",
    )


@cache
def _jumps() -> BracketTable:
    """How far apart two values of a series may lie before an error of the unit is suspected."""
    return bracket_table("plausible_jumps", "unit-error")


@cache
def _level(subject: str) -> str:
    level = division(subject).level
    return level if level in ("region", "county") else "prefecture"


def _plausible(good: GoodRow) -> None:
    measure = measures()[good.measure]
    if good.value is None or subject_code(good.subject) == COUNTRY:
        return
    low, high = measure.plausible(_level(good.subject))
    if not good.period.is_year:
        low = None  # the bounds are of whole years: a month may well stay below
    if (low is not None and good.value < low) or (high is not None and good.value > high):
        minimum, maximum = (
            "…" if bound is None else _shown(convert(bound, good.unit, good.reported_unit)) for bound in (low, high)
        )
        raise _Bad(
            "F202",
            "value",
            found=good.reported_value,
            unit=good.reported_unit,
            minimum=minimum,
            maximum=maximum,
        )


def _shown(value: Decimal) -> str:
    return f"{value.normalize():,f}" if value == value.to_integral_value() else f"{value:,.6g}"
