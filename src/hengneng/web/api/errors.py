"""What goes wrong, in one shape: an unknown address, a field that does not fit, a refusal, a failure."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from hengneng.access import RefusedAccessError
from hengneng.language import Text, message
from hengneng.problems import Problem, RefusedError
from hengneng.web.api.shapes import Words
from hengneng.web.questions import RefusedRequestError

logger = logging.getLogger("hengneng.web.api")

# Codes of the statuses; a refusal for a reason of its own has the code of that reason.
CODES = {
    400: "bad_request", 401: "sign_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    409: "conflict", 413: "too_large", 422: "invalid", 429: "too_many_requests", 500: "failure",
}  # fmt: skip
SHOWN = 120  # characters of a value that an error quotes; the sender has the rest


class ProblemAnswer(Schema):
    """A finding of a numbered check."""

    check: str = Field(description="api.field.check")
    severity: str = Field(description="api.field.severity")
    where: str = Field(description="api.field.where")
    text: Words = Field(description="api.field.problem_text")


class ErrorContent(Schema):
    """What is wrong."""

    code: str = Field(description="api.field.code")
    status: int = Field(description="api.field.status")
    message: Words = Field(description="api.field.message")
    where: str | None = Field(description="api.field.error_where")
    problems: list[ProblemAnswer] = Field(description="api.field.problems")
    id: str | None = Field(description="api.field.error_id")


class ErrorAnswer(Schema):
    """The one shape of every error."""

    error: ErrorContent


class ApiError(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: int, text: Text, code: str = "", where: str | None = None, retry: int = 0) -> None:
        self.status, self.text, self.code, self.where, self.retry = status, text, code or CODES[status], where, retry
        super().__init__(text.en)


def not_found(what: str, found: object, where: str | None = None) -> ApiError:
    """404: ``what`` names the kind of thing, an entry ``api.none.<what>`` of the catalogue."""
    return ApiError(404, message(f"api.none.{what}", found=found), where=where)


def invalid(field: str, found: object, expected: Text) -> RefusedError:
    """422 for one field: what was found and what was expected."""
    return RefusedError(Problem("T101", field, {"field": field, "found": quoted(found), "expected": expected}))


def quoted(found: object) -> str:
    """A value as an error quotes it."""
    written = "—" if found is None else str(found)
    return written if len(written) <= SHOWN else f"{written[:SHOWN]}…"


def error_response(
    status: int,
    text: Text,
    *,
    code: str = "",
    where: str | None = None,
    problems: Iterable[dict[str, Any]] = (),
    identifier: str | None = None,
) -> JsonResponse:
    """The answer in the one shape."""
    content = {
        "code": code or CODES.get(status, "error"),
        "status": status,
        "message": {"zh": text.zh, "en": text.en},
        "where": where,
        "problems": list(problems),
        "id": identifier,
    }
    response = JsonResponse({"error": content}, status=status, json_dumps_params={"ensure_ascii": False})
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="hengneng"'
    return response


def failure(request: HttpRequest, error: BaseException) -> JsonResponse:
    """500: our fault. The id in the answer is the id in the log."""
    identifier = secrets.token_hex(4)
    logger.error("failure %s at %s %s", identifier, request.method, request.path, exc_info=error)
    return error_response(500, message("api.error.failure", id=identifier), identifier=identifier)


def by_status(status: int, found: str = "") -> JsonResponse:
    """An error of which nothing is known but its status."""
    known = status if status in CODES else (500 if status >= 500 else 400)
    return error_response(status, message(f"api.error.{CODES[known]}", id="—", found=found), code=CODES[known])


def install(api: NinjaAPI) -> None:
    """Have every exception answered in the one shape."""
    handlers: dict[type[Exception], Any] = {
        ApiError: _api_error,
        RefusedRequestError: lambda _, error: error_response(error.status, error.text),
        RefusedAccessError: lambda _, error: _forbidden(error),
        RefusedError: lambda _, error: refused(error),
        ValidationError: lambda _, error: _invalid(error.errors),
        Http404: lambda request, _: by_status(404, request.path),
        HttpError: _http_error,
        RequestDataTooBig: lambda *_: by_status(413),
        Exception: failure,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _api_error(request: HttpRequest, error: ApiError) -> JsonResponse:
    response = error_response(error.status, error.text, code=error.code, where=error.where)
    if error.retry:
        response["Retry-After"] = str(error.retry)
    return response


def _forbidden(error: RefusedAccessError) -> JsonResponse:
    """Who is not signed in may do so (401); who is may not do this (403). The code is that of the reason."""
    status = 401 if error.decision.code == "sign_in" else 403
    return error_response(status, error.decision.reason, code=error.decision.code, where=str(error.verb))


# Somebody was quicker, or it is over: the request itself was good.
CONFLICTS = {"D004", "D015", "D017", "D020", "D022", "D023", "F302", "F304", "J002", "J003"}


def refused(error: RefusedError) -> JsonResponse:
    """422 with every problem, or 409 where the state of things has changed under the request."""
    first = error.problems[0]
    conflict = first.number in CONFLICTS
    text = Text(zh=first.text("zh"), en=first.text("en"))
    return error_response(
        409 if conflict else 422, text, code=first.number if conflict else "", where=first.where,
        problems=[problem.to_json() for problem in error.problems],
    )  # fmt: skip


def _http_error(request: HttpRequest, error: HttpError) -> JsonResponse:
    if error.status_code == 400:
        return error_response(400, message("api.error.malformed"), code="malformed")
    return by_status(error.status_code, request.path)


def _invalid(errors: Sequence[dict[str, Any]]) -> JsonResponse:
    problems = [_problem(error) for error in errors]
    return refused(RefusedError(*problems))


def _problem(error: dict[str, Any]) -> Problem:
    field = ".".join(str(part) for part in error["loc"])
    found = None if error["type"] == "missing" else error.get("input")
    expected = expectation(error["type"], error.get("ctx", {}))
    return Problem("T101", field, {"field": field, "found": quoted(found), "expected": expected})


def expectation(kind: str, context: dict[str, Any]) -> Text:
    """What was expected, in words, of a finding of the validation."""
    if kind in ("greater_than_equal", "less_than_equal", "string_too_long", "string_too_short"):
        bound = next(context[name] for name in ("ge", "le", "max_length", "min_length") if name in context)
        return message(f"api.expected.{kind}", bound=bound)
    if kind in ("literal_error", "enum"):
        return message("api.expected.one_of", values=context.get("expected", ""))
    simple = {
        "missing": "missing", "int_parsing": "integer", "int_type": "integer", "int_from_float": "integer",
        "string_type": "string", "bool_parsing": "boolean", "bool_type": "boolean", "date_parsing": "date",
        "date_from_datetime_parsing": "date", "date_type": "date", "dict_type": "object",
        "model_attributes_type": "object", "list_type": "list", "extra_forbidden": "nothing",
        "string_pattern_mismatch": "pattern", "string_unicode": "string",
    }  # fmt: skip
    return message(f"api.expected.{simple.get(kind, 'described')}")
