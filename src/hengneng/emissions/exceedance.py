"""Exceedance of dated limits, and times without data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.parameters import MarkRules, Parameter
from hengneng.emissions.series import HOUR, Means, Run, Truths, Values


@dataclass(frozen=True)
class Exceedances:
    """Periods against a limit, arrays (n): ``judged`` those that have a value and may be judged, ``exceeded`` of them
    those above the limit, ``multiples`` by how many times its limit (0 at the limit, NaN where not judged). ``runs``
    are neighbouring exceedances with their peak multiple in ``peaks``; ``unverified``: nobody has checked the limit,
    or what a mark means that excused something.
    """

    limit: Parameter
    judged: Truths
    exceeded: Truths
    multiples: Values
    runs: list[Run]
    peaks: list[float]
    unverified: bool

    @property
    def count(self) -> int:
        """How many periods exceed the limit."""
        return int(self.exceeded.sum())


def exceedances(
    means: Means, limit: Parameter, *, marks: object = None, rules: MarkRules | None = None, step: int = HOUR
) -> Exceedances:
    """``means`` (hours or days, as the limit is meant) against ``limit``. At the limit is not above it.

    Periods without a value are not judged, nor those whose mark (n) says so (table emission_marks); an unknown mark
    excuses nothing. Values are compared as they are, without rounding. ``step`` is the length of a period [seconds].
    ValueError when the limit is not above zero.
    """
    if limit.value <= 0:
        raise ValueError(f"a limit is above zero; found {limit.value}")
    judged, by_mark = means.valid, False
    if marks is not None and rules is not None:
        excused = np.isin(series.words(marks, len(means.times)), sorted(rules.excused))
        judged = judged & ~excused
        by_mark = rules.unverified and bool(excused.any())
    multiples = np.where(judged, (means.values - limit.value) / limit.value, np.nan)
    exceeded = judged & (means.values > limit.value)
    found = series.runs(exceeded, means.times, step)
    peaks = [float(multiples[run.first : run.last + 1].max()) for run in found]
    return Exceedances(
        limit, judged, exceeded, multiples, found, peaks, limit.unverified or means.unverified or by_mark
    )


def outages(means: Means, *, without_emission: object = None, step: int = HOUR) -> list[Run]:
    """Times without a single value that a source which did not stand still should have sent, as runs of periods."""
    silent = means.reasons == "no-values"
    if without_emission is not None:
        silent = silent & ~np.asarray(without_emission, np.bool_)
    return series.runs(silent, means.times, step)
