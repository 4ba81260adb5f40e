"""Coefficients that the national balance of 2007 implies (standard over physical quantity of final
consumption).

The yearbook tables have no stated licence, so they are read from the shared folder where it is present.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hengneng.formulas.energy import coal_equivalent
from hengneng.formulas.shares import share

DATA = Path(__file__).parents[3] / "shared" / "data"
PHYSICAL = DATA / "energy_balance_2007_physical_china.csv"
STANDARD = DATA / "energy_balance_2007_standard_china.csv"
FINAL_CONSUMPTION = "四.终端消费量"

# Printed coefficients (中国能源统计年鉴2008 附录4), the unit in which the balance counts, tolerance as in
# D3-*.
CASES = [
    ("汽油", 1.4714, 0.0003),
    ("柴油", 1.4571, 0.0003),
    ("天然气", 13.3, 0.0003),
    ("电力", 1.229, 0.0003),
    ("原煤", 0.72476, 0.0003),
    ("热力", 0.0341, 0.0002),
    ("焦炭", 0.9714, 0.0003),
]


def _final_consumption(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            row["carrier_zh"]: float(row["value"])
            for row in csv.DictReader(file)
            if row["item_zh"] == FINAL_CONSUMPTION
        }


@pytest.mark.parametrize(("carrier", "printed", "tolerance"), CASES)
def test_implied_coefficient(carrier: str, printed: float, tolerance: float) -> None:
    for path in (PHYSICAL, STANDARD):
        if not path.exists():
            pytest.skip(
                f"missing {path.name}: yearbook tables without a stated licence are not part of the project"
            )
    physical, standard = _final_consumption(PHYSICAL)[carrier], _final_consumption(STANDARD)[carrier]
    assert share(standard, physical) == pytest.approx(printed, abs=tolerance)
    assert coal_equivalent(physical, printed) == pytest.approx(standard, rel=tolerance / printed)
