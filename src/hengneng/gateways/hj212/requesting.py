"""Requests to devices: one under way with each, sent again until it is answered, given up after so many tries.

Source: HJ 212-2017, 6.2 and table 1: 9011 says whether it will be done, then come data, then 9012 says how it ended.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.db import close_old_connections, connections, transaction

from hengneng.devices.models import DeviceRequest, Protocol
from hengneng.gateways.journal import log
from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, request, written_qn
from hengneng.hj212.header import EDITIONS
from hengneng.hj212.limits import limit as frame_limit

if TYPE_CHECKING:
    from hengneng.gateways.hj212.door import Line

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


class _Change(NamedTuple):
    """What is to be written of a request. ``answer`` None: nothing has come."""

    key: int
    state: _State
    number: str
    tries: int
    answer: str | None


@dataclass
class Requests:
    """Reads waiting requests from the register every few seconds, and writes there what became of them.

    Changes are written in their order by one thread; what the database does not take waits, and so do new requests.
    """

    line_of: Callable[[str], Line | None]
    _changes: deque[_Change] = field(default_factory=deque)
    _under_way: dict[str, _Request] = field(default_factory=dict)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "requests"))

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        given_back = False
        try:
            while True:
                try:
                    given_back = given_back or await loop.run_in_executor(self._thread, _give_back)
                    if given_back and await loop.run_in_executor(self._thread, self._write_changes):
                        busy = set(self._under_way)
                        for one in await loop.run_in_executor(self._thread, _waiting, busy):
                            self._begin(one, loop.time())
                    self._again(loop.time())
                except Exception as error:
                    log("requests.failed", level="error", found=f"{type(error).__name__}: {error}")
                await asyncio.sleep(limit("seconds_between_requests"))
        finally:
            self._thread.submit(self._write_changes)
            self._thread.submit(connections.close_all)
            # The loop has answers to send yet; Python waits for the thread at its end.
            self._thread.shutdown(wait=False)

    def answered(self, sender: str, frame: Frame) -> None:
        """A device has answered 9011 or 9012 to what it is asked, or 9013 to what it is merely told (2012, 2022)."""
        one = self._under_way.get(sender)
        content = frame.content
        fields = content.fields if content else {}
        if one is None or one.number not in (frame.get("QN"), fields.get("QN")):
            return
        if frame.get("CN") == "9013":
            self._finish(one, _State.DONE, "9013")
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
        line = self.line_of(one.sender)
        if line is None or one.sender in self._under_way:
            return
        edition = line.edition if line.edition in EDITIONS else "2017"
        moment = dt.datetime.now(dt.UTC)
        one.number = written_qn(moment)
        try:
            made = request(
                edition, one.command, now=moment, st=line.kind, mn=one.sender, pw=line.password,
                parameters=one.parameters,
            )  # fmt: skip
            one.frame = made.frame()
        except ValueError as error:
            # No frame can say that; the next request of the device must not wait behind it.
            self._finish(one, _State.REFUSED, str(error))
            return
        self._under_way[one.sender] = one
        self._send(one, now)

    def _send(self, one: _Request, now: float) -> None:
        line = self.line_of(one.sender)
        one.tries += 1
        one.due = now + frame_limit("seconds_between_tries")
        if line is not None:
            line.connection.send(one.frame)
        self._write(one, _State.SENT)

    def _again(self, now: float) -> None:
        for one in list(self._under_way.values()):
            if now < one.due:
                continue
            if one.accepted or one.tries > frame_limit("tries_after_the_first"):
                self._finish(one, _State.UNANSWERED)
            else:
                self._send(one, now)

    def _finish(self, one: _Request, state: _State, answer: str | None = None) -> None:
        self._under_way.pop(one.sender, None)
        self._write(one, state, answer)

    def _write(self, one: _Request, state: _State, answer: str | None = None) -> None:
        self._changes.append(_Change(one.key, state, one.number, one.tries, answer))
        self._thread.submit(self._write_changes)

    def _write_changes(self) -> bool:
        """Write what is to be written, in its order; whether nothing is left. Called by the one thread alone."""
        close_old_connections()
        while self._changes:
            try:
                _write(self._changes[0])
            except DeviceRequest.DoesNotExist:
                pass
            except Exception as error:
                log("requests.unreachable", level="error", request=self._changes[0].key, found=str(error))
                return False
            self._changes.popleft()
        return True


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
                pairs = (pair.partition("=") for pair in row.parameters.split(";") if pair)
                items = tuple((name, value) for name, _, value in pairs)
                found[sender] = _Request(row.pk, sender, row.command, items)
        return list(found.values())
    except Exception as error:
        log("requests.unreachable", level="error", found=str(error))
        return []


def _write(change: _Change) -> None:
    now = dt.datetime.now(dt.UTC)
    with transaction.atomic():
        row = DeviceRequest.objects.select_for_update().get(pk=change.key)
        row.state, row.number, row.tries = change.state, change.number, change.tries
        if change.tries:
            row.sent_at = row.sent_at or now
        if change.answer is not None:
            row.answered_at, row.answer = now, change.answer
        row.save()


def _give_back() -> bool:
    """What a door before this one had under way when it ended is asked again; whether that could be written."""
    try:
        close_old_connections()
        rows = DeviceRequest.objects.filter(state__in=_UNDER_WAY, device__protocol=Protocol.HJ212)
        rows.update(state=_State.WAITING)
    except Exception as error:
        log("requests.unreachable", level="error", found=str(error))
        return False
    return True
