"""Tests of emissions need no Django; the seeded plant is made once."""

from __future__ import annotations

import pytest
from emissions.made_series import Plant, plant


@pytest.fixture(scope="session")
def week() -> Plant:
    """A week of a plant that tells the truth."""
    return plant()


@pytest.fixture(scope="session")
def month() -> Plant:
    """30 days of another one."""
    return plant(720, seed=7)
