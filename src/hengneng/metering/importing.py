"""Files of readings into the store: whole, once, and as an act in the log."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, seen_by
from hengneng.acts import new_act_id, record
from hengneng.durable.files import digest_of
from hengneng.language import Language
from hengneng.metering.intake import KnownMeters, ReadingsFile
from hengneng.metering.models import Meter, MeterVersion, ReadingsImport
from hengneng.metering.refused import Refused
from hengneng.problems import Problem, RefusedError
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.store import Bulk, Store

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass
class ImportedReadings:
    """What became of a file. ``known``: it had been taken in before, whole, and nothing was done."""

    file: str
    sha256: str
    read: int = 0
    points: int = 0
    doubles: int = 0
    revisions: int = 0
    refused: int = 0
    days: int = 0
    arrival: int | None = None
    known: bool = False
    returned: Path | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "read": self.read,
            "taken": self.points,
            "doubles": self.doubles,
            "revisions": self.revisions,
            "refused": self.refused,
            "days": self.days,
            "arrival": self.arrival,
            "known": self.known,
            "returned": str(self.returned) if self.returned else None,
            "problems": [problem.to_json() for problem in self.problems],
            "notes": [note.to_json() for note in self.notes],
        }


def import_readings(
    store: Store,
    file: Path,
    actor: Actor,
    language: Language,
    *,
    utc: bool = False,
    return_folder: Path | None = None,
    returned_to: Path | None = None,
    progress: Progress = lambda *_: None,
    stop: Stop = lambda: False,
) -> ImportedReadings:
    """Take a file of readings into the store; rows that cannot be taken are written to ``NAME.returned.csv`` beside it,
    in ``return_folder`` where nothing can be written there, or to ``returned_to``.

    The same file again does nothing, unless rows of it were refused: then it is read again, and what was taken before
    counts as doubles. Only meters for which ``actor`` may report are known. RefusedError E001, E204 when the file as
    a whole cannot be used, M… when the store refuses; StoppedError when ``stop`` says so, with nothing taken in.
    """
    try:
        sha256 = digest_of(file)
    except OSError as error:
        raise RefusedError(Problem("E204", file.name, {"found": error.strerror or str(error)})) from error
    before = list(ReadingsImport.objects.filter(sha256=sha256).order_by("pk"))
    result = ImportedReadings(file.name, sha256)
    if before and before[-1].refused == 0:
        result.known, result.arrival = True, before[-1].arrival
        return result
    refused = Refused(file.name, returned_to or _returned(file, return_folder), language)
    reading = ReadingsFile(file, _meters(actor), refused, utc)
    try:
        batches = (points for points in reading.batches() if len(points))
        first = next(batches, None)
        bulk = Bulk(0, 0, 0, 0, ())
        if first is not None:
            bulk = store.import_bulk(
                chain((first,), batches),
                source=file.name,
                key=f"file:{sha256}:{len(before)}",
                progress=progress,
                stop=stop,
            )
    except BaseException:
        refused.give_up()
        raise
    result.problems = refused.finish()
    result.returned = refused.target if refused.count else None
    result.read, result.refused = reading.read, refused.count
    result.points, result.doubles, result.revisions = bulk.points, bulk.doubles, bulk.revisions
    result.days, result.arrival = len(bulk.days), bulk.arrival or None
    if reading.naive:
        hours = 0 if utc else readings_limit("local_day_offset_seconds") // 3600
        result.notes.append(Problem("E205", file.name, {"zone": f"UTC{hours:+d}"}))
    if reading.unread:
        result.notes.append(Problem("E208", file.name, {"count": reading.unread}))
    for head, target in reading.units.items():
        result.notes.append(Problem("E211", f"{file.name}:{head}", {"found": head, "expected": target}))
    _keep(result, actor)
    return result


def _meters(actor: Actor) -> KnownMeters:
    allowed = seen_by(actor, Meter.objects.all(), Verb.CORRECT_FACTS, place="unit__place", organisation="unit")
    measures: dict[int, set[str]] = defaultdict(set)
    versions = MeterVersion.objects.filter(meter__in=allowed).order_by()
    for number, measure in versions.values_list("meter__number", "unit_of_measure").distinct():
        measures[number].add(measure)
    rows = list(allowed.values_list("identifier", "number", "kind"))
    return KnownMeters(
        {identifier: number for identifier, number, _ in rows},
        {number: frozenset(every) for number, every in measures.items()},
        frozenset(number for _, number, kind in rows if kind == Meter.Kind.AMOUNT),
    )


def _returned(file: Path, folder: Path | None) -> Path:
    beside = file.resolve().parent
    if folder is not None and not os.access(beside, os.W_OK):
        beside = folder
    return beside / f"{file.name.split('.')[0]}.returned.csv"


@transaction.atomic
def _keep(result: ImportedReadings, actor: Actor) -> None:
    act = new_act_id()
    ReadingsImport.objects.create(
        sha256=result.sha256,
        file_name=result.file,
        imported_at=timezone.now(),
        imported_by=actor.identifier,
        act=act,
        arrival=result.arrival,
        points=result.points,
        refused=result.refused,
    )
    details = {
        "sha256": result.sha256,
        "arrival": result.arrival,
        "readings": result.points,
        "doubles": result.doubles,
        "revisions": result.revisions,
        "refused": result.refused,
    }
    place = actor.places[0] if actor.places else ""
    record(actor.identifier, "readings.import", "file", result.file, place=place, details=details, identifier=act)
