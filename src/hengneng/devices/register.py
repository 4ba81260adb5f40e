"""The register of devices, from tables: good rows are taken, the others come back with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from hengneng.access import Actor, Verb, require, terminal_actor
from hengneng.devices.knowing import networks_of
from hengneng.devices.limits import limit
from hengneng.devices.models import Device, Protocol, Stranger
from hengneng.metering.cells import YES_NO, BadCellError, filled, number, similar, word
from hengneng.metering.sheets import Line, Sheet, TableImport
from hengneng.metering.table_import import Kind, Outcome, Told, import_table
from hengneng.registry.models import Organisation

REQUIRED = ("protocol", "identifier", "unit")
ATTRIBUTES = ("name", "addresses", "relaxations", "interval", "key", "active", "example")
COLUMNS = (*REQUIRED, *ATTRIBUTES)
KIND = Kind("device.import", "devices", REQUIRED, COLUMNS, Device._meta.db_table, "unit")
KEY_BYTES = 16  # SM4 (GB/T 32907) has keys of 128 bits


def import_devices(file: Path, *, actor: Actor | None = None, reason: str = "", example: bool = False) -> TableImport:
    """Bring devices of a CSV file or workbook into the register, in one transaction and as one act.

    A column that the table has not got leaves what was there. RefusedError when the file as a whole cannot be used
    (F001, F004, F006, E001, E003, E004); rows that are refused (E101 to E116, G501 to G503) are in the result.
    """
    actor = actor or terminal_actor()
    return import_table(file, KIND, lambda sheet, act: _Taking(actor, sheet, example, act).take, actor, reason)


class _Taking:
    def __init__(self, actor: Actor, sheet: Sheet, example: bool, act: str) -> None:
        self.actor, self.sheet, self.example, self.act = actor, sheet, example, act
        self.units = {one.identifier: one for one in Organisation.objects.all()}
        self.known = {str(one): one for one in Device.objects.all()}

    def take(self, line: Line) -> Told:
        """Take one row in. BadCellError, RefusedAccessError."""
        filled(line, "protocol")
        protocol = word(line, "protocol", Protocol.values, "")
        identifier = filled(line, "identifier")
        if len(identifier) > limit("longest_identifier"):
            raise BadCellError("G501", "identifier", found=len(identifier), expected=limit("longest_identifier"))
        written = filled(line, "unit")
        unit = self.units.get(written)
        if unit is None:
            raise BadCellError("E102", "unit", found=written, expected=similar(written, self.units))
        require(self.actor, Verb.CORRECT_FACTS, unit.place_id, unit.pk)
        attributes = {name: _READERS[name](line) for name in ATTRIBUTES if name in self.sheet.columns}
        if self.example:
            attributes["example"] = True
        device = self.known.get(f"{protocol}:{identifier}")
        if device is None:
            return self._create(protocol, identifier, unit, attributes)
        if device.unit_id != unit.pk:
            raise BadCellError("E111", "unit", column="unit", found=written, expected=device.unit.identifier)
        return self._change(device, attributes)

    def _create(self, protocol: str, identifier: str, unit: Organisation, attributes: dict[str, Any]) -> Told:
        name = f"{protocol}:{identifier}"
        self.known[name] = Device.objects.create(
            protocol=protocol,
            identifier=identifier,
            unit=unit,
            recorded_at=timezone.now(),
            act=self.act,
            **attributes,
        )
        # Who has knocked in vain before is a stranger no longer.
        Stranger.objects.filter(protocol=protocol, identifier=identifier).delete()
        return Told(Outcome.NEW, name)

    @staticmethod
    def _change(device: Device, attributes: dict[str, Any]) -> Told:
        differing = [one for one, value in attributes.items() if getattr(device, one) != value]
        if not differing:
            return Told(Outcome.UNCHANGED)
        if "key" in differing:
            # A key that is taken away is not to open anything any more; a replaced one still opens what is under way.
            former = device.key if attributes["key"] else ""
            attributes |= {"former_key": former, "key_changed_at": timezone.now()}
            differing += ["former_key", "key_changed_at"]
        for one in differing:
            setattr(device, one, attributes[one])
        device.save(update_fields=differing)
        return Told(Outcome.CHANGED, str(device))


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
