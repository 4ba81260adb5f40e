"""The frame of the interface: reading bodies, errors in one shape, operations that describe themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from django.http import HttpRequest
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from hengneng import __version__
from hengneng.web.api.errors import ErrorAnswer, install
from hengneng.web.api.limits import limit
from hengneng.web.api.signing import BearerToken

View = TypeVar("View", bound=Callable[..., Any])
COMMON = (400, 401, 403, 404, 422, 429, 500)
CHANGING = (409, 413)


class StrictParser(Parser):
    """JSON that every database can keep: no NaN, no NUL character, no lone surrogate, not deeper than the limit."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """ValueError for anything else; the frame answers 400."""
        try:
            found = json.loads(request.body, parse_constant=_refuse_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        _check(found, 0)
        return cast(dict[str, Any], found)


def _refuse_constant(written: str) -> NoReturn:
    raise ValueError(f"{written} is not JSON")


def _check(value: object, depth: int) -> None:
    if depth > limit("depth_of_a_body"):
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        value.encode()
        if "\x00" in value:
            raise ValueError("a NUL character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number that is too large")


class ReadableRenderer(JSONRenderer):
    """JSON in which Chinese can be read."""

    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    """Keeps what was found in a field, so that the error can say it."""

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Every finding with its place in the request."""
        errors: list[dict[str, Any]] = []
        for context in error_contexts:
            model = cast(Any, context.model)
            for found in context.pydantic_validation_error.errors(include_url=False):
                place = model.__ninja_flatten_map_reverse__.get(found["loc"], found["loc"])
                source = model.__ninja_param_source__
                # The name that a view gives to the whole body is nobody's business.
                errors.append({**found, "loc": (source, *(place[1:] if source == "body" else place))})
        return ValidationError(errors)


def new_api() -> Api:
    """The interface without its operations."""
    api = Api(
        title="api.title",
        version="1",
        description="api.description",
        openapi_url=None,
        docs_url=None,
        urls_namespace="api-v1",
        auth=[BearerToken()],
        parser=StrictParser(),
        renderer=ReadableRenderer(),
        openapi_extra={"info": {"x-program-version": __version__}},
    )
    install(api)
    return api


def operation(
    router: Router, method: str, path: str, name: str, response: Any, status: int = 200
) -> Callable[[View], View]:
    """Register a view as the operation ``name``, with its words of the catalogue and the errors it may answer with."""
    errors = COMMON if method == "GET" else (*COMMON, *CHANGING)
    answers = {status: response, frozenset(errors): ErrorAnswer}
    return router.api_operation(
        [method], path, response=answers, operation_id=name,
        summary=f"api.operation.{name}", description=f"api.about.{name}", url_name=name,
    )  # fmt: skip
