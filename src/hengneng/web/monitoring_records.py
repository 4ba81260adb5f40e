"""What was said of a source beside its values, in words: marks of operation, checks of analysers, substitutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.utils import timezone

from hengneng.access import Actor, Verb, decide
from hengneng.language import Text, message
from hengneng.monitoring.models import AnalyserCheck, OperationMark, Outlet, SubstitutedDay
from hengneng.monitoring.records import FLOW, OPEN, Checked, OutletRecords, marked
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table
from hengneng.web.monitoring_questions import pollutant_name, row_address
from hengneng.web.speech import moment, shown

GOOD, FAILED, OUTSIDE = "good", "failed", "out_of_control"


@dataclass(frozen=True)
class MarkLine:
    """A mark of operation: ``until`` None is until further notice; ``held`` False: it was withdrawn as a whole."""

    row: OperationMark
    name: Text
    entry: RuleEntry | None
    until: dt.datetime | None
    held: bool
    withdrawn: str
    may_withdraw: bool


@dataclass(frozen=True)
class CheckLine:
    """A check of an analyser with its verdict: ``good``, ``failed`` (to be calibrated), ``out_of_control``."""

    row: AnalyserCheck
    quantity: Text
    difference: str
    verdict: str
    limits: list[tuple[str, str]]
    unverified: bool


@cache
def mark_names() -> dict[str, RuleEntry]:
    """Rows of table emission_marks by mark."""
    return {one.key["mark"]: one for one in reversed(rule_table("emission_marks").entries)}


def quantity_name(code: str) -> Text:
    """The name of what an analyser measures."""
    return message("web.monitoring.flow_quantity") if code == FLOW else pollutant_name(code)


def may_say(actor: Actor, outlet: Outlet) -> bool:
    """Whether ``actor`` may mark the operation of an outlet; the act itself asks again."""
    return decide(actor, Verb.CORRECT_FACTS, place=outlet.unit.place_id, organisation=outlet.unit_id).allowed


def mark_lines(actor: Actor, outlet: Outlet, begin: dt.datetime, end: dt.datetime) -> list[MarkLine]:
    """Marks that touch the time from ``begin`` to ``end``, the newest first, also those that were withdrawn."""
    rows = OperationMark.objects.filter(outlet=outlet, begin__lt=end).select_related("withdrawal", "outlet__unit")
    allowed, found = may_say(actor, outlet), []
    for row in rows.order_by("-begin", "-pk"):
        if row.end is not None and row.end <= begin:
            continue
        held, withdrawal = marked(row), getattr(row, "withdrawal", None)
        entry = mark_names().get(row.mark)
        until = row.end
        if held is not None:
            until = None if held.end == OPEN else moment(held.end)
            if held.end <= begin.timestamp():
                continue
        found.append(
            MarkLine(
                row=row,
                name=entry.label() if entry else Text(zh=row.mark, en=row.mark),
                entry=entry,
                until=until and timezone.localtime(until),
                held=held is not None,
                withdrawn="" if withdrawal is None else withdrawal.reason,
                may_withdraw=allowed and withdrawal is None,
            )
        )
    return found


def check_lines(records: OutletRecords, begin: dt.datetime, end: dt.datetime) -> list[CheckLine]:
    """Checks of analysers between ``begin`` and ``end``, the newest first."""
    every = (one for checks in records.checks.values() for one in checks)
    chosen = (one for one in every if begin <= one.row.at < end)
    return [_check_line(one) for one in sorted(chosen, key=lambda one: (one.at, one.row.quantity), reverse=True)]


def _check_line(one: Checked) -> CheckLine:
    judged = one.judged
    verdict = ""
    if judged is not None:
        verdict = OUTSIDE if judged.in_control is False else GOOD if judged.passed else FAILED
    return CheckLine(
        row=one.row,
        quantity=quantity_name(one.row.quantity),
        difference="" if judged is None else shown(judged.difference, "", 4),
        verdict=verdict,
        limits=[] if judged is None else [
            (f"{each.entry.value} {each.entry.unit}", row_address(each.entry)) for each in judged.limits
        ],
        unverified=bool(judged and judged.unverified),
    )  # fmt: skip


def substituted_days(outlet: Outlet, first: dt.date, last: dt.date) -> dict[tuple[dt.date, str], SubstitutedDay]:
    """What stands in for missing masses, by day and pollutant."""
    rows: Iterable[SubstitutedDay] = SubstitutedDay.objects.filter(outlet=outlet, day__range=(first, last))
    return {(one.day, one.pollutant): one for one in rows}
