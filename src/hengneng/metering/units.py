"""Energy-using units as a table brings them: identifier, names, place, industry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hengneng.access import Actor, Verb, decide
from hengneng.metering.cells import BadCellError, Refusals, filled
from hengneng.metering.sheets import Line, Sheet
from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation
from hengneng.registry.places import ensure_places
from hengneng.rules.divisions import DivisionError, divisions, find_division, normal_name, subject_code
from hengneng.rules.tables import rule_table

COLUMNS = ("identifier", "name_zh", "name_en", "place", "industry", "industry_source", "source")
# Columns of a generated load, and what they are called here.
_GENERATED = {"enterprise_id": "identifier", "prefecture": "place"}
_KIND = Organisation.Kind.ENERGY_USING_UNIT


@dataclass(frozen=True)
class UnitRow:
    """One unit as given."""

    line: int
    identifier: str
    name_zh: str
    name_en: str
    place: str
    industry: str
    industry_source: str
    source: str


def read_units(sheet: Sheet, actor: Actor, refusals: Refusals) -> list[UnitRow]:
    """The rows that can be taken. RefusedError E001 when the columns are others."""
    called = {column: _GENERATED.get(column, column) for column in sheet.columns}
    names = set(called.values())
    known = {*COLUMNS, "name"}
    missing = {"identifier", "place"} - names | ({"name_zh"} if not names & {"name", "name_zh"} else set())
    if missing or names - known:
        values = {
            "missing": ", ".join(sorted(missing)) or "—",
            "unknown": ", ".join(sorted(names - known)) or "—",
            "expected": ", ".join(COLUMNS),
        }
        raise RefusedError(Problem("E001", f"{sheet.name}:1", values))
    rows: dict[str, UnitRow] = {}
    for given in sheet.lines:
        line = Line(given.number, {called[name]: value for name, value in given.cells.items()}, given.width)
        try:
            row = _row(line, sheet.name, actor)
            if row.identifier in rows:
                raise BadCellError("E108", "identifier", found=row.identifier, first=rows[row.identifier].line)
            rows[row.identifier] = row
        except BadCellError as bad:
            refusals.add(line.number, bad)
    return list(rows.values())


def _row(line: Line, source: str, actor: Actor) -> UnitRow:
    identifier = filled(line, "identifier")
    name = line.cells.get("name", "")
    written = filled(line, "place")
    place = _place(written)
    decision = decide(actor, Verb.CORRECT_FACTS, place=place)
    if not decision.allowed:
        raise BadCellError("E116", "place", found=written, reason=decision.reason)
    return UnitRow(
        line.number,
        identifier,
        line.cells.get("name_zh", "") or name or filled(line, "name_zh"),
        line.cells.get("name_en", "") or name or line.cells.get("name_zh", ""),
        place,
        _industry(line),
        line.cells.get("industry_source", "") or (source if line.cells.get("industry") else ""),
        line.cells.get("source", "") or source,
    )


def _place(written: str) -> str:
    short = _short_names().get(normal_name(written))
    try:
        return short or subject_code(find_division(written, None, None).code)
    except DivisionError as error:
        expected = ", ".join(one.described() for one in error.candidates) or "—"
        raise BadCellError("E114", "place", found=written, expected=expected) from None


@cache
def _short_names() -> dict[str, str]:
    """First words of the English names of prefectures (Turpan, Kashgar) where only one place bears them."""
    found: dict[str, set[str]] = {}
    for one in divisions():
        if one.level == "prefecture":
            found.setdefault(normal_name(one.name.en.split()[0]), set()).add(subject_code(one.code))
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


def _industry(line: Line) -> str:
    """A division of GB/T 4754; a longer code of the same classification stands for its division."""
    written = line.cells.get("industry", "").upper().lstrip("ABCDEFGHIJKLMNOPQRST")
    known = {entry.key["code"] for entry in rule_table("industries").entries}
    if written and written[:2] not in known:
        raise BadCellError("E115", "industry", found=line.cells["industry"])
    return written[:4]


def record_units(rows: list[UnitRow], refusals: Refusals) -> tuple[list[str], list[str]]:
    """Bring units into the register: identifiers of the new and of the changed ones. E118: another kind of body."""
    ensure_places({row.place for row in rows})
    known = {one.identifier: one for one in Organisation.objects.filter(identifier__in=[r.identifier for r in rows])}
    new: list[Organisation] = []
    changed: list[str] = []
    for row in rows:
        fields = {
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "place_id": row.place,
            "industry": row.industry,
            "industry_source": row.industry_source,
        }
        there = known.get(row.identifier)
        if there is None:
            new.append(Organisation(identifier=row.identifier, kind=_KIND, source=row.source, **fields))
        elif there.kind != _KIND:
            refusals.add(row.line, BadCellError("E118", "identifier", found=row.identifier, kind=there.kind))
        elif any(getattr(there, name) != value for name, value in fields.items()):
            Organisation.objects.filter(pk=there.pk).update(**fields)
            changed.append(row.identifier)
    Organisation.objects.bulk_create(new, batch_size=500)
    return [one.identifier for one in new], changed
