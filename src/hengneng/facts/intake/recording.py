"""Recording accepted rows: new facts, corrections as revisions, repetitions left alone; all of a file or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from hengneng.database.locking import one_writer
from hengneng.facts.intake.rows import CheckedTable, GoodRow, RowContext, SeriesOf, check_rows
from hengneng.facts.intake.table import RESULT_COLUMN, Table, read_table
from hengneng.facts.models import Fact, FactSource
from hengneng.language import Language, message
from hengneng.problems import Problem
from hengneng.registry.places import ensure_places

BATCH = 2000
SERIES = "reported"


@dataclass
class ImportResult:
    """What an import did. ``returned`` is the file with the refused rows, where there are any."""

    file: str
    recorded: list[Fact] = field(default_factory=list)
    corrected: list[Fact] = field(default_factory=list)
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    returned: Path | None = None

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


@dataclass(frozen=True)
class Intake:
    """Who brings a table in, for which plan, from what source, why, and who hears how far it is.

    ``on_arrival`` is called inside the transaction with the facts that arrived, so that what depends on them is
    marked stale together with their being recorded, or not at all.
    """

    recorded_by: str
    language: Language
    plan: str | None = None
    plan_subjects: frozenset[str] | None = None
    source: str | None = None
    reason: str = ""
    example: bool = False
    return_folder: Path | None = None
    on_arrival: Callable[[Sequence[Fact]], None] = lambda _: None
    progress: Callable[[str, int, int], None] = lambda *_: None


def import_file(path: Path, intake: Intake) -> ImportResult:
    """Import one CSV file. RefusedError when the file as a whole cannot be used; bad rows are in the result."""
    table = read_table(path)
    known = _known_values()
    context = RowContext(intake.plan, intake.plan_subjects, intake.source or path.name, known)
    total = len(table.rows)
    checked = check_rows(table, context, lambda done: intake.progress("check", done, total))
    result = ImportResult(path.name, refused=len(checked.bad), notes=checked.notes)
    result.problems = [problem for _, problems in checked.bad for problem in problems]
    with transaction.atomic():
        one_writer(Fact._meta.db_table)
        _record(table, checked, intake, result)
        intake.on_arrival(result.arrived)
    if checked.bad:
        result.returned = _return_rows(path, table, checked, intake)
    return result


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
    now = timezone.now()
    digest = hashlib.sha256(table.content).hexdigest()
    sources: dict[str, FactSource] = {}
    for title in {row.source for row in checked.good}:
        sources[title], _ = FactSource.objects.get_or_create(
            kind=FactSource.Kind.FILE, title=title, file_name=table.name, sha256=digest
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
        Fact.objects.bulk_create(facts[start : start + BATCH])
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
        cell=f"{source.file_name}:{row.line}" + (f" ({row.cell})" if row.cell else ""),
        note=row.note,
        confidence=row.confidence,
        example=row.example or intake.example,
        reason=reason,
        recorded_at=now,
        recorded_by=intake.recorded_by,
    )


def _return_rows(path: Path, table: Table, checked: CheckedTable, intake: Intake) -> Path:
    folder = path.resolve().parent
    if intake.return_folder is not None and not os.access(folder, os.W_OK):
        folder = intake.return_folder
        folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.stem}.returned.csv"
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*table.columns, RESULT_COLUMN])
        for row, problems in checked.bad:
            width = len(table.columns)
            cells = row.raw + [""] * (width - len(row.raw))
            found = " ".join(f"[{p.number}] {p.text(intake.language)}" for p in problems)
            # Surplus cells stand behind the result, so that the result stands in its column.
            writer.writerow([*cells[:width], found, *cells[width:]])
    partial.replace(target)
    return target
