"""What stands in for missing masses (table missing_emission_substitution). Concentrations stay missing.

Nothing is overwritten: the result is a new array and a statement of every hour that was filled, with its sources.
It is a pure function of its inputs, so that late data need nothing but another call.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from hengneng.emissions import series
from hengneng.emissions.averaging import months_of
from hengneng.emissions.series import HOUR, LONGEST_WORD, Means, Run, Times, Truths
from hengneng.formulas.emission_quality import valid_capture_rate
from hengneng.formulas.errors import UndefinedError
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import RuleNotFoundError, rule_table

TABLE = "missing_emission_substitution"
_MONTHS_OF_A_QUARTER = 3


@dataclass(frozen=True)
class Substitution:
    """One filled hour: its time, the value [kg], by which row and method, of which capture rate and length of gap, out
    of which hours. ``window`` is how many hours the row wants; fewer in ``source_hours`` means that no more were there.
    """

    time: int
    value: float
    method: str
    tier: str
    capture_rate: float
    gap_hours: int
    window: int | None
    source_hours: tuple[int, ...]
    quarter_fails: bool
    entry: RuleEntry

    @property
    def unverified(self) -> bool:
        """Whether nobody has checked the row."""
        return self.entry.unverified


@dataclass(frozen=True)
class Substituted:
    """``masses`` with the filled hours in place, ``substitutions`` one per filled hour, in the order of time."""

    masses: Means
    substitutions: tuple[Substitution, ...]


def substituted(
    masses: Means,
    standard: str,
    *,
    without_emission: object = None,
    reference_times: object = None,
    offset: int,
    quantity: str = "any",
    place: str | None = None,
) -> Substituted:
    """``masses`` (n hours) with what ``standard`` puts in the place of missing ones.

    ``without_emission`` (n) are hours marked as standing still: neither missing nor valid, and out of the capture rate.
    ``reference_times`` (n) [seconds] say before when source hours are looked for: the last calibration for an analyser
    out of control; by default, or where 0, the start of the gap. The capture rate is that of the local calendar quarter
    of a gap's first hour, by the hours of it that are given: give whole quarters. Where the standard has nothing, or
    there is no hour before, the mass stays missing and says why.
    """
    count = len(masses.times)
    still = np.zeros(count, np.bool_) if without_emission is None else np.asarray(without_emission, np.bool_)
    references = np.zeros(count, np.int64) if reference_times is None else np.asarray(reference_times, np.int64)
    valid = masses.valid & ~still
    values, reasons = masses.values.copy(), masses.reasons.copy()
    done: list[Substitution] = []
    for gap in series.runs(~masses.valid & ~still, masses.times, HOUR):
        rate = _capture_rate(masses.times, valid, still, gap.first, offset)
        day = dt.datetime.fromtimestamp(gap.start + offset, dt.UTC).date()
        row = None if rate is None else substitution_rule(standard, rate, gap.count, day, quantity, place)
        for index in range(gap.first, gap.last + 1):
            before = int(references[index]) or gap.start
            value, sources = (None, ()) if row is None else _value(row, masses, valid, gap, before)
            if row is None or rate is None or value is None:
                reasons[index] = "no-substitute"
                continue
            values[index], reasons[index] = value, ""
            window = None if row.value is None else int(row.value)
            fails = row.attributes["quarter_fails"] == "yes"
            done.append(
                Substitution(int(masses.times[index]), value, row.attributes["method"], row.key["tier"], rate,
                             gap.count, window, sources, fails, row)
            )  # fmt: skip
    unverified = masses.unverified or any(one.unverified for one in done)
    filled = Means(masses.times, values, masses.counts, masses.least, reasons.astype(LONGEST_WORD), unverified)
    return Substituted(filled, tuple(done))


def substitution_rule(
    standard: str, capture_rate: float, gap_hours: int, on: dt.date, quantity: str = "any", place: str | None = None
) -> RuleEntry | None:
    """The row of ``standard`` for a capture rate [fraction] and a gap [hours] on a day; None when it has none then.

    RuleNotFoundError when the table does not know the standard at all.
    """
    if all(one.key["standard"] != standard for one in rule_table(TABLE).entries):
        raise RuleNotFoundError(f"table {TABLE} does not know {standard!r}", asked={"standard": standard})
    rows = [one for one in rule_table(TABLE).select(on, place) if one.key["standard"] == standard]
    own = [one for one in rows if one.key["quantity"] == quantity]
    for row in own or [one for one in rows if one.key["quantity"] == "any"]:
        if _between(row, "capture_at_least", "capture_below", capture_rate, low_included=True) and _between(
            row, "gap_above", "gap_up_to", gap_hours, low_included=False
        ):
            return row
    return None


def standard_of(medium: str, on: dt.date, place: str | None = None) -> str | None:
    """The standard by which missing masses of a medium (gas, water) are substituted on a day; None: there is none."""
    rows = rule_table(TABLE).select(on, place)
    return next((one.key["standard"] for one in rows if one.attributes["applies_to"] == medium), None)


def _between(row: RuleEntry, low: str, high: str, value: float, *, low_included: bool) -> bool:
    start, end = row.attributes[low], row.attributes[high]
    above = not start or (value >= float(start) if low_included else value > float(start))
    return above and (not end or (value < float(end) if low_included else value <= float(end)))


def _capture_rate(at: Times, valid: Truths, still: Truths, index: int, offset: int) -> float | None:
    quarters = months_of(at, offset).astype(np.int64) // _MONTHS_OF_A_QUARTER
    mine = quarters == quarters[index]
    try:
        return valid_capture_rate(int(mine.sum()), int((mine & still).sum()), int((mine & ~still & ~valid).sum()))
    except UndefinedError:
        return None


def _value(row: RuleEntry, masses: Means, valid: Truths, gap: Run, before: int) -> tuple[float | None, tuple[int, ...]]:
    """The substitute of a gap, with the times of the hours that it comes from."""
    method = row.attributes["method"]
    earlier = np.flatnonzero(valid & (masses.times < before))
    if method in ("mean-of-neighbours", "percentile-or-neighbours"):
        later = np.flatnonzero(valid & (masses.times >= gap.end))
        if not len(earlier) or not len(later):
            return None, ()
        pair = np.array([earlier[-1], later[0]])
        mean = float(masses.values[pair].mean())
        if method == "mean-of-neighbours":
            return mean, _at(masses, pair)
        chosen = earlier[-int(row.value or 0) :]
        high = float(np.quantile(masses.values[chosen], float(row.attributes["percentile"]), method="higher"))
        return max(mean, high), _at(masses, np.append(chosen, later[0]))
    if method in ("mean-of-equal-span", "median-of-equal-span"):
        chosen = earlier[masses.times[earlier] >= before - gap.count * HOUR]
    elif method == "maximum-of-last-valid-hours":
        chosen = earlier[-int(row.value or 0) :]
    else:
        return None, ()
    if not len(chosen):
        return None, ()
    found = masses.values[chosen]
    if method == "mean-of-equal-span":
        return float(found.mean()), _at(masses, chosen)
    return float(np.median(found) if method == "median-of-equal-span" else found.max()), _at(masses, chosen)


def _at(masses: Means, chosen: Times) -> tuple[int, ...]:
    return tuple(masses.times[chosen].tolist())
