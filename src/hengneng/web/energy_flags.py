"""What validation says of a meter, in words: the rule, from when to when, what was found and what is allowed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from hengneng.language import Text, message
from hengneng.metering.carriers import metering_unit
from hengneng.metering.models import Meter
from hengneng.metering.results import Flag, FlagRun, runs_of
from hengneng.rules.units import convert, units
from hengneng.web.energy_curves import in_unit
from hengneng.web.energy_questions import rule_measures, rule_names
from hengneng.web.speech import shown

# From the longest.
_TIMES = ("day", "hour", "min", "s")


@dataclass(frozen=True)
class FlagLine:
    """Flags of one rule that follow on each other, in words; ``found`` and ``limit`` are those of the newest."""

    run: FlagRun
    name: Text
    since: dt.datetime
    until: dt.datetime
    found: Text | None
    limit: Text | None
    address: str

    @property
    def rule(self) -> str:
        """Number of the rule."""
        return self.run.last.rule


def flag_lines(meter: Meter, flags: Iterable[Flag]) -> list[FlagLine]:
    """Flags of ``meter``, the newest first."""
    return [_line(meter, run) for run in runs_of(flags)]


def _line(meter: Meter, run: FlagRun) -> FlagLine:
    flag = run.last
    measured = rule_measures().get(flag.rule, "none")
    # A flag belongs to the day in which it ends.
    day = _moment(flag.until - 1).date()
    return FlagLine(
        run=run,
        name=rule_names().get(flag.rule, Text(zh=flag.rule, en=flag.rule)),
        since=_moment(run.since),
        until=_moment(flag.until),
        found=_amount(flag.found, measured, meter, flag),
        limit=_amount(flag.limit, measured, meter, flag),
        address=reverse("meter-day", args=[meter.identifier, day.isoformat()]),
    )


def _amount(value: int | None, measured: str, meter: Meter, flag: Flag) -> Text | None:
    """What a flag has measured, as column ``measured`` of table reading_validation says."""
    if value is None or measured == "none":
        return None
    if measured == "time":
        return _time(value, value or flag.found or flag.limit or 0)
    number = shown(in_unit(value), "")
    if measured == "register" or not meter.carrier:
        return Text(zh=number, en=number)
    code = metering_unit(meter.carrier)
    known = units().get(code)
    label = known.label if known else Text(zh=code, en=code)
    kind = "per_hour" if measured == "rate" else "amount"
    return message(f"web.energy.flag_{kind}", number=number, unit=label)


def _time(seconds: int, like: int) -> Text:
    """A time in the longest unit of which ``like`` has one; no time at all is said in the unit of what is beside it."""
    unit = next((one for one in _TIMES if convert(Decimal(abs(like)), "s", one) >= 1), _TIMES[-1])
    number = convert(Decimal(seconds), "s", unit)
    return message(f"web.energy.flag_time.{unit}", number=shown(number, "", 0 if number == int(number) else 1))


def _moment(at: int) -> dt.datetime:
    return timezone.localtime(dt.datetime.fromtimestamp(at, dt.UTC))
