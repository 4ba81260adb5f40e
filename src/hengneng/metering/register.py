"""The register of meters, from tables: new meters, dated versions of what has changed, calibrations.

Good rows are taken, the others come back with file, row, column, what was found and what is expected. The same table
again changes nothing. A change of what a version holds needs the moment from which it holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, terminal_actor
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.metering.cells import BadCellError, Refusals, similar
from hengneng.metering.limits import limit
from hengneng.metering.lines import Lines
from hengneng.metering.meter_rows import FIXED, VERSIONED, MeterRow, read_meters
from hengneng.metering.models import LARGEST_NUMBER, Calibration, Meter, MeterVersion
from hengneng.metering.sheets import Sheet, read_sheet
from hengneng.metering.units import read_units, record_units
from hengneng.problems import Problem
from hengneng.registry.models import Organisation

REGISTER = "register"  # what the acts are about that change it


@dataclass
class RegisterImport:
    """What an import did, by identifiers. ``act`` is its id in the log; None when nothing was to be done."""

    file: str
    units_new: list[str] = field(default_factory=list)
    units_changed: list[str] = field(default_factory=list)
    meters_new: list[str] = field(default_factory=list)
    meters_changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    act: str | None = None

    def to_json(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "file": self.file,
            "units": {"new": len(self.units_new), "changed": self.units_changed},
            "meters": {"new": len(self.meters_new), "changed": self.meters_changed},
            "unchanged": self.unchanged,
            "refused": self.refused,
            "problems": [problem.to_json() for problem in self.problems],
            "act": self.act,
        }


def import_meters(
    file: Path,
    units_file: Path | None = None,
    *,
    actor: Actor | None = None,
    reason: str = "",
    example: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> RegisterImport:
    """Bring units and meters of CSV files or workbooks into the register, in one transaction and as one act.

    RefusedError when a file as a whole cannot be used (F001, F004, F006, E001, E003, E004); rows that are refused
    (E101 to E119) are in the result. ``example``: every new meter is marked as an example.
    """
    actor = actor or terminal_actor()
    sheet = read_sheet(file)
    units_sheet = read_sheet(units_file) if units_file else None
    result = RegisterImport(sheet.name)
    refusals = Refusals(sheet.name)
    unit_refusals = Refusals(units_sheet.name if units_sheet else "")
    unit_rows = read_units(units_sheet, actor, unit_refusals) if units_sheet else []
    rows = read_meters(sheet, refusals)
    with transaction.atomic():
        one_writer(Meter._meta.db_table)
        result.units_new, result.units_changed = record_units(unit_rows, unit_refusals)
        _Recording(actor, example, result, refusals, progress).record(rows)
        result.refused = len(refusals.lines) + len(unit_refusals.lines)
        result.problems = [*unit_refusals.problems, *refusals.problems]
        if result.units_new or result.units_changed or result.meters_new or result.meters_changed:
            _log(actor, sheet, reason, result)
        else:
            result.act = None
    return result


def _log(actor: Actor, sheet: Sheet, reason: str, result: RegisterImport) -> None:
    changed = limit("problems_kept")
    record(
        actor.identifier,
        "meter.import",
        REGISTER,
        sheet.name,
        place=actor.places[0] if actor.places else "",
        reason=reason,
        details={
            "sha256": sheet.sha256,
            "units": {"new": len(result.units_new), "changed": result.units_changed[:changed]},
            "meters": {"new": len(result.meters_new), "changed": result.meters_changed[:changed]},
            "refused": result.refused,
        },
        identifier=result.act,
    )


@dataclass(frozen=True)
class _Fresh:
    """A version that is to be recorded, with the identifier of its parent (empty: a main meter)."""

    row: MeterRow
    version: MeterVersion
    parent: str


class _Recording:
    """One import at work on the register."""

    def __init__(
        self,
        actor: Actor,
        example: bool,
        result: RegisterImport,
        refusals: Refusals,
        progress: Callable[[int, int], None],
    ) -> None:
        self.actor, self.example, self.result, self.refusals = actor, example, result, refusals
        self.progress = progress
        self.now = timezone.now()
        self.act = self.result.act = new_act_id()
        self.units: dict[str, Organisation] = {}
        self.answers: dict[int, BadCellError | None] = {}
        self.meters: dict[str, Meter] = {}
        self.identifiers: dict[int | None, str] = {}
        self.versions: dict[int, list[MeterVersion]] = {}
        self.fresh: list[_Fresh] = []

    def record(self, rows: Sequence[MeterRow]) -> None:
        """Take the rows in, one after the other; every refusal is of one row only."""
        self._read(rows)
        good = self._hung([row for row in rows if self._try(row, self._take)])
        self._number([row for row in good if row.identifier in self.result.meters_new])
        new = [self.meters[identifier] for identifier in self.result.meters_new]
        Meter.objects.bulk_create(new, batch_size=limit("rows_at_once"))
        for one in self.fresh:
            one.version.meter = self.meters[one.row.identifier]
            one.version.parent = self.meters[one.parent] if one.parent else None
        MeterVersion.objects.bulk_create([one.version for one in self.fresh], batch_size=limit("rows_at_once"))
        for row in good:
            self._try(row, self._connect)
        changed = dict.fromkeys(self.result.meters_changed)
        self.result.meters_changed = [one for one in changed if one not in set(self.result.meters_new)]
        self.result.unchanged = len(good) - len(self.result.meters_new) - len(self.result.meters_changed)

    def _try(self, row: MeterRow, step: Callable[[MeterRow], None]) -> bool:
        try:
            step(row)
        except BadCellError as bad:
            self.refusals.add(row.line, bad)
            return False
        return True

    def _read(self, rows: Sequence[MeterRow]) -> None:
        """Everything that is there already, in a few questions."""
        kind = Organisation.Kind.ENERGY_USING_UNIT
        self.units = {one.identifier: one for one in Organisation.objects.filter(kind=kind)}
        self.meters = {one.identifier: one for one in Meter.objects.select_related("unit")}
        self.identifiers = {one.pk: one.identifier for one in self.meters.values()}
        if self.meters:
            named = {row.identifier for row in rows}
            there = [one.pk for one in self.meters.values() if one.identifier in named]
            for version in (
                MeterVersion.objects.all() if len(there) > 500 else MeterVersion.objects.filter(meter__in=there)
            ):
                self.versions.setdefault(version.meter_id, []).append(version)

    def _take(self, row: MeterRow) -> None:
        unit = self.units.get(row.unit)
        if unit is None:
            raise BadCellError("E102", "unit", found=row.unit, expected=similar(row.unit, self.units))
        self._may(unit)
        meter = self.meters.get(row.identifier)
        if meter is None or meter.pk is None:
            self._take_new(row, unit)
        else:
            self._take_known(row, unit, meter)

    def _may(self, unit: Organisation) -> None:
        if unit.pk not in self.answers:
            decision = decide(self.actor, Verb.CORRECT_FACTS, place=unit.place_id, organisation=unit.pk)
            refused = None
            if not decision.allowed:
                refused = BadCellError("E116", "unit", found=unit.identifier, reason=decision.reason)
            self.answers[unit.pk] = refused
        refusal = self.answers[unit.pk]
        if refusal is not None:
            raise refusal

    def _take_new(self, row: MeterRow, unit: Organisation) -> None:
        given = {name: row.attributes.get(name, _otherwise(name)) for name in (*FIXED, *VERSIONED)}
        self.meters[row.identifier] = Meter(
            identifier=row.identifier,
            unit=unit,
            kind=given["kind"],
            carrier=given["carrier"],
            example=self.example or row.example,
        )
        self.result.meters_new.append(row.identifier)
        self._add_version(row, {name: given[name] for name in VERSIONED}, row.parent or "", 1)

    def _take_known(self, row: MeterRow, unit: Organisation, meter: Meter) -> None:
        for name in FIXED:
            if name in row.attributes and row.attributes[name] != getattr(meter, name):
                values = {"column": name, "found": row.attributes[name], "expected": getattr(meter, name)}
                raise BadCellError("E111", name, **values)
        if unit.pk != meter.unit_id:
            raise BadCellError("E111", "unit", column="unit", found=row.unit, expected=meter.unit.identifier)
        versions = sorted(self.versions[meter.pk], key=_order)
        held = versions[-1]
        if row.valid_from is not None:
            before = [one for one in versions if one.valid_from is None or one.valid_from <= row.valid_from]
            held = before[-1] if before else versions[0]
        given = {name: row.attributes.get(name, getattr(held, name)) for name in VERSIONED}
        was = self.identifiers.get(held.parent_id, "")
        parent = was if row.parent is None else row.parent
        differing = [(name, given[name], getattr(held, name)) for name in VERSIONED]
        differing = [one for one in (*differing, ("parent", parent or "—", was or "—")) if one[1] != one[2]]
        if not differing:
            return
        if row.valid_from is None:
            column, found, expected = differing[0]
            raise BadCellError("E110", "valid_from", column=column, found=found, expected=expected)
        same = [one.revision for one in versions if one.valid_from == row.valid_from]
        self._add_version(row, given, parent, max(same, default=0) + 1)
        self.result.meters_changed.append(row.identifier)

    def _add_version(self, row: MeterRow, given: Mapping[str, Any], parent: str, revision: int) -> None:
        own = given["own_coefficient"] is not None
        version = MeterVersion(
            valid_from=row.valid_from,
            revision=revision,
            own_coefficient_source=row.own_coefficient_source if own else "",
            source=row.source,
            act=self.act,
            recorded_at=self.now,
            **given,
        )
        self.fresh.append(_Fresh(row, version, parent))

    def _hung(self, rows: Sequence[MeterRow]) -> list[MeterRow]:
        """The rows whose meters hang where they say; what cannot is refused and its meter not taken. E109."""
        fresh = {one.row.line: one for one in self.fresh}
        new = set(self.result.meters_new)
        if not any(one.parent for one in self.fresh):
            return list(rows)
        lines = Lines.of_register()
        dropped = True
        while dropped:  # a meter below one that was refused is refused as well
            dropped = False
            for row in rows:
                one = fresh.get(row.line)
                if one is not None and one.parent and one.parent not in self.meters:
                    self._drop(fresh.pop(row.line), new)
                    dropped = True
        for line in list(fresh):
            one = fresh[line]
            if one.parent and lines.would_circle(one.row.identifier, one.version, one.parent):
                self._drop(fresh.pop(line), new)
            else:
                lines.put(one.row.identifier, one.version, one.parent)
        refused = set(self.refusals.lines)
        self.fresh = list(fresh.values())
        return [row for row in rows if row.line not in refused]

    def _drop(self, one: _Fresh, new: set[str]) -> None:
        """Refuse a version for its parent; a new meter is not taken at all."""
        name = one.row.identifier
        if name in new:
            del self.meters[name]
            self.result.meters_new.remove(name)
        else:
            self.result.meters_changed.remove(name)
        bad = BadCellError("E109", "parent", found=one.parent, expected=similar(one.parent, self.meters))
        self.refusals.add(one.row.line, bad)

    def _number(self, rows: Sequence[MeterRow]) -> None:
        """Numbers for new meters: the one given, the identifier where it is a number, else the next free one."""
        taken = {one.number for one in self.meters.values() if one.number}
        waiting = []
        for row in rows:
            wanted = row.number
            if wanted is None and row.identifier.isascii() and row.identifier.isdigit():
                wanted = int(row.identifier)
            if wanted is not None and 1 <= wanted <= LARGEST_NUMBER and wanted not in taken:
                self.meters[row.identifier].number = wanted
                taken.add(wanted)
            else:
                waiting.append(row)
        following = max(taken, default=0)
        for row in waiting:
            following += 1
            self.meters[row.identifier].number = following

    def _connect(self, row: MeterRow) -> None:
        """The successor, once all meters are there; and the calibration."""
        meter = self.meters[row.identifier]
        if row.replaced_by is not None:
            self._succeed(meter, row.replaced_by)
        if row.calibration is not None:
            self._calibrate(row, meter)

    def _succeed(self, meter: Meter, written: str) -> None:
        """Name the meter that took the place of ``meter``; empty: none. E109, or E120 where it took another's."""
        other = self.meters.get(written) if written else None
        if written and (other is None or other.pk is None):
            raise BadCellError("E109", "replaced_by", found=written, expected=similar(written, self.meters))
        if meter.replaced_by_id == (other.pk if other else None):
            return
        by_key = {one.pk: one for one in self.meters.values()}
        following = other
        while other is not None and following is not None:
            if following.pk == meter.pk:
                raise BadCellError("E109", "replaced_by", found=written, expected="—")
            following = None if following.replaced_by_id is None else by_key.get(following.replaced_by_id)
        rival = next((one for one in by_key.values() if other and one.replaced_by_id == other.pk), None)
        if rival is not None:
            raise BadCellError("E120", "replaced_by", found=written, other=rival.identifier)
        meter.replaced_by = other
        meter.save(update_fields=["replaced_by"])
        self.result.meters_changed.append(meter.identifier)

    def _calibrate(self, row: MeterRow, meter: Meter) -> None:
        assert row.calibration is not None
        given = row.calibration
        there, new = Calibration.objects.get_or_create(
            meter=meter,
            on=given.on,
            defaults={
                "valid_until": given.valid_until,
                "certificate": given.certificate,
                "act": self.act,
            },
        )
        if new:
            self.result.meters_changed.append(row.identifier)
        elif (there.valid_until, there.certificate) != (given.valid_until, given.certificate):
            raise BadCellError("E117", "calibration_on", found=given.on, expected=there.valid_until or "—")


def _otherwise(name: str) -> Any:
    """What an attribute is when a table has no column for it."""
    if name in ("current_ratio", "voltage_ratio"):
        return 1
    return {
        "in_service": True,
        "interval": limit("seconds_between_readings"),
        "kind": Meter.Kind.REGISTER,
        "site": "",
        "process": "",
        "equipment": "",
    }.get(name)


def _order(one: MeterVersion) -> tuple[dt.datetime, int]:
    return one.valid_from or dt.datetime.min.replace(tzinfo=dt.UTC), one.revision
