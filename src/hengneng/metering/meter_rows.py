"""Rows of a table of meters, checked one by one: what each says about its meter, in values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hengneng.metering.carriers import UnknownCarrierError, carrier_code, carriers, metering_unit
from hengneng.metering.cells import YES_NO, BadCellError, Refusals, day, filled, moment, number, word
from hengneng.metering.limits import limit
from hengneng.metering.models import LARGEST_NUMBER, Meter
from hengneng.metering.multiplying import MultiplierError, micro, multiplier, unit_factor
from hengneng.metering.sheets import Line, Sheet
from hengneng.problems import Problem, RefusedError
from hengneng.rules.units import IncompatibleUnitsError, UnknownUnitError, unit

REQUIRED = ("identifier", "unit", "unit_of_measure")
COLUMNS = (
    "identifier", "number", "unit", "kind", "carrier", "unit_of_measure", "current_ratio", "voltage_ratio",
    "register_maximum", "interval", "capacity", "parent", "replaced_by", "site", "process", "equipment",
    "own_coefficient", "own_coefficient_source", "in_service", "calibration_on", "calibrated_until", "certificate",
    "valid_from", "source", "example",
)  # fmt: skip
# Columns of a generated load (meters.csv), and what they are called here; what is marked None is no attribute.
_GENERATED: Mapping[str, str | None] = {
    "meter_id": "identifier",
    "enterprise_id": "unit",
    "carrier": "carrier",
    "unit": "unit_of_measure",
    "kgce_factor": "own_coefficient",
    "register_max": "register_maximum",
    "anomaly": None,
}
VERSIONED = (
    "in_service", "site", "process", "equipment", "unit_of_measure", "current_ratio", "voltage_ratio",
    "register_maximum", "interval", "capacity", "own_coefficient",
)  # fmt: skip
FIXED = ("kind", "carrier")


@dataclass(frozen=True)
class CalibrationRow:
    """A calibration as given."""

    on: dt.date
    valid_until: dt.date | None
    certificate: str


@dataclass(frozen=True)
class MeterRow:
    """One meter as given. ``attributes`` are those of VERSIONED and FIXED that the table has a column for.

    ``parent`` (dated as the attributes of VERSIONED are) and ``replaced_by`` are identifiers: empty for none, None
    where the table does not say.
    """

    line: int
    identifier: str
    unit: str
    attributes: Mapping[str, Any]
    source: str
    number: int | None = None
    valid_from: dt.datetime | None = None
    parent: str | None = None
    replaced_by: str | None = None
    own_coefficient_source: str = ""
    calibration: CalibrationRow | None = None
    example: bool = False


def read_meters(sheet: Sheet, refusals: Refusals) -> list[MeterRow]:
    """The rows that can be taken; what is wrong with the others is in ``refusals``. RefusedError E001: the columns."""
    called = _called(sheet)
    given = frozenset(name for name in called.values() if name)
    rows: dict[str, MeterRow] = {}
    for one in sheet.lines:
        cells = {name: value for column, value in one.cells.items() if (name := called[column])}
        line = Line(one.number, cells, one.width)
        try:
            if one.width > len(sheet.columns):
                raise BadCellError("E113", sheet.columns[0], found=one.width, expected=len(sheet.columns))
            row = _row(line, given, sheet.name)
            if row.identifier in rows:
                raise BadCellError("E108", "identifier", found=row.identifier, first=rows[row.identifier].line)
            rows[row.identifier] = row
        except BadCellError as bad:
            refusals.add(one.number, bad)
    return list(rows.values())


def _called(sheet: Sheet) -> dict[str, str | None]:
    """What each column of the file is called here. RefusedError E001."""
    generated = {"meter_id", "enterprise_id"} <= set(sheet.columns)
    called = {column: _GENERATED.get(column, column) if generated else column for column in sheet.columns if column}
    names = [name for name in called.values() if name]
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in COLUMNS or sheet.columns.count(name) > 1]
    if missing or unknown:
        values = {
            "missing": ", ".join(missing) or "—",
            "unknown": ", ".join(unknown) or "—",
            "expected": ", ".join(COLUMNS),
        }
        raise RefusedError(Problem("E001", f"{sheet.name}:1", values))
    return called | {"": None}


def _row(line: Line, given: frozenset[str], source: str) -> MeterRow:
    identifier = filled(line, "identifier")
    if len(identifier) > limit("longest_identifier"):
        raise BadCellError("E119", "identifier", found=identifier, limit=limit("longest_identifier"))
    attributes = _attributes(line)
    kept = {name: value for name, value in attributes.items() if name in given}
    _check_sizes(line, attributes)
    on = day(line, "calibration_on")
    until = day(line, "calibrated_until")
    if until is not None and (on is None or until < on):
        raise BadCellError("E106", "calibrated_until", column="calibrated_until", found=line.cells["calibrated_until"])
    written = number(line, "number", Decimal(0), whole=True)
    if written is not None and written > LARGEST_NUMBER:
        raise BadCellError("E105", "number", column="number", found=written, expected=f"1..{LARGEST_NUMBER}")
    return MeterRow(
        line=line.number,
        identifier=identifier,
        unit=filled(line, "unit"),
        attributes=kept,
        source=line.cells.get("source", "") or source,
        number=None if written is None else int(written),
        valid_from=moment(line, "valid_from"),
        parent=line.cells.get("parent"),
        replaced_by=line.cells.get("replaced_by"),
        own_coefficient_source=line.cells.get("own_coefficient_source", "") or source,
        calibration=None if on is None else CalibrationRow(on, until, line.cells.get("certificate", "")),
        example=YES_NO[word(line, "example", YES_NO, "no")] is True,
    )


def _attributes(line: Line) -> dict[str, Any]:
    """Every attribute with what it is where the cell is empty."""
    kind = word(line, "kind", Meter.Kind.values, Meter.Kind.REGISTER)
    carrier = _carrier(line, kind)
    return {
        "kind": kind,
        "carrier": carrier,
        "in_service": YES_NO[word(line, "in_service", YES_NO, "yes")] is not False,
        "site": line.cells.get("site", ""),
        "process": line.cells.get("process", ""),
        "equipment": line.cells.get("equipment", ""),
        "unit_of_measure": _unit_of_measure(line, carrier),
        "current_ratio": _ratio(line, "current_ratio"),
        "voltage_ratio": _ratio(line, "voltage_ratio"),
        "register_maximum": number(line, "register_maximum", Decimal(0)),
        "interval": int(number(line, "interval", Decimal(0), whole=True) or limit("seconds_between_readings")),
        "capacity": number(line, "capacity", Decimal(0)),
        "own_coefficient": number(line, "own_coefficient", Decimal(-1)),
    }


def _ratio(line: Line, column: str) -> Decimal:
    """A ratio as on the nameplate: ``400``, or primary over secondary, ``2000/5``. 1 where the cell is empty."""
    primary, stroke, secondary = line.cells.get(column, "").partition("/")
    parts = [
        number(Line(line.number, {column: part.strip()}, line.width), column, Decimal(0))
        for part in ((primary, secondary) if stroke else (primary,))
    ]
    given = [part for part in parts if part is not None]
    if len(given) < len(parts):
        if stroke:
            raise BadCellError("E105", column, column=column, found=line.cells[column], expected="2000/5")
        return Decimal(1)
    return given[0] / given[1] if stroke else given[0]


def _carrier(line: Line, kind: str) -> str:
    written = line.cells.get("carrier", "")
    if not written and kind == Meter.Kind.LEVEL:
        return ""
    try:
        return carrier_code(filled(line, "carrier"))
    except UnknownCarrierError as error:
        raise BadCellError("E103", "carrier", found=written, expected=", ".join(error.similar) or "—") from None


def _unit_of_measure(line: Line, carrier: str) -> str:
    written = filled(line, "unit_of_measure")
    if not carrier:
        return written
    try:
        code = unit(written).code
        unit_factor(carrier, code)
    except (UnknownUnitError, IncompatibleUnitsError):
        values = {"found": written, "carrier": carriers()[carrier], "expected": metering_unit(carrier)}
        raise BadCellError("E104", "unit_of_measure", **values) from None
    return code


def _check_sizes(line: Line, given: Mapping[str, Any]) -> None:
    """The factor must be whole in thousandths, and every bound must fit."""
    if (given["own_coefficient"] or 0) < 0:
        values = {"column": "own_coefficient", "found": given["own_coefficient"], "expected": "≥ 0"}
        raise BadCellError("E105", "own_coefficient", **values)
    try:
        multiplier(given["carrier"], given["unit_of_measure"], given["current_ratio"], given["voltage_ratio"])
    except MultiplierError as error:
        raise BadCellError("E112", "current_ratio", found=str(error)) from None
    factor = unit_factor(given["carrier"], given["unit_of_measure"])
    for column, scale in (("register_maximum", Fraction(1)), ("capacity", factor)):
        try:
            if given[column] is not None:
                micro(given[column], scale)
        except OverflowError:
            values = {"column": column, "found": line.cells[column], "expected": "< 4.6 × 10^12"}
            raise BadCellError("E105", column, **values) from None
