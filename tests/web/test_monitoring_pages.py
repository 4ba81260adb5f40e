"""Pages of emission monitoring: who is on line, hours against limits, derivations down to frames, devices."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from support.module_data import shared

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.emissions.series import HOUR, LONGEST_WORD, Means
from hengneng.hj212.building import message_of
from hengneng.monitoring.hours import PollutantHours
from hengneng.monitoring.taking import frame_in
from hengneng.readings.store import Store
from hengneng.web.monitoring_charts import hour_chart

PLANS = Path(__file__).resolve().parents[2] / "plans"
# What the database does is tested in tests/monitoring; pages do not depend on it.
pytestmark = pytest.mark.sqlite
POWER, KILN, DRAIN = "ZD-DA001", "HS-DA001", "DS-DW001"
OFFICES = {"region_office": "650000", "prefecture_office": "652200", "auditor": "650000", "county_office": "652201"}
SignIn = Callable[..., Client]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example outlets with their made-up frames, read and added up, in a home of their own."""
    from hengneng.access import terminal_actor
    from hengneng.metering.register import import_meters
    from hengneng.monitoring import example, running, storing
    from hengneng.standing.plans import load_plan_folder
    from hengneng.web.views import monitoring, monitoring_devices, monitoring_outlets, monitoring_proofs

    folder, home = PLANS / "xinjiang-2015", tmp_path_factory.mktemp("home")

    def log() -> DeliveryLog:
        return DeliveryLog.open(home / "deliveries")

    with pytest.MonkeyPatch.context() as patch, Store.open(home / "monitoring") as store:
        patch.setattr(running, "open_deliveries", log)
        patch.setattr(example, "open_deliveries", log)
        patch.setattr(running, "open_values", lambda: Store.open(home / "monitoring"))
        patch.setattr(storing, "open_values", lambda: Store.open(home / "monitoring"))
        patch.setattr(monitoring_proofs, "open_deliveries", log)
        for views in (monitoring, monitoring_devices, monitoring_outlets, monitoring_proofs):
            patch.setattr(views, "measured_values", lambda: store)

        def make() -> None:
            load_plan_folder(folder)
            assert not import_meters(folder / "meters.example.csv", actor=terminal_actor(), example=True).problems
            assert example.load_example_monitoring(terminal_actor(), folder) > 2000

        with shared(django_db_blocker, make):
            yield home


@pytest.fixture
def sign_in(loaded: Path) -> Iterator[SignIn]:
    """Signs somebody in: ``sign_in("prefecture_office")``, at the place of OFFICES or another."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    def enter(role: str = "region_office", place: str = "", body: str = "", language: str = "zh") -> Client:
        place = place or OFFICES.get(role, "650000")
        organisation = Organisation.objects.filter(identifier=body).first() or Organisation.objects.create(
            identifier=f"body-{role}-{place}", kind="department", name_zh="机构", name_en="Body", place_id=place
        )
        person = Person.objects.create(identifier=f"{role}-{place}".replace("_", "-"), name="某人")
        Appointment.objects.create(
            person=person, role=Role(role), organisation=organisation, valid_from="2000-01-01"
        )
        client = Client(headers={"host": "localhost", "accept-language": language})
        client.force_login(person)
        return client

    with transaction.atomic():
        yield enter
        transaction.set_rollback(True)


def page_of(answer: Any, status: int = 200) -> str:
    text: str = html.unescape(answer.content.decode())
    assert answer.status_code == status, re.sub(r"<[^>]+>|\s+", " ", text)[:600]
    return text


def part(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1].split("</section>")[0]


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


ADDRESSES = [
    "/monitoring/", "/monitoring/?medium=water", "/monitoring/?state=on", "/monitoring/?month=2015-07",
    f"/monitoring/{POWER}/", f"/monitoring/{POWER}/?month=2015-06&day=2015-06-03", f"/monitoring/{KILN}/",
    f"/monitoring/{DRAIN}/", f"/monitoring/{POWER}/?month=2020-01", f"/monitoring/{POWER}/SO2/2015-06-03T09/",
    f"/monitoring/{POWER}/NOx/2015-06-02T13/", f"/monitoring/{DRAIN}/COD/2015-06-02T13/",
    f"/monitoring/{KILN}/particulate/2015-06-04T04/", f"/monitoring/{POWER}/SO2/2020-06-03T09/",
    f"/monitoring/{POWER}/frames/1/", "/monitoring/devices/",
]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_in_both_languages(sign_in: SignIn, address: str, language: str) -> None:
    page = page_of(sign_in(language=language).get(address))
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page
    assert "web.monitoring" not in page


# --- who sees what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/monitoring/", "/monitoring/outlets.csv", f"/monitoring/{POWER}/",
                                     f"/monitoring/{POWER}/frames/1/", "/monitoring/devices/"])  # fmt: skip
def test_the_public_is_asked_to_sign_in(loaded: Path, address: str) -> None:
    assert "/sign-in/" in page_of(Client(headers={"host": "localhost"}).get(address), 403)


@pytest.mark.parametrize(
    "address",
    [
        f"/monitoring/{POWER}/", f"/monitoring/{POWER}/hours.csv", f"/monitoring/{POWER}/SO2/2015-06-03T09/",
        f"/monitoring/{POWER}/frames/1/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", ["prefecture_office", "county_office"])
def test_an_office_is_refused_the_outlets_of_another_prefecture(sign_in: SignIn, role: str, address: str) -> None:
    page_of(sign_in(role).get(address), 403)


def test_lists_counts_selectors_and_files_hold_only_what_one_may_see(sign_in: SignIn) -> None:
    client = sign_in("prefecture_office")
    page = page_of(client.get("/monitoring/"))
    assert "1 个污染源中 0 个在线" in page
    assert "窑尾" in page
    for elsewhere in ("准东", "独山子", "昌吉", "克拉玛依"):
        assert elsewhere not in page
    assert [row["排放口"] for row in rows_of(client.get("/monitoring/outlets.csv"))] == [KILN]
    assert not [row for row in rows_of(client.get("/monitoring/loads.csv")) if row["污染物代码"] == "COD"]
    devices = page_of(client.get("/monitoring/devices/"))
    assert "EXAMPLE0000002" in devices
    assert "EXAMPLE0000001" not in devices
    assert {row["排放口"] for row in rows_of(sign_in("region_office").get("/monitoring/outlets.csv"))} == {
        POWER, KILN, DRAIN,
    }  # fmt: skip


def test_a_clerk_of_a_county_elsewhere_sees_nothing_and_is_told_so(sign_in: SignIn) -> None:
    client = sign_in("county_office", "653101")
    page = page_of(client.get("/monitoring/"))
    assert "没有您可以查看的排放口" in page
    assert rows_of(client.get("/monitoring/outlets.csv")) == []
    assert rows_of(client.get("/monitoring/loads.csv")) == []
    assert "EXAMPLE" not in page_of(client.get("/monitoring/devices/"))


def test_a_unit_sees_its_own_outlet_and_no_other(sign_in: SignIn) -> None:
    client = sign_in("energy_using_unit", body="example-cement-works-hami")
    page_of(client.get(f"/monitoring/{KILN}/"))
    page_of(client.get(f"/monitoring/{POWER}/"), 403)


def test_a_frame_of_another_device_is_not_shown_under_an_outlet(sign_in: SignIn) -> None:
    """Numbers of deliveries are common to all devices: whoever may see one outlet could count through them."""
    client = sign_in("prefecture_office")
    page_of(client.get(f"/monitoring/{KILN}/frames/1/"), 404)
    page_of(client.get(f"/monitoring/{KILN}/frames/1000/"))


def test_strangers_are_shown_to_a_region_only(sign_in: SignIn) -> None:
    from hengneng.devices.models import Protocol
    from hengneng.devices.noticing import Knock, note_strangers

    now = dt.datetime.now(dt.UTC)
    note_strangers([Knock(Protocol.HJ212, "NOBODY<b>", "10.9.9.9", now, b"##0101QN=<script>")])
    answer = sign_in("region_office").get("/monitoring/devices/")
    assert b"NOBODY&lt;b&gt;" in answer.content
    assert b"<script>" not in answer.content.replace(b"<script src", b"")
    assert "NOBODY" not in page_of(sign_in("prefecture_office").get("/monitoring/devices/"))


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("/monitoring/?month=2015-13", 400, "2015-13"), ("/monitoring/?medium=soil", 400, "soil"),
        ("/monitoring/?state=gone", 400, "gone"), ("/monitoring/?place=999999", 404, "999999"),
        ("/monitoring/nothing/", 404, "nothing"), (f"/monitoring/{POWER}/?day=2015-06-31", 400, "2015-06-31"),
        (f"/monitoring/{POWER}/?month=2015-06&day=2015-07-01", 400, "2015-07-01"),
        (f"/monitoring/{POWER}/SO2/noon/", 400, "noon"), (f"/monitoring/{POWER}/Hg/2015-06-03T09/", 404, "Hg"),
        ("/monitoring/?month=1970-01", 400, "1970-01"),
        ("/monitoring/?month=9999-12", 400, "9999-12"), (f"/monitoring/{POWER}/frames/0/", 404, "0"),
        (f"/monitoring/{POWER}/frames/99999999/", 404, "99999999"), (f"/monitoring/{POWER}/frames/x/", 404, "x"),
        (f"/monitoring/{POWER}/SO2/0001-01-01T00/", 400, "0001-01-01T00"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_way_out(
    sign_in: SignIn, address: str, status: int, named: str
) -> None:
    page = page_of(sign_in().get(address), status)
    assert named in page
    assert 'href="/monitoring/"' in page


# --- the region -----------------------------------------------------------------------------------------------------


def test_made_up_data_say_so_on_every_page_and_in_every_file(sign_in: SignIn) -> None:
    client = sign_in()
    for address in ("/monitoring/", f"/monitoring/{POWER}/", f"/monitoring/{POWER}/SO2/2015-06-03T09/",
                    f"/monitoring/{POWER}/frames/1/", "/monitoring/devices/"):  # fmt: skip
        assert "含示例数据：为演示而编造" in page_of(client.get(address))
    for address in ("outlets.csv", "loads.csv", f"{POWER}/hours.csv"):
        assert {row["含示例数据"] for row in rows_of(client.get(f"/monitoring/{address}"))} == {"是"}


def test_who_is_on_line_and_since_when_somebody_is_not(sign_in: SignIn) -> None:
    from hengneng.devices.models import Device, DeviceEvent, EventKind

    client = sign_in()
    page = page_of(client.get("/monitoring/"))
    assert "3 个污染源中 0 个在线" in page
    assert "2015-06-05 23:50" in part(page, "outlets")
    now = dt.datetime.now(dt.UTC)
    device = Device.objects.get(identifier="EXAMPLE0000001")
    DeviceEvent.objects.create(device=device, kind=EventKind.CONNECTED, at=now)
    assert "3 个污染源中 1 个在线" in page_of(client.get("/monitoring/"))
    assert [row["排放口"] for row in rows_of(client.get("/monitoring/outlets.csv?state=on"))] == [POWER]
    DeviceEvent.objects.create(device=device, kind=EventKind.OFFLINE, at=now + dt.timedelta(seconds=1))
    assert "3 个污染源中 0 个在线" in page_of(client.get("/monitoring/"))


def test_a_load_with_something_missing_is_a_lower_bound(sign_in: SignIn) -> None:
    """Five of thirty days were sent: the mass of June is at least theirs, and never an extrapolation."""
    from hengneng.monitoring.models import OutletDay

    client = sign_in()
    rows = {row["污染物代码"]: row for row in rows_of(client.get("/monitoring/loads.csv?month=2015-06"))}
    whole = sum(row.mass or 0 for row in OutletDay.objects.filter(pollutant="SO2"))
    assert float(rows["SO2"]["排放量（t）"]) == pytest.approx(whole / 1000)
    assert rows["SO2"]["是下限"] == "是"
    assert (rows["SO2"]["部分有数的排放口"], rows["SO2"]["应有日"]) == ("2", "60")
    assert "≥ " in part(page_of(client.get("/monitoring/?month=2015-06")), "loads")
    later = {row["污染物代码"]: row for row in rows_of(client.get("/monitoring/loads.csv?month=2015-07"))}
    assert later["SO2"]["排放量（t）"] == ""
    assert later["SO2"]["无数的排放口"] == "2"


def test_what_has_no_limit_is_not_judged_and_does_not_comply(sign_in: SignIn) -> None:
    page = page_of(sign_in().get("/monitoring/?medium=water"))
    assert "无法判定" in part(page, "outlets")
    rows = {row["排放口"]: row for row in rows_of(sign_in("auditor").get("/monitoring/outlets.csv"))}
    assert rows[DRAIN]["判定的污染物数"] == "0"
    assert rows[POWER]["判定的污染物数"] == "3"


def test_as_many_queries_for_three_outlets_as_for_one(sign_in: SignIn, django_assert_max_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for client in (sign_in("prefecture_office"), sign_in("region_office")):
        with CaptureQueriesContext(connection) as asked:
            page_of(client.get("/monitoring/"))
        counts.append(len(asked))
    # Names of places are asked for one by one: two more places, a question each.
    assert counts[1] <= counts[0] + 4
    client = sign_in("auditor")
    for address, most in ((f"/monitoring/{POWER}/", 40), ("/monitoring/devices/", 30)):
        with django_assert_max_num_queries(most):
            page_of(client.get(address))


# --- a source -------------------------------------------------------------------------------------------------------


def test_hours_above_the_limit_are_a_run_with_its_peak(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"/monitoring/{POWER}/?month=2015-06&day=2015-06-03"))
    alarms = part(page, "alarms")
    assert "2015-06-03 09:00" in alarms
    assert "2015-06-03 12:00" in alarms
    assert alarms.count("二氧化硫 超标") == 1
    assert "3 超过限值 200" in page or "3 个超过限值 200" in page


def test_reported_hours_agree_with_those_made_of_minutes(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"/monitoring/{POWER}/?month=2015-06"))
    # Two of 120 hours are marked as maintenance of the monitor.
    assert "与设备自报小时均值可比 118 小时" in page


def test_what_is_missing_is_no_zero_in_the_file_of_hours(sign_in: SignIn) -> None:
    rows = rows_of(sign_in().get(f"/monitoring/{KILN}/hours.csv?month=2015-06"))
    outage = [row for row in rows if row["污染物代码"] == "particulate" and row["小时"] == "2015-06-04 04:00"]
    assert (outage[0]["实测浓度"], outage[0]["排放量（kg）"], outage[0]["超标"]) == ("", "", "")
    assert "没有数据" in outage[0]["缺的原因"]
    page = page_of(sign_in("auditor").get(f"/monitoring/{KILN}/particulate/2015-06-04T04/"))
    assert "没有数据" in page.split("</h1>")[1].split("</div>")[0]
    assert ">0.00<" not in page
    assert len(rows) == 3 * 30 * 24


def test_limits_that_nobody_has_checked_are_shown_as_such(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"/monitoring/{POWER}/?month=2015-06"))
    particulate = next(one for one in page.split("<figure") if "颗粒物" in one.split("</figcaption>")[0])
    assert "未核实" in particulate.split("</figcaption>")[0]
    kiln = page_of(sign_in("auditor").get(f"/monitoring/{KILN}/?month=2015-06"))
    assert "未核实" in part(kiln, "findings")


def test_a_constant_concentration_is_a_sign_with_its_evidence(sign_in: SignIn) -> None:
    findings = part(page_of(sign_in().get(f"/monitoring/{KILN}/?month=2015-06")), "findings")
    row = next(one for one in findings.split("<tr>") if ">F1<" in one and "氮氧化物" in one)
    assert f'href="/monitoring/{KILN}/NOx/2015-06-0' in row


# --- derivations ----------------------------------------------------------------------------------------------------


def test_a_value_is_derived_from_its_minutes_at_reference_oxygen(sign_in: SignIn) -> None:
    """Arithmetic of the page done again: mean, conversion to 6 % of a coal boiler, mass."""
    page = page_of(sign_in().get(f"/monitoring/{POWER}/SO2/2015-06-03T09/"))
    proof = part(page, "proof")
    values = [float(one) for one in re.findall(r'<td class="number" data-sort="([\d.]+)"', part(page, "minutes"))]
    assert len(values) == 6
    numbers = [float(one.replace(",", "")) for one in re.findall(r"= <b>([\d.,]+)</b>", proof)]
    assert numbers[0] == pytest.approx(sum(values) / 6, abs=1e-4)
    air = float(re.search(r"实测含氧量</dt><dd>([\d.]+)", proof)[1])  # type: ignore[index]
    assert numbers[1] == pytest.approx(numbers[0] * (21 - 6) / (21 - air), abs=1e-2)
    assert "?row=" in proof
    assert "45" in proof
    flow = float(re.search(r"流量</dt><dd>([\d.,]+)", proof)[1].replace(",", ""))  # type: ignore[index]
    assert numbers[3] == pytest.approx(numbers[0] * flow * 1e-6, rel=1e-3)


def test_values_with_a_flag_of_maintenance_do_not_count(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"/monitoring/{POWER}/NOx/2015-06-02T13/"))
    assert part(page, "minutes").count('class="uncounted"') == 6
    assert "有效数据 0 个，至少要 45 个" in page
    assert "<strong" not in page.split("</h1>")[1].split("</div>")[0]


def test_each_minute_opens_the_frame_that_brought_it(sign_in: SignIn) -> None:
    client = sign_in()
    page = page_of(client.get(f"/monitoring/{POWER}/SO2/2015-06-03T09/"))
    addresses = re.findall(rf'href="(/monitoring/{POWER}/frames/\d+/)"', part(page, "minutes"))
    assert len(addresses) == 6
    frame = page_of(client.get(addresses[0]))
    assert "20150603090000" in frame
    assert "二氧化硫" in part(frame, "items")
    assert "保存" in part(frame, "items")
    assert "EXAMPLE0000001" in part(frame, "header")
    # The password of a device is for the device.
    assert "PW=······" in frame
    assert "123456" not in frame


def test_a_later_value_stands_beside_the_one_that_it_has_replaced(sign_in: SignIn, loaded: Path) -> None:
    """The same ten minutes sent again with another number: both frames stay, and each leads to the other."""
    from hengneng.devices.models import Device
    from hengneng.monitoring.running import take_and_add_up

    device = Device.objects.get(identifier="EXAMPLE0000001")
    with DeliveryLog.open(loaded / "deliveries") as log:
        first = log.read(0, 1)[0]
        made = message_of(frame_in(first.content, device))
        changed = tuple(
            tuple((name, "77.7" if name == "02-Avg" else value) for name, value in group)
            for group in made.parameters or ()
        )
        again = type(made)(made.header, changed).frame()
        bad = again.replace(b"EXAMPLE", b"EXAMPL3")
        last = log.append([Arrived(first.at + 1, "hj212", "10.0.0.9:1", first.sender, again),
                           Arrived(first.at + 2, "hj212", "10.0.0.9:1", first.sender, bad)])  # fmt: skip
    take_and_add_up()
    client = sign_in()
    old = part(page_of(client.get(f"/monitoring/{POWER}/frames/1/")), "items")
    assert "已被后来的值替换" in old
    assert f"/monitoring/{POWER}/frames/{last - 1}/" in old
    new = page_of(client.get(f"/monitoring/{POWER}/frames/{last - 1}/"))
    assert "已被后来的值替换" not in part(new, "items")
    minutes = part(page_of(client.get(f"/monitoring/{POWER}/SO2/2015-06-01T00/")), "minutes")
    assert "77.7" in minutes
    assert minutes.count("已被后来的值替换") == 1
    assert "N001" in page_of(client.get(f"/monitoring/{POWER}/frames/{last}/"))


# --- devices --------------------------------------------------------------------------------------------------------


def test_a_device_is_asked_for_its_history_by_who_may(sign_in: SignIn) -> None:
    from hengneng.devices.models import DeviceRequest

    form = {"device": "EXAMPLE0000002", "command": "2061", "begin": "2015-06-04T03:00", "end": "2015-06-04T09:00"}
    client = sign_in("region_office")
    answer = client.post("/monitoring/devices/ask/", form)
    assert answer.status_code == 303
    made = DeviceRequest.objects.get()
    assert made.parameters == "BeginTime=20150604030000;EndTime=20150604090000"
    assert "等待发送" in part(page_of(client.get("/monitoring/devices/")), "requests")
    again = page_of(client.post("/monitoring/devices/ask/", {**form, "end": ""}), 400)
    assert f'value="{form["begin"]}"' in again
    assert f'<option value="{form["command"]}" selected>' in again
    page_of(client.post("/monitoring/devices/ask/", {**form, "end": "2015-06-04T02:00"}), 400)
    page_of(client.post("/monitoring/devices/ask/", {**form, "command": "1072"}), 400)
    page_of(sign_in("auditor").post("/monitoring/devices/ask/", form), 403)
    page_of(sign_in("prefecture_office").post("/monitoring/devices/ask/", {**form, "device": "EXAMPLE0000001"}), 404)
    assert DeviceRequest.objects.count() == 1


# --- without a site -------------------------------------------------------------------------------------------------


def test_a_line_breaks_where_nothing_is_valid() -> None:
    values = np.array([1.0, 2.0, np.nan, 3.0])
    reasons = np.array(["", "", "no-values", ""], LONGEST_WORD)
    means = Means(HOUR * np.arange(4), values, np.zeros(4, np.int64), np.zeros(4, np.int64), reasons)
    chart = hour_chart(PollutantHours("SO2", "a21026", means, means, means, values, None))
    assert chart is not None
    assert (chart.line.count("M"), chart.line.count("L")) == (2, 1)
    assert [(gap.reason, gap.end - gap.begin) for gap in chart.gaps] == [("no-values", dt.timedelta(hours=1))]
    assert chart.limit_y is None
    nothing = Means(means.times, np.full(4, np.nan), means.counts, means.least, reasons)
    assert hour_chart(PollutantHours("SO2", "a21026", nothing, nothing, nothing, values, None)) is None


def test_a_mark_is_given_and_withdrawn_and_both_stay_on_record(sign_in: SignIn) -> None:
    client = sign_in()
    form = {"mark": "stopped", "begin": "2015-06-03T09:00", "end": "2015-06-03T12:00", "reason": "停炉检修"}
    answer = client.post(f"/monitoring/{POWER}/mark/", form)
    assert (answer.status_code, answer["Location"]) == (303, f"/monitoring/{POWER}/?month=2015-06#marks")
    assert "停炉检修" in part(page_of(client.get(answer["Location"])), "marks")
    # What was typed stays, and the reason is said.
    again = page_of(client.post(f"/monitoring/{POWER}/mark/", {**form, "begin": "2015-06-03T11:00"}), 422)
    assert "这段时间已有标记" in again
    assert "2015-06-03T11:00" in again
    assert "停炉检修" in again
    page_of(client.post(f"/monitoring/{POWER}/mark/", {**form, "begin": ""}), 422)
    page_of(client.post(f"/monitoring/{POWER}/mark/", {**form, "begin": "soon"}), 422)
    page = page_of(client.get(f"/monitoring/{POWER}/?month=2015-06"))
    way = re.findall(rf"/monitoring/{POWER}/marks/\d+/withdraw/", page)
    assert "停炉检修" in page_of(client.get(way[0]))
    assert client.post(way[0], {"reason": "标错了"}).status_code == 303
    marks = part(page_of(client.get(f"/monitoring/{POWER}/?month=2015-06")), "marks")
    assert "停炉检修" in marks
    assert "标错了" in marks
    again = page_of(client.post(way[0], {"reason": "再撤一次", "end": "2015-06-03T10:00"}), 422)
    assert "再撤一次" in again
    assert "2015-06-03T10:00" in again
    page_of(client.post(way[0], {"reason": "x", "end": "soon"}), 422)
    auditor = sign_in("auditor")
    page_of(auditor.post(f"/monitoring/{POWER}/mark/", form), 403)
    page_of(auditor.get(f"/monitoring/{POWER}/mark/"), 403)
    page_of(auditor.get(way[0]), 403)
    assert "/withdraw/" not in page_of(auditor.get(f"/monitoring/{POWER}/?month=2015-06"))


def test_what_stands_in_for_a_missing_mass_opens_its_hours(sign_in: SignIn) -> None:
    """HJ/T 75-2007: the mean of the two neighbours; two hours of maintenance on 2015-06-02."""
    page = page_of(sign_in().get(f"/monitoring/{POWER}/?month=2015-06"))
    assert part(page, "days").count("替代 2 小时") == 3
    value = page_of(sign_in("auditor").get(f"/monitoring/{POWER}/SO2/2015-06-02T13/"))
    assert "缺失排放量的替代值（HJ/T 75-2007）" in value
    assert f"/monitoring/{POWER}/SO2/2015-06-02T1" in value
    rows = rows_of(sign_in("county_office").get("/monitoring/loads.csv?month=2015-06"))
    assert all(float(row["含替代的排放量（t）"] or 0) >= float(row["排放量（t）"] or 0) for row in rows)


def test_an_analyser_out_of_control_shows_its_check_and_loses_its_hours(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"/monitoring/{KILN}/?month=2015-06&day=2015-06-03"))
    assert "失控" in part(page, "checks")
    assert part(page, "hours").count("分析仪失控") == 9  # 08:00, when the last check passed, to 16:30


def test_gas_as_it_flows_shows_both_conversions(sign_in: SignIn) -> None:
    from hengneng.monitoring.models import Outlet

    client = sign_in()
    Outlet.objects.filter(identifier=POWER).update(state="as_flowing", air_pressure="91.2")
    value = page_of(client.get(f"/monitoring/{POWER}/SO2/2015-06-03T02/"))
    assert "换算到标准状态" in value
    assert "标准状态湿基浓度" in value
    assert "91.2" in page_of(client.get(f"/monitoring/{POWER}/?month=2015-06"))
