"""What people have said of an outlet beside its values, as hours need it: marks of operation, checks of analysers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils import timezone

from hengneng.emissions import series
from hengneng.emissions.drift import TABLE as DRIFT
from hengneng.emissions.drift import DriftJudged, drift_judged, out_of_control
from hengneng.emissions.parameters import MarkRules
from hengneng.emissions.series import HOUR, LONGEST_WORD, Means, Times, Truths, Words
from hengneng.monitoring.models import AnalyserCheck, OperationMark, Outlet
from hengneng.rules.tables import RuleNotFoundError, rule_table

OPEN = 2**62
FLOW = "flow"
# What measures a quantity that table analyser_drift_limits has no analyser of its own for.
_ANALYSERS = {Outlet.Medium.GAS: ("gas", "velocity"), Outlet.Medium.WATER: ("", "water-flow")}


@dataclass(frozen=True)
class Marked:
    """A mark from ``begin`` up to ``end`` [s UTC], withdrawals taken into account."""

    begin: int
    end: int
    mark: str
    row: OperationMark


@dataclass(frozen=True)
class Checked:
    """A check with what table analyser_drift_limits says of it; ``judged`` None: it has no limit for it, ``why``."""

    row: AnalyserCheck
    judged: DriftJudged | None
    why: str = ""

    @property
    def at(self) -> int:
        """Seconds UTC."""
        return int(self.row.at.timestamp())


@dataclass(frozen=True)
class OutletRecords:
    """Marks in their order, which do not overlap; checks by quantity in their order."""

    marks: tuple[Marked, ...] = ()
    checks: Mapping[str, tuple[Checked, ...]] = field(default_factory=dict)

    def marks_at(self, at: Times) -> Words:
        """The mark that holds at each of the times (n); empty where none does."""
        found = np.full(len(at), "", LONGEST_WORD)
        for one in self.marks:
            found[(at >= one.begin) & (at < one.end)] = one.mark
        return found

    def marks_of_hours(self, at: Times) -> Words:
        """The mark that holds for most of each hour that begins at ``at`` (n); none where most of it bears none."""
        covered: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
        for one in self.marks:
            seconds = np.clip(np.minimum(one.end, at + HOUR) - np.maximum(one.begin, at), 0, HOUR)
            covered[one.mark] = covered.get(one.mark, np.zeros(len(at), np.int64)) + seconds
        found = np.full(len(at), "", LONGEST_WORD)
        most = HOUR - sum(covered.values(), np.zeros(len(at), np.int64))
        for mark, seconds in sorted(covered.items()):
            longer = seconds > most
            found[longer], most = mark, np.maximum(most, seconds)
        return found

    def still(self, at: Times, rules: MarkRules) -> Truths:
        """Which of the hours (n) are marked from begin to end as without emission."""
        seconds = np.zeros(len(at), np.int64)
        for one in self.marks:
            if one.mark in rules.without_emission:
                seconds += np.clip(np.minimum(one.end, at + HOUR) - np.maximum(one.begin, at), 0, HOUR)
        found: Truths = seconds >= HOUR
        return found

    def controlled(self, quantity: str, means: Means) -> Means:
        """``means`` of hours without those in which the analyser of ``quantity`` was out of control for any time."""
        outside = np.zeros(len(means.times), np.bool_)
        for verdicts in self._verdicts(quantity):
            outside |= _outside(means.times, verdicts)
        if not outside.any():
            return means
        found = series.without(means, outside, "out-of-control")
        unsure = any(one.judged is not None and one.judged.unverified for one in self.checks[quantity])
        return Means(found.times, found.values, found.counts, found.least, found.reasons, means.unverified or unsure)

    def last_passed(self, quantity: str, at: Times) -> Times:
        """When the analyser of ``quantity`` was last found in control before each hour (n) that lies in a time out of
        control [s UTC], the earliest of its kinds of checks; 0 for other hours and where it never was."""
        found: Times = np.zeros(len(at), np.int64)
        for verdicts in self._verdicts(quantity):
            for place, (moment, good) in enumerate(verdicts):
                before = max((one for one, passed in verdicts[:place] if passed), default=0)
                if good or not before:
                    continue
                behind = min((one for one, passed in verdicts if passed and one > moment), default=OPEN)
                touched = (at + HOUR > before) & (at < behind) & ((found == 0) | (before < found))
                found = np.where(touched, before, found)
        return found

    def _verdicts(self, quantity: str) -> list[list[tuple[int, bool]]]:
        """(moment, in control) in rising order for each kind of check: a zero that is good says nothing of the span."""
        kinds: dict[str, list[tuple[int, bool]]] = {}
        for one in self.checks.get(quantity, ()):
            if one.judged is not None and one.judged.in_control is not None:
                kinds.setdefault(one.row.check_kind, []).append((one.at, one.judged.in_control))
        return list(kinds.values())


def _outside(at: Times, verdicts: Sequence[tuple[int, bool]]) -> Truths:
    """Which of the hours that begin at ``at`` (n) lie out of control, if only in part."""
    return out_of_control(at, verdicts) | out_of_control(at + HOUR - 1, verdicts)


def records_of(outlet: Outlet) -> OutletRecords:
    """What has been said of one outlet."""
    return records_of_all([outlet])[outlet.pk]


def records_of_all(outlets: Iterable[Outlet]) -> dict[int, OutletRecords]:
    """What has been said of outlets, by key; for all of them."""
    by_key = {one.pk: one for one in outlets}
    marks: dict[int, list[Marked]] = {}
    rows = OperationMark.objects.filter(outlet__in=by_key).select_related("withdrawal").order_by("begin")
    for mark in rows:
        if (stretch := marked(mark)) is not None:
            marks.setdefault(mark.outlet_id, []).append(stretch)
    checks: dict[int, dict[str, list[Checked]]] = {}
    newest: dict[tuple[object, ...], AnalyserCheck] = {}
    for check in AnalyserCheck.objects.filter(outlet__in=by_key).order_by("at", "check_kind", "revision"):
        newest[check.outlet_id, check.quantity, check.check_kind, check.at] = check
    for check in newest.values():
        judged = judge(by_key[check.outlet_id], check)
        checks.setdefault(check.outlet_id, {}).setdefault(check.quantity, []).append(judged)
    return {
        key: OutletRecords(
            tuple(marks.get(key, ())), {name: tuple(every) for name, every in checks.get(key, {}).items()}
        )
        for key in by_key
    }


def marked(row: OperationMark) -> Marked | None:
    """The time for which a mark holds; None when it was withdrawn as a whole."""
    end = OPEN if row.end is None else int(row.end.timestamp())
    withdrawal = getattr(row, "withdrawal", None)
    if withdrawal is not None:
        if withdrawal.from_moment is None:
            return None
        end = min(end, int(withdrawal.from_moment.timestamp()))
    return Marked(int(row.begin.timestamp()), end, row.mark, row)


def analyser_of(outlet: Outlet, quantity: str) -> str:
    """The analyser of table analyser_drift_limits that measures ``quantity`` at an outlet; empty where none does."""
    known = {one.key["analyser"] for one in rule_table(DRIFT).entries}
    general, of_flow = _ANALYSERS[Outlet.Medium(outlet.medium)]
    if quantity == FLOW:
        return of_flow
    return quantity if quantity in known else general


def judge(outlet: Outlet, row: AnalyserCheck) -> Checked:
    """What table analyser_drift_limits says of a check on its day; the row need not be stored."""
    scale = None if row.full_scale is None else float(row.full_scale)
    on: dt.date = timezone.localtime(row.at).date()
    try:
        judged = drift_judged(
            analyser_of(outlet, row.quantity), row.check_kind, float(row.reading), float(row.reference), on,
            full_scale=scale,
        )  # fmt: skip
    except RuleNotFoundError:
        return Checked(row, None, "no-limit")
    except ValueError:
        return Checked(row, None, "no-full-scale")
    return Checked(row, judged)
