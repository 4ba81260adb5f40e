"""Which meter stands below which, and when: a line leads from a submeter up to a main meter, never in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hengneng.metering.engine import EVER, OPEN
from hengneng.metering.models import MeterVersion

Stretch = tuple[int, int, str]  # seconds since 1970 from which, until which (exclusive), identifier of the parent


class Lines:
    """The parents of meters over time, by identifier; a meter that is not there has never had one."""

    def __init__(self, versions: Iterable[MeterVersion] = ()) -> None:
        self._parents: dict[str, dict[int, tuple[int, str]]] = {}
        for one in versions:
            parent = one.parent.identifier if one.parent else ""
            self._keep(one.meter.identifier, _since(one), one.revision, parent)

    @classmethod
    def of_register(cls) -> Lines:
        """The lines of the whole register: of every meter that ever had a parent."""
        below = MeterVersion.objects.exclude(parent=None).values("meter")
        return cls(MeterVersion.objects.filter(meter__in=below).select_related("meter", "parent"))

    def would_circle(self, meter: str, version: MeterVersion, parent: str) -> bool:
        """Whether ``parent`` is ``meter`` itself or below it at any time at which ``version`` holds."""
        since = _since(version)
        later = [start for start in self._parents.get(meter, {}) if start > since]
        return self._leads_to(parent, meter, since, min(later, default=OPEN))

    def put(self, meter: str, version: MeterVersion, parent: str) -> None:
        """Take a version in; ``parent`` empty: a main meter."""
        self._keep(meter, _since(version), version.revision, parent)

    def _keep(self, meter: str, since: int, revision: int, parent: str) -> None:
        there = self._parents.setdefault(meter, {})
        if since not in there or there[since][0] < revision:
            there[since] = (revision, parent)

    def _stretches(self, meter: str) -> list[Stretch]:
        there = self._parents.get(meter, {})
        starts = sorted(there)
        return [(start, end, there[start][1]) for start, end in pairwise([*starts, OPEN])]

    def _leads_to(self, start: str, target: str, since: int, until: int) -> bool:
        if start == target:
            return True
        for begin, end, parent in self._stretches(start):
            begin, end = max(begin, since), min(end, until)
            if parent and begin < end and self._leads_to(parent, target, begin, end):
                return True
        return False


def _since(version: MeterVersion) -> int:
    return EVER if version.valid_from is None else int(version.valid_from.timestamp())
