"""Asking a device for something: the request waits in the register until the door sends it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from hengneng.access import Actor, Verb, require
from hengneng.acts import new_act_id, record
from hengneng.devices.models import Device, DeviceRequest, Protocol
from hengneng.hj212.codes import command as command_entry
from hengneng.hj212.header import EDITIONS
from hengneng.problems import Problem, RefusedError


@transaction.atomic
def ask(actor: Actor, device: Device, command: str, parameters: Sequence[tuple[str, str]] = ()) -> DeviceRequest:
    """Note a request; the door sends it as soon as the device is connected and has none under way.

    RefusedAccessError for whoever may not correct facts of its unit; RefusedError G001 for a command that is not sent
    to devices, G002 for a parameter with a separator in it, G004 for a device of another protocol.
    """
    require(actor, Verb.CORRECT_FACTS, device.unit.place_id, device.unit_id)
    if device.protocol != Protocol.HJ212:
        raise RefusedError(Problem("G004", "DEVICE", {"found": str(device)}))
    entries = [entry for edition in EDITIONS if (entry := command_entry(command, edition)) is not None]
    if not any(entry.attributes["direction"] in ("to_device", "both") for entry in entries):
        raise RefusedError(Problem("G001", "--command", {"found": command}))
    for name, value in parameters:
        if not name or any(mark in name + value for mark in ";,=&\r\n\0"):
            raise RefusedError(Problem("G002", "--parameter", {"found": f"{name}={value}"}))
    act = new_act_id()
    made = DeviceRequest.objects.create(
        device=device,
        command=command,
        parameters=";".join(f"{name}={value}" for name, value in parameters),
        asked_by=actor.identifier,
        asked_at=timezone.now(),
        act=act,
    )
    record(
        actor.identifier,
        "device.ask",
        "device",
        str(device),
        place=device.unit.place_id,
        organisation=device.unit_id,
        details={"command": command, "parameters": made.parameters},
        identifier=act,
    )
    return made
