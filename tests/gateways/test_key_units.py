"""The interface of key units over loopback: register, versionCheck, configuration, data; breaks and resumes."""

from __future__ import annotations

import datetime as dt
import gzip
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.door_process import Operator
from support.doors import Answer, OpenDoor, opened
from support.homes import Home
from support.waiting import wait_until

from hengneng.deliveries import FOLDER as DELIVERIES
from hengneng.deliveries import DeliveryLog
from hengneng.gateways.http.key_units import upload_time
from hengneng.key_units.fields import encrypt_field
from hengneng.readings.reader import readings_of
from hengneng.readings.store import FOLDER, Store

MILL, BAKERY, FAR = "91650100MA00000A1X", "91650200MA00000B2Y", "91650100MA00000C3Z"
DAIRY = "91650200MA00000D4W"
KEY = bytes(range(16))
DEVICES = (
    "protocol,identifier,unit,addresses,relaxations,key\n"
    f"key_unit,{MILL},mill,,valid-0,\nkey_unit,{BAKERY},bakery,,sm4 valid-1,{KEY.hex()}\n"
    f"key_unit,{FAR},mill,10.9.8.7,,\nkey_unit,{DAIRY},bakery,127.0.0.1,sm4,{KEY.hex()}\n"
)
ELECTRICITY, COAL = "00-00-0000-023300-11", "00-00-0000-010104-10"
STEEL = "02-00-0000-023300-11"
ZONE = dt.timezone(dt.timedelta(hours=8))


def stamp(written: str) -> int:
    return int(dt.datetime.fromisoformat(written).replace(tzinfo=ZONE).timestamp())


def item(code: str = ELECTRICITY, value: str = "1.25", day: str = "2026-06-01", **changes: object) -> dict[str, object]:
    row = {"dataCode": code, "dataValue": value, "inputType": "4", "statType": "1", "statDate": f"{day} 00:00:00"}
    return {**row, "uploadDate": "2026-06-02 08:30:00", "scope": "1", "valid": "0", **changes}


class Unit:
    """An end device of an enterprise, as client programs are."""

    def __init__(self, door: OpenDoor, enterprise: str = MILL) -> None:
        self.door, self.enterprise = door, enterprise
        given = door.send("/nhjc/enterprise/register", {"regionCode": "650100", "enterpriseCode": enterprise})
        assert given.json["responseCode"] == "0", given
        self.urls = given.json
        self.number = given.json["deviceId"]

    def say(self, path: str, **more: object) -> Answer:
        return self.door.send(f"/nhjc{path}", {"deviceId": self.number, "enterpriseCode": self.enterprise, **more})

    def send(self, *items: object) -> Answer:
        return self.say("/uploadEnergyData", data=list(items))

    def configure(self, *items: dict[str, object]) -> Answer:
        return self.say("/uploadEnterpriseInfo", enterprise={"name": "x"}, collectItemConfig=list(items),
                        process=[{"processCode": "02", "processName": "炼钢"}])  # fmt: skip


def configured(code: str = ELECTRICITY, stat_type: str = "1", **changes: object) -> dict[str, object]:
    return {"dataCode": code, "statType": stat_type, "scope": "1", "inputType": "4", **changes}


def meters(operator: Operator) -> dict[str, dict[str, Any]]:
    return {one["identifier"]: one for one in operator.run("meters", "list", "--json").json["meters"]}


def values(home: Home, meter: int, all_revisions: bool = False) -> list[tuple[int, float]]:
    with Store.open(home.folder / FOLDER, home.database_url) as store:
        found = readings_of(store, meter, 0, 2**40, all_revisions)
    return [(at, value / 1e6) for at, value in zip(found["at"].to_pylist(), found["value"].to_pylist(), strict=True)]


def set_aside(operator: Operator) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in operator.run("devices", "set-aside", "--json").json["counts"]:
        counts[one["check"]] = counts.get(one["check"], 0) + one["items"]
    return counts


@pytest.fixture
def home(registered_home: Callable[[str], Home]) -> Home:
    return registered_home(DEVICES)


@pytest.fixture
def operator(home: Home) -> Operator:
    """Somebody who looks."""
    return Operator(home, "zh")


@pytest.fixture
def door(home: Home) -> Iterator[OpenDoor]:
    with opened(home, "--public", "https://energy.example/", seconds_between_looks=0.5) as found:
        yield found


def number_of(operator: Operator, code: str, stat_type: str = "1", enterprise: str = MILL) -> int:
    identifier = f"{enterprise}:{code}:{stat_type}"
    found: int = next(one["number"] for name, one in meters(operator).items() if name == identifier)
    return found


def test_register_versions_configuration_data(home: Home, operator: Operator, door: OpenDoor) -> None:
    unit = Unit(door)
    assert len(unit.number) == 32
    assert int(unit.number, 16) >= 0
    assert unit.urls["centerDataURL"] == "https://energy.example/nhjc/uploadEnergyData"
    assert unit.urls["uploadTime"] == upload_time(MILL)
    assert Unit(door).number == unit.number, "registering again gives the same"
    versions = unit.say("/versionCheck").json
    assert versions["responseCode"] == "0"
    assert versions["regVersion"]
    assert versions["dicVersion"]
    assert unit.say("/downloadConfigData").json["data"] is None
    done = unit.configure(
        configured(name="全厂用电", dataValueMax=500), configured(stat_type="2"), configured(COAL),
        configured(STEEL, scope="2"),
        configured("00-00-0000-077777-99", scope="2"), configured("12"), configured(ELECTRICITY, "0", unit="kg"),
    )  # fmt: skip
    assert done.json["responseCode"] == "0"
    assert [one["check"] for one in done.json["problems"]] == ["G202", "G201", "G221"]
    listed = meters(operator)
    kinds = {name.split(":", 1)[1]: (one["kind"], one["carrier"], one["parent"]) for name, one in listed.items()
             if name.startswith(MILL)}  # fmt: skip
    site = f"{MILL}:{ELECTRICITY}:1"
    assert kinds == {
        f"{ELECTRICITY}:1": ("amount", "33", None),
        f"{ELECTRICITY}:2": ("level", "33", None),
        f"{COAL}:1": ("level", "04", None),
        f"{STEEL}:1": ("amount", "33", site),
        "00-00-0000-077777-99:1": ("level", "", None),
        f"{ELECTRICITY}:0": ("level", "", None),
    }
    answer = unit.send(item(), item(value="2.5", day="2026-06-02"), item(ELECTRICITY, "60", "2026-06-01", statType="2"))
    assert (answer.status, answer.json["responseCode"]) == (200, "0")
    assert values(home, number_of(operator, ELECTRICITY)) == [
        (stamp("2026-06-02 00:00:00"), 1.25), (stamp("2026-06-03 00:00:00"), 2.5),
    ]  # fmt: skip
    assert values(home, number_of(operator, ELECTRICITY, "2")) == [(stamp("2026-07-01 00:00:00"), 60.0)]
    assert set_aside(operator) == {}
    assert unit.say("/downloadConfigData").json["data"]["collectItemConfig"][0]["name"] == "全厂用电"
    usages = unit.say("/downloadBaseData", itemIndex="14").json["data"]
    assert {"code": "10", "name": "购进", "unit": ""} in usages
    assert "device.configure" in operator.run("log", "show", "--json").output


def test_a_value_outside_its_configured_range_counts_and_is_doubtful(
    home: Home, operator: Operator, door: OpenDoor
) -> None:
    unit = Unit(door)
    # What came before its configuration is judged when it comes to count.
    unit.send(item(value="501", day="2026-06-01"), item(value="500", day="2026-06-02"))
    unit.configure(
        configured(dataValueMin="0.5", dataValueMax=500), configured(COAL, dataValueMin=0, dataValueMax=0),
        configured(STEEL, dataValueMax="viel", scope="2"),
    )  # fmt: skip
    assert set_aside(operator) == {"G215": 1}
    days = [item(value=value, day=f"2026-06-{day:02}") for day, value in enumerate(("0.5", "0.49", "-1", "500.01"), 3)]
    for _ in range(2):
        answer = unit.send(*days, item(COAL, "7"), item(STEEL, "1e6", scope="2"))
        assert (answer.status, answer.json["responseCode"]) == (200, "0")
    assert set_aside(operator) == {"G215": 4}, "the same items again are the same items"
    assert [value for _, value in values(home, number_of(operator, ELECTRICITY))] == [501, 500, 0.5, 0.49, -1, 500.01]
    newest = operator.run("devices", "set-aside", "--json").json["newest"][0]
    assert "超出配置的范围（0.5 … 500）" in newest["problem"]["text"]["zh"]
    told = unit.say("/downloadEnergyData").json["data"]
    assert [(one["check"], one["item"]["dataValue"]) for one in told] == [
        ("G215", "500.01"), ("G215", "-1"), ("G215", "0.49"), ("G215", "501"),
    ]  # fmt: skip
    # Another range holds from then on.
    unit.configure(configured(dataValueMax=1000))
    unit.send(item(value="900", day="2026-06-08"))
    assert set_aside(operator) == {"G215": 4}


def test_a_key_goes_only_to_a_device_that_encrypts_and_comes_from_a_known_address(home: Home, door: OpenDoor) -> None:
    assert Unit(door, DAIRY).urls["secretKey"] == KEY.hex()
    assert "secretKey" not in Unit(door, BAKERY).urls, "anybody may call itself by the code of an enterprise"
    assert "secretKey" not in Unit(door).urls
    assert Unit(door).urls["centerDataDownloadURL"] == "https://energy.example/nhjc/downloadEnergyData"


def test_out_of_order_old_overlapping_and_corrected(home: Home, operator: Operator, door: OpenDoor) -> None:
    unit = Unit(door)
    unit.configure(configured())
    batch = [item(value="3", day="2026-06-03"), item(value="1", day="2026-06-01"), item(value="9", day="2025-11-30")]
    for given in (batch, batch[1:], [*batch, item(value="2", day="2026-06-02")], [item(value="1.5", day="2026-06-01")],
                  batch):  # fmt: skip
        assert unit.send(*given).json["responseCode"] == "0"
    number = number_of(operator, ELECTRICITY)
    days = [("2025-12-01", 9.0), ("2026-06-02", 1.5), ("2026-06-03", 2.0), ("2026-06-04", 3.0)]
    assert values(home, number) == [(stamp(f"{day} 00:00:00"), value) for day, value in days]
    # The first batch, resent byte for byte after the correction, is the one that was answered long ago.
    assert [value for at, value in values(home, number, True) if at == stamp("2026-06-02 00:00:00")] == [1.0, 1.5]


def test_bad_items_are_set_aside_and_the_batch_is_a_success(home: Home, operator: Operator, door: OpenDoor) -> None:
    unit = Unit(door)
    unit.configure(configured())
    bad = [
        item("99"), item(scope="2", day="2026-06-09"), item(statType="8"), item(statDate="2026-06-01 12:00:00"),
        item(statDate="1960-01-01 00:00:00"), item(value="1.23456789"), item(value="—"), item(valid="1"), "text", None,
        item(COAL), item(value="\u0000\ud800"), {"dataCode": "\u0000"},
    ]  # fmt: skip
    for _ in range(2):
        answer = unit.send(*bad, item())
        assert (answer.status, answer.json["responseCode"]) == (200, "0")
    counts = {"G201": 2, "G203": 1, "G204": 2, "G205": 3, "G206": 1, "G207": 1, "G209": 2}
    assert set_aside(operator) == counts, "the same items again are the same items"
    number = number_of(operator, ELECTRICITY)
    assert [at for at, _ in values(home, number)] == [stamp("2026-06-02 00:00:00"), stamp("2026-06-10 00:00:00")]
    shown = operator.run("devices", "set-aside")
    assert "G206" in shown.output
    assert "标记为无效" in shown.output

    def listed() -> str:
        return operator.run("devices", "list", "--json").output

    wait_until(lambda: '"last": "set_aside"' in listed(), listed)
    with DeliveryLog.open(home.folder / DELIVERIES, home.database_url) as log:
        kept = [one for one in log.read(0) if one.door == "key_unit" and one.sender == MILL]
    assert json.loads(gzip.decompress(kept[-1].content))["data"][0]["dataCode"] == "99"
    assert len(kept) == 3


def test_items_that_were_never_configured_count_when_the_configuration_comes(
    home: Home, operator: Operator, door: OpenDoor
) -> None:
    unit = Unit(door)
    for day in ("2026-06-01", "2026-06-02"):
        assert unit.send(item(day=day), item(COAL, "7", day), item(day=day, value="x")).json["responseCode"] == "0"
    assert set_aside(operator) == {"G205": 2, "G207": 4}
    unit.configure(configured())
    assert set_aside(operator) == {"G205": 2, "G207": 2}
    assert len(values(home, number_of(operator, ELECTRICITY))) == 2
    unit.configure(configured(), configured(COAL))
    assert values(home, number_of(operator, COAL))[0] == (stamp("2026-06-02 00:00:00"), 7.0)
    assert set_aside(operator) == {"G205": 2}


def test_encrypted_items(home: Home, operator: Operator, door: OpenDoor) -> None:
    unit = Unit(door, BAKERY)
    unit.configure(configured())
    hidden = {name: encrypt_field(str(value), KEY) for name, value in item(valid="1").items()}
    assert unit.send(hidden, item()).json["responseCode"] == "0"
    assert values(home, number_of(operator, ELECTRICITY, enterprise=BAKERY)) == [(stamp("2026-06-02 00:00:00"), 1.25)]
    assert set_aside(operator) == {"G208": 1}


def test_who_is_not_registered_is_told_and_counted(home: Home, operator: Operator, door: OpenDoor) -> None:
    unit = Unit(door)
    said = door.send("/nhjc/enterprise/register", {"region": "650100", "enterpriseCode": "91\u000065"})
    assert (said.status, said.json["responseCode"], said.json["check"]) == (200, "1", "G211")
    assert "没有登记" in said.json["responseMessage"]
    for path, given, check in [
        ("/enterprise/register", {"regionCode": "650100"}, "G210"),
        ("/enterprise/register", {"enterpriseCode": FAR}, "G213"),
        ("/uploadEnergyData", {"enterpriseCode": MILL, "data": []}, "G210"),
        ("/uploadEnergyData", {"deviceId": "0" * 32, "enterpriseCode": MILL, "data": []}, "G212"),
        ("/uploadEnergyData", {"deviceId": "\u0000", "enterpriseCode": MILL, "data": []}, "G212"),
        ("/uploadEnergyData", {"deviceId": unit.number, "enterpriseCode": BAKERY, "data": []}, "G212"),
        ("/uploadEnergyData", {"deviceId": unit.number, "data": "x"}, "G210"),
        ("/downloadBaseData", {"deviceId": unit.number, "itemIndex": "99"}, "G210"),
        ("/versionCheck", [1], "G210"),
    ]:
        answer = door.send(f"/nhjc{path}", given)
        assert (answer.status, answer.json["responseCode"], answer.json["check"]) == (200, "1", check), path
    assert door.post("/nhjc/versionCheck", b"{").json["check"] == "G210"
    broken = door.post("/nhjc/versionCheck", b"{", Content_Encoding="gzip")
    assert (broken.json["responseCode"], broken.json["check"]) == ("1", "G107")
    assert unit.send().json["responseCode"] == "0", "an empty batch is a batch"
    assert unit.say("/uploadEnergyData", data=item()).json["responseCode"] == "0", "one item need not be a list"

    def strangers() -> list[dict[str, str]]:
        listed: list[dict[str, str]] = operator.run("devices", "list", "--json").json["strangers"]
        return listed

    wait_until(strangers, "the stranger to be listed")
    assert strangers()[0]["device"] == "key_unit:91�65"


def test_a_break_and_a_resume_oldest_first(home: Home, operator: Operator) -> None:
    """Killed between commit and answer, again and again; the client sends from its queue until it is told "0"."""
    days = [(dt.date(2026, 1, 1) + dt.timedelta(days=place)).isoformat() for place in range(60)]
    batches = [[item(value=str(place), day=day), item(COAL, str(place), day)] for place, day in enumerate(days)]
    with opened(home) as door:
        Unit(door).configure(configured())
    waiting, sent, rounds = list(batches), 0, 0
    while waiting:
        rounds += 1
        assert rounds < 30
        with opened(home) as door:
            try:
                unit = Unit(door)
                if rounds < 6:
                    killer = threading.Timer(0.02 * rounds, door.kill)
                    killer.start()
                while waiting:
                    sent += 1
                    if unit.send(*waiting[0]).json.get("responseCode") != "0":
                        break
                    waiting.pop(0)
                    time.sleep(0.01)
            except (OSError, http.client.HTTPException, ValueError):
                pass
            if rounds < 6:
                killer.join()
    assert sent > len(batches), "some were sent again"
    number = number_of(operator, ELECTRICITY)
    ends = [(stamp(f"{dt.date.fromisoformat(day) + dt.timedelta(days=1)} 00:00:00"), float(place))
            for place, day in enumerate(days)]  # fmt: skip
    assert values(home, number, True) == ends
    assert set_aside(operator) == {"G207": 60}


def test_upload_times_are_spread_over_the_night() -> None:
    times = sorted(upload_time(f"91650100MA{place:08d}") for place in range(300))
    assert times[0] >= "01:00:00"
    assert times[-1] < "06:00:00"
    assert len(set(times)) > 250


def test_what_was_sent_is_rolled_up_for_the_day_that_it_is_of(home: Home, operator: Operator, door: OpenDoor) -> None:
    """Stamped at its end, a day's amount is of that day: a value 1 is 10,000 kWh; the month does not count again."""
    unit = Unit(door)
    unit.configure(configured(), configured(stat_type="2"), configured(STEEL, scope="2"))
    days = [f"2026-06-{day:02d}" for day in (1, 2, 3)]
    for place, day in enumerate(days):
        unit.send(item(value=str(place + 1), day=day), item(STEEL, "0.5", day, scope="2"))
    unit.send(item(value="6", statType="2"))
    assert operator.run("readings", "rollup").code == 0
    done = operator.run("readings", "export", "--hourly", "hours.parquet")
    assert done.code == 0, done
    rows = pq.read_table(home.folder / "hours.parquet").to_pylist()
    found: dict[tuple[str, str], float] = {}
    for one in rows:
        hour = one["hour_utc"].replace(tzinfo=dt.UTC).astimezone(ZONE)
        key = (str(one["meter_id"]), f"{hour:%Y-%m-%d}")
        found[key] = found.get(key, 0) + one["quantity"]
    site, steel = (f"{MILL}:{code}:1" for code in (ELECTRICITY, STEEL))
    numbers = {site: str(number_of(operator, ELECTRICITY)), steel: str(number_of(operator, STEEL))}
    named = {number: name for name, number in numbers.items()}
    said = {(named.get(meter, meter), day): round(quantity, 3) for (meter, day), quantity in found.items()}
    assert said == {
        **{(site, day): 10_000.0 * (place + 1) for place, day in enumerate(days)},
        **{(steel, day): 5_000.0 for day in days},
    }
