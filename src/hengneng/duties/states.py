"""The state of a duty, computed from what is recorded and from the day: never stored, never set by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hengneng.duties.policy import limit


class State(StrEnum):
    """How a duty stands, the worst first."""

    OVERDUE = "overdue"
    UNASSIGNED = "unassigned"
    RETURNED = "returned"
    DUE_SOON = "due_soon"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    REPORTED = "reported"
    DONE = "done"

    @property
    def rank(self) -> int:
        """0 is worst."""
        return list(State).index(self)


TIMINGS = (State.OVERDUE, State.DUE_SOON)
STAGES = tuple(state for state in State if state not in TIMINGS)


@dataclass(frozen=True)
class Reported:
    """A report of the organisation that leads. ``accepted``: None while nobody has reviewed it."""

    per_cent: int
    accepted: bool | None


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a duty. ``evidence``: files that have not been withdrawn."""

    due: dt.date
    led: bool
    begun: bool = False
    reports: Sequence[Reported] = ()
    evidence: int = 0


def stage(recorded: Recorded) -> State:
    """How far the work has come, whatever the day."""
    if not recorded.led:
        return State.UNASSIGNED
    if not recorded.reports:
        return State.IN_PROGRESS if recorded.begun or recorded.evidence else State.ASSIGNED
    last = recorded.reports[-1]
    if last.accepted is None:
        return State.REPORTED
    if not last.accepted:
        return State.RETURNED
    whole = last.per_cent == 100 and recorded.evidence >= limit("evidence_of_done")
    return State.DONE if whole else State.IN_PROGRESS


def timing(recorded: Recorded, day: dt.date) -> State | None:
    """Overdue or due soon on ``day``; None while there is time, or once it is done."""
    if stage(recorded) is State.DONE:
        return None
    if recorded.due < day:
        return State.OVERDUE
    if recorded.due <= day + dt.timedelta(days=limit("due_soon_days")):
        return State.DUE_SOON
    return None


def state(recorded: Recorded, day: dt.date) -> State:
    """The worse of how far the work has come and how much time there is."""
    late = timing(recorded, day)
    reached = stage(recorded)
    return reached if late is None else min(reached, late, key=lambda one: one.rank)
