"""A database with Qinghai 2019 in it: the plan, its facts, and levels from which a rate can be recomputed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.tables import row, take_in, write_table

if TYPE_CHECKING:
    from hengneng.registry.models import PlanEdition

PLANS = Path(__file__).parents[2] / "plans"

LEVELS = [
    row("1500", measure="energy_consumption_equivalent", place="630100", period="2018"),
    row("1450", measure="energy_consumption_equivalent", place="630100", period="2019"),
    row("1200", measure="gdp_constant_2015", place="630100", period="2018", unit="10^8 yuan"),
    row("1290", measure="gdp_constant_2015", place="630100", period="2019", unit="10^8 yuan"),
]


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Any]:
    """Takes rows in as the command line does, marking what depends on them: ``report(row(…))``."""
    from hengneng.standing.arrival import facts_arrived

    def report(*rows: dict[str, str], **changes: Any) -> Any:
        return take_in(write_table(tmp_path / "report.csv", rows), on_arrival=facts_arrived, **changes)

    return report


@pytest.fixture
def edition(db: None, report: Callable[..., Any]) -> PlanEdition:
    """Qinghai 2019, loaded with its published facts and the levels of Xining, nothing computed yet."""
    from hengneng.standing.arrival import facts_arrived
    from hengneng.standing.plans import load_plan_folder

    loaded = load_plan_folder(PLANS / "qinghai-2019").edition
    result = take_in(PLANS / "qinghai-2019" / "facts.csv", on_arrival=facts_arrived)
    assert result.refused == 0
    assert report(*LEVELS).refused == 0
    return loaded
