"""The frame of taking a table in: read, one transaction, row by row, refusals with their places, one act in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.db import transaction

from hengneng.access import Actor
from hengneng.access.deciding import RefusedAccessError
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.metering.cells import BadCellError, Refusals
from hengneng.metering.sheets import Line, Sheet, TableImport, check_columns, read_sheet
from hengneng.problems import RefusedError


class Outcome(StrEnum):
    """What became of a good row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Told:
    """What a row is about, by name, and what became of it."""

    outcome: Outcome
    name: str = ""


Take = Callable[[Line], Told]


@dataclass(frozen=True)
class Kind:
    """A kind of table: ``verb`` and ``subject`` of its act, its columns, the database table that one at a time writes.

    ``owner``: the column that says whose row it is; a refusal for want of rights stands there.
    """

    verb: str
    subject: str
    required: tuple[str, ...]
    columns: tuple[str, ...]
    table: str
    owner: str


def import_table(
    file: Path, kind: Kind, prepare: Callable[[Sheet, str], Take], actor: Actor, reason: str = ""
) -> TableImport:
    """Take the good rows of a CSV file or workbook in, in one transaction and as one act; the others are told.

    ``prepare`` is given the sheet and the id of the act once the database table is locked, and gives what takes a row:
    it raises BadCellError, RefusedAccessError (E116) or RefusedError for one that is refused, and leaves nothing of it.

    RefusedError when the file as a whole cannot be used (F001, F004, F006, E001, E003, E004).
    """
    sheet = read_sheet(file)
    check_columns(sheet, kind.required, kind.columns)
    result, refusals, act = TableImport(sheet.name), Refusals(sheet.name), new_act_id()
    with transaction.atomic():
        one_writer(kind.table)
        take = prepare(sheet, act)
        for line in sheet.lines:
            try:
                with transaction.atomic():
                    told = take(line)
            except (BadCellError, RefusedAccessError, RefusedError) as refusal:
                for bad in _told(refusal, line, kind):
                    refusals.add(line.number, bad)
                continue
            if told.outcome is Outcome.UNCHANGED:
                result.unchanged += 1
            else:
                (result.new if told.outcome is Outcome.NEW else result.changed).append(told.name)
        result.refused, result.problems = len(refusals.lines), refusals.problems
        if result.new or result.changed:
            result.act = act
            _record(actor, kind, sheet, result, act, reason)
    return result


def _told(refusal: BadCellError | RefusedAccessError | RefusedError, line: Line, kind: Kind) -> list[BadCellError]:
    if isinstance(refusal, BadCellError):
        return [refusal]
    if isinstance(refusal, RefusedAccessError):
        found = line.cells.get(kind.owner, "")
        return [BadCellError("E116", kind.owner, found=found, reason=refusal.decision.reason)]
    return [BadCellError(one.number, one.where, **one.values) for one in refusal.problems]


def _record(actor: Actor, kind: Kind, sheet: Sheet, result: TableImport, act: str, reason: str) -> None:
    details = {"sha256": sheet.sha256, "new": result.new, "changed": result.changed, "refused": result.refused}
    place = actor.places[0] if actor.places else ""
    record(
        actor.identifier,
        kind.verb,
        kind.subject,
        sheet.name,
        place=place,
        reason=reason,
        details=details,
        identifier=act,
    )
