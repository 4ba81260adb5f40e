"""What every finding has, and how a statistic becomes one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from hengneng.emissions.parameters import FindingRule
from hengneng.emissions.series import HOUR
from hengneng.problems import Problem
from hengneng.rules.units import unit

CHECKS = {
    "F1": "K001",
    "F2": "K002",
    "F3": "K003",
    "F4": "K004",
    "F5": "K005",
    "F6": "K006",
    "F7": "K007",
    "F8": "K008",
    "F9": "K009",
    "F10": "K010",
    "F11": "K011",
    "F12": "K012",
    "F13": "K013",
    "F14": "K014",
    "F15": "K015",
    "F16": "K016",
    "F17": "K017",
    "F18": "K018",
    "F19": "K019",
    "F20": "K020",
    "F21": "K021",
    "F22": "K022",
    "F23": "K023",
}
"""The numbered text of each finding."""


class Severity(IntEnum):
    """How grave a finding is, from the least to the worst."""

    NOTE = 1
    DOUBTFUL = 2
    GRAVE = 3


@dataclass(frozen=True)
class Evidence:
    """The rows that show a finding: their index in the arrays that were given, their time, their value."""

    indices: tuple[int, ...]
    times: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """One sign. ``statistic`` reached ``threshold``, both in ``unit`` ("s", or as table fabrication_rules says).

    ``start`` and ``end`` [seconds] bound what was looked at; ``unverified``: nobody has checked the numbers.
    """

    number: str
    severity: Severity
    statistic: float
    threshold: float
    unit: str
    start: int
    end: int
    evidence: Evidence
    unverified: bool

    def problem(self, where: str, offset: int) -> Problem:
        """The finding as a numbered problem at ``where``, times in the local time ``offset`` seconds from UTC."""
        return Problem(
            CHECKS[self.number],
            where,
            {
                "statistic": self._written(self.statistic),
                "threshold": self._written(self.threshold),
                "start": _local(self.start, offset),
                "end": _local(self.end, offset),
                "rows": len(self.evidence.indices),
            },
        )

    def _written(self, value: float) -> str:
        if self.unit == "s":
            return f"{value / HOUR:g} h" if abs(value) >= HOUR else f"{value:g} s"
        return f"{value:.5g}"


def _local(seconds: int, offset: int) -> str:
    return dt.datetime.fromtimestamp(seconds + offset, dt.UTC).strftime("%Y-%m-%d %H:%M")


def found(rule: FindingRule, statistic: float, at: Any, values: Any, rows: Any) -> list[Finding]:
    """One finding when ``statistic`` reaches a bound of ``rule``, else none; NaN reaches nothing.

    ``at`` and ``values`` (n) are what was looked at, ``rows`` the indices that show it.
    """
    reached = None if np.isnan(statistic) else rule.reached(float(statistic))
    if reached is None or not len(at):
        return []
    severity, threshold = reached
    chosen = np.asarray(rows, np.int64)
    times, shown = np.asarray(at), np.asarray(values, np.float64)
    written = unit(rule.bounds[severity].entry.unit)
    return [
        Finding(
            rule.number,
            Severity[severity.upper()],
            float(statistic),
            threshold,
            "s" if written.dimension == "time" else written.code,
            int(times[0]),
            int(times[-1]),
            Evidence(tuple(chosen.tolist()), tuple(times[chosen].tolist()), tuple(shown[chosen].tolist())),
            rule.unverified,
        )
    ]


def longest_true(where: Any) -> tuple[int, int]:
    """(first, length) of the longest run of True in ``where`` (n); (0, 0) when there is none."""
    return max(true_runs(where), key=lambda run: run[1], default=(0, 0))


def true_runs(where: Any) -> list[tuple[int, int]]:
    """(first, length) of every run of True in ``where`` (n), in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(where, np.int8), [0]])))
    return [(int(first), int(last - first)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def correlation(one: Any, other: Any) -> float:
    """Pearson correlation of two arrays (n) without NaN; NaN when one of them does not vary."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else float("nan")
