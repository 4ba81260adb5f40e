"""A configuration taken in: kept as it came, its items in the register, each with a meter of its unit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from hengneng.acts import new_act_id, record
from hengneng.database.locking import one_writer
from hengneng.devices.models import Device
from hengneng.key_unit_items.models import ConfiguredItem, UnitConfiguration
from hengneng.key_units import configuration as written
from hengneng.key_units.codes import DataCode, adds_up, energy_type
from hengneng.key_units.configuration import read_configuration
from hengneng.key_units.periods import FINEST_FIRST, shortest
from hengneng.metering.limits import limit as metering_limit
from hengneng.metering.models import Meter, MeterVersion
from hengneng.metering.multiplying import MultiplierError, multiplier
from hengneng.problems import Problem
from hengneng.rules.units import IncompatibleUnitsError, UnknownUnitError, unit

_LONGEST = {
    one.name: one.max_length or 0 for one in MeterVersion._meta.fields if one.name in ("process", "unit_of_measure")
}
_FIELDS = ("scope", "input_type", "name", "unit", "maximum", "minimum")


@dataclass
class Configured:
    """What became of a configuration: codes of new items, and what is wrong with it."""

    new: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@transaction.atomic
def configure(device_key: int, content: Mapping[str, Any], address: str) -> Configured:
    """Take a configuration in, in one transaction and as one act. The same one again changes nothing.

    Items that were configured before and are missing now keep their meters: what they sent stays.
    """
    one_writer(Meter._meta.db_table)
    device = Device.objects.select_related("unit").get(pk=device_key)
    text = json.dumps(content, ensure_ascii=True)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    found = read_configuration(content)
    result = Configured(problems=list(found.problems))
    last = UnitConfiguration.objects.filter(device=device).order_by("-pk").first()
    if last is not None and last.digest == digest:
        return result
    kept = UnitConfiguration.objects.create(
        device=device,
        received_at=timezone.now(),
        digest=digest,
        content=text,
        problems=json.dumps([one.to_json() for one in found.problems], ensure_ascii=True),
    )
    act = new_act_id()
    _Recording(device, kept, act, result).record(found.items)
    record(
        str(device),
        "device.configure",
        "device",
        str(device),
        place=device.unit.place_id,
        organisation=device.unit_id,
        details={"sha256": digest, "address": address, "items": len(found.items), "new": len(result.new)},
        identifier=act,
    )
    return result


def latest(device: int) -> Any:
    """The configuration that was sent last, as it came; None before the first."""
    last = UnitConfiguration.objects.filter(device=device).order_by("-pk").first()
    return None if last is None else json.loads(last.content)


class _Recording:
    """One configuration at work on items and meters."""

    def __init__(self, device: Device, kept: UnitConfiguration, act: str, result: Configured) -> None:
        self.device, self.kept, self.act, self.result = device, kept, act, result
        self.items = {
            (one.code, one.stat_type): one
            for one in ConfiguredItem.objects.filter(device=device).select_related("meter")
        }
        self.said: dict[int, tuple[written.ConfiguredItem, str]] = {}  # by meter: what is configured, in which unit
        self.next_number = (Meter.objects.aggregate(last=Max("number"))["last"] or 0) + 1

    def record(self, given: Sequence[written.ConfiguredItem]) -> None:
        """The finest statistics of a code first: they add up, and the coarser ones of the same code do not."""
        every = {(str(one.code), one.stat_type): one for one in given}
        for one in sorted(every.values(), key=lambda one: FINEST_FIRST.index(one.stat_type)):
            self._take(one)
        for item in self.items.values():
            self._keep_version(item)

    def _take(self, one: written.ConfiguredItem) -> None:
        key = (str(one.code), one.stat_type)
        values = {name: getattr(one, name) for name in _FIELDS}
        values |= {"content": json.dumps(dict(one.content), ensure_ascii=True), "configuration": self.kept}
        item = self.items.get(key)
        if item is None:
            meter = self._new_meter(one)
            self.items[key] = ConfiguredItem.objects.create(
                device=self.device, code=key[0], stat_type=key[1], meter=meter, **_plain(values)
            )
            self.result.new.append(key[0])
            return
        for name, value in _plain(values).items():
            setattr(item, name, value)
        item.save(update_fields=list(values))
        self.said[item.meter_id] = (one, self._measure(item.meter, one))

    def _new_meter(self, one: written.ConfiguredItem) -> Meter:
        carrier, measure = self._measured(one)
        counted = bool(carrier) and adds_up(one.code) and not self._adds_up_already(one)
        meter = Meter.objects.create(
            number=self.next_number,
            identifier=f"{self.device.identifier}:{one.code}:{one.stat_type}",
            unit=self.device.unit,
            kind=Meter.Kind.AMOUNT if counted else Meter.Kind.LEVEL,
            carrier=carrier,
            example=self.device.example,
        )
        self.next_number += 1
        self.said[meter.pk] = (one, measure)
        return meter

    def _keep_version(self, item: ConfiguredItem) -> None:
        """What holds of the meter of an item from now on, where that is not what has held.

        A process is below its site, so that only what stands on top is added up for the whole unit; it may be that
        the site is configured later than its process.
        """
        held = item.meter.version_at(self.kept.received_at)
        parent = held.parent if held and held.parent else self._above(item)
        if said := self.said.get(item.meter.pk):
            one, measure = said
            process = _clean(one.process)[: _LONGEST["process"]]
            measure = _clean(measure)[: _LONGEST["unit_of_measure"]]
            interval = shortest(one.stat_type, self.device.interval or metering_limit("seconds_between_readings"))
        else:
            assert held is not None, "an item that is configured has a meter with a version"
            process, measure, interval = held.process, held.unit_of_measure, held.interval
        if held and (process, measure, parent) == (held.process, held.unit_of_measure, held.parent):
            return
        MeterVersion.objects.create(
            meter=item.meter,
            valid_from=None if held is None else self.kept.received_at,
            parent=parent,
            process=process,
            unit_of_measure=measure,
            current_ratio=1,
            voltage_ratio=1,
            interval=interval,
            source=f"configuration {self.kept.digest[:12]}",
            act=self.act,
            recorded_at=self.kept.received_at,
        )

    def _above(self, item: ConfiguredItem) -> Meter | None:
        """The meter of the nearest item above that is added up."""
        if item.meter.kind != Meter.Kind.AMOUNT:
            return None
        meters = {one.code: one.meter for one in self.items.values() if one.meter.kind == Meter.Kind.AMOUNT}
        above = (meters.get(str(code)) for code in DataCode.parse(item.code).above)
        return next((meter for meter in above if meter is not None), None)

    def _measured(self, one: written.ConfiguredItem) -> tuple[str, str]:
        """Carrier and unit of measure; no carrier where the dictionary has none or the unit does not fit. G221."""
        entry = energy_type(one.code)
        carrier = entry.attributes["carrier"] if entry else ""
        named = one.unit or (entry.attributes["item_unit"] if entry else "")
        if not carrier:
            return "", named
        try:
            code = unit(named).code
            multiplier(carrier, code, Decimal(1), Decimal(1))
        except (UnknownUnitError, IncompatibleUnitsError, MultiplierError):
            self.result.problems.append(Problem("G221", f"{one.code}.unit", {"found": named}))
            return "", named
        return carrier, code

    def _adds_up_already(self, one: written.ConfiguredItem) -> bool:
        return any(
            item.code == str(one.code) and item.meter.kind == Meter.Kind.AMOUNT for item in self.items.values()
        )

    def _measure(self, meter: Meter, one: written.ConfiguredItem) -> str:
        """The unit that is configured now. A carrier is for good: a unit that does not fit is not taken."""
        held = meter.version_at(self.kept.received_at)
        carrier, measure = self._measured(one)
        assert held is not None
        return measure if carrier == meter.carrier else held.unit_of_measure


def _clean(text: str) -> str:
    """Without characters that a database cannot keep."""
    return "".join(one if one.isprintable() else "�" for one in text)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _clean(value) if isinstance(value, str) else value for name, value in values.items()}
