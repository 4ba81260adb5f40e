"""Homes with a register, and limits of doors made small for a test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from support.doors import registered
from support.homes import Home

from hengneng.gateways import limits
from hengneng.hj212 import limits as frame_limits


@pytest.fixture(scope="session")
def registered_home(
    made_once: Callable[..., Home], with_tables: Home, copy_home: Callable[[Home], Home]
) -> Callable[[str], Home]:
    """``registered_home(devices)``: a home of one's own with two units, their meters and these devices."""

    def make(devices: str) -> Home:
        name = f"registered-{hashlib.sha256(devices.encode()).hexdigest()[:12]}"
        return copy_home(made_once(name, lambda home: registered(home, devices), with_tables))

    return make


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``small(messages_a_minute=5)``: other numbers for this test; KeyError for a limit that there is not."""

    def change(**values: float) -> None:
        for name, value in values.items():
            room = limits if name in limits.limit.values else frame_limits
            assert name in room.limit.values, name
            monkeypatch.setitem(room.limit.values, name, value)

    return change
