"""The interface of key units below ``/nhjc/``: register, versionCheck, configuration, data.

Structure as client programs of several provinces have it (NECC-NHJC-04; see hengneng.key_units). Success is
``responseCode`` "0", everything else "1" with a message; there is no result for one item, so a batch with bad items is
a success too, and they are set aside: a device that is told of a failure sends the same again, for ever.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hengneng.deliveries import Arrived
from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import EventKind, Protocol
from hengneng.devices.noticing import Knock
from hengneng.gateways.book import Book
from hengneng.gateways.http.answers import TurnedAwayError, answer, told
from hengneng.gateways.http.bodies import Body, unpacked
from hengneng.gateways.http.door import Door, Remembered
from hengneng.gateways.http.keeping import Keeper, packed
from hengneng.gateways.http.limits import limit
from hengneng.gateways.http.senders import Noticing, address_of
from hengneng.gateways.journal import log
from hengneng.key_unit_items import configuring, keeping, registering
from hengneng.key_unit_items.sorting import OUT_OF_RANGE, Aside, Known, Parted, part
from hengneng.key_units.items import ENCRYPTED, Profile
from hengneng.language import Text
from hengneng.problems import Problem, RefusedError
from hengneng.rules.tables import rule_table

SUCCESS, FAILURE = "0", "1"
ROOT = "/nhjc"
PATHS = {
    "loadDicVersionURL": "/versionCheck",
    "centerInfoURL": "/uploadEnterpriseInfo",
    "centerDataURL": "/uploadEnergyData",
    "centerInfoDownloadURL": "/downloadConfigData",
    "centerDataDownloadURL": "/downloadEnergyData",
    "downloadBaseDataURL": "/downloadBaseData",
}
# Tables of the dictionary by itemIndex (Yunnan), with the column of the code.
DICTIONARIES = {"8": ("key_unit_energy_types", ("energy_class", "energy_type")), "14": ("key_unit_usages", ("usage",))}
_TABLES = ("key_unit_words", "key_unit_usages", "key_unit_energy_types")
_TRANSIENT = (429, 503, 507)


class KeyUnits:
    """The interface, at a door whose room and threads it shares. ``public``: how devices reach it, if not as asked."""

    def __init__(self, door: Door, book: Book, keeper: Keeper, public: str = "") -> None:
        self.door, self.book, self.keeper, self.public = door, book, keeper, public.rstrip("/")
        self.noticing = Noticing(book)
        self._known, self._numbers = Remembered(), Remembered()
        self._released: set[int] = set()
        # Data and configuration of one device come one after the other: neither may miss what the other just did.
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def add_routes(self, app: web.Application) -> None:
        """Put the paths of the interface into the door."""
        handlers = {
            "/enterprise/register": self._register,
            PATHS["loadDicVersionURL"]: self._versions,
            PATHS["centerInfoURL"]: self._configure,
            PATHS["centerDataURL"]: self._take_data,
            PATHS["centerInfoDownloadURL"]: self._configuration,
            PATHS["centerDataDownloadURL"]: self._data,
            PATHS["downloadBaseDataURL"]: self._dictionary,
        }
        for path, handler in handlers.items():
            app.router.add_post(ROOT + path, _answering(self, handler))

    # --- what every request needs ---------------------------------------------------------------------------------

    async def content_of(self, request: web.Request, body: Body) -> tuple[bytes, dict[str, Any]]:
        """The body as it came and as an object. TurnedAwayError G210 when it is none."""
        came = await body.read(request)
        self.door.metrics.bytes.inc(len(came))
        return came, await self.door.work.read(_object, came, request)

    async def device_of(self, request: web.Request, given: Mapping[str, Any]) -> KnownDevice:
        """The device of a serial number. TurnedAwayError G210 to G213, G108."""
        number, enterprise = _word(given, "deviceId"), _word(given, "enterpriseCode")
        if not number:
            raise TurnedAwayError(200, Problem("G210", "/", {"found": "deviceId", "expected": "deviceId"}))
        registered = self._numbers.get(number)
        if registered is None:
            registered = await self.door.work.ask(registering.registration_of, number)
            if registered:
                self._numbers.keep(number, registered)
        if registered is None or (enterprise and enterprise != registered[0]):
            raise TurnedAwayError(200, Problem("G212", "deviceId", {"found": _shown(enterprise or number)}))
        device = self.admitted(registered[0], request, json.dumps(given)[:200].encode())
        if address_of(request) != registered[1]:
            self.noticing.note(device, EventKind.SECOND_ADDRESS, address_of(request), registered[1])
            raise TurnedAwayError(200, Problem("G213", "/", {"found": address_of(request)}))
        return device

    def admitted(self, enterprise: str, request: web.Request, sample: bytes) -> KnownDevice:
        """The device of an enterprise, from an address that it may have. TurnedAwayError G211, G213, G108."""
        device, address = self.book.find(enterprise), address_of(request)
        if device is None:
            self.book.knock(Knock(Protocol.KEY_UNIT, _shown(enterprise), address, datetime.now(UTC), sample))
            raise TurnedAwayError(200, Problem("G211", "enterpriseCode", {"found": _shown(enterprise)}))
        if not device.may_come_from(address):
            self.noticing.note(device, EventKind.REFUSED_ADDRESS, address)
            raise TurnedAwayError(200, Problem("G213", "/", {"found": address}))
        self.door.rate.count(device)
        return device

    # --- register, versionCheck -----------------------------------------------------------------------------------

    async def _register(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        enterprise = _word(given, "enterpriseCode")
        if not enterprise:
            expected = "regionCode, enterpriseCode"
            raise TurnedAwayError(200, Problem("G210", "/", {"found": "enterpriseCode", "expected": expected}))
        device = self.admitted(enterprise, request, came)
        number = await self.door.work.ask(registering.register, device.id, address_of(request))
        self.noticing.note(device, EventKind.CONNECTED, address_of(request))
        root = f"{self.public or f'{request.scheme}://{request.host}'}{ROOT}"
        return {
            "deviceId": number,
            **{name: root + path for name, path in PATHS.items()},
            "uploadTime": upload_time(enterprise),
            **_secret_of(device),
        }

    async def _versions(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        del came
        await self.device_of(request, given)
        return {"regVersion": _digest([ROOT, PATHS, self.public]), "dicVersion": dictionary_version()}

    async def _dictionary(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        del came
        await self.device_of(request, given)
        asked = _word(given, "itemIndex")
        if asked not in DICTIONARIES:
            values = {"found": f"itemIndex {_shown(asked)}", "expected": ", ".join(DICTIONARIES)}
            raise TurnedAwayError(200, Problem("G210", "itemIndex", values))
        table, keys = DICTIONARIES[asked]
        rows = [
            {"code": "".join(one.key[key] for key in keys), "name": one.label().zh,
             "unit": one.attributes.get("item_unit", "")}
            for one in rule_table(table).entries
        ]  # fmt: skip
        return {"dicVersion": dictionary_version(), "data": rows}

    # --- configuration --------------------------------------------------------------------------------------------

    async def _configure(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        device = await self.device_of(request, given)
        async with self._turns[device.id]:
            await self._keep(device, request, came)
            done = await self.door.work.ask(configuring.configure, device.id, given, address_of(request))
            self._known.forget(device.id)
            await self._release(device)
        for problem in done.problems:
            log("configuration.problem", level="warning", device=device.identifier, **told(problem))
        return {"items": len(done.new), "problems": [told(one) for one in done.problems]}

    async def _configuration(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        del came
        device = await self.device_of(request, given)
        found = await self.door.work.ask(configuring.latest, device.id)
        return {"data": found}

    async def _data(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        """Where the interface has no result for one item, this is the way to learn what does not count and why."""
        del came
        device = await self.device_of(request, given)
        rows = await self.door.work.ask(keeping.set_aside_of, device.id)
        return {"data": rows}

    async def _release(self, device: KnownDevice) -> None:
        """Count what had only lacked a configuration: on the disk first, settled then. Twice changes nothing."""
        keys, contents = await self.door.work.ask(keeping.waiting_for_configuration, device.id)
        known = await self._known_of(device)
        parted = await self.door.work.read(part, contents, known)
        if len(parted.points):
            await self.door.durable(parted.points, "", f"key_unit:{device.identifier}")
            counted = [keys[place] for place in parted.places]
            if parted.doubtful:
                came_with = await self.door.work.ask(keeping.deliveries_of, keys)
                for number in sorted(set(came_with)):
                    of_it = [one for one in parted.doubtful if came_with[one.place] == number]
                    await self._set_aside(device, of_it, number, "")
            await self.door.work.ask(keeping.settle, counted)
            log("items.released", device=device.identifier, items=len(parted.points))
        self._released.add(device.id)

    async def _known_of(self, device: KnownDevice) -> Known:
        found = self._known.get(device.id)
        if found is None:
            meters = await self.door.work.ask(keeping.known_meters, device.id)
            ranges = await self.door.work.ask(keeping.known_ranges, device.id)
            found = Known.of(meters, Profile(device.relaxations, device.key), device.interval, ranges)
            self._known.keep(device.id, found)
        known: Known = found
        return known

    # --- data -----------------------------------------------------------------------------------------------------

    async def _take_data(self, request: web.Request, came: bytes, given: dict[str, Any]) -> Mapping[str, object]:
        begun = time.perf_counter()
        device = await self.device_of(request, given)
        data = given.get("data")
        items = data if isinstance(data, list) else [data] if isinstance(data, dict) else None
        if items is None:
            raise TurnedAwayError(200, Problem("G210", "data", {"found": "data", "expected": "data[]"}))
        async with self._turns[device.id]:
            if device.id not in self._released:
                await self._release(device)
            number = await self._keep(device, request, came)
            parted = await self.door.work.read(part, items, await self._known_of(device))
            await self._store(device, came, parted, items, number)
            await self._set_aside(device, (*parted.aside, *parted.doubtful), number, address_of(request))
        self.door.metrics.seconds.observe(time.perf_counter() - begun)
        self.door.metrics.messages.inc()
        self.door.metrics.values.inc(len(parted.points))
        return {}

    async def _keep(self, device: KnownDevice, request: web.Request, came: bytes) -> int:
        arrived = Arrived(
            time.time_ns() // 1000, str(Protocol.KEY_UNIT), address_of(request), device.identifier, packed(came)
        )
        try:
            return await asyncio.shield(asyncio.wrap_future(self.keeper.keep(arrived)))
        except RefusedError as refused:
            raise TurnedAwayError.of_store(refused, limit("seconds_until_retry")) from None

    async def _store(
        self, device: KnownDevice, came: bytes, parted: Parted, items: Sequence[object], number: int
    ) -> None:
        """Bring readings to the disk. The same body again stores nothing, also when another value came in between."""
        if not len(parted.points):
            return
        key = hashlib.sha256(came + parted.points.pack()).hexdigest()
        try:
            await self.door.durable(parted.points, f"key_unit:{device.id}:{key}", f"key_unit:{device.identifier}")
        except TurnedAwayError as away:
            if away.status in _TRANSIENT:
                raise
            # The batch itself is at fault, and would be for ever: every item of it is kept with that reason.
            aside = tuple(_refused_by_store(items[place], place, away.problem) for place in parted.places)
            await self._set_aside(device, aside, number, "")

    async def _set_aside(self, device: KnownDevice, aside: Sequence[Aside], number: int, address: str) -> None:
        if not aside:
            return
        kept = await self.door.work.ask(keeping.keep, device.id, aside, number)
        refused = sum(one.problem.number != OUT_OF_RANGE for one in aside)
        if refused:
            self.door.metrics.refused("item", refused)
        if kept.new or kept.without_room:
            checks = ", ".join(sorted({one.problem.number for one in aside}))
            found = f"{kept.new} ({checks})" + (f", +{kept.without_room}" if kept.without_room else "")
            log("items.set_aside", level="warning", device=device.identifier, delivery=number, items=kept.new,
                without_room=kept.without_room, checks=checks)  # fmt: skip
            self.noticing.note(device, EventKind.SET_ASIDE, address, found)


def _refused_by_store(one: object, place: int, problem: Problem) -> Aside:
    content = json.dumps(one, ensure_ascii=True)
    return Aside(place, content, hashlib.sha256(f"{problem.number} {content}".encode()).hexdigest(), None, problem)


def _answering(room: KeyUnits, handler: Any) -> Any:
    """A handler of the interface: its answer, or its refusal in the words of the interface."""

    async def handle(request: web.Request) -> web.Response:
        try:
            with Body(room.door.room) as body:
                came, given = await room.content_of(request, body)
                content = await handler(request, came, given)
        except TurnedAwayError as away:
            room.door.metrics.refused(away.problem.number)
            problem = away.problem
            if away.status in _TRANSIENT:
                problem = Problem("G214", problem.where, {"found": Text(zh=problem.number, en=problem.number)})
            failed = {"responseCode": FAILURE, "responseMessage": problem.text("zh"), **told(problem)}
            return answer(failed, away.status, away.retry)
        return answer({"responseCode": SUCCESS, "responseMessage": "RECEIVE SUCCESS", **content})

    return handle


def _secret_of(device: KnownDevice) -> dict[str, str]:
    """The key of a device that encrypts its fields, in hexadecimal.

    Only for a device whose register says where it comes from: the code of an enterprise is public, and whoever sends it
    would be given the key.
    """
    return {"secretKey": device.key.hex()} if ENCRYPTED in device.relaxations and device.networks else {}


def _object(came: bytes, request: web.Request) -> dict[str, Any]:
    """The object of a body, numbers as they are written. Some devices write GB 18030."""
    content = unpacked(came, request)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise TurnedAwayError(200, Problem("G210", "body", {"found": str(error)[:80], "expected": "JSON"})) from None
    if not isinstance(found, dict):
        raise TurnedAwayError(200, Problem("G210", "body", {"found": type(found).__name__, "expected": "{…}"}))
    return found


def upload_time(enterprise: str) -> str:
    """When an enterprise sends its day, ``HH:MM:SS``: always the same, spread over the hours of the night."""
    by_chance = int.from_bytes(hashlib.sha256(enterprise.encode("utf-8", "replace")).digest()[:4], "big")
    second = limit("minutes_of_first_upload") * 60 + by_chance % (limit("minutes_of_uploads") * 60)
    return time.strftime("%H:%M:%S", time.gmtime(second))


def dictionary_version() -> str:
    """Another one whenever a dictionary has changed."""
    return _digest([[[*one.key.items(), *one.attributes.items()] for one in rule_table(name).entries]
                    for name in _TABLES])  # fmt: skip


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def _word(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    return found.strip() if isinstance(found, str) else ""


def _shown(text: str) -> str:
    """Something foreign, short and without what neither a log nor a database can keep."""
    return "".join(one if one.isprintable() else "�" for one in text[:60])
