"""What validation says of a meter, in words: the rule, from when to when, what was found and what is allowed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from hengneng.language import Text, message
from hengneng.metering.carriers import metering_unit
from hengneng.metering.models import Meter
from hengneng.metering.results import Flag, FlagRun, runs_of
from hengneng.readings.validation.rules import rules_on
from hengneng.rules.units import convert, units
from hengneng.web.energy_curves import in_unit
from hengneng.web.energy_questions import rule_measures, rule_names
from hengneng.web.speech import moment, shown

# From the longest.
_TIMES = ("day", "hour", "min", "s")


@dataclass(frozen=True)
class FlagLine:
    """Flags of one rule that follow on each other, in words; ``found`` and ``limit`` are those of the newest.

    ``unverified``: nobody has checked the numbers that the rule goes by.
    """

    run: FlagRun
    name: Text
    since: dt.datetime
    until: dt.datetime
    found: Text | None
    limit: Text | None
    unverified: bool
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
    day = moment(flag.until - 1).date()
    return FlagLine(
        run=run,
        name=rule_names().get(flag.rule, Text(zh=flag.rule, en=flag.rule)),
        since=moment(run.since),
        until=moment(flag.until),
        found=_amount(flag.found, flag.limit, measured, meter),
        limit=_amount(flag.limit, flag.found, measured, meter),
        unverified=any(name.split(".")[0] == flag.rule for name in rules_on(day).unverified),
        address=reverse("meter-day", args=[meter.identifier, day.isoformat()]),
    )


def _amount(value: int | None, beside: int | None, measured: str, meter: Meter) -> Text | None:
    """A number of a flag, as column ``measured`` of table reading_validation says; ``beside``: the other one."""
    if value is None or measured == "none":
        return None
    if measured == "time":
        return _time(value, beside)
    number = shown(in_unit(value), "")
    if measured == "register" or not meter.carrier:
        return Text(zh=number, en=number)
    code = metering_unit(meter.carrier)
    known = units().get(code)
    label = known.label if known else Text(zh=code, en=code)
    kind = "per_hour" if measured == "rate" else "amount"
    return message(f"web.energy.flag_{kind}", number=number, unit=label)


def _time(seconds: int, beside: int | None) -> Text:
    """A time in the longest unit of which there is one; no time at all in that of the time ``beside`` it."""
    like = abs(beside if seconds == 0 and beside is not None else seconds)
    unit = next((one for one in _TIMES if convert(Decimal(like), "s", one) >= 1), _TIMES[-1])
    number = convert(Decimal(seconds), "s", unit)
    return message(f"web.energy.flag_time.{unit}", number=shown(number, "", 0 if number == int(number) else 1))
