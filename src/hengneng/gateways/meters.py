"""The meters of units, asked of the database once in a while and not for every message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections, connections

from hengneng.gateways.limits import limit
from hengneng.metering.intake import KnownMeters
from hengneng.metering.models import Meter

Result = TypeVar("Result")


class UnitMeters:
    """Use it as a context: the database is asked in a thread of its own, which ends with it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "database")
        self._kept: dict[int, tuple[float, KnownMeters]] = {}

    def __enter__(self) -> UnitMeters:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()

    async def of(self, unit: int) -> KnownMeters:
        """The meters of the unit with key ``unit``, some seconds old at most. DatabaseError when it cannot be asked."""
        since, meters = self._kept.get(unit, (0.0, None))
        if meters is None or time.monotonic() - since > limit("seconds_between_looks"):
            meters = await asyncio.get_running_loop().run_in_executor(self._thread, _asked(meters_of, unit))
            self._kept[unit] = (time.monotonic(), meters)
        return meters


def meters_of(unit: int) -> KnownMeters:
    """The meters of a unit: a device sends for its own unit only."""
    return KnownMeters(dict(Meter.objects.filter(unit=unit).values_list("identifier", "number")))


def _asked(question: Callable[[int], Result], unit: int) -> Callable[[], Result]:
    def ask() -> Result:
        close_old_connections()
        return question(unit)

    return ask
