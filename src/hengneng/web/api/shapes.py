"""Shapes that many answers and requests have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import QuerySet
from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from hengneng.language import Text
from hengneng.web.api.limits import limit

Item = TypeVar("Item")
WITHOUT_NUL = r"^[^\x00]*$"
Line = Annotated[str, StringConstraints(max_length=limit("characters_of_a_line"), pattern=WITHOUT_NUL)]
Prose = Annotated[str, StringConstraints(max_length=limit("characters_of_a_text"), pattern=WITHOUT_NUL)]
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
JsonObject = dict[str, Any]


class Words(Schema):
    """A text in both languages."""

    zh: str
    en: str


class Request(Schema):
    """Base of every body: unknown fields are refused, so that a mistyped one is not lost."""

    model_config = ConfigDict(extra="forbid")


class Paging(Schema):
    """Which part of a list."""

    page: int = Field(1, ge=1, le=limit("last_page"), description="api.field.page")
    size: int = Field(limit("rows_a_page"), ge=1, le=limit("most_rows_a_page"), description="api.field.size")


class Listed(Schema, Generic[Item]):
    """Part of a list, in an order that stays."""

    items: list[Item] = Field(description="api.field.items")
    page: int = Field(description="api.field.page")
    size: int = Field(description="api.field.size")
    total: int = Field(description="api.field.total")


def words(text: Text | None) -> dict[str, str] | None:
    """A text as it is sent."""
    return None if text is None else {"zh": text.zh, "en": text.en}


def listed(found: QuerySet[Any] | Sequence[Any], paging: Paging, shown: Callable[[Any], Any]) -> JsonObject:
    """The part of ``found`` that is asked for; beyond the end nothing."""
    total = found.count() if isinstance(found, QuerySet) else len(found)
    start = (paging.page - 1) * paging.size
    items = found[start : start + paging.size] if start < total else []
    return {"items": [shown(item) for item in items], "page": paging.page, "size": paging.size, "total": total}


def moment(value: dt.datetime | None) -> str | None:
    """A moment as it is sent: ISO 8601 in the time zone of the installation."""
    from django.utils.timezone import localtime

    return None if value is None else localtime(value).isoformat()
