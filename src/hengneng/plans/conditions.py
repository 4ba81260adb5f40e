"""Conditions and consequences of plan rules.

A rule of a plan joins the name of a condition to the name of a consequence. Conditions are the functions below, on
plain states; consequences are names with a label, whose doing belongs to the apps that open cases. A condition answers
True, False, or None when what it needs is unknown: unknown never triggers a consequence, and never counts as fulfilled.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from hengneng.language import Text

Judgement = Literal["met", "not_met", "on_track", "behind", "unknown"]


@dataclass(frozen=True)
class State:
    """What a condition may look at. Everything not known is None.

    ``judgement``: of the target; ``due``/``today``: of a time limit, with ``done`` when it was kept;
    ``value``/``limit``: a measured value and the limit it must not exceed, in the same unit;
    ``approved``: whether a required approval is there;
    ``found``: whether an inspection or an authority has found what the rule speaks of.
    """

    judgement: Judgement | None = None
    due: dt.date | None = None
    today: dt.date | None = None
    done: bool | None = None
    value: Decimal | None = None
    limit: Decimal | None = None
    approved: bool | None = None
    found: bool | None = None


def target_missed(state: State) -> bool | None:
    """The target was due and was not met."""
    return None if state.judgement in (None, "unknown") else state.judgement == "not_met"


def target_met(state: State) -> bool | None:
    """The target was due and was met."""
    return None if state.judgement in (None, "unknown") else state.judgement == "met"


def behind_schedule(state: State) -> bool | None:
    """Less was achieved than the time that has passed asks for, or the target was missed."""
    return None if state.judgement in (None, "unknown") else state.judgement in ("behind", "not_met")


def limit_exceeded(state: State) -> bool | None:
    """The value is above its limit (equal is allowed)."""
    return None if state.value is None or state.limit is None else state.value > state.limit


def time_limit_expired(state: State) -> bool | None:
    """The last day has passed and the thing is not done."""
    if state.due is None or state.today is None or state.done is None:
        return None
    return not state.done and state.today > state.due


def approval_missing(state: State) -> bool | None:
    """A required approval is not there."""
    return None if state.approved is None else not state.approved


def prohibited_equipment_in_use(state: State) -> bool | None:
    """An inspection has found equipment or a process in use that the state has ordered to be eliminated."""
    return state.found


def grave_problems_found(state: State) -> bool | None:
    """The authority has found grave problems; no number settles it, somebody has to say so."""
    return state.found


CONDITIONS: Mapping[str, Callable[[State], bool | None]] = {
    function.__name__: function
    for function in (
        target_missed,
        target_met,
        behind_schedule,
        limit_exceeded,
        time_limit_expired,
        approval_missing,
        prohibited_equipment_in_use,
        grave_problems_found,
    )
}


@cache
def consequences() -> Mapping[str, Text]:
    """Name of every consequence with its label, from ``consequences.toml``."""
    data = tomllib.loads((Path(__file__).parent / "consequences.toml").read_text("utf-8"))
    return {name: Text(**label) for name, label in data.items()}
