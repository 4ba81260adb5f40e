"""Load curves: what a unit used of a carrier, or a meter counted, slot by slot, as drawing and table show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hengneng.metering.adding import Group, Register
from hengneng.metering.models import DailyEnergy
from hengneng.metering.results import SECONDS_OF_AN_HOUR, Hour, hours_of
from hengneng.readings.manifest import Manifest
from hengneng.readings.points import MICRO
from hengneng.web.energy_charts import Slot
from hengneng.web.energy_spans import HOURS, YEAR, Span
from hengneng.web.speech import RATE, shown

Key = tuple[dt.date, int]


@dataclass(frozen=True)
class Amount:
    """What is known of a slot: millionths of the unit, and whether all of the time of all meters is covered."""

    quantity: int | None
    whole: bool
    estimated: bool


@dataclass(frozen=True)
class Curve:
    """A span of a load curve with the year before. ``total`` is of what is known; ``missing`` slots are not whole."""

    span: Span
    slots: list[Slot]
    total: Decimal | None
    total_before: Decimal | None
    missing: int

    @property
    def change(self) -> Decimal | None:
        """Change of the total against the year before, as a share; None unless both are wholly known."""
        if self.missing or not self.total_before or self.total is None:
            return None
        if any(slot.before is None for slot in self.slots):
            return None
        return self.total / self.total_before - 1


def curve_words(line: Curve, unit: str) -> dict[str, object]:
    """What a drawing of a curve says in words: title, total in ``unit`` (as the page says it), change in per cent."""
    change = line.change
    return {
        "span_title": line.span.title,
        "total": shown(line.total, ""),
        "unit_words": unit,
        "change": None if change is None else shown(abs(change), RATE, 1),
        "more": change is not None and change >= 0,
    }


def in_unit(quantity: int | None) -> Decimal | None:
    """Millionths of a unit in the unit, exactly."""
    return None if quantity is None else Decimal(quantity) / MICRO


def curve(span: Span, amounts: Callable[[Span], Mapping[Key, Amount]], address: Callable[[dt.date], str]) -> Curve:
    """The curve of ``span`` from ``amounts`` of it and of the span a year before; ``address`` is where a day leads."""
    now = amounts(span)
    earlier = span.year_before()
    keys = _keys(span)
    known_before = amounts(earlier) if earlier else {}
    keys_before: Sequence[Key | None] = _keys(earlier) if earlier else []
    slots = []
    for at, key in enumerate(keys):
        amount = now.get(key)
        other = keys_before[at] if at < len(keys_before) else None
        old = known_before.get(other) if other else None
        slots.append(
            Slot(
                name=_name(span, key),
                tick=_tick(span, key),
                value=in_unit(amount.quantity) if amount else None,
                whole=bool(amount and amount.whole),
                estimated=bool(amount and amount.estimated),
                before=in_unit(old.quantity) if old and old.whole else None,
                address=address(key[0]),
            )
        )
    return Curve(
        span=span,
        slots=slots,
        total=_sum(slot.value for slot in slots),
        total_before=_sum(slot.before for slot in slots),
        missing=sum(not slot.whole for slot in slots),
    )


def unit_amounts(manifest: Manifest, unit: int, carrier: str) -> Callable[[Span], Mapping[Key, Amount]]:
    """Amounts of a unit (key of the organisation): hours from the files of its main meters, days from the records."""
    def amounts(span: Span) -> Mapping[Key, Amount]:
        days = DailyEnergy.objects.filter(unit=unit, carrier=carrier, process="", day__range=(span.first, span.last))
        if span.hourly:
            in_service = dict(days.values_list("day", "meters"))
            register, group = Register(unit), Group(unit, carrier, "")
            hours: dict[Key, Hour] = {}
            for day in span.days:  # which meters are main meters may change from one day to the next
                hours |= hours_of(manifest, [day], set(register.on(day).members_of(group)))
            return _hourly(hours, in_service)
        rows = {row.day: row for row in days}
        if span.kind == YEAR:
            return _monthly(span, rows)
        return {
            (day, 0): Amount(row.quantity, row.covered_seconds == row.expected_seconds, bool(row.estimated))
            for day, row in rows.items()
        }

    return amounts


def meter_amounts(manifest: Manifest, meter: int) -> Callable[[Span], Mapping[Key, Amount]]:
    """Amounts of one meter (its number), by hour."""

    def amounts(span: Span) -> Mapping[Key, Amount]:
        return _hourly(hours_of(manifest, span.days, {meter}), {})

    return amounts


def _hourly(hours: Mapping[Key, Hour], in_service: Mapping[dt.date, int]) -> dict[Key, Amount]:
    return {
        key: Amount(
            hour.quantity,
            hour.covered == SECONDS_OF_AN_HOUR * max(in_service.get(key[0], 1), hour.meters),
            bool(hour.estimated),
        )
        for key, hour in hours.items()
    }


def _monthly(span: Span, rows: Mapping[dt.date, DailyEnergy]) -> dict[Key, Amount]:
    """Months of a year; a month with a day that is not there is not whole."""
    found: dict[Key, Amount] = {}
    for day in span.days:
        key, row = (day.replace(day=1), 0), rows.get(day)
        before = found.get(key, Amount(None, True, False))
        quantity = row.quantity if row else None
        found[key] = Amount(
            before.quantity if quantity is None else (before.quantity or 0) + quantity,
            before.whole and row is not None and quantity is not None and row.covered_seconds == row.expected_seconds,
            before.estimated or bool(row and row.estimated),
        )
    return {key: amount for key, amount in found.items() if amount.quantity is not None}


def _keys(span: Span) -> list[Key]:
    if span.hourly:
        return [(day, hour) for day in span.days for hour in range(HOURS)]
    if span.kind == YEAR:
        return [(dt.date(span.first.year, month, 1), 0) for month in range(1, 13)]
    return [(day, 0) for day in span.days]


def _name(span: Span, key: Key) -> str:
    day, hour = key
    if span.hourly:
        return f"{day} {hour:02}:00–{hour + 1:02}:00"
    return f"{day:%Y-%m}" if span.kind == YEAR else f"{day}"


def _tick(span: Span, key: Key) -> str:
    """Every third hour of a day, each day of a week, every fifth of a month, each month of a year."""
    day, hour = key
    if span.kind == "day":
        return f"{hour:02}:00" if hour % 3 == 0 else ""
    if span.kind == "week":
        return f"{day:%m-%d}" if hour == HOURS // 2 else ""
    if span.kind == YEAR:
        return f"{day.month}"
    return f"{day.day}" if day.day % 5 == 0 or day.day == 1 else ""


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None
