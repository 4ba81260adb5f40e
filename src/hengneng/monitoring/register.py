"""The register of outlets, from tables: good rows are taken, the others come back with what is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from hengneng.access import Actor, Verb, require, terminal_actor
from hengneng.devices.models import Device, Protocol
from hengneng.metering.cells import YES_NO, BadCellError, filled, number, similar, word
from hengneng.metering.sheets import Line, Sheet, TableImport
from hengneng.metering.table_import import Kind, Outcome, Told, import_table
from hengneng.monitoring.models import Outlet
from hengneng.registry.models import Organisation
from hengneng.rules.tables import rule_table

REQUIRED = ("identifier", "unit", "medium")
FIELDS = (
    "device", "name_zh", "name_en", "standard", "source_kind", "condition", "region", "state", "flow_unit",
    "air_pressure", "gas_per_coal", "source", "example",
)  # fmt: skip
COLUMNS = (*REQUIRED, *FIELDS)
KIND = Kind("outlet.import", "outlets", REQUIRED, COLUMNS, Outlet._meta.db_table, "unit")
# Pages beside those of outlets have these names.
RESERVED = ("devices", "outlets.csv", "loads.csv")


def import_outlets(
    file: Path, *, actor: Actor | None = None, reason: str = "", example: bool = False
) -> TableImport:
    """Bring outlets of a CSV file or workbook into the register, in one transaction and as one act.

    RefusedError when the file as a whole cannot be used (F001, F004, F006, E001, E003, E004); rows that are refused
    (E101, E102, E107, E111, E116, N101 to N103, N111) are in the result.
    """
    actor = actor or terminal_actor()
    return import_table(file, KIND, lambda sheet, act: _Taking(actor, sheet, example, act).take, actor, reason)


class _Taking:
    def __init__(self, actor: Actor, sheet: Sheet, example: bool, act: str) -> None:
        self.actor, self.sheet, self.example, self.act = actor, sheet, example, act
        self.units = {one.identifier: one for one in Organisation.objects.all()}
        self.devices = {one.identifier: one for one in Device.objects.filter(protocol=Protocol.HJ212)}
        self.outlets = {one.identifier: one for one in Outlet.objects.select_related("unit")}

    def take(self, line: Line) -> Told:
        """Take one row in. BadCellError."""
        identifier, written = filled(line, "identifier"), filled(line, "unit")
        unit = self.units.get(written)
        if unit is None:
            raise BadCellError("E102", "unit", found=written, expected=similar(written, self.units))
        require(self.actor, Verb.CORRECT_FACTS, unit.place_id, unit.pk)
        if identifier in RESERVED or "/" in identifier:
            raise BadCellError("N111", "identifier", found=identifier)
        given = self._fields(line, unit, identifier)
        there = self.outlets.get(identifier)
        if there is None:
            names = {"name_zh": identifier, "name_en": identifier, "source": self.sheet.name}
            made = Outlet.objects.create(identifier=identifier, unit=unit, act=self.act, **{**names, **given})
            self.outlets[identifier] = made
            return Told(Outcome.NEW, identifier)
        if there.unit_id != unit.pk:
            raise BadCellError("E111", "unit", column="unit", found=written, expected=there.unit.identifier)
        differing = [name for name, value in given.items() if getattr(there, name) != value]
        for name in differing:
            setattr(there, name, given[name])
        if not differing:
            return Told(Outcome.UNCHANGED)
        there.save(update_fields=differing)
        return Told(Outcome.CHANGED, identifier)

    def _fields(self, line: Line, unit: Organisation, identifier: str) -> dict[str, Any]:
        given: dict[str, Any] = {"medium": word(line, "medium", Outlet.Medium.values, "")}
        words = {
            "region": (("general", "key"), "general"),
            "state": (Outlet.State.values, Outlet.State.DRY_STANDARD),
            "flow_unit": (("", *Outlet.FlowUnit.values), ""),
        }
        for name in FIELDS:
            if name not in self.sheet.columns:
                continue
            if name == "device":
                given["device"] = self._device(line, unit, identifier)
            elif name == "example":
                given["example"] = bool(YES_NO[word(line, "example", YES_NO, "")])
            elif name in ("air_pressure", "gas_per_coal"):
                given[name] = number(line, name, Decimal(0))
            elif name in words:
                given[name] = word(line, name, *words[name])
            elif line.cells.get(name) or name in ("standard", "source_kind"):
                given[name] = line.cells.get(name, "")
        if self.example:
            given["example"] = True
        self._check_standard(line, given)
        return given

    def _device(self, line: Line, unit: Organisation, identifier: str) -> Device | None:
        written = line.cells.get("device", "")
        if not written:
            return None
        device = self.devices.get(written)
        if device is None or device.unit_id != unit.pk:
            own = [name for name, one in self.devices.items() if one.unit_id == unit.pk]
            raise BadCellError("N101", "device", found=written, expected=similar(written, own))
        others = (one for one in self.outlets.values() if one.identifier != identifier)
        other = next((one for one in others if one.device_id == device.pk), None)
        if other is not None:
            raise BadCellError("N103", "device", found=written, other=other.identifier)
        return device

    @staticmethod
    def _check_standard(line: Line, given: dict[str, Any]) -> None:
        """A standard that no limit is known of is a typing mistake more often than a new one."""
        standard, kind = given.get("standard", ""), given.get("source_kind", "")
        if not standard:
            return
        entries = rule_table("emission_limits").entries
        known = sorted({f"{one.key['standard']} / {one.key['source_kind']}" for one in entries})
        if f"{standard} / {kind}" not in known:
            raise BadCellError(
                "N102", "source_kind", found=f"{standard} / {kind}", expected=similar(f"{standard} / {kind}", known)
            )
