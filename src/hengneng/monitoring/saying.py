"""People say what held of an outlet: marks of operation and checks of analysers, one by one or from tables.

Nothing is changed: a mark that was wrong is withdrawn, a check that was written down wrongly gets a revision. The days
that either touches are added up anew.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require, terminal_actor
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.metering.cells import BadCellError, filled, moment, number, similar, word
from hengneng.metering.sheets import Line, Sheet, TableImport
from hengneng.metering.table_import import Kind, Outcome, Told, import_table
from hengneng.monitoring.models import AnalyserCheck, MarkWithdrawal, MonitoredDay, OperationMark, Outlet
from hengneng.monitoring.records import FLOW, OPEN, judge, marked, records_of
from hengneng.monitoring.taking import local_offset
from hengneng.problems import Problem, RefusedError
from hengneng.rules.tables import rule_table

MARK_COLUMNS = ("outlet", "mark", "begin", "end", "reason", "source")
CHECK_COLUMNS = ("outlet", "quantity", "check", "at", "reading", "reference", "full_scale", "source")
MARKS = Kind(
    "outlet.import_marks",
    "outlets",
    (*MARK_COLUMNS[:3], "reason"),
    MARK_COLUMNS,
    OperationMark._meta.db_table,
    "outlet",
)
CHECKS = Kind(
    "outlet.import_checks", "outlets", CHECK_COLUMNS[:6], CHECK_COLUMNS, AnalyserCheck._meta.db_table, "outlet"
)
# What is due again is older than any change of a store.
DUE_AGAIN = -1


def mark_words() -> list[str]:
    """The marks of table emission_marks, in its order."""
    return list(dict.fromkeys(one.key["mark"] for one in rule_table("emission_marks").entries))


def give_mark(
    actor: Actor,
    outlet: Outlet,
    mark: str,
    begin: dt.datetime,
    end: dt.datetime | None,
    reason: str,
    *,
    source: str = "",
    act: str | None = None,
) -> OperationMark:
    """Mark the operation of an outlet from ``begin`` to ``end`` (None: until further notice).

    RefusedAccessError for whoever may not correct the unit's facts. RefusedError N105 (unknown mark), N106 (no reason,
    or it does not go forward), N107 (another mark holds in that time).
    """
    require(actor, Verb.CORRECT_FACTS, outlet.unit.place_id, outlet.unit_id)
    if mark not in mark_words():
        raise RefusedError(Problem("N105", "mark", {"found": mark, "expected": ", ".join(mark_words())}))
    if not reason.strip():
        raise RefusedError(Problem("N106", "reason", {"found": "—"}))
    if end is not None and end <= begin:
        raise RefusedError(Problem("N106", "end", {"found": f"{_written(begin)} – {_written(end)}"}))
    with transaction.atomic():
        one_writer(OperationMark._meta.db_table)
        start, stop = int(begin.timestamp()), OPEN if end is None else int(end.timestamp())
        for other in records_of(outlet).marks:
            if other.begin < stop and start < other.end:
                until = "…" if other.end == OPEN else _written(dt.datetime.fromtimestamp(other.end, dt.UTC))
                found = f"{other.mark} {_written(other.row.begin)} – {until}"
                raise RefusedError(Problem("N107", "begin", {"found": found}))
        made = OperationMark.objects.create(
            outlet=outlet, mark=mark, begin=begin, end=end, reason=reason.strip(), source=source,
            said_by=actor.identifier, act=act or new_act_id(), recorded_at=timezone.now(),
        )  # fmt: skip
        due_again(begin, end)
        if act is None:
            _log(actor, "outlet.mark", outlet, made.act, {"mark": mark, **_times(begin, end)}, reason)
    return made


def withdraw_mark(
    actor: Actor, mark: OperationMark, reason: str, from_moment: dt.datetime | None = None
) -> MarkWithdrawal:
    """Say that a mark never held, or no longer from ``from_moment`` on.

    RefusedAccessError; RefusedError N106 (no reason, or the moment is not within the mark), N108 (withdrawn already).
    """
    outlet = mark.outlet
    require(actor, Verb.CORRECT_FACTS, outlet.unit.place_id, outlet.unit_id)
    if not reason.strip():
        raise RefusedError(Problem("N106", "reason", {"found": "—"}))
    with transaction.atomic():
        one_writer(OperationMark._meta.db_table)
        if MarkWithdrawal.objects.filter(mark=mark).exists():
            raise RefusedError(Problem("N108", "mark", {"found": str(mark)}))
        inside = from_moment is None or (mark.begin < from_moment and (mark.end is None or from_moment < mark.end))
        if not inside:
            raise RefusedError(Problem("N106", "end", {"found": _written(from_moment)}))
        made = MarkWithdrawal.objects.create(
            mark=mark, from_moment=from_moment, reason=reason.strip(), said_by=actor.identifier, act=new_act_id(),
            recorded_at=timezone.now(),
        )  # fmt: skip
        due_again(from_moment or mark.begin, mark.end)
        details = {"mark": mark.mark, **_times(mark.begin, mark.end), "from_moment": _written(from_moment)}
        _log(actor, "outlet.withdraw_mark", outlet, made.act, details, reason)
    return made


def due_again(begin: dt.datetime, end: dt.datetime | None) -> None:
    """Add the local days up anew that were added up and lie between ``begin`` and ``end`` (None: all later ones)."""
    offset = dt.timedelta(seconds=local_offset())
    days = MonitoredDay.objects.filter(day__gte=(begin.astimezone(dt.UTC) + offset).date())
    if end is not None:
        days = days.filter(day__lte=(end.astimezone(dt.UTC) + offset).date())
    days.update(change=DUE_AGAIN)


def import_marks(file: Path, *, actor: Actor | None = None, reason: str = "") -> TableImport:
    """Marks of operation out of a table: outlet, mark, begin, reason; end, source. One act; good rows are taken.

    RefusedError when the file as a whole cannot be used (F001, F004, F006, E001, E003, E004).
    """
    actor = actor or terminal_actor()
    known = _outlets()

    def take(line: Line, sheet: Sheet, act: str) -> Told:
        outlet = _outlet(line, known)
        begin, end = moment(line, "begin"), moment(line, "end")
        if begin is None:
            raise BadCellError("E101", "begin", column="begin")
        mark = word(line, "mark", mark_words(), "")
        there = OperationMark.objects.filter(outlet=outlet, mark=mark, begin=begin, end=end)
        if any(marked(one) is not None for one in there.select_related("withdrawal")):
            return Told(Outcome.UNCHANGED)
        give_mark(actor, outlet, mark, begin, end, filled(line, "reason"),
                  source=line.cells.get("source", "") or sheet.name, act=act)  # fmt: skip
        return Told(Outcome.NEW, f"{outlet} {mark} {_written(begin)}")

    return import_table(file, MARKS, lambda sheet, act: lambda line: take(line, sheet, act), actor, reason)


def import_checks(file: Path, *, actor: Actor | None = None, reason: str = "") -> TableImport:
    """Checks of analysers out of a table: outlet, quantity, check, at, reading, reference; full_scale, source.

    A row of the same moment with other numbers is a revision. Errors as for :func:`import_marks`; rows: N109 (no limit
    for such a check), N110 (the full scale is missing).
    """
    actor = actor or terminal_actor()
    known = _outlets()

    def take(line: Line, sheet: Sheet, act: str) -> Told:
        return _take_check(actor, line, _outlet(line, known), line.cells.get("source", "") or sheet.name, act)

    return import_table(file, CHECKS, lambda sheet, act: lambda line: take(line, sheet, act), actor, reason)


def _take_check(actor: Actor, line: Line, outlet: Outlet, source: str, act: str) -> Told:
    require(actor, Verb.CORRECT_FACTS, outlet.unit.place_id, outlet.unit_id)
    quantity, kind = filled(line, "quantity"), filled(line, "check")
    at, reading, reference = moment(line, "at"), number(line, "reading"), number(line, "reference")
    for name, value in (("at", at), ("reading", reading), ("reference", reference)):
        if value is None:
            raise BadCellError("E101", name, column=name)
    assert at is not None
    assert reading is not None
    assert reference is not None
    pollutants = {one.key["pollutant"] for one in rule_table("emission_pollutants").entries
                  if one.attributes["medium"] == outlet.medium}  # fmt: skip
    if quantity != FLOW and quantity not in pollutants:
        raise BadCellError("E107", "quantity", column="quantity", found=quantity,
                           expected=", ".join([*sorted(pollutants), FLOW]))  # fmt: skip
    row = AnalyserCheck(
        outlet=outlet, quantity=quantity, check_kind=kind, at=at, reading=reading, reference=reference,
        full_scale=number(line, "full_scale"), source=source, act=act, recorded_at=timezone.now(),
    )  # fmt: skip
    judged = judge(outlet, row)
    if judged.judged is None:
        names = {"no-limit": ("N109", "check"), "no-full-scale": ("N110", "full_scale")}
        number_of, column = names[judged.why]
        raise BadCellError(number_of, column, found=f"{quantity} {kind} {reference}")
    there = AnalyserCheck.objects.filter(outlet=outlet, quantity=quantity, check_kind=kind, at=at)
    held = there.order_by("-revision").first()
    if held is not None:
        if (held.reading, held.reference, held.full_scale) == (reading, reference, row.full_scale):
            return Told(Outcome.UNCHANGED)
        row.revision = held.revision + 1
    row.save(force_insert=True)
    _checks_due_again(row)
    return Told(Outcome.NEW, f"{outlet} {quantity} {kind} {_written(at)}")


def _checks_due_again(row: AnalyserCheck) -> None:
    """A check decides over the time from the one before it to the one behind it."""
    others = AnalyserCheck.objects.filter(outlet=row.outlet, quantity=row.quantity).exclude(at=row.at)
    before = others.filter(at__lt=row.at).order_by("-at").first()
    behind = others.filter(at__gt=row.at).order_by("at").first()
    first = dt.datetime.fromtimestamp(0, dt.UTC) if before is None else before.at
    due_again(first, None if behind is None else behind.at)


def _outlets() -> dict[str, Outlet]:
    return {one.identifier: one for one in Outlet.objects.select_related("unit")}


def _outlet(line: Line, known: dict[str, Outlet]) -> Outlet:
    written = filled(line, "outlet")
    if written not in known:
        raise BadCellError("N104", "outlet", found=written, expected=similar(written, known))
    return known[written]


def _log(actor: Actor, verb: str, outlet: Outlet, act: str, details: dict[str, object], reason: str) -> None:
    record(actor.identifier, verb, "outlet", outlet.identifier, place=outlet.unit.place_id,
           organisation=outlet.unit_id, reason=reason, details=details, identifier=act)  # fmt: skip


def _times(begin: dt.datetime, end: dt.datetime | None) -> dict[str, object]:
    return {"begin": _written(begin), "end": _written(end)}


def _written(at: dt.datetime | None) -> str:
    return "" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
