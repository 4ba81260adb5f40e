"""Where a value of monitoring comes from: minutes and rules behind an hour, and the frame that brought a minute."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from hengneng.deliveries import Delivery
from hengneng.emissions.series import HOUR
from hengneng.hj212.codes import canonical_factor, factor_entry
from hengneng.hj212.codes import command as command_entry
from hengneng.hj212.codes import system as system_entry
from hengneng.language import Text
from hengneng.monitoring.frames import Sent, delivery_of, sent_values
from hengneng.monitoring.hours import EMPTY, columns_of, day_of, outlet_hours
from hengneng.monitoring.models import Outlet, Series
from hengneng.monitoring.reading import DAY, series_of_outlet
from hengneng.monitoring.running import open_deliveries
from hengneng.monitoring.storing import measured_values
from hengneng.monitoring.taking import FLAG, Aside, Value, frame_in, read_values, start_of_day
from hengneng.problems import Problem
from hengneng.readings.points import MICRO
from hengneng.web.monitoring_hours import known
from hengneng.web.monitoring_proof import minutes_of, steps_of
from hengneng.web.monitoring_questions import (
    LONGEST_NUMBER,
    concentration_unit,
    factor_name,
    hour_asked,
    hour_written,
    outlet_or_refuse,
    pollutant_name,
    reason_words,
    refused,
)
from hengneng.web.questions import answered, query_of
from hengneng.web.speech import moment

# What a frame may say in the header, as it is shown.
HEADER = ("QN", "ST", "CN", "MN", "Flag", "PNUM", "PNO")

# Whoever knows the password of a device can speak for it.
_PASSWORD = re.compile(r"(PW=)[^;,&]+")


@dataclass(frozen=True)
class Item:
    """An item of a frame: factor and attribute as written, and what became of it.

    ``became``: kept, replaced (a later delivery has another value), aside, only (stands in the frame and is not kept).
    ``others``: number and written value of other deliveries for the same second.
    """

    factor: str
    name: Text
    attribute: str
    written: str
    unit: str
    became: str
    problem: Problem | None
    others: list[tuple[int, str, str]]


@answered
def value(request: HttpRequest, identifier: str, pollutant: str, hour: str) -> HttpResponse:
    """An hour of a pollutant as a derivation, down to each minute and its frame."""
    found, start = outlet_or_refuse(request, identifier), hour_asked(hour)
    store = measured_values()
    day = start_of_day(day_of(start))
    columns = columns_of(store, found, day, day + DAY)
    for each in series_of_outlet(found, "minutes"):
        # What was not sent in that time is missing, and not unknown to the outlet.
        columns.setdefault((each.period, each.factor, each.attribute), EMPTY)
    hours = outlet_hours(store, found, start, start + HOUR, columns)
    one = hours.pollutants.get(pollutant)
    if one is None or found.device is None:
        raise refused("value", f"{pollutant} {hour}", 404)
    series = [each for each in series_of_outlet(found, "minutes", one.factor) if each.attribute in ("Avg", FLAG)]
    with open_deliveries() as log:
        sent = sent_values(log, store, found.device, series, start, start + HOUR)
    minutes = minutes_of(hours, one, sent)
    on = moment(start).date()
    content = {
        "outlet": found,
        "pollutant": pollutant_name(pollutant),
        "code": pollutant,
        "one": one,
        "begin": moment(start),
        "end": moment(start + HOUR),
        "judged": known(one.judged.values[0]),
        "reason": reason_words(str(one.judged.reasons[0]), count=one.measured.counts[0], least=one.measured.least[0]),
        "exceeded": one.against is not None and bool(one.against.exceeded[0]),
        "concentration": concentration_unit(found),
        "steps": steps_of(found, hours, one, minutes),
        "minutes": minutes,
        "interval": hours.interval // 60,
        "unverified": one.judged.unverified or bool(one.against and one.against.unverified),
        "back": f"{reverse('monitoring-outlet', args=[identifier])}?{query_of(month=f'{on:%Y-%m}', day=on)}#hours",
        "before": reverse("monitoring-value", args=[identifier, pollutant, hour_written(start - HOUR)]),
        "after": reverse("monitoring-value", args=[identifier, pollutant, hour_written(start + HOUR)]),
    }
    return render(request, "web/monitoring/value.html", content)


@answered
def frame(request: HttpRequest, identifier: str, number: str) -> HttpResponse:
    """A frame as it came, and what became of each item."""
    found = outlet_or_refuse(request, identifier)
    wanted = int(number) if number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER else 0
    with open_deliveries() as log:
        one = delivery_of(log, found, wanted)
        if one is None or found.device is None:
            raise refused("frame", number, 404)
        values, asides = read_values([one], {found.device.identifier: found.device})
        kept = {each.series: each for each in values}
        at = values[0].at if values else 0
        series = [each for each in series_of_outlet(found) if (found.device_id, *_key(each)) in kept]
        sent = sent_values(log, measured_values(), found.device, series, at, at + 1) if values else []
    read = frame_in(one.content, found.device)
    raw, hidden = _PASSWORD.subn(r"\1······", one.content.decode("utf-8", "backslashreplace"))
    content = {
        "outlet": found,
        "delivery": one,
        "received": moment(one.at / 1e6),
        "raw": raw,
        "hidden": hidden > 0,
        "accepted": read.accepted,
        "verdict": read.verdict,
        "header": _header(read),
        "edition": read.edition,
        "fields": list(read.content.fields.items()) if read.content else [],
        "items": _items(found, one, read, kept, asides, sent),
        "asides": [_problem(each) for each in asides if each.item in ("", "DataTime")],
        "warnings": read.warnings,
        "moment": moment(at) if values else None,
        "late": dt.timedelta(seconds=int(one.at / 1e6 - at)) if values else None,
    }
    return render(request, "web/monitoring/frame.html", content)


def _key(one: Series) -> tuple[str, str, str]:
    return one.period, one.factor, one.attribute


def _header(read: Any) -> list[tuple[str, str, Text | None]]:
    """Fields of the header with what they say."""
    found = []
    for name in HEADER:
        written = read.get(name)
        if written is None:
            continue
        entry = None
        if name == "CN":
            entry = command_entry(written, read.edition) or command_entry(written)
        elif name == "ST":
            entry = system_entry(written)
        found.append((name, written, entry.label() if entry else None))
    return found


def _items(
    found: Outlet, one: Delivery, read: Any, kept: dict[Any, Value], asides: list[Aside], sent: list[Sent]
) -> list[Item]:


    aside = {each.item: each for each in asides}
    periods = {key[1] for key in kept}
    items = []
    for factor, attributes in (read.content.factors.items() if read.content else ()):
        code = canonical_factor(factor) or factor
        entry = factor_entry(factor)
        for attribute, written in attributes.items():
            mine = next((kept[key] for key in kept if key[2:] == (code, attribute) and key[1] in periods), None)
            others = [each for each in sent if _key(each.series)[1:] == (code, attribute)]
            became = "only" if mine is None else "kept"
            if mine is not None and not any(each.delivery == one.number and each.current for each in others):
                became = "replaced"
            if f"{factor}-{attribute}" in aside:
                became = "aside"
            items.append(
                Item(
                    factor=factor,
                    name=factor_name(factor),
                    attribute=attribute,
                    written=written,
                    unit=_unit(found, code, attribute, entry.attributes["default_unit"] if entry else ""),
                    became=became,
                    problem=_problem(aside[f"{factor}-{attribute}"]) if became == "aside" else None,
                    others=[
                        (each.delivery, _written(each),
                         reverse("monitoring-frame", args=[found.identifier, each.delivery]))
                        for each in others if each.delivery != one.number
                    ],
                )
            )  # fmt: skip
    return items


def _unit(found: Outlet, code: str, attribute: str, otherwise: str) -> str:
    if attribute not in ("Rtd", "Min", "Avg", "Max", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax"):
        return ""
    return found.flow_unit if code in ("a00000", "w00000") and found.flow_unit else otherwise


def _written(one: Sent) -> str:
    return chr(one.micro // MICRO) if one.series.attribute == FLAG else f"{one.micro / MICRO:g}"


def _problem(one: Aside) -> Problem:
    return Problem(one.check, one.item or str(one.delivery), {"found": one.found})


addresses = [
    path("monitoring/<str:identifier>/frames/<str:number>/", frame, name="monitoring-frame"),
    path("monitoring/<str:identifier>/<str:pollutant>/<str:hour>/", value, name="monitoring-value"),
]
