"""Recording accepted rows: new facts, corrections as revisions, repetitions left alone; all of a file or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, decide
from hengneng.acts import new_act_id, record
from hengneng.database.inserting import insert
from hengneng.database.locking import one_writer
from hengneng.facts.intake.rows import CheckedTable, GoodRow, RowContext, SeriesOf, check_rows
from hengneng.facts.intake.table import RESULT_COLUMN, Table, read_content, read_table
from hengneng.facts.models import Fact, FactSource
from hengneng.language import Language, Text, message
from hengneng.problems import Problem
from hengneng.registry.places import ensure_places

BATCH = 2000
SERIES = "reported"


@dataclass
class ImportResult:
    """What an import did. ``returned_text`` are the refused rows as CSV, ``returned`` the file they were written to.

    ``act`` is the id of the act in the log, where somebody signed in has acted.
    """

    file: str
    recorded: list[Fact] = field(default_factory=list)
    corrected: list[Fact] = field(default_factory=list)
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    returned: Path | None = None
    returned_text: str = ""
    sha256: str = ""
    act: str | None = None

    @property
    def arrived(self) -> list[Fact]:
        """Facts that are new, corrections included."""
        return [*self.recorded, *self.corrected]

    def to_json(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "file": self.file,
            "recorded": len(self.recorded),
            "corrected": [fact.name for fact in self.corrected],
            "unchanged": self.unchanged,
            "refused": self.refused,
            "problems": [problem.to_json() for problem in self.problems],
            "notes": [note.to_json() for note in self.notes],
            "returned": str(self.returned) if self.returned else None,
        }


Keep = Callable[[ImportResult], None]


@dataclass(frozen=True)
class Intake:
    """Who brings a table in, for which plan, from what source, why, and who hears how far it is.

    With an ``actor`` rows about places for which they may not report are refused, and the import is an act in the log.
    ``on_arrival`` is called inside the transaction with the facts that arrived, so that what depends on them is
    marked stale together with their being recorded, or not at all.
    """

    recorded_by: str
    language: Language
    actor: Actor | None = None
    plan: str | None = None
    plan_subjects: frozenset[str] | None = None
    source: str | None = None
    reason: str = ""
    example: bool = False
    return_folder: Path | None = None
    on_arrival: Callable[[Sequence[Fact]], None] = lambda _: None
    progress: Callable[[str, int, int], None] = lambda *_: None


def import_file(path: Path, intake: Intake) -> ImportResult:
    """Import one CSV file. RefusedError when the file as a whole cannot be used; bad rows are in the result.

    Refused rows are written to a file beside it.
    """
    result = _import(read_table(path), intake)
    if result.returned_text:
        result.returned = _write_returned(path, result.returned_text, intake)
    return result


def import_content(content: bytes, name: str, intake: Intake, keep: Keep = lambda _: None) -> ImportResult:
    """Import the content of a CSV file called ``name``, as :func:`import_file` does; no file is written.

    ``keep`` is given the result inside the transaction, so that it is kept together with the facts, or not at all.
    """
    return _import(read_content(content, name), intake, keep)


def _import(table: Table, intake: Intake, keep: Keep = lambda _: None) -> ImportResult:
    known = _known_values()
    context = RowContext(
        intake.plan, intake.plan_subjects, intake.source or table.name, known, _refusals(intake.actor)
    )
    total = len(table.rows)
    checked = check_rows(table, context, lambda done: intake.progress("check", done, total))
    result = ImportResult(table.name, refused=len(checked.bad), notes=checked.notes)
    result.problems = [problem for _, problems in checked.bad for problem in problems]
    result.sha256 = hashlib.sha256(table.content).hexdigest()
    if checked.bad:
        result.returned_text = _returned_rows(table, checked, intake)
    with transaction.atomic():
        one_writer(Fact._meta.db_table)
        result.act = new_act_id() if intake.actor else None
        _record(table, checked, intake, result)
        intake.on_arrival(result.arrived)
        keep(result)
        if intake.actor is not None:
            _log(intake.actor, intake, result)
    return result


def _refusals(actor: Actor | None) -> Callable[[str], Text | None]:
    """Why an actor may not report for a place; asked once a place."""
    answers: dict[str, Text | None] = {}

    def refuses(place: str) -> Text | None:
        if place not in answers:
            decision = decide(actor, Verb.CORRECT_FACTS, place=place) if actor else None
            answers[place] = decision.reason if decision and not decision.allowed else None
        return answers[place]

    return refuses


def _log(actor: Actor, intake: Intake, result: ImportResult) -> None:
    record(
        actor.identifier,
        "fact.import",
        "file",
        result.file,
        place=actor.places[0] if actor.places else "",
        reason=intake.reason,
        details={
            "sha256": result.sha256,
            "recorded": len(result.recorded),
            "corrected": len(result.corrected),
            "unchanged": result.unchanged,
            "refused": result.refused,
        },
        identifier=result.act,
    )


def was_imported(path: Path) -> bool:
    """Whether facts of this very file (by its content) have been recorded."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return FactSource.objects.filter(sha256=digest).exists()


def _known_values() -> Callable[[SeriesOf], Sequence[Decimal]]:
    cache: dict[SeriesOf, list[Decimal]] = {}

    def known(series: SeriesOf) -> Sequence[Decimal]:
        if series not in cache:
            facts = Fact.objects.known_at(None).filter(measure=series[0], place_id=series[1])
            cache[series] = [abs(value) for value in facts.values_list("value", flat=True) if value is not None]
        return cache[series]

    return known


def _record(table: Table, checked: CheckedTable, intake: Intake, result: ImportResult) -> None:
    # After the lock, so that a later fact never carries an earlier moment.
    now = timezone.now()
    sources: dict[str, FactSource] = {}
    for title in {row.source for row in checked.good}:
        sources[title], _ = FactSource.objects.get_or_create(
            kind=FactSource.Kind.FILE, title=title, file_name=table.name, sha256=result.sha256
        )
    ensure_places({row.subject for row in checked.good})
    current = _current(checked.good)
    unexplained: list[int] = []
    for row in checked.good:
        before = current.get(row.series)
        if before is not None and _same(before, row):
            result.unchanged += 1
            continue
        fact = _fact(row, before, sources[row.source], intake, now)
        fact.act = result.act
        if before is None:
            result.recorded.append(fact)
            continue
        if not (row.reason or intake.reason):
            unexplained.append(row.line)
        result.corrected.append(fact)
    if unexplained:
        result.notes.append(Problem("F204", table.name, {"rows": ", ".join(map(str, unexplained[:20]))}))
    facts = result.arrived
    for start in range(0, len(facts), BATCH):
        insert(facts[start : start + BATCH])
        intake.progress("record", min(start + BATCH, len(facts)), len(facts))


def _current(rows: Iterable[GoodRow]) -> dict[tuple[str, str, str], Fact]:
    measures = sorted({row.measure for row in rows})
    facts = Fact.objects.known_at(None).filter(series=SERIES, measure__in=measures)
    return {(fact.measure, fact.place_id, fact.period): fact for fact in facts.iterator(chunk_size=BATCH)}


def _same(fact: Fact, row: GoodRow) -> bool:
    return fact.value == row.value and fact.state == row.state


def _fact(row: GoodRow, before: Fact | None, source: FactSource, intake: Intake, now: dt.datetime) -> Fact:
    reason = row.reason or (intake.reason if before is not None else "")
    if before is not None and not reason:
        reason = message("facts.reason_not_stated").zh
    fact = fact_of(row, before, source, intake.recorded_by, now)
    fact.cell = f"{source.file_name}:{row.line}" + (f" ({row.cell})" if row.cell else "")
    fact.example = row.example or intake.example
    fact.reason = reason
    return fact


def fact_of(row: GoodRow, before: Fact | None, source: FactSource, recorded_by: str, now: dt.datetime) -> Fact:
    """The fact that a checked row makes, as the revision that follows ``before``; not saved yet."""
    return Fact(
        measure=row.measure,
        place_id=row.subject,
        period=row.period.written,
        period_start=row.period.start,
        period_end=row.period.end,
        series=SERIES,
        revision=before.revision + 1 if before else 1,
        revises=before,
        state=row.state,
        reported_value=row.reported_value,
        reported_unit=row.reported_unit,
        value=row.value,
        unit=row.unit,
        edition=row.edition,
        standard_coal=row.coal,
        standard_coal_edition=row.coal_edition,
        source=source,
        cell=row.cell,
        note=row.note,
        confidence=row.confidence,
        example=row.example,
        reason=row.reason,
        recorded_at=now,
        recorded_by=recorded_by,
    )


def _returned_rows(table: Table, checked: CheckedTable, intake: Intake) -> str:
    """The refused rows as CSV, as they came, with what is wrong in a column of its own."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*table.columns, RESULT_COLUMN])
    for row, problems in checked.bad:
        width = len(table.columns)
        cells = row.raw + [""] * (width - len(row.raw))
        found = " ".join(f"[{p.number}] {p.text(intake.language)}" for p in problems)
        # Surplus cells stand behind the result, so that the result stands in its column.
        writer.writerow([*cells[:width], found, *cells[width:]])
    return out.getvalue()


def _write_returned(path: Path, text: str, intake: Intake) -> Path:
    folder = path.resolve().parent
    if intake.return_folder is not None and not os.access(folder, os.W_OK):
        folder = intake.return_folder
        folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.stem}.returned.csv"
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(text)
    partial.replace(target)
    return target
