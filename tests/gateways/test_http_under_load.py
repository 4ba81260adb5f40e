"""What the door does when too much comes, too slowly, or the disk fails: in this process, with a store that obeys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from hengneng.deliveries import Arrived
from hengneng.devices.knowing import KnownDevice, digest_of
from hengneng.devices.models import EventKind, Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.http import bodies, keeping, senders
from hengneng.gateways.http.answers import TurnedAwayError
from hengneng.gateways.http.door import Door
from hengneng.gateways.http.key_units import KeyUnits
from hengneng.gateways.metrics import Metrics
from hengneng.key_unit_items.sorting import Known
from hengneng.key_units.items import Profile
from hengneng.metering.intake import KnownMeters
from hengneng.problems import Problem, RefusedError

LINE = b'{"meter": "HS-E-01", "time": "2026-06-01T08:15:00+08:00", "value": 1024.5}\n'
HEADERS = {"Authorization": "Bearer t", "Content-Type": "application/x-ndjson"}
NUMBER, CODE = "a" * 32, "00-00-0000-023300-11"
ITEM = {"dataCode": CODE, "dataValue": "1", "statType": "1", "statDate": "2026-06-01 00:00:00"}
DATA = {"deviceId": NUMBER, "data": [ITEM]}


def device(identifier: str = "logger") -> KnownDevice:
    return KnownDevice(
        id=1, identifier=identifier, unit_id=1, unit="mill", place="650100", networks=(), relaxations=frozenset(),
        interval=None, key=b"", secret=digest_of("t"), example=False,
    )  # fmt: skip


class Disk:
    """A writer and a keeper whose futures the test decides; ``fails`` is what becomes of them."""

    def __init__(self) -> None:
        self.fails: RefusedError | None = None
        self.held: list[Future[int]] = []
        self.holds = False

    def submit(self, points: object, *, key: str = "", source: str = "") -> Future[int]:
        future: Future[int] = Future()
        if self.holds:
            self.held.append(future)
        elif self.fails:
            future.set_exception(self.fails)
        else:
            future.set_result(7)
        return future

    def keep(self, arrived: Arrived) -> Future[int]:
        return self.submit(arrived)


@pytest.fixture
def disk() -> Disk:
    return Disk()


Use = Callable[[Callable[[ClientSession, str], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def use(disk: Disk) -> Use:
    """Runs a test against a door in this process, whose disk is ``disk`` and which asks no database."""

    def run(work: Callable[[ClientSession, str], Coroutine[Any, Any, None]]) -> None:
        async def inside() -> None:
            async with _opened(disk) as address, ClientSession() as session:
                await work(session, address)

        asyncio.run(inside())

    return run


@asynccontextmanager
async def _opened(disk: Disk) -> Any:
    book, units = Book(Protocol.HTTP), Book(Protocol.KEY_UNIT)
    book.devices, units.devices = {"logger": device()}, {"enterprise": device("enterprise")}
    door = Door(book, disk, Metrics("http"))  # type: ignore[arg-type]
    door._meters.keep(1, KnownMeters({"HS-E-01": 1}))
    key_units = KeyUnits(door, units, disk)  # type: ignore[arg-type]
    key_units._numbers.keep(NUMBER, ("enterprise", "127.0.0.1"))
    key_units._known.keep(1, Known.of({(CODE, "1"): 5}, Profile(), None))
    key_units._released.add(1)
    app = door.app()
    key_units.add_routes(app)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(auto_decompress=False)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()
        door.work._database.shutdown()
        door.work._bodies.shutdown()


async def _post(session: ClientSession, url: str, **words: Any) -> tuple[int, str, Any]:
    async with session.post(url, **words) as found:
        return found.status, found.headers.get("Retry-After", ""), json.loads(await found.read())


@pytest.mark.parametrize("number", ["M005", "M015"])
def test_a_disk_that_fails_is_no_success_and_asks_to_come_again(use: Use, disk: Disk, number: str) -> None:
    values = dict.fromkeys(("found", "expected", "folder"), "x")
    disk.fails = RefusedError(Problem(number, "journal", values))

    async def work(session: ClientSession, address: str) -> None:
        status, retry, said = await _post(session, f"{address}/readings", data=LINE, headers=HEADERS)
        assert (status, said["error"]["check"]) == ({"M005": 507, "M015": 503}[number], number)
        assert int(retry) > 0
        status, retry, said = await _post(session, f"{address}/nhjc/uploadEnergyData", json=DATA)
        assert (said["responseCode"], said["check"]) == ("1", "G214")
        assert int(retry) > 0
        disk.fails = None
        assert (await _post(session, f"{address}/readings", data=LINE, headers=HEADERS))[0] == 200
        assert (await _post(session, f"{address}/nhjc/uploadEnergyData", json=DATA))[2]["responseCode"] == "0"

    use(work)


def test_beyond_what_may_wait_the_door_says_when_to_come_again(
    use: Use, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = bodies.limit
    monkeypatch.setattr(bodies, "limit", lambda name: 2 if name == "batches_waiting" else given(name))
    disk.holds = True

    async def work(session: ClientSession, address: str) -> None:
        waiting = [asyncio.create_task(_post(session, f"{address}/readings", data=LINE, headers=HEADERS))
                   for _ in range(2)]  # fmt: skip
        while len(disk.held) < 2:
            await asyncio.sleep(0.01)
        status, retry, said = await _post(session, f"{address}/readings", data=LINE, headers=HEADERS)
        assert (status, said["error"]["check"], int(retry) > 0) == (503, "G109", True)
        status, retry, said = await _post(session, f"{address}/nhjc/uploadEnergyData", json=DATA)
        assert (status, said["responseCode"], said["check"]) == (503, "1", "G214")
        for future in disk.held:
            future.set_result(7)
        assert [status for status, _, _ in await asyncio.gather(*waiting)] == [200, 200]
        disk.holds = False
        assert (await _post(session, f"{address}/readings", data=LINE, headers=HEADERS))[0] == 200

    use(work)


def test_a_body_that_does_not_come_gives_its_place_free(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bodies.limit
    monkeypatch.setattr(bodies, "limit", lambda name: 0.2 if name == "seconds_for_body" else given(name))

    async def slow() -> Any:
        yield LINE[:10]
        await asyncio.sleep(1)
        yield LINE[10:]

    async def work(session: ClientSession, address: str) -> None:
        status, _, said = await _post(session, f"{address}/readings", data=slow(), headers=HEADERS)
        assert (status, said["error"]["check"]) == (408, "G112")

    use(work)


def test_memory_of_bodies_under_way_is_bounded(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bodies.limit
    monkeypatch.setattr(bodies, "limit", lambda name: 1000 if name == "bytes_waiting" else given(name))

    async def work(session: ClientSession, address: str) -> None:
        status, _, said = await _post(session, f"{address}/readings", data=LINE * 100, headers=HEADERS)
        assert (status, said["error"]["check"]) == (503, "G109")
        assert (await _post(session, f"{address}/readings", data=LINE, headers=HEADERS))[0] == 200

    use(work)


def test_too_many_requests_a_minute(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "door_limit", lambda name: 2)

    async def work(session: ClientSession, address: str) -> None:
        found = [await _post(session, f"{address}/readings", data=LINE, headers=HEADERS) for _ in range(3)]
        assert [status for status, _, _ in found][:2] == [200, 200]
        if found[2][0] != 200:  # unless the minute was over in between
            assert (found[2][0], found[2][2]["error"]["check"]) == (429, "G108")
            assert 0 < int(found[2][1]) <= 60

    use(work)


def test_a_rate_counts_each_device_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "door_limit", lambda name: 1)
    now = [100.0]
    rate = senders.Rate(lambda: now[0])
    rate.count(device())
    with pytest.raises(TurnedAwayError) as away:
        rate.count(device())
    assert (away.value.status, away.value.retry) == (429, 20)
    now[0] = 120.0
    rate.count(device())


def test_the_same_event_is_told_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "limit", {"seconds_between_same_events": 3600, "events_remembered": 2}.__getitem__)
    now, book = [0.0], Book(Protocol.HTTP)
    noticing = senders.Noticing(book, lambda: now[0])
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        noticing.note(device(), EventKind.REFUSED_ADDRESS, address)
    now[0] = 3600.0
    noticing.note(device(), EventKind.REFUSED_ADDRESS, "10.0.0.1")
    assert [one.address for one in book._events] == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


class Deliveries:
    """A log whose commits wait, so that several requests share one."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.fails = False

    def append(self, arrived: list[Arrived]) -> int:
        if self.fails:
            raise RefusedError(Problem("M015", "log", {"found": "gone"}))
        self.commits.append(len(arrived))
        return sum(self.commits)


@pytest.fixture
def deliveries() -> Deliveries:
    return Deliveries()


def test_requests_are_numbered_as_they_came_and_a_failure_is_of_its_commit(deliveries: Deliveries) -> None:
    one = Arrived(0, "key_unit", "", "", keeping.packed(b"{}"))
    with keeping.Keeper(deliveries) as keeper:  # type: ignore[arg-type]
        found = [keeper.keep(one) for _ in range(50)]
        assert [future.result(10) for future in found] == list(range(1, 51))
        deliveries.fails = True
        with pytest.raises(RefusedError, match="M015"):
            keeper.keep(one).result(10)
        deliveries.fails = False
        last = keeper.keep(one)
    assert last.result(0) == 51, "what was given is kept before the end"
