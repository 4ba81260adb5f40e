"""What every batch must be before it is taken in, and its form in the inbox."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache

import numpy as np

from hengneng.problems import Problem, RefusedError
from hengneng.readings.journal import Submission
from hengneng.readings.limits import limit
from hengneng.readings.ordering import in_order, steps_back
from hengneng.readings.points import Points


@cache
def _range() -> tuple[int, int]:
    first = datetime(limit("earliest_year"), 1, 1, tzinfo=UTC)
    last = datetime(limit("latest_year") + 1, 1, 1, tzinfo=UTC)
    return int(first.timestamp()), int(last.timestamp())


def check_ranges(points: Points) -> tuple[int, int]:
    """First and last time of ``points``, of which there is at least one. RefusedError M003."""
    first, last = int(points.at.min()), int(points.at.max())
    earliest, latest = _range()
    if first < earliest or last >= latest or int(points.meter.min()) < 0:
        wrong = (points.at < earliest) | (points.at >= latest) | (points.meter < 0)
        place = int(np.flatnonzero(wrong)[0])
        values = {"found": int(points.at[place]), "first": limit("earliest_year"), "last": limit("latest_year")}
        raise RefusedError(Problem("M003", f"[{place}]", {"meter": int(points.meter[place]), **values}))
    return first, last


def submission_of(points: Points, key: str, source: str) -> Submission:
    """The form of a batch in the inbox. RefusedError M001, M002, M003, M013."""
    where = key or source
    if not len(points):
        raise RefusedError(Problem("M001", where))
    if len(points) > limit("points_in_batch"):
        raise RefusedError(Problem("M002", where, {"found": len(points), "expected": limit("points_in_batch")}))
    first, last = check_ranges(points)
    ordered = in_order(points)
    payload = ordered.pack()
    back = steps_back(ordered)
    numbers = int(back.max()) + 1
    if numbers > limit("revisions_in_one_source"):
        place = int(back.argmax())
        at = datetime.fromtimestamp(int(ordered.at[place]), UTC)
        values = {"meter": int(ordered.meter[place]), "at": f"{at:%Y-%m-%d %H:%M:%S} UTC", "found": numbers}
        raise RefusedError(Problem("M013", where, {**values, "expected": limit("revisions_in_one_source")}))
    return Submission(
        payload=payload,
        digest=hashlib.sha256(points.pack()).hexdigest()
        if ordered is not points
        else hashlib.sha256(payload).hexdigest(),
        key=key,
        source=source,
        points=len(ordered),
        numbers=numbers,
        first_at=first,
        last_at=last,
    )
