"""What to do where a part is missing that a test needs: in CI it fails, elsewhere a skip says what to install."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

CI = os.environ.get("CI", "").lower() in ("1", "true")


def cannot(reason: str) -> NoReturn:
    """End the test; ``reason`` says what is missing and how to install it."""
    if CI:
        pytest.fail(f"{reason} (in CI nothing is skipped)", pytrace=False)
    pytest.skip(reason)
