"""Facts by hand: a new one, or the next revision of one that is there, through the checks that a file goes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.facts.intake.recording import SERIES, fact_of
from hengneng.facts.intake.rows import GoodRow, RowContext, SeriesOf, check_rows
from hengneng.facts.intake.table import OPTIONAL, REQUIRED, Row, Table
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact, FactSource
from hengneng.language import Text, listed
from hengneng.problems import Problem, RefusedError
from hengneng.registry.places import ensure_places
from hengneng.rules.units import UnknownUnitError, unit

FORM = "form"
Arrival = Callable[[Sequence[Fact]], None]


@dataclass(frozen=True)
class Entry:
    """What somebody has given by hand, letter by letter; the fields are the columns of a table of facts."""

    measure: str = ""
    place: str = ""
    period: str = ""
    value: str = ""
    unit: str = ""
    state: str = ""
    source: str = ""
    cell: str = ""
    confidence: str = "sourced"
    note: str = ""
    reason: str = ""
    explanation: str = ""
    example: str = ""


class RevisedMeanwhileError(RefusedError):
    """Somebody else has revised the fact since it was read. ``current`` is what is recorded now."""

    def __init__(self, problem: Problem, current: Fact) -> None:
        self.current = current
        super().__init__(problem)


class AlreadyRecordedError(RefusedError):
    """The fact that was to be new is there. ``current`` is it."""

    def __init__(self, problem: Problem, current: Fact) -> None:
        self.current = current
        super().__init__(problem)


def current_fact(measure: str, place: str, period: str) -> Fact | None:
    """The latest revision of what was reported; None when nobody has reported anything."""
    found = Fact.objects.filter(measure=measure, place_id=place, period=period, series=SERIES)
    return found.select_related("source").order_by("-revision").first()


def checked_entry(entry: Entry) -> GoodRow:
    """The entry normalised. RefusedError with the problems that a row of a table would have (F1, F2) and F305, F306."""
    columns = (*REQUIRED, *OPTIONAL)
    cells = {name: getattr(entry, name).strip() for name in columns}
    table = Table(FORM, columns, (Row(1, cells, len(columns), [cells[name] for name in columns]),), b"")
    context = RowContext(None, None, entry.source, _known_beside(entry.period))
    checked = check_rows(table, context)
    problems = [problem for _, found in checked.bad for problem in found]
    most = limit("longest_text")
    problems += [
        Problem("F306", f"{FORM}:1:{one.name}", {"found": len(getattr(entry, one.name)), "limit": most})
        for one in fields(entry)
        if len(getattr(entry, one.name)) > most
    ]
    if not entry.source.strip():
        problems.append(Problem("F305", f"{FORM}:1:source"))
    if problems:
        raise RefusedError(*problems)
    return checked.good[0]


def _known_beside(period: str) -> Callable[[SeriesOf], Sequence[Decimal]]:
    """Values of the other periods of a series: what is being corrected says nothing about its own unit."""

    def known(series: SeriesOf) -> Sequence[Decimal]:
        facts = Fact.objects.known_at(None).filter(measure=series[0], place_id=series[1], series=SERIES)
        found = facts.exclude(period=period.strip()).values_list("value", flat=True)
        return [abs(value) for value in found if value is not None]

    return known


def check_correction(actor: Actor, entry: Entry, before: Fact) -> GoodRow:
    """What a correction of ``before`` would record; nothing is written.

    RefusedAccessError, or RefusedError with the problems of the entry, F301 without a reason, F303 without a change.
    """
    require(actor, Verb.CORRECT_FACTS, place=before.place_id)
    problems: list[Problem] = []
    row = None
    try:
        row = checked_entry(entry)
    except RefusedError as refused:
        problems += refused.problems
    if not entry.reason.strip():
        problems.append(Problem("F301", f"{FORM}:1:reason"))
    if row is not None and _nothing_new(before, row):
        problems.append(Problem("F303", f"{FORM}:1:value"))
    if problems or row is None:
        raise RefusedError(*problems)
    return row


def _nothing_new(before: Fact, row: GoodRow) -> bool:
    kept = (
        before.value, before.state, before.source.title, before.cell, before.note, before.confidence, before.example,
        before.reported_value, before.reported_unit,
    )  # fmt: skip
    given = (
        row.value, row.state, row.source, row.cell, row.note, row.confidence, row.example,
        row.reported_value, row.reported_unit,
    )  # fmt: skip
    return kept == given


def correct(actor: Actor, entry: Entry, based_on: int, on_arrival: Arrival = lambda _: None) -> Fact:
    """Record the next revision of a fact, give it to ``on_arrival``, and log the act, all of it or nothing.

    ``based_on`` is the revision that the person has seen. Raises RefusedAccessError, RefusedError (see
    :func:`check_correction`), or RevisedMeanwhileError (F302) when somebody was quicker. LookupError without a fact.
    """
    with transaction.atomic():
        one_writer(Fact._meta.db_table)
        before = current_fact(entry.measure, entry.place, entry.period)
        if before is None:
            raise LookupError(f"{entry.measure}/{entry.place}/{entry.period} has not been recorded")
        require(actor, Verb.CORRECT_FACTS, place=before.place_id)
        if before.revision != based_on:
            raise RevisedMeanwhileError(_overtaken(before), before)
        row = check_correction(actor, entry, before)
        return _write(actor, row, before, "fact.correct", on_arrival)


def record_new(actor: Actor, entry: Entry, on_arrival: Arrival = lambda _: None) -> Fact:
    """Record a fact that was not there. RefusedAccessError, RefusedError, AlreadyRecordedError (F304)."""
    row = checked_entry(entry)
    require(actor, Verb.CORRECT_FACTS, place=row.subject)
    with transaction.atomic():
        one_writer(Fact._meta.db_table)
        there = current_fact(*row.series)
        if there is not None:
            raise AlreadyRecordedError(Problem("F304", f"{FORM}:1:measure", {"found": there.key}), there)
        ensure_places({row.subject})
        return _write(actor, row, None, "fact.record", on_arrival)


def _overtaken(now: Fact) -> Problem:
    when = timezone.localtime(now.recorded_at)
    found = listed([]) if now.value is None else _reported(now)
    values = {"who": now.recorded_by, "when": f"{when:%Y-%m-%d %H:%M}", "found": found, "revision": now.revision}
    return Problem("F302", f"{FORM}:1:value", values)


def _reported(fact: Fact) -> Text:
    try:
        label = unit(fact.reported_unit).label
    except UnknownUnitError:
        label = Text(zh=fact.reported_unit or "—", en=fact.reported_unit or "—")
    return Text(zh=f"{fact.reported_value} {label.zh}", en=f"{fact.reported_value} {label.en}")


def _write(actor: Actor, row: GoodRow, before: Fact | None, verb: str, on_arrival: Arrival) -> Fact:
    source, _ = FactSource.objects.get_or_create(
        kind=FactSource.Kind.CALL, title=row.source, file_name="", sha256=""
    )
    # After the lock, so that a later fact never carries an earlier moment.
    fact = fact_of(row, before, source, actor.identifier, timezone.now())
    fact.act = new_act_id()
    fact.save(force_insert=True)
    on_arrival([fact])
    record(
        actor.identifier,
        verb,
        "fact",
        fact.key,
        place=fact.place_id,
        reason=row.reason,
        details={"before": _said(before), "after": _said(fact)},
        identifier=fact.act,
    )
    return fact


def _said(fact: Fact | None) -> dict[str, object] | None:
    if fact is None:
        return None
    return {
        "fact": fact.name,
        "state": str(fact.state),
        "reported": f"{fact.reported_value} {fact.reported_unit}".strip(),
        "value": None if fact.value is None else format(fact.value, "f"),
        "unit": fact.unit,
        "source": fact.source.title,
        "note": fact.note,
    }
