"""Facts on record, and somebody who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.fact_pages import SignIn


@pytest.fixture
def recorded() -> None:
    """Facts of two prefectures and a county of the first."""
    from support.fact_pages import record

    record()


@pytest.fixture
def sign_in(recorded: None) -> SignIn:
    """A client of somebody with a role at a place."""
    from support.fact_pages import sign_in

    return sign_in
