"""From frames to values: deliveries are read in their order, and every number in them becomes a point of a series.

May be done again at any time: what is there already is there once, and another value for the same time is a revision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from django.db import transaction

from hengneng.database.locking import one_writer
from hengneng.deliveries import Delivery, DeliveryLog
from hengneng.devices.models import Device, Protocol
from hengneng.hj212 import Frame, Verdict, parse_frame, read_time
from hengneng.hj212.codes import canonical_factor
from hengneng.hj212.relaxations import profile_of
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import Series, SetAside
from hengneng.readings.limits import limit as readings_limit
from hengneng.readings.points import DECIMALS, MICRO, Points
from hengneng.readings.store import Store

READER = "monitoring"
# HJ 212-2017, table 9 and annex C: what each command of data is about. DataTime is the instant, else the begin.
PERIODS = {"2011": "instant", "2051": "minutes", "2061": "hours", "2031": "days"}
FLAG = "Flag"
_MEASURED = frozenset(
    ("Rtd", "Min", "Avg", "Max", "Cou", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax")
)  # HJ 212-2017, table 8: what must be a number when it is there
_STEP = Decimal(1).scaleb(-DECIMALS)
_LARGEST = Decimal(2**62).scaleb(-DECIMALS)
Key = tuple[int, str, str, str]


@dataclass(frozen=True)
class Aside:
    """An item of a delivery that gave no value."""

    delivery: int
    device: int | None
    item: str
    check: str
    found: str


@dataclass(frozen=True)
class Value:
    """One number or flag: of which series, at which second (UTC), in millionths."""

    series: Key
    at: int
    micro: int


@dataclass
class Taken:
    """What a run has done."""

    deliveries: int = 0
    values: int = 0
    set_aside: int = 0
    new_series: int = 0
    last: int = 0


def take_values(
    deliveries: DeliveryLog,
    store: Store,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> Taken:
    """Work through the deliveries that have not been worked through. RefusedError M… when log or store refuse.

    Whoever ends in between goes on from the last whole part; nothing is doubled by that.
    """
    done = Taken(last=deliveries.position(READER))
    end = deliveries.last()
    begin = done.last
    while not stop():
        part = deliveries.read(done.last)
        if not part:
            break
        devices = {one.identifier: one for one in Device.objects.filter(protocol=Protocol.HJ212)}
        values, asides = read_values(part, devices)
        numbers, new = numbers_of({one.series for one in values})
        kept = [(numbers[one.series], one.at, one.micro) for one in values if one.series in numbers]
        _set_aside(asides)
        if kept:
            # The source leads from a value back to its frame.
            store.append(Points.of(*zip(*kept, strict=True)), source=f"deliveries {part[0].number}-{part[-1].number}")
        done.deliveries += len(part)
        done.values += len(kept)
        done.set_aside += len(asides)
        done.new_series += new
        done.last = part[-1].number
        deliveries.move(READER, done.last)
        progress(done.last - begin, end - begin)
    return done


def read_values(
    deliveries: Iterable[Delivery], devices: Mapping[str, Device]
) -> tuple[list[Value], list[Aside]]:
    """The values of deliveries, in their order, and what gave none. ``devices``: those of HJ 212 by MN."""
    values: list[Value] = []
    asides: list[Aside] = []
    for one in deliveries:
        if one.door == Protocol.HJ212:
            found = _Reading(one, devices.get(one.sender))
            values += found.values()
            asides += found.asides
    return values, asides


def frame_in(content: bytes, device: Device | None) -> Frame:
    """The frame of a delivery; one that came encrypted stands in plain below it."""
    frame = parse_frame(content, profile_of((device.relaxations if device else "").split()))
    if frame.verdict is Verdict.ENCRYPTED and b"\r\n##" in content:
        return parse_frame(content[content.rindex(b"\r\n##") + 2 :])
    return frame


@dataclass
class _Reading:
    """One delivery at work."""

    delivery: Delivery
    device: Device | None
    asides: list[Aside] = field(default_factory=list)

    def values(self) -> Iterator[Value]:
        frame = frame_in(self.delivery.content, self.device)
        period = PERIODS.get(frame.get("CN") or "")
        if not frame.accepted or self.device is None:
            closed = "encrypted" if frame.verdict is Verdict.ENCRYPTED else self.delivery.sender
            self._aside("", "N001", str(frame.reason or closed))
            return
        content = frame.content
        if period is None or content is None or not content.factors:
            return
        at = self._moment(content.fields.get("DataTime"))
        if at is None:
            return
        for factor, attributes in content.factors.items():
            code = canonical_factor(factor) or factor
            for attribute, written in attributes.items():
                micro = self._micro(factor, attribute, written)
                if micro is not None:
                    yield Value((self.device.pk, period, code, attribute), at, micro)

    def _moment(self, written: str | None) -> int | None:
        found = read_time(written)
        latest = self.delivery.at / 1e6 + limit("seconds_into_future")
        if found is None or found.year < readings_limit("earliest_year") or found.timestamp() > latest:
            self._aside("DataTime", "N002", written or "")
            return None
        return int(found.timestamp())

    def _micro(self, factor: str, attribute: str, written: str) -> int | None:
        name = f"{factor}-{attribute}"
        if max(len(factor), len(attribute)) > limit("characters_of_a_code"):
            self._aside(name, "N003", written)
            return None
        if attribute == FLAG:
            if len(written) == 1 and written.isascii() and written.isalnum():
                return ord(written) * MICRO
            self._aside(name, "N004", written)
            return None
        try:
            number = Decimal(written.strip())
            fits = number.is_finite() and abs(number) < _LARGEST
        except InvalidOperation:
            fits = False
        if not fits:
            # Texts of other attributes (logs, times of samples) are no numbers and need not be.
            if attribute in _MEASURED:
                self._aside(name, "N003", written)
            return None
        return int(number.quantize(_STEP, ROUND_HALF_EVEN).scaleb(DECIMALS))

    def _aside(self, item: str, check: str, found: str) -> None:
        device = self.device.pk if self.device else None
        self.asides.append(Aside(self.delivery.number, device, item[:100], check, found[:200]))


def numbers_of(keys: set[Key]) -> tuple[dict[Key, int], int]:
    """Numbers of series, new ones registered; and how many are new. Series beyond the limit of a device get none."""
    devices = {key[0] for key in keys}
    with transaction.atomic():
        one_writer(Series._meta.db_table)
        rows = Series.objects.filter(device__in=devices).values_list(
            "device_id", "period", "factor", "attribute", "number"
        )
        known: dict[Key, int] = {(a, b, c, d): number for a, b, c, d, number in rows}
        counts: dict[int, int] = {}
        for key in known:
            counts[key[0]] = counts.get(key[0], 0) + 1
        last = Series.objects.order_by("-number").values_list("number", flat=True).first() or 0
        new = []
        for key in sorted(keys - known.keys()):
            counts[key[0]] = counts.get(key[0], 0) + 1
            if counts[key[0]] > limit("series_of_a_device"):
                continue
            last += 1
            known[key] = last
            device, period, factor, attribute = key
            new.append(
                Series(number=last, device_id=device, period=period, factor=factor, attribute=attribute)
            )
        Series.objects.bulk_create(new)
    return known, len(new)


def _set_aside(asides: Iterable[Aside]) -> None:
    SetAside.objects.bulk_create(
        (
            SetAside(
                delivery=one.delivery, device_id=one.device, item=one.item, check_number=one.check, found=one.found
            )
            for one in asides
        ),
        ignore_conflicts=True,
    )


def local_offset() -> int:
    """Local time less UTC [s]: that of the days of the store."""
    return readings_limit("local_day_offset_seconds")


def start_of_day(day: dt.date) -> int:
    """Seconds since 1970 UTC at which a local day begins."""
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) - local_offset()
