"""Requests to devices: one under way with each, sent again until it is answered, given up after so many tries.

Source: HJ 212-2017, 6.2 and table 1: 9011 says whether it will be done, then come data, then 9012 says how it ended.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import close_old_connections, transaction

from hengneng.devices.models import DeviceRequest, Protocol
from hengneng.gateways.hj212.connection import Connection
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, request, written_qn
from hengneng.hj212.header import EDITIONS
from hengneng.hj212.limits import limit as frame_limit

DONE = "1"  # QnRtn and ExeRtn of tables hj212_request_results and hj212_execution_results
_State = DeviceRequest.State
_UNDER_WAY = (_State.SENT, _State.ACCEPTED)


@dataclass
class _Request:
    """A request as it is under way. ``due``: when the next try is due, in seconds of the loop."""

    key: int
    sender: str
    command: str
    parameters: tuple[tuple[str, str], ...]
    number: str = ""
    tries: int = 0
    due: float = 0.0
    accepted: bool = False
    frame: bytes = b""


@dataclass
class Requests:
    """Reads waiting requests from the register every few seconds, and writes there what became of them."""

    connection_of: Callable[[str], Connection | None]
    _under_way: dict[str, _Request] = field(default_factory=dict)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "requests"))

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, _give_back)
            while True:
                busy = set(self._under_way)
                for one in await loop.run_in_executor(self._thread, _waiting, busy):
                    self._begin(one, loop.time())
                self._again(loop.time())
                await asyncio.sleep(limit("seconds_between_requests"))
        finally:
            self._thread.shutdown()

    def answered(self, sender: str, frame: Frame) -> None:
        """A device has answered 9011 or 9012 to what it is asked."""
        one = self._under_way.get(sender)
        content = frame.content
        fields = content.fields if content else {}
        if one is None or one.number not in (frame.get("QN"), fields.get("QN")):
            return
        if frame.get("CN") == "9011":
            result = fields.get("QnRtn", "")
            if result == DONE:
                one.accepted = True
                one.due = asyncio.get_running_loop().time() + limit("seconds_until_executed")
                self._write(one, _State.ACCEPTED, "QnRtn=1")
            else:
                self._finish(one, _State.REFUSED, f"QnRtn={result}")
            return
        result = fields.get("ExeRtn", "")
        self._finish(one, _State.DONE if result == DONE else _State.REFUSED, f"ExeRtn={result}")

    def _begin(self, one: _Request, now: float) -> None:
        connection = self.connection_of(one.sender)
        if connection is None or one.sender in self._under_way:
            return
        edition = connection.edition if connection.edition in EDITIONS else "2017"
        moment = dt.datetime.now(dt.UTC)
        one.number = written_qn(moment)
        one.frame = request(
            edition, one.command, now=moment, st=connection.kind, mn=one.sender, parameters=one.parameters
        ).frame()
        self._under_way[one.sender] = one
        self._send(one, now)

    def _send(self, one: _Request, now: float) -> None:
        connection = self.connection_of(one.sender)
        one.tries += 1
        one.due = now + frame_limit("seconds_between_tries")
        if connection is not None:
            connection.send(one.frame)
        self._write(one, _State.SENT)

    def _again(self, now: float) -> None:
        for one in list(self._under_way.values()):
            if now < one.due:
                continue
            if one.accepted or one.tries > frame_limit("tries_after_the_first"):
                self._finish(one, _State.UNANSWERED, "")
            else:
                self._send(one, now)

    def _finish(self, one: _Request, state: _State, answer: str) -> None:
        self._under_way.pop(one.sender, None)
        self._write(one, state, answer)

    def _write(self, one: _Request, state: _State, answer: str | None = None) -> None:
        self._thread.submit(_write, one.key, state, one.number, one.tries, answer)


def _waiting(busy: set[str]) -> list[_Request]:
    """The oldest waiting request of each device that has none under way."""
    try:
        close_old_connections()
        rows = (
            DeviceRequest.objects.filter(state=_State.WAITING, device__protocol=Protocol.HJ212, device__active=True)
            .exclude(device__requests__state__in=_UNDER_WAY)
            .select_related("device")
            .order_by("pk")
        )
        found: dict[str, _Request] = {}
        for row in rows:
            sender = row.device.identifier
            if sender not in busy and sender not in found:
                items = tuple(tuple(pair.partition("=")[::2]) for pair in row.parameters.split(";") if pair)
                found[sender] = _Request(row.pk, sender, row.command, items)  # type: ignore[arg-type]
        return list(found.values())
    except Exception as error:
        log("requests.unreachable", level="error", found=str(error))
        return []


def _write(key: int, state: _State, number: str, tries: int, answer: str | None) -> None:
    now = dt.datetime.now(dt.UTC)
    try:
        with transaction.atomic():
            row = DeviceRequest.objects.select_for_update().get(pk=key)
            row.state, row.number, row.tries = state, number, tries
            row.sent_at = row.sent_at or now
            if answer is not None:
                row.answered_at, row.answer = now, answer
            row.save()
    except Exception as error:
        log("requests.unreachable", level="error", request=key, found=str(error))


def _give_back() -> None:
    """What a door before this one had under way when it ended is asked again."""
    try:
        rows = DeviceRequest.objects.filter(state__in=_UNDER_WAY, device__protocol=Protocol.HJ212)
        rows.update(state=_State.WAITING)
    except Exception as error:
        log("requests.unreachable", level="error", found=str(error))
