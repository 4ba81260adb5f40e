"""The register of devices, from tables: good rows are taken, the others come back with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, terminal_actor
from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.devices.knowing import networks_of
from hengneng.devices.limits import limit
from hengneng.devices.models import Device, Protocol, Stranger
from hengneng.metering.cells import YES_NO, BadCellError, Refusals, filled, number, similar, word
from hengneng.metering.sheets import Line, Sheet, TableImport, check_columns, read_sheet
from hengneng.registry.models import Organisation

REQUIRED = ("protocol", "identifier", "unit")
ATTRIBUTES = ("name", "addresses", "relaxations", "interval", "key", "active", "example")
COLUMNS = (*REQUIRED, *ATTRIBUTES)
KEY_BYTES = 16  # SM4 (GB/T 32907) has keys of 128 bits


def import_devices(
    file: Path, *, actor: Actor | None = None, reason: str = "", example: bool = False
) -> TableImport:
    """Bring devices of a CSV file or workbook into the register, in one transaction and as one act.

    A column that the table has not got leaves what was there. RefusedError when the file as a whole cannot be used
    (F001, F004, F006, E001, E003, E004); rows that are refused (E101 to E116, G501 to G503) are in the result.
    """
    actor = actor or terminal_actor()
    sheet = read_sheet(file)
    check_columns(sheet, REQUIRED, COLUMNS)
    result, refusals = TableImport(sheet.name), Refusals(sheet.name)
    act = new_act_id()
    with transaction.atomic():
        one_writer(Device._meta.db_table)
        units = {one.identifier: one for one in Organisation.objects.all()}
        known = {str(one): one for one in Device.objects.all()}
        for line in sheet.lines:
            try:
                _take(line, sheet, units, known, _Given(actor, example, act), result)
            except BadCellError as bad:
                refusals.add(line.number, bad)
        result.refused, result.problems = len(refusals.lines), refusals.problems
        if result.new or result.changed:
            result.act = act
            details = {"sha256": sheet.sha256, "new": result.new, "changed": result.changed, "refused": result.refused}
            place = actor.places[0] if actor.places else ""
            record(
                actor.identifier,
                "device.import",
                "devices",
                sheet.name,
                place=place,
                reason=reason,
                details=details,
                identifier=act,
            )
    return result


@dataclass(frozen=True)
class _Given:
    actor: Actor
    example: bool
    act: str


def _take(
    line: Line,
    sheet: Sheet,
    units: dict[str, Organisation],
    known: dict[str, Device],
    given: _Given,
    result: TableImport,
) -> None:
    filled(line, "protocol")
    protocol = word(line, "protocol", Protocol.values, "")
    identifier = filled(line, "identifier")
    if len(identifier) > limit("longest_identifier"):
        raise BadCellError("G501", "identifier", found=len(identifier), expected=limit("longest_identifier"))
    written = filled(line, "unit")
    unit = units.get(written)
    if unit is None:
        raise BadCellError("E102", "unit", found=written, expected=similar(written, units))
    decision = decide(given.actor, Verb.CORRECT_FACTS, place=unit.place_id, organisation=unit.pk)
    if not decision.allowed:
        raise BadCellError("E116", "unit", found=written, reason=decision.reason)
    attributes = {name: _READERS[name](line) for name in ATTRIBUTES if name in sheet.columns}
    if given.example:
        attributes["example"] = True
    name = f"{protocol}:{identifier}"
    device = known.get(name)
    if device is None:
        known[name] = Device.objects.create(
            protocol=protocol,
            identifier=identifier,
            unit=unit,
            recorded_at=timezone.now(),
            act=given.act,
            **attributes,
        )
        # Who has knocked in vain before is a stranger no longer.
        Stranger.objects.filter(protocol=protocol, identifier=identifier).delete()
        result.new.append(name)
        return
    if device.unit_id != unit.pk:
        raise BadCellError("E111", "unit", column="unit", found=written, expected=device.unit.identifier)
    differing = [one for one, value in attributes.items() if getattr(device, one) != value]
    if not differing:
        result.unchanged += 1
        return
    if "key" in differing:
        # A key that is taken away is not to open anything any more; one that is replaced still opens what is under way.
        attributes |= {"former_key": device.key if attributes["key"] else "", "key_changed_at": timezone.now()}
        differing += ["former_key", "key_changed_at"]
    for one in differing:
        setattr(device, one, attributes[one])
    device.save(update_fields=differing)
    result.changed.append(name)


def _addresses(line: Line) -> str:
    written = " ".join(line.cells.get("addresses", "").replace(",", " ").split())
    try:
        networks_of(written)
    except ValueError as error:
        raise BadCellError("G502", "addresses", found=str(error)) from None
    return written


def _key(line: Line) -> str:
    written = line.cells.get("key", "").strip().lower()
    try:
        fits = not written or len(bytes.fromhex(written)) == KEY_BYTES
    except ValueError:
        fits = False
    if not fits:
        # The key itself is no business of whoever reads the message.
        raise BadCellError("G503", "key", found=len(written), expected=2 * KEY_BYTES)
    return written


def _interval(line: Line) -> int | None:
    found = number(line, "interval", least=Decimal(0), whole=True)
    return None if found is None else int(found)


def _yes_no(column: str, otherwise: bool) -> Callable[[Line], bool]:
    def read(line: Line) -> bool:
        found = YES_NO[word(line, column, YES_NO, "")]
        return otherwise if found is None else found

    return read


_READERS: dict[str, Callable[[Line], Any]] = {
    "name": lambda line: line.cells.get("name", "")[: Device._meta.get_field("name").max_length],
    "addresses": _addresses,
    "relaxations": lambda line: " ".join(sorted(line.cells.get("relaxations", "").replace(",", " ").split())),
    "interval": _interval,
    "key": _key,
    "active": _yes_no("active", True),
    "example": _yes_no("example", False),
}
