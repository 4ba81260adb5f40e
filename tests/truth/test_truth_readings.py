"""Worked examples of how meter readings are counted, spread and judged, against the program."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from hengneng.readings.validation.estimation import estimated_by_like_days, spread
from hengneng.readings.validation.increments import increment
from hengneng.readings.validation.quality import Judged, completeness, days_against_month
from hengneng.readings.validation.rules import rules_on

FOLDER = Path(__file__).parent / "meter-practice"
MICRO = 1_000_000
DAY = dt.date(2026, 6, 30)


def read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(FOLDER / f"{name}.yaml")
    assert data["source"]
    assert data["read_in"]
    assert all(case["why_tolerance"] for case in data["cases"])
    return data


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in read(name)["cases"]]


def micro(written: str) -> int:
    scaled = Decimal(written) * MICRO
    assert scaled == int(scaled)
    return int(scaled)


@pytest.mark.parametrize("case", cases("increments"))
def test_increment(case: dict[str, Any]) -> None:
    meter = read("increments")["meter"]
    found = increment(
        micro(case["a"]),
        micro(case["b"]),
        modulus=10 ** meter["digits"] * MICRO,
        multiplier=meter["multiplier"] * 1000,
        capacity=micro(meter["capacity_kw"]),
        seconds=meter["seconds"],
        rules=rules_on(DAY),
    )
    assert (str(found.how), found.quantity) == (case["how"], micro(case["printed"]))


def test_capacity_of_the_example() -> None:
    given = read("increments")["capacity"]
    kva = math.sqrt(3) * given["kilovolt"] * given["ampere"]
    assert abs(kva - float(given["printed_kva"])) <= 0.5
    assert abs(kva / 4 - float(given["printed_kwh_in_a_quarter"])) <= 0.5
    assert abs(kva - float(read("increments")["meter"]["capacity_kw"])) <= 0.05


@pytest.mark.parametrize("case", cases("spreading"))
def test_spreading(case: dict[str, Any]) -> None:
    if "weights" in case:
        assert spread(case["total"], case["weights"]).tolist() == case["printed"]
    else:
        found = estimated_by_like_days(DAY, np.array(case["history"], np.int64), case["total"])
        assert found.parts is not None
        assert found.parts.tolist() == case["printed"]
        assert found.estimate.method == "E3"


@pytest.mark.parametrize("case", cases("quality"))
def test_quality(case: dict[str, Any]) -> None:
    judged: Judged
    if "received" in case:
        judged = completeness(case["received"], case["due"], DAY)
    else:
        judged = days_against_month([micro(case["days"])], micro(case["month"]), DAY)
    assert judged.share is not None
    printed, tolerance = (Fraction(case[name].removesuffix("%")) / 100 for name in ("printed", "tolerance"))
    assert abs(judged.share - printed) <= tolerance
    assert judged.passes is case["passes"]
