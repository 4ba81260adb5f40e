"""The OpenAPI description in one language, and the same as a document to be read."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hengneng.language import Language, message
from hengneng.web.api.site import api

ROOT = "/api/v1"
TAGS = ("people", "plans", "figures", "facts", "duties", "jobs", "places", "rules", "formulas")
METHODS = ("get", "post")


@lru_cache(maxsize=2)
def described(language: Language) -> dict[str, Any]:
    """The description (OpenAPI 3.1) with its words in ``language``. It is kept: do not change it."""
    schema: dict[str, Any] = copy.deepcopy(dict(api.get_openapi_schema(path_prefix=f"{ROOT}/")))
    schema["tags"] = [{"name": tag, "description": message(f"api.tag.{tag}").in_language(language)} for tag in TAGS]
    schema["servers"] = [{"url": "/"}]
    for one in schema["components"]["schemas"].values():
        _without_own_words(one)
    for operation in operations(schema):
        operation.pop("title", None)
        for parameter in operation.get("parameters", []):
            parameter["schema"] = _never_null(parameter["schema"])
            _without_own_words(parameter["schema"])
        for status, answer in operation["responses"].items():
            answer["description"] = message(f"api.status.{status}").in_language(language)
        # Signing in is a choice: what is published, anybody may read.
        operation["security"] = [{"BearerToken": []}, {}]
    _translate(schema, language)
    return schema


def operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of a description."""
    for methods in schema["paths"].values():
        for method in METHODS:
            if method in methods:
                yield methods[method]


def _without_own_words(node: Any) -> None:
    """Take out titles made of names, and the docstrings of the code, which are in one language only."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("description"), str) and not node["description"].startswith("api."):
            del node["description"]
        for value in node.values():
            _without_own_words(value)
    elif isinstance(node, list):
        for value in node:
            _without_own_words(value)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is given or left out; there is no writing null in an address."""
    if "anyOf" not in schema:
        return schema
    kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**kinds[0], **rest} if len(kinds) == 1 else {**rest, "anyOf": kinds}


def _translate(node: Any, language: Language) -> None:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("summary", "description", "title") and isinstance(value, str) and value.startswith("api."):
                node[name] = message(value).in_language(language)
            else:
                _translate(value, language)
    elif isinstance(node, list):
        for value in node:
            _translate(value, language)


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: str
    place: str
    kind: str
    required: bool
    description: str
    default: str = ""


@dataclass(frozen=True)
class OperationShown:
    """An operation as the page shows it."""

    identifier: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: list[Field]
    answer_status: str
    answer: list[Field]
    listed: bool
    errors: list[tuple[str, str]]


def read(language: Language) -> list[tuple[str, str, list[OperationShown]]]:
    """The description as a document: each tag with its words and its operations."""
    schema = described(language)
    groups: dict[str, list[OperationShown]] = {tag: [] for tag in TAGS}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                groups[operation["tags"][0]].append(_shown(schema, path, method, operation))
    words = {tag["name"]: tag["description"] for tag in schema["tags"]}
    return [(tag, words[tag], found) for tag, found in groups.items() if found]


def _shown(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> OperationShown:
    good = next(status for status in operation["responses"] if int(status) < 300)
    answer = _schema_of(operation["responses"][good])
    target = _resolved(schema, answer)
    listed = "items" in target.get("properties", {}) and "total" in target["properties"]
    if listed:
        target = _resolved(schema, target["properties"]["items"]["items"])
    return OperationShown(
        identifier=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[
            Field(
                one["name"], one["in"], _kind(schema, one["schema"]), one["required"],
                one.get("description", ""), _default(one["schema"]),
            )
            for one in operation["parameters"]
        ],
        body=_fields(schema, _schema_of(operation.get("requestBody", {}))),
        answer_status=str(good),
        answer=_fields(schema, target),
        listed=listed,
        errors=[(str(s), a["description"]) for s, a in operation["responses"].items() if int(s) >= 400],
    )  # fmt: skip


def _schema_of(holder: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        found: dict[str, Any] = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _fields(schema: dict[str, Any], node: dict[str, Any]) -> list[Field]:
    target = _resolved(schema, node)
    required = set(target.get("required", []))
    return [
        Field(name, "", _kind(schema, one), name in required, one.get("description", ""), _default(one))
        for name, one in target.get("properties", {}).items()
    ]


def _default(node: dict[str, Any]) -> str:
    value = node.get("default")
    return "" if value in (None, "", [], {}) else str(value).lower() if isinstance(value, bool) else str(value)


def _kind(schema: dict[str, Any], node: dict[str, Any]) -> str:
    """The kind of a value as programs write it: string, integer, date, a list of …, or its words."""
    if "anyOf" in node:
        kinds = [_kind(schema, one) for one in node["anyOf"]]
        return " | ".join(dict.fromkeys(kinds))
    if "$ref" in node:
        target = _resolved(schema, node)
        if set(target.get("properties", {})) == {"zh", "en"}:
            return "{zh, en}"
        return "{" + ", ".join(target.get("properties", {})) + "}"
    if "enum" in node:
        return " | ".join(str(value) for value in node["enum"])
    if node.get("type") == "array":
        return f"[{_kind(schema, node.get('items', {}))}]"
    return str(node.get("format") or node.get("type") or "any")
