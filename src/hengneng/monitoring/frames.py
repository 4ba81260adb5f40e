"""From values back to the frames that brought them, with what came before and after."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from hengneng.deliveries import Delivery, DeliveryLog
from hengneng.devices.models import Device, Protocol
from hengneng.monitoring.models import Outlet, Series
from hengneng.monitoring.taking import read_values
from hengneng.readings.reader import batch_of, readings_of
from hengneng.readings.store import Store

_SOURCE = re.compile(r"deliveries (\d+)-(\d+)")


@dataclass(frozen=True)
class Sent:
    """A value as a delivery brought it: series, second UTC, millionths; number and time [µs UTC] of the delivery.

    ``current``: no later one has brought another value for the same second.
    """

    series: Series
    at: int
    micro: int
    delivery: int
    received: int
    current: bool


def delivery_of(log: DeliveryLog, outlet: Outlet, number: int) -> Delivery | None:
    """The delivery with this number, if the device of ``outlet`` sent it. RefusedError M045, M046."""
    found = log.read(number - 1, 1) if number > 0 else []
    if not found or found[0].number != number or not _is_of(found[0], outlet.device):
        return None
    return found[0]


def sent_values(
    log: DeliveryLog, store: Store, device: Device, series: Collection[Series], start: int, end: int
) -> list[Sent]:
    """Every value that came for ``series`` of one device from ``start`` up to ``end`` [s UTC], in order of delivery.

    The store knows with which stretch of the log a value came; that stretch is read again. RefusedError M045, M046.
    """
    numbers = {one.number: one for one in series}
    if not numbers:
        return []
    rows = readings_of(store, sorted(numbers), start - 1, end - 1, all_revisions=True).to_pylist()
    current = {(row["meter"], row["at"]): row["value"] for row in rows}
    keys = {(one.device_id, one.period, one.factor, one.attribute): one for one in series}
    found: dict[tuple[int, int, int], Sent] = {}
    for first, last in sorted(_stretches(store, {row["arrival"] for row in rows})):
        for one in log.read(first - 1, last - first + 1):
            if not _is_of(one, device):
                continue
            for value in read_values([one], {device.identifier: device})[0]:
                known = keys.get(value.series)
                if known is None or not start <= value.at < end:
                    continue
                found[one.number, known.number, value.at] = Sent(
                    series=known,
                    at=value.at,
                    micro=value.micro,
                    delivery=one.number,
                    received=one.at,
                    current=current.get((known.number, value.at)) == value.micro,
                )
    return [found[key] for key in sorted(found)]


def _stretches(store: Store, arrivals: set[int]) -> set[tuple[int, int]]:
    found = set()
    for arrival in arrivals:
        batch = batch_of(store, arrival)
        written = _SOURCE.fullmatch(batch.source) if batch else None
        if written:
            found.add((int(written[1]), int(written[2])))
    return found


def _is_of(delivery: Delivery, device: Device | None) -> bool:
    return device is not None and delivery.door == Protocol.HJ212 == device.protocol and (
        delivery.sender == device.identifier
    )
