"""Rows of a standing: what a verdict says, in the columns that tables sort, search, filter and count by.

The table of rows is derived from the stored verdicts and can be made anew from them at any time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction

from hengneng.database.inserting import insert
from hengneng.evaluation.judging import Level
from hengneng.language import Text
from hengneng.periods import Period
from hengneng.plans.model import Kind, Operator, Plan, Target
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import DivisionError, NotValidThenError, division, name_of, subject_code
from hengneng.rules.units import convert
from hengneng.standing.models import StandingRow, StoredVerdict
from hengneng.standing.plans import plan_of
from hengneng.trace import Unknown

# The worst first, the unknown after what is known: the order in which places are ranked.
RANKED_LEVELS = (Level.NOT_MET, Level.BEHIND, Level.ON_TRACK, Level.MET, Level.UNKNOWN)
NO_GAP = sys.float_info.max
BATCH = 200


@dataclass(frozen=True)
class Line:
    """One thing to judge: a target at a place (stable code) for a period."""

    target: str
    place: str
    period: str

    def __lt__(self, other: Line) -> bool:
        return (self.target, self.place, self.period) < (other.target, other.place, other.period)


@dataclass(frozen=True)
class Verdict:
    """What a verdict says of one target at one place: the content that is stored, with ways to read it."""

    target: Target
    content: Mapping[str, Any]

    @property
    def level(self) -> Level:
        """The verdict."""
        return Level(self.content["verdict"])

    @property
    def severity(self) -> int:
        """Sorting key: the worst first, the unknown after what is known."""
        return RANKED_LEVELS.index(self.level)

    @property
    def reason(self) -> Text | None:
        """Why it is unknown."""
        return Unknown.from_json(self.content["reason"]).text() if self.content["reason"] else None

    @property
    def known(self) -> bool:
        """Whether there is anything to show beyond a reason."""
        return self.level is not Level.UNKNOWN or self.number("yearly", "actual") is not None

    @property
    def indicator_key(self) -> str:
        """Indicator and kind of target, which are shown as one table."""
        return f"{self.target.indicator}/{self.target.kind}"

    def number(self, *roles: str) -> float | None:
        """Value of the first of these figures that is there."""
        figure = self.figure(*roles)
        return None if figure is None else figure["value"]

    def figure(self, *roles: str) -> Mapping[str, Any] | None:
        """The first of these figures that is there: its digest, value, unit, reason."""
        figures = self.content["figures"]
        return next((figures[role] for role in roles if role in figures), None)

    @property
    def achieved(self) -> Mapping[str, Any] | None:
        """The figure that stands against the target's value."""
        if self.target.kind.is_reduction:
            return self.figure("cumulative", "yearly")
        return self.figure("actual")

    @property
    def gap(self) -> tuple[float | None, str]:
        """How far the achieved value is ahead (above zero) or short of what is due; the role of the figure of both."""
        headroom = self.figure("headroom")
        if headroom is not None:
            return headroom["value"], "headroom"
        achieved = self.achieved
        if achieved is None or achieved["value"] is None:
            return None, ""
        if self.target.kind is Kind.REDUCTION_AGAINST_BASE:
            due = self.number("scheduled")
            return (None, "") if due is None else (achieved["value"] - due, self.content["deciding"] or "scheduled")
        if self.target.value is None:
            return None, ""
        wanted = float(convert(self.target.value, self.target.unit, achieved["unit"]))
        ahead = achieved["value"] - wanted
        return (-ahead if self.target.operator is Operator.AT_MOST else ahead), "verdict"

    @property
    def share_of_cap(self) -> float | None:
        """How much of a cap is used, as a fraction; None where the target is no cap or the value is not known."""
        achieved = self.achieved
        if self.target.operator is not Operator.AT_MOST or achieved is None or achieved["value"] is None:
            return None
        if not self.target.value:
            return None
        return float(achieved["value"] / float(convert(self.target.value, self.target.unit, achieved["unit"])))

    @property
    def progress(self) -> float | None:
        """How much of the way is gone, or of a cap used, as a fraction."""
        figure = self.figure("progress", "completion")
        return self.share_of_cap if figure is None else figure["value"]


@dataclass(frozen=True)
class _Order:
    positions: Mapping[tuple[str, str], int]
    names: Mapping[str, str]


@lru_cache(maxsize=32)
def _order(digest: str, primary_key: int) -> _Order:
    plan = plan_of(PlanEdition.objects.get(pk=primary_key))
    lines = ((target.id, subject_code(code)) for target in plan.targets for code in plan.places_of(target))
    return _Order(
        {line: at for at, line in enumerate(lines)},
        {subject_code(place.code): place.name for place in plan.places},
    )


def order_of(edition: PlanEdition) -> Mapping[tuple[str, str], int]:
    """Position in the document of every (target, place) that a plan has judged."""
    return _order(edition.digest, edition.pk).positions


def place_asked(edition: PlanEdition, written: str) -> str | None:
    """The stable code of one of the plan's places, by a code it has had or by the plan's name; None for others."""
    names = _order(edition.digest, edition.pk).names
    try:
        code = subject_code(written)
    except DivisionError:
        code = next((subject for subject, name in names.items() if name == written), "")
    return code if code in names else None


def place_name(edition: PlanEdition, subject: str, period: Period) -> Text:
    """The plan's own name of the place in Chinese, the register's in English."""
    own = _order(edition.digest, edition.pk).names.get(subject)
    try:
        english = name_of(subject, period.end, "en")
    except NotValidThenError:
        english = division(subject).name.en
    return Text(zh=own or division(subject).name.zh, en=english)


def standing_row(edition: PlanEdition, verdict: Verdict, place: str, period: Period) -> StandingRow:
    """The row of a verdict, current and not yet saved; the stored verdict is for the caller to set."""
    content, target = verdict.content, verdict.target
    achieved, gap = verdict.achieved or {}, verdict.gap[0]
    name = place_name(edition, place, period)
    unit = achieved.get("unit")
    return StandingRow(
        plan=edition,
        target=target.id,
        indicator_key=verdict.indicator_key,
        place_id=place,
        place_zh=name.zh,
        place_en=name.en,
        place_level=_level_of(place),
        period=period.written,
        period_end=period.end,
        position=order_of(edition).get((target.id, place), len(order_of(edition))),
        level=verdict.level.value,
        severity=verdict.severity,
        known=verdict.known,
        target_value=_target_value(target, unit),
        achieved=achieved.get("value"),
        due=verdict.number("scheduled", "required_yearly"),
        gap=gap,
        rank=NO_GAP if gap is None else gap,
        progress=verdict.progress,
        yearly=verdict.number("yearly"),
        remaining=verdict.number("remaining_yearly"),
        warning=content["warning"]["severity"] if content["warning"] else None,
        example="example" in content["marks"],
        unverified="unverified" in content["marks"],
        reason=content["reason"]["code"] if content["reason"] else "",
    )


def _level_of(place: str) -> str:
    try:
        return division(place).level
    except DivisionError:
        return ""


def _target_value(target: Target, unit: str | None) -> float | None:
    """The value in the unit of the achieved figure, so that rows of one indicator can be compared."""
    if target.value is None:
        return None
    if unit in (None, "any"):
        return float(target.value)
    return float(convert(target.value, target.unit, unit))


def project(edition: PlanEdition, verdicts: Iterable[StoredVerdict]) -> None:
    """Make these verdicts the current rows of their lines; called in the transaction that stores them."""
    plan = plan_of(edition)
    rows: dict[tuple[str, str, str], StandingRow] = {}
    for stored in verdicts:
        row = _row(edition, plan, stored)
        if row is not None:
            rows[stored.target, stored.place_id, stored.period] = row
    by_line: dict[tuple[str, str], list[str]] = {}
    for target, place, period in rows:
        by_line.setdefault((target, period), []).append(place)
    for (target, period), places in by_line.items():
        current = StandingRow.objects.filter(plan=edition, publication=None, target=target, period=period)
        for start in range(0, len(places), BATCH):
            current.filter(place__in=places[start : start + BATCH]).delete()
    insert(rows.values())


def _row(edition: PlanEdition, plan: Plan, stored: StoredVerdict) -> StandingRow | None:
    """The row of a stored verdict; None for what the edition no longer has judged."""
    target = next((one for one in plan.targets if one.id == stored.target), None)
    if target is None:
        return None
    row = standing_row(edition, Verdict(target, stored.content), stored.place_id, Period.parse(stored.period))
    row.verdict = stored
    return row


def restore(edition: PlanEdition, period: Period | None = None) -> None:
    """Make current rows of the newest stored verdicts that have none: those of a period, or of all."""
    stored = StoredVerdict.objects.filter(run__plan=edition)
    rows = StandingRow.objects.filter(plan=edition, publication=None)
    if period is not None:
        stored, rows = stored.filter(period=period.written), rows.filter(period=period.written)
    there = set(rows.values_list("target", "place_id", "period"))
    newest: dict[tuple[str, str, str], int] = {}
    for key, *line in stored.order_by("run_id").values_list("pk", "target", "place_id", "period"):
        newest[line[0], line[1], line[2]] = key
    lacking = [key for line, key in newest.items() if line not in there]
    for start in range(0, len(lacking), BATCH):
        project(edition, StoredVerdict.objects.filter(pk__in=lacking[start : start + BATCH]))


@transaction.atomic
def rebuild(edition: PlanEdition) -> int:
    """Make the current rows of an edition anew from its stored verdicts; how many rows there are then."""
    rows = StandingRow.objects.filter(plan=edition, publication=None)
    rows.delete()
    restore(edition)
    return rows.count()
