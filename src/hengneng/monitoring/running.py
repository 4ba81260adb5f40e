"""The whole way from the log of deliveries to days, one at a time in an installation."""

from __future__ import annotations

from collections.abc import Callable

from hengneng.deliveries import FOLDER, DeliveryLog
from hengneng.home import home_folder
from hengneng.metering.storing import database_address
from hengneng.monitoring.days import DaysDone, add_up_days
from hengneng.monitoring.storing import open_values
from hengneng.monitoring.taking import READER, Taken, take_values
from hengneng.problems import Problem, RefusedError


def open_deliveries() -> DeliveryLog:
    """The log of deliveries of this installation, to be closed by the caller. RefusedError M012, M015."""
    return DeliveryLog.open(home_folder() / FOLDER, database_address())


def take_and_add_up(
    *,
    again: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Taken, DaysDone]:
    """Values out of new deliveries (``again``: out of all), then the days that they touch; full stretches are archived.

    RefusedError M008 while another process does the same, M… when log or store refuse.
    """
    with open_deliveries() as deliveries, open_values() as store, store.locked(READER) as mine:
        if not mine:
            raise RefusedError(Problem("M008", str(store.folder), {"seconds": 0}))
        if again:
            deliveries.move(READER, 0)
        taken = take_values(deliveries, store, progress=progress, stop=stop)
        if taken.values:
            store.compact(stop=stop)
        days = add_up_days(store, progress=progress, stop=stop)
        deliveries.archive(stop=stop)
    return taken, days
