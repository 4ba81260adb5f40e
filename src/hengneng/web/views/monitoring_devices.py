"""Devices that send: who they are, what doors noticed of them, who knocks without being known, what was asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hengneng.devices.models import Device, Protocol
from hengneng.gateways.hj212.asking import ask
from hengneng.hj212.building import request_parameters
from hengneng.hj212.codes import command as command_entry
from hengneng.language import Text, message
from hengneng.monitoring.reading import (
    Presence,
    askable_devices,
    latest,
    presences,
    visible_devices,
    visible_events,
    visible_outlets,
    visible_requests,
    visible_strangers,
)
from hengneng.monitoring.storing import measured_values
from hengneng.web.monitoring_questions import reader_of, refused
from hengneng.web.notices import notify
from hengneng.web.questions import answered

ROWS_SHOWN = 100
# Data that a device can be asked to send again: minutes, hours, days; and its clock to be set.
HISTORY = ("2051", "2061", "2031")
CLOCK = "1012"


@dataclass(frozen=True)
class DeviceLine:
    """A device in the register."""

    device: Device
    presence: Presence
    outlet: str
    may_ask: bool


@answered
def devices(request: HttpRequest) -> HttpResponse:
    """The register, events, strangers and requests that the reader may see."""
    return _page(request)


def _page(request: HttpRequest, errors: Sequence[tuple[str, Text]] = ()) -> HttpResponse:
    """The page, with what was typed into its form when something of it is wrong."""
    actor = reader_of(request)
    known = list(visible_devices(actor))
    outlets = {one.device_id: one for one in visible_outlets(actor) if one.device_id is not None}
    seen = latest(measured_values(), list(outlets.values()))
    values = {key: seen[one.pk].at for key, one in outlets.items() if key is not None and one.pk in seen}
    present = presences(known, values)
    askable = askable_devices(actor)
    lines = [
        DeviceLine(
            device=one,
            presence=present[one.pk],
            outlet=outlets[one.pk].identifier if one.pk in outlets else "",
            may_ask=one.protocol == Protocol.HJ212 and one.pk in askable,
        )
        for one in known
    ]
    content = {
        "lines": lines,
        "events": list(visible_events(actor)[:ROWS_SHOWN]),
        "strangers": [(one, _text(bytes(one.sample))) for one in visible_strangers(actor)[:ROWS_SHOWN]],
        "requests": [(one, _command_name(one.command)) for one in visible_requests(actor)[:ROWS_SHOWN]],
        "asked_of": [one.device for one in lines if one.may_ask],
        "commands": [(code, _command_name(code)) for code in (*HISTORY, CLOCK)],
        "example": any(one.example for one in known),
        "rows_shown": ROWS_SHOWN,
        "errors": errors,
        "given": request.POST,
    }
    return render(request, "web/monitoring/devices.html", content, status=400 if errors else 200)


@require_POST
@answered
def ask_device(request: HttpRequest) -> HttpResponse:
    """Ask a device for its history, or to set its clock. Refusals of ``ask`` become pages."""
    actor = reader_of(request)
    identifier, command = request.POST.get("device", ""), request.POST.get("command", "")
    device = visible_devices(actor).filter(protocol=Protocol.HJ212, identifier=identifier).first()
    if device is None:
        raise refused("device", identifier, 404)
    if command not in (*HISTORY, CLOCK):
        raise refused("command", command)
    if command == CLOCK:
        parameters = request_parameters(CLOCK, system_time=timezone.localtime())
    else:
        begin, end = _moment_asked(request, "begin"), _moment_asked(request, "end")
        errors = [(f"ask-{name}", message("web.monitoring.refused.moment", found=request.POST.get(name, "")))
                  for name, at in (("begin", begin), ("end", end)) if at is None]  # fmt: skip
        if begin is None or end is None:
            return _page(request, errors)
        if begin >= end:
            found = f"{begin:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"
            return _page(request, [("ask-begin", message("web.monitoring.refused.moments", found=found))])
        parameters = request_parameters(command, begin=begin, end=end)
    ask(actor, device, command, parameters)
    notify(request, message("web.monitoring.asked", device=identifier))
    return HttpResponseRedirect(f"{reverse('monitoring-devices')}#requests", status=303)


def _moment_asked(request: HttpRequest, name: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None
    return found.replace(tzinfo=timezone.get_current_timezone())


def _text(sample: bytes) -> str:
    return bytes(sample).decode("utf-8", "backslashreplace")


def _command_name(code: str) -> Text:
    entry = command_entry(code)
    return entry.label() if entry else Text(zh=code, en=code)


addresses = [
    path("monitoring/devices/", devices, name="monitoring-devices"),
    path("monitoring/devices/ask/", ask_device, name="monitoring-ask"),
]
