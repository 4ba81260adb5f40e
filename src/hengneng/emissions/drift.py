"""Drift of analysers and comparisons by hand against their limits, and the times that are out of control."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hengneng.emissions.parameters import Parameter, parameter
from hengneng.emissions.series import Times, Truths
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import RuleNotFoundError, rule_table

TABLE = "analyser_drift_limits"


@dataclass(frozen=True)
class DriftJudged:
    """One check: ``passed`` within the limit; ``in_control`` within that of out-of-control (None: there is none)."""

    difference: float
    passed: bool
    in_control: bool | None
    limits: tuple[Parameter, ...]

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked one of the limits."""
        return any(one.unverified for one in self.limits)


def drift_judged(
    analyser: str,
    check: str,
    reading: float,
    reference: float,
    on: dt.date,
    *,
    full_scale: float | None = None,
    place: str | None = None,
) -> DriftJudged:
    """``reading`` against ``reference`` by table analyser_drift_limits; where two measures are given, one suffices.

    ``reference`` is the gas, or the result by hand, and also picks the band; both and ``full_scale`` are in the unit
    of the analyser. Raises RuleNotFoundError without a limit, ValueError where a needed full scale is missing.
    """
    entries = [
        one
        for one in rule_table(TABLE).select(on, place)
        if one.key["analyser"] == analyser and one.key["check"] == check and _in_band(one, reference)
    ]
    within = {level: _within(entries, level, reading, reference, full_scale) for level in ("limit", "out-of-control")}
    passed = within["limit"]
    if passed is None:
        raise RuleNotFoundError(
            f"table {TABLE} has no limit for {analyser} {check} at {reference} on {on.isoformat()}",
            asked={"analyser": analyser, "check": check, "on": on.isoformat()},
        )
    return DriftJudged(reading - reference, passed, within["out-of-control"], tuple(parameter(one) for one in entries))


def _in_band(entry: RuleEntry, reference: float) -> bool:
    low, high = entry.attributes["band_at_least"], entry.attributes["band_below"]
    return (not low or reference >= float(low)) and (not high or reference < float(high))


def _within(
    entries: Sequence[RuleEntry], level: str, reading: float, reference: float, full_scale: float | None
) -> bool | None:
    judged = []
    for entry in (one for one in entries if one.key["level"] == level):
        scale = {"full-scale": full_scale, "reading": abs(reference), "absolute": 1.0}[entry.key["measure"]]
        if scale is None or scale <= 0:
            raise ValueError(f"{entry.file}:{entry.row} needs a {entry.key['measure']} above zero")
        # A share is held against its limit times the scale, so that 2.5 % of 200 is exactly 5.
        judged.append(abs(reading - reference) <= parameter(entry).value * scale * (1 + 1e-12))
    return any(judged) if judged else None


def out_of_control(at: Times, checks: Sequence[tuple[int, bool]]) -> Truths:
    """Which of the times ``at`` (n) lie between a check that found the analyser out of control and the next passed
    one, and before it, since the last passed check.

    ``checks`` are (time, in control) in rising order. Before the first check nothing is known to be out of control
    unless that one failed. ValueError when they do not rise.
    """
    moments = [moment for moment, _ in checks]
    if moments != sorted(set(moments)):
        raise ValueError("checks must rise in time")
    outside = np.zeros(len(at), np.bool_)
    for position, (_, good) in enumerate(checks):
        if good:
            continue
        before = [moment for moment, passed in checks[:position] if passed]
        after = [moment for moment, passed in checks[position + 1 :] if passed]
        late_enough = at >= before[-1] if before else np.ones(len(at), np.bool_)
        outside |= late_enough & (at < after[0] if after else True)
    return outside
