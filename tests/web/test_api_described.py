"""Requests made from the description of the interface itself: none fails, and every answer is as described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.xdist_group("interface"), pytest.mark.usefixtures("loaded")]

XINJIANG = "650000"
# The whole must stay within a minute; the same examples are made every time.
EXAMPLES = 12
CALLERS = {"public": None, "region_office": XINJIANG, "administrator": XINJIANG}
# Things that are there, so that requests get beyond 404.
KNOWN: dict[str, list[Any]] = {
    "plan": ["xinjiang-2015", "qinghai-2019", "no-such-plan"],
    "place": ["650100", "乌鲁木齐市", "999999"],
    "period": ["2014", "2015", "soon"],
    "table": ["coal_equivalents", "administrative_divisions", "no-such-table"],
    "measure": ["energy_intensity_change", "no_such_measure"],
    "duty": [1, 2, 3, 2**63 - 1],
    "job": [1, 2, 2**63 - 1],
    "first": ["2001-01-01", "2999-01-01", "soon"],
}


@pytest.fixture(scope="module")
def lasting() -> Iterator[None]:
    """The end of a request does not end the transaction of the tests."""
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def described(lasting: None) -> Any:
    """The description, calling the program directly."""
    import schemathesis

    from hengneng.web.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody calls too often here."""
    monkeypatch.setattr("hengneng.web.api.signing._calls.wait", lambda *_: 0.0)


@pytest.mark.parametrize("caller", CALLERS)
def test_no_request_fails_and_every_answer_is_as_described(
    described: Any, unlimited: None, caller: str
) -> None:
    import hypothesis
    from django.db import transaction
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )
    from support.interface import Caller

    checks = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
    statuses: dict[int, int] = {}
    place = CALLERS[caller]
    with transaction.atomic():
        # The client for WSGI does not unpack.
        headers = {"Accept-Encoding": "identity", **(Caller.of(caller, place).headers if place else {})}
        for result in described.get_all_operations():
            operation = result.ok()

            @hypothesis.settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            @hypothesis.given(case=operation.as_strategy(), data=hypothesis.strategies.data())
            def ask(case: Any, data: Any) -> None:
                for name, values in KNOWN.items():
                    if name in (case.path_parameters or {}) and data.draw(hypothesis.strategies.booleans()):
                        case.path_parameters[name] = data.draw(hypothesis.strategies.sampled_from(values))
                    if name in (case.query or {}) and data.draw(hypothesis.strategies.booleans()):
                        case.query[name] = data.draw(hypothesis.strategies.sampled_from(values))
                with transaction.atomic():
                    response = case.call_and_validate(headers=headers, checks=checks)
                    transaction.set_rollback(True)
                statuses[response.status_code] = statuses.get(response.status_code, 0) + 1

            ask()
        transaction.set_rollback(True)
    assert statuses[200] > 50
    assert 500 not in statuses
