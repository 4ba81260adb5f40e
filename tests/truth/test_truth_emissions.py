"""Frames of real gateways against the checks of consistency, and the counts of HJ 212-2017 annex D."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from hengneng.emissions.findings import consistency
from hengneng.emissions.findings.records import conversion
from hengneng.emissions.parameters import reference_oxygen, validity_rules
from hengneng.formulas.flue_gas import reference_oxygen_ratio

DAY = dt.date(2026, 6, 15)
FILE: dict[str, Any] = YAML(typ="safe", pure=True).load(
    Path(__file__).parent / "hj-212-real-frames" / "consistency.yaml"
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in FILE["cases"]])
def test_real_frame(case: dict[str, Any]) -> None:
    assert case["why_tolerance"]
    given = {name: value if name == "period" else [value] for name, value in case["inputs"].items()}
    found = getattr(consistency, case["check"])([0], **given, on=DAY)
    if case["printed"] == "consistent":
        assert found == []
    else:
        assert abs(found[0].statistic - float(case["statistic"])) <= float(case["tolerance"])
        assert found[0].evidence.indices == (0,)


def test_converted_value_of_a_real_frame() -> None:
    frame = FILE["conversion"]
    recomputed = frame["value"] * reference_oxygen_ratio(frame["oxygen"], frame["reference"])
    assert abs(recomputed - float(frame["recomputed"])) <= 0.005
    highest = validity_rules("gas", DAY).highest_oxygen
    assert highest is not None
    reference = reference_oxygen("GB 13223-2011", "coal-boiler", DAY)
    assert reference.value == frame["reference"]
    arrays = [np.full(3, frame[name]) for name in ("converted", "value", "oxygen")]
    assert conversion([0, 3600, 7200], *arrays, reference, highest=highest, on=DAY) == []
