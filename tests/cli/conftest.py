"""One home with everything loaded, shared by the tests that only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.homes import Finished, Home

PLANS = Path(__file__).parents[2] / "plans"


@pytest.fixture(scope="session")
def loaded_home(with_everything: Home, copy_home: Callable[[Home], Home]) -> Home:
    """A home in which `hengneng run --no-serve` has loaded plans and facts. Shared: read, never write."""
    return copy_home(with_everything)


@pytest.fixture(scope="session")
def ask(loaded_home: Home) -> Callable[..., Finished]:
    """The command line in the shared home: ``ask("plan", "list", "--json").json``."""
    return loaded_home.run
