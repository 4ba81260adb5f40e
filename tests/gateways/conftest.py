"""Limits of doors made small for a test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hengneng.gateways import limits
from hengneng.hj212 import limits as frame_limits


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``small(messages_a_minute=5)``: other numbers for this test; KeyError for a limit that there is not."""

    def change(**values: float) -> None:
        for name, value in values.items():
            room = limits if name in limits._limits() else frame_limits
            assert name in room._limits(), name
            monkeypatch.setitem(room._limits(), name, value)

    return change
