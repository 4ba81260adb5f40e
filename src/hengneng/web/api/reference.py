"""Places, rule tables and formulas: what everything else refers to. Anybody may read them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from hengneng.formulas import formulas
from hengneng.formulas.registry import Formula
from hengneng.registry.models import Place, PlaceVersion, valid_on
from hengneng.rules import RuleEntry, RuleNotFoundError, RuleTable, rule_table, rule_tables
from hengneng.rules.divisions import DivisionError, find_division
from hengneng.rules.tables import nearest
from hengneng.web.api.errors import not_found
from hengneng.web.api.frame import operation
from hengneng.web.api.people import place_or_404
from hengneng.web.api.shapes import JsonObject, Line, Listed, Paging, Words, listed, words

places_router, rules_router = Router(tags=["places"]), Router(tags=["rules"])
formulas_router = Router(tags=["formulas"])


class PlaceVersionAnswer(Schema):
    """What a place was called in a time."""

    code: str = Field(description="api.field.code_then")
    name: Words
    level: str = Field(description="api.field.level")
    parent: str | None = Field(description="api.field.parent")
    valid_from: dt.date | None = Field(description="api.field.valid_from")
    valid_to: dt.date | None = Field(description="api.field.valid_to")
    source: str = Field(description="api.field.source")
    confidence: str = Field(description="api.field.confidence")


class PlaceAnswer(Schema):
    """A place today."""

    code: str = Field(description="api.field.place")
    name: Words
    level: str = Field(description="api.field.level")
    parent: str | None = Field(description="api.field.parent")


class PlaceWhole(PlaceAnswer):
    """A place with its history and parts."""

    versions: list[PlaceVersionAnswer] = Field(description="api.field.versions")
    parts: list[PlaceAnswer] = Field(description="api.field.parts")


class PlacesAsked(Paging):
    """Which places."""

    parent: Line | None = Field(None, description="api.field.parent_asked")
    search: Line | None = Field(None, description="api.field.place_search")
    on: dt.date | None = Field(None, description="api.field.on")


@operation(places_router, "GET", "/places", "places", Listed[PlaceAnswer])
def places(request: HttpRequest, asked: Query[PlacesAsked]) -> JsonObject:
    """Places as they are on a day, by code."""
    found = PlaceVersion.objects.filter(valid_on(asked.on or timezone.localdate())).order_by("place_id", "pk")
    if asked.parent:
        found = found.filter(parent=place_or_404(asked.parent, "query.parent"))
    if asked.search:
        text = asked.search
        found = found.filter(code__startswith=text) | found.filter(name_zh__contains=text) | found.filter(
            name_en__icontains=text
        )  # fmt: skip
    return listed(found, asked, _place)


@operation(places_router, "GET", "/places/{place}", "place", PlaceWhole)
def place(request: HttpRequest, place: Line) -> JsonObject:
    """One place."""
    found = place_or_404(place)
    today = timezone.localdate()
    versions = sorted(found.versions.all(), key=lambda one: one.valid_from or dt.date.min)
    parts = PlaceVersion.objects.filter(valid_on(today), parent=found).order_by("place_id", "pk")
    return {
        **_place(found.version_on(today) or versions[-1]),
        "versions": [_version(one) for one in versions],
        "parts": [_place(part) for part in parts],
    }


def _place(one: PlaceVersion) -> JsonObject:
    name = {"zh": one.name_zh, "en": one.name_en}
    return {"code": one.place_id, "name": name, "level": one.level, "parent": one.parent_id}


def _version(one: PlaceVersion) -> JsonObject:
    return {
        **_place(one),
        "code": one.code,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "source": one.source,
        "confidence": one.confidence,
    }


class ColumnAnswer(Schema):
    """A column of a rule table."""

    name: str
    role: str = Field(description="api.field.column_role")
    label: Words
    meaning: Words
    kind: str


class TableAnswer(Schema):
    """A rule table."""

    name: str = Field(description="api.field.table")
    title: Words
    description: Words
    rows: int = Field(description="api.field.rows")
    unverified: int = Field(description="api.field.unverified_rows")
    columns: list[ColumnAnswer] = Field(description="api.field.columns")


class EntryAnswer(Schema):
    """A rule."""

    row: int = Field(description="api.field.row")
    key: dict[str, str] = Field(description="api.field.rule_key")
    value: str | None = Field(description="api.field.rule_value")
    text: str | None = Field(description="api.field.rule_text")
    unit: str = Field(description="api.field.unit")
    attributes: dict[str, str] = Field(description="api.field.attributes")
    valid_from: dt.date | None = Field(description="api.field.valid_from")
    valid_to: dt.date | None = Field(description="api.field.valid_to")
    place: str = Field(description="api.field.rule_place")
    edition: str = Field(description="api.field.rule_edition")
    source: str = Field(description="api.field.source")
    source_via: str = Field(description="api.field.source_via")
    confidence: str = Field(description="api.field.confidence")
    unverified: bool = Field(description="api.field.unverified")
    note: str


class EntriesAsked(Paging):
    """Which rules of a table."""

    on: dt.date | None = Field(None, description="api.field.on")
    place: Line | None = Field(None, description="api.field.rule_place_asked")
    unverified: bool | None = Field(None, description="api.field.unverified_asked")


@operation(rules_router, "GET", "/rules", "rule_tables", Listed[TableAnswer])
def tables(request: HttpRequest, asked: Query[Paging]) -> JsonObject:
    """Every rule table."""
    return listed(list(rule_tables().values()), asked, _table)


@operation(rules_router, "GET", "/rules/{table}", "rule_table", TableAnswer)
def table(request: HttpRequest, table: Line) -> JsonObject:
    """One rule table."""
    return _table(_table_or_404(table))


@operation(rules_router, "GET", "/rules/{table}/entries", "rule_entries", Listed[EntryAnswer])
def entries(request: HttpRequest, table: Line, asked: Query[EntriesAsked]) -> JsonObject:
    """The rules of a table, in the order of its file."""
    found = _table_or_404(table)
    chosen = [entry for entry in found.entries if asked.on is None or entry.valid_on(asked.on)]
    if asked.place:
        chosen = _nearest(chosen, found, asked.place, asked.on)
    if asked.unverified is not None:
        chosen = [entry for entry in chosen if entry.unverified is asked.unverified]
    return listed(chosen, asked, _entry)


def _nearest(chosen: list[RuleEntry], table: RuleTable, place: str, on: dt.date | None) -> list[RuleEntry]:
    try:
        code = find_division(place, on, on).code
    except DivisionError:
        raise not_found("place", place, "query.place") from None
    wanted = {id(entry) for entry in chosen}
    kept = [
        entry
        for group in table.by_key.values()
        for entry in nearest([one for one in group if id(one) in wanted], code)
    ]
    return sorted(kept, key=lambda entry: entry.row)


def _table_or_404(name: str) -> RuleTable:
    try:
        return rule_table(name)
    except RuleNotFoundError:
        raise not_found("table", name, "path.table") from None


def _table(one: RuleTable) -> JsonObject:
    return {
        "name": one.name,
        "title": words(one.title),
        "description": words(one.description),
        "rows": len(one.entries),
        "unverified": sum(entry.unverified for entry in one.entries),
        "columns": [
            {"name": c.name, "role": c.role, "label": words(c.label), "meaning": words(c.meaning), "kind": c.kind}
            for c in one.columns
        ],
    }


def _entry(one: RuleEntry) -> JsonObject:
    return {
        "row": one.row, "key": dict(one.key), "value": None if one.value is None else f"{one.value:f}",
        "text": one.text, "unit": one.unit, "attributes": {k: str(v) for k, v in one.attributes.items()},
        "valid_from": one.valid_from, "valid_to": one.valid_to, "place": one.place, "edition": one.edition,
        "source": one.source, "source_via": one.source_via, "confidence": one.confidence,
        "unverified": one.unverified, "note": one.note,
    }  # fmt: skip


class ParameterAnswer(Schema):
    """A parameter of a formula."""

    name: str
    label: Words
    unit: str = Field(description="api.field.unit")
    kind: str


class FormulaAnswer(Schema):
    """A formula."""

    name: str = Field(description="api.field.formula")
    version: int = Field(description="api.field.formula_version")
    title: Words
    equation: str = Field(description="api.field.equation")
    unit: str = Field(description="api.field.unit")
    result: str = Field(description="api.field.formula_result")
    source: Words
    confidence: str = Field(description="api.field.confidence")
    subject: str
    parameters: list[ParameterAnswer]


@operation(formulas_router, "GET", "/formulas", "formulas", Listed[FormulaAnswer])
def formula_list(request: HttpRequest, asked: Query[Paging]) -> JsonObject:
    """Every formula, by name."""
    return listed(sorted(formulas().values(), key=lambda one: one.name), asked, _formula)


@operation(formulas_router, "GET", "/formulas/{formula}", "formula", FormulaAnswer)
def formula(request: HttpRequest, formula: Line) -> JsonObject:
    """One formula."""
    found = formulas().get(formula)
    if found is None:
        raise not_found("formula", formula, "path.formula")
    return _formula(found)


def _formula(one: Formula) -> JsonObject:
    parameters: list[dict[str, Any]] = [
        {"name": p.name, "label": words(p.label), "unit": p.unit, "kind": p.kind} for p in one.parameters
    ]
    return {
        "name": one.name, "version": one.version, "title": words(one.title), "equation": one.equation,
        "unit": one.unit, "result": one.result, "source": words(one.source), "confidence": one.confidence,
        "subject": one.subject, "parameters": parameters,
    }  # fmt: skip


def place_names(codes: set[str]) -> dict[str, dict[str, str]]:
    """Names of places today by stable code."""
    today = timezone.localdate()
    found = Place.objects.filter(pk__in=codes).prefetch_related("versions")
    return {one.pk: {"zh": (name := one.name_on(today)).zh, "en": name.en} for one in found}
